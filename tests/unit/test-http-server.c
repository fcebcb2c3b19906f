/* Slots and deadlines of the server for strangers. Its deadline is a parameter; here it is 50 ms. */

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/http-server.h"
#include "daemon/listen-unix.h"
#include "tests/unit/test.h"

#define DEADLINE (50 * USEC_PER_MSEC)
#define REQUEST  "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

typedef struct Fixture {
        Loop *loop;
        HttpServer *server;
        char path[108]; /* as long as a socket address may be */
} Fixture;

static void on_request(const RequestParser *request, HttpAnswer *ret, void *userdata) {
        (void) request;
        (void) userdata;
        *ret = (HttpAnswer){ .status = 200, .body = "yes" };
}

static void fixture_init(Fixture *f, usec_t deadline) {
        *f = (Fixture){};
        (void) snprintf(f->path, sizeof(f->path), "%s/http", test_directory());
        CHECK_INT(loop_new(&f->loop), 0);
        CHECK_INT(http_server_new(f->loop, deadline, on_request, NULL, &f->server), 0);
        int fd = listen_unix(f->path, 0600);
        CHECK(fd >= 0);
        CHECK_INT(stranger_server_listen(http_server_strangers(f->server), fd, f->path), 0);
}

static void fixture_done(Fixture *f) {
        http_server_free(f->server);
        loop_free(f->loop);
}

static int connect_to(const Fixture *f) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
        CHECK_INT(connect(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static void turn(Fixture *f) {
        while (sd_event_run(loop_event(f->loop), 0) > 0)
                ;
}

static bool is_closed(int fd) {
        char octet;

        return recv(fd, &octet, 1, MSG_PEEK) == 0;
}

static void check_answered(Fixture *f, int fd) {
        char answer[1024] = {};

        CHECK_INT(send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL), strlen(REQUEST));
        turn(f);
        CHECK(recv(fd, answer, sizeof(answer) - 1, 0) > 0);
        CHECK(strstr(answer, "\r\n\r\nyes"));
}

static void test_full(void) {
        static int clients[STRANGER_SLOTS + 1];
        struct rlimit limit;
        Fixture f;

        CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = MIN(limit.rlim_max, (rlim_t) 4096);
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
        fixture_init(&f, 60 * USEC_PER_SEC);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
                clients[i] = connect_to(&f);
                turn(&f);
        }
        CHECK_INT(stranger_server_busy(http_server_strangers(f.server)), STRANGER_SLOTS);
        CHECK(is_closed(clients[0]));
        CHECK(!is_closed(clients[1]));
        check_answered(&f, clients[STRANGER_SLOTS]);
        CHECK_INT(stranger_server_busy(http_server_strangers(f.server)), STRANGER_SLOTS - 1);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                (void) close_fd(clients[i]);
        turn(&f);
        CHECK_INT(stranger_server_busy(http_server_strangers(f.server)), 0);
        fixture_done(&f);
}

static void test_slow(void) {
        Fixture f;

        fixture_init(&f, DEADLINE);
        int idle = connect_to(&f), slow = connect_to(&f);
        turn(&f);
        CHECK_INT(stranger_server_busy(http_server_strangers(f.server)), 2);
        usec_t end = loop_boot_usec(f.loop) + 40 * DEADLINE;
        while (stranger_server_busy(http_server_strangers(f.server)) > 0 &&
               loop_boot_usec(f.loop) < end) {
                (void) send(slow, "G", 1, MSG_NOSIGNAL); /* a trickle does not help */
                (void) sd_event_run(loop_event(f.loop), DEADLINE / 10);
        }
        CHECK_INT(stranger_server_busy(http_server_strangers(f.server)), 0);
        CHECK(is_closed(idle));
        (void) close_fd(idle);
        (void) close_fd(slow);
        fixture_done(&f);
}

static void test_idle_table(void) {
        Fixture f;

        fixture_init(&f, DEADLINE);
        int fd = connect_to(&f);
        turn(&f);
        check_answered(&f, fd);
        CHECK_INT(stranger_server_busy(http_server_strangers(f.server)), 0);
        CHECK_INT(sd_event_run(loop_event(f.loop), 3 * DEADLINE), 0); /* no timer is left armed */
        (void) close_fd(fd);
        fixture_done(&f);
}

static void test_no_descriptors(void) {
        struct rlimit before, tight;
        Fixture f;

        fixture_init(&f, 60 * USEC_PER_SEC);
        int held = connect_to(&f);
        turn(&f);
        int fresh = connect_to(&f);
        int highest = dup(fresh);
        CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
        tight = before;
        tight.rlim_cur = (rlim_t) highest; /* no descriptor above those that are open */
        (void) close_fd(highest);
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &tight), 0);
        for (int i = 0; i < 20; i++)
                (void) sd_event_run(loop_event(f.loop), 0);
        CHECK_INT(sd_event_run(loop_event(f.loop), 0), 0); /* it does not spin */
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
        int again = connect_to(&f);
        turn(&f);
        check_answered(&f, again);
        (void) close_fd(held);
        (void) close_fd(fresh);
        (void) close_fd(again);
        fixture_done(&f);
}

TEST_MAIN({ "R2.5.1 when full the oldest idle slot makes room", test_full },
          { "R2.5.1 a slow head is dropped at the deadline of the whole request", test_slow },
          { "R2.5.1 one request a connection, and no timer when nothing is open", test_idle_table },
          { "R2.5.1 without descriptors connections are refused and the loop does not spin",
            test_no_descriptors }, )
