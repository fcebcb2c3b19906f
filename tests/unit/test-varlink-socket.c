/* Varlink over real sockets. */

#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/varlink.h"
#include "tests/unit/test.h"
#include "tests/unit/varlink-bench.h"

/* A child serves `connections` connections at a socket in the scratch directory. */
static pid_t start_server(const char *path, int connections) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        CHECK(bind(fd, (struct sockaddr *) &address, sizeof(address)) >= 0 && listen(fd, 4) >= 0);
        pid_t pid = fork();
        if (pid != 0)
                return pid;
        for (int i = 0; i < connections; i++) {
                VarlinkPeer peer;
                int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
                if (connection < 0 || varlink_peer_of(connection, &peer) < 0 ||
                    peer.uid != geteuid())
                        _exit(2);
                int r = varlink_serve_fd(connection, &test_service, &peer, NULL);
                if (r < 0 && r != -ECANCELED)
                        _exit(3);
                (void) close_fd(connection);
        }
        _exit(test_failures ? 1 : 0);
}

static void client_and_server_talk(void) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        char path[100];
        int status;

        (void) snprintf(path, sizeof(path), "%s/socket", test_directory());
        CHECK_INT(varlink_client_connect(path, 10, &c), -ENOENT);
        pid_t pid = start_server(path, 2);
        REQUIRE(pid > 0);
        CHECK_INT(varlink_client_connect(path, 10, &c), 0);
        REQUIRE(c);
        Json *parameters = json_object_new();
        CHECK_INT(json_set_int64(parameters, "number", 5), 0);
        CHECK_INT(varlink_client_call(c, "io.renewd.Test.Echo", parameters, &reply), 0);
        int64_t number = 0;
        CHECK_INT(json_get_int64(reply.parameters, "number", &number), 0);
        CHECK_INT(number, 5);

        CHECK_INT(varlink_client_send(c, "io.renewd.Test.Count", NULL, true), 0);
        for (int i = 0; i < 3; i++) {
                varlink_reply_done(&reply);
                CHECK_INT(varlink_client_receive(c, &reply), 0);
                CHECK_INT(reply.continues, i < 2);
        }
        varlink_reply_done(&reply);
        CHECK_INT(varlink_client_call(c, "io.renewd.Test.Fail", NULL, &reply), 0);
        CHECK_STR(reply.error, "io.renewd.Test.Broken");
        varlink_reply_done(&reply);
        CHECK_INT(varlink_client_call(c, "io.renewd.Test.Drop", NULL, &reply), -ECONNRESET);
        c = varlink_client_free(c);

        CHECK_INT(varlink_client_connect(path, 10, &c), 0);
        c = varlink_client_free(c);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static size_t count_descriptors(void) {
        size_t n = 0;
        DIR *dir = opendir("/proc/self/fd");

        while (dir && readdir(dir))
                n++;
        if (dir)
                (void) closedir(dir);
        return n;
}

static int send_with_descriptors(int fd, const char *text) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(3 * sizeof(int))];
        } control = {};
        struct iovec iov = { .iov_base = (void *) text, .iov_len = strlen(text) + 1 };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);

        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(3 * sizeof(int));
        memcpy(CMSG_DATA(c), (int[]){ 0, 1, 2 }, 3 * sizeof(int));
        return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Both ends in this process: the calls wait in the socket until the server reads them to the end. */
static void passed_descriptors_are_closed(void) {
        VarlinkPeer peer = { .uid = 0 };
        char answer[256];
        int pair[2];

        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) >= 0);
        _cleanup_close_ int a = pair[0], b = pair[1];
        size_t before = count_descriptors();
        for (int i = 0; i < 3; i++)
                CHECK_INT(send_with_descriptors(a, "{\"method\":\"io.renewd.Test.Echo\"}"), 0);
        CHECK(shutdown(a, SHUT_WR) >= 0);
        CHECK_INT(varlink_serve_fd(b, &test_service, &peer, NULL), 0);
        CHECK_INT(count_descriptors(), before);
        CHECK_INT(recv(a, answer, sizeof(answer), 0), 3 * (long) sizeof("{\"parameters\":{}}"));
}

static void silent_server_times_out(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        _cleanup_(varlink_client_freep) VarlinkClient *c = NULL;
        VarlinkReply reply = {};

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", test_directory());
        REQUIRE(bind(fd, (struct sockaddr *) &address, sizeof(address)) >= 0 && listen(fd, 4) >= 0);
        REQUIRE(varlink_client_connect(address.sun_path, 1, &c) == 0);
        CHECK_INT(varlink_client_call(c, "a.B", NULL, &reply), -ETIMEDOUT);

        char long_path[200];
        memset(long_path, 'x', sizeof(long_path) - 1);
        long_path[199] = 0;
        VarlinkClient *none = NULL;
        CHECK_INT(varlink_client_connect(long_path, 1, &none), -ENAMETOOLONG);
}

TEST_MAIN({ "client and server talk over a socket", client_and_server_talk },
          { "descriptors that a peer passes are closed (R2.7.4)", passed_descriptors_are_closed },
          { "a silent server times out", silent_server_times_out })
