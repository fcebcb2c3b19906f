/* Limits of the control socket. */

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/strings.h"
#include "daemon/control-server.h"
#include "daemon/listen-unix.h"
#include "tests/unit/test.h"

#define CALL(method) "{\"method\":\"io.renewd.Manager." method "\"}"

typedef struct Fixture {
        Loop *loop;
        ControlServer *server;
        char path[108];
        unsigned gone;
} Fixture;

static void on_gone(void *userdata) {
        Fixture *f = userdata;

        f->gone++;
}

static int on_hold(VarlinkCall *call, const Json *parameters, void *client) {
        (void) parameters;
        control_client_set_busy(client, true);
        varlink_call_on_gone(call, on_gone, control_client_userdata(client));
        return 0;
}

/* More than a client may leave untaken. */
static int on_flood(VarlinkCall *call, const Json *parameters, void *client) {
        static char text[32 * 1024];

        (void) parameters;
        (void) client;
        memset(text, 'x', sizeof(text) - 1);
        for (int i = 0; i < 100; i++) {
                Json *answer = json_object_new();
                CHECK_INT(json_set_string(answer, "text", text), 0);
                int r = varlink_notify(call, answer);
                if (r < 0)
                        return r;
        }
        return varlink_reply(call, NULL);
}

static const char *const none[] = { NULL };
static const VarlinkMethod methods[] = {
        { "Hold", 0, none, on_hold },
        { "Flood", VARLINK_MORE, none, on_flood },
        {},
};
static const VarlinkService service = { "io.renewd.Manager", "", methods };

static void fixture_init(Fixture *f) {
        *f = (Fixture){};
        (void) snprintf(f->path, sizeof(f->path), "%s/manager", test_directory());
        CHECK_INT(loop_new(&f->loop), 0);
        CHECK_INT(control_server_new(f->loop, &service, f, &f->server), 0);
        int fd = listen_unix(f->path, 0660);
        CHECK(fd >= 0);
        CHECK_INT(control_server_listen(f->server, fd), 0);
}

static void fixture_done(Fixture *f) {
        control_server_free(f->server);
        loop_free(f->loop);
}

static int connect_to(const Fixture *f) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        memcpy(address.sun_path, f->path, sizeof(address.sun_path));
        CHECK_INT(connect(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static void turn(Fixture *f) {
        while (sd_event_run(loop_event(f->loop), 0) > 0)
                ;
}

static void say(Fixture *f, int fd, const char *text) {
        CHECK_INT(send(fd, text, strlen(text) + 1, MSG_NOSIGNAL), strlen(text) + 1);
        turn(f);
}

static bool is_closed(int fd) {
        char octet;
        ssize_t n = recv(fd, &octet, 1, MSG_PEEK);

        return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void test_full(void) {
        int clients[CONTROL_CLIENTS_MAX + 1];
        Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
                clients[i] = connect_to(&f);
                turn(&f);
                if (i == 0)
                        say(&f, clients[0], CALL("Hold"));
        }
        CHECK(!is_closed(clients[0])); /* the oldest, but it has a call under way */
        CHECK(is_closed(clients[1]));
        CHECK(!is_closed(clients[CONTROL_CLIENTS_MAX]));
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                (void) close_fd(clients[i]);
        turn(&f);
        CHECK_INT(f.gone, 1);
        fixture_done(&f);
}

static void test_all_busy(void) {
        int clients[CONTROL_CLIENTS_MAX];
        Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
                clients[i] = connect_to(&f);
                say(&f, clients[i], CALL("Hold"));
        }
        int refused = connect_to(&f);
        turn(&f);
        CHECK(is_closed(refused));
        CHECK(!is_closed(clients[0]));
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                (void) close_fd(clients[i]);
        (void) close_fd(refused);
        turn(&f);
        fixture_done(&f);
        CHECK_INT(f.gone, CONTROL_CLIENTS_MAX);
}

static void test_garbage(void) {
        Fixture f;

        fixture_init(&f);
        int fd = connect_to(&f);
        say(&f, fd, "nonsense");
        CHECK(is_closed(fd));
        (void) close_fd(fd);
        fixture_done(&f);
}

static void test_never_reads(void) {
        Fixture f;

        fixture_init(&f);
        int fd = connect_to(&f);
        say(&f, fd, "{\"method\":\"io.renewd.Manager.Flood\",\"more\":true}");
        char chunk[4096];
        ssize_t n;
        while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
                ;
        CHECK(n == 0 || (n < 0 && errno == ECONNRESET)); /* dropped, not waited for */
        (void) close_fd(fd);
        fixture_done(&f);
}

static void test_descriptors(void) {
        union {
                char space[CMSG_SPACE(sizeof(int))];
                struct cmsghdr header;
        } control = {};
        char text[] = CALL("Hold");
        struct iovec iov = { text, sizeof(text) };
        struct msghdr message = { .msg_iov = &iov,
                                  .msg_iovlen = 1,
                                  .msg_control = &control,
                                  .msg_controllen = sizeof(control) };
        Fixture f;

        fixture_init(&f);
        int fd = connect_to(&f);
        turn(&f);
        int before = dup(fd);
        (void) close_fd(before);
        control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        CHECK(sendmsg(fd, &message, MSG_NOSIGNAL) > 0);
        turn(&f);
        int after = dup(fd);
        CHECK_INT(after, before); /* the lowest free descriptor is the same: none was taken in */
        (void) close_fd(after);
        (void) close_fd(fd);
        fixture_done(&f);
}

TEST_MAIN({ "R2.7.2 when full the oldest client that waits for nothing makes room", test_full },
          { "R2.7.2 when all have calls under way a new client is refused", test_all_busy },
          { "R2.7.2 garbage ends the connection", test_garbage },
          { "R2.7.2 a client that never reads is dropped at its limit", test_never_reads },
          { "R2.7.4 passed descriptors are closed unseen", test_descriptors }, )
