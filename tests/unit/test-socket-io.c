#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/socket-io.h"
#include "tests/unit/test.h"

typedef struct Pair {
        int fds[2];
} Pair;

static void init(Pair *p) {
        CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->fds), 0);
}

static void done(Pair *p) {
        p->fds[0] = close_fd(p->fds[0]);
        p->fds[1] = close_fd(p->fds[1]);
}

static void octets_and_end(void) {
        char buffer[16];
        Pair p;

        init(&p);
        CHECK_INT(socket_send_all(p.fds[0], "hello", 5), 0);
        CHECK_INT(socket_send_all(p.fds[0], "", 0), 0);
        CHECK_INT(socket_receive(p.fds[1], buffer, sizeof buffer), 5);
        CHECK(memcmp(buffer, "hello", 5) == 0);
        p.fds[0] = close_fd(p.fds[0]);
        CHECK_INT(socket_receive(p.fds[1], buffer, sizeof buffer), 0);
        done(&p);
}

/* The default action of SIGPIPE would end this very program. */
static void a_peer_that_left(void) {
        Pair p;

        init(&p);
        (void) signal(SIGPIPE, SIG_DFL);
        p.fds[1] = close_fd(p.fds[1]);
        CHECK_INT(socket_send_all(p.fds[0], "hello", 5), -EPIPE);
        done(&p);
        CHECK_INT(socket_send_all(-1, "hello", 5), -EBADF);
        CHECK_INT(socket_receive(-1, (char[1]){}, 1), -EBADF);
}

static void time_limits(void) {
        struct timeval limit = { .tv_usec = 10000 };
        static char much[1024 * 1024];
        char buffer[16];
        Pair p;

        init(&p);
        CHECK_INT(setsockopt(p.fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
        CHECK_INT(setsockopt(p.fds[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
        CHECK_INT(socket_receive(p.fds[0], buffer, sizeof buffer), -ETIMEDOUT);
        CHECK_INT(socket_send_all(p.fds[0], much, sizeof much), -ETIMEDOUT);
        done(&p);
}

static int send_with_descriptor(int fd, int passed) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct iovec iov = { .iov_base = (char[]){ "x" }, .iov_len = 1 };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof control.space,
        };

        control.header = (struct cmsghdr){
                .cmsg_len = CMSG_LEN(sizeof passed),
                .cmsg_level = SOL_SOCKET,
                .cmsg_type = SCM_RIGHTS,
        };
        memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
        return sendmsg(fd, &message, 0) == 1 ? 0 : -errno;
}

/* The other end of the pipe sees that nobody has the passed one any more. */
static void passed_descriptors_are_closed(void) {
        char buffer[16];
        int pipe_fds[2];
        Pair p;

        init(&p);
        CHECK_INT(pipe2(pipe_fds, O_CLOEXEC), 0);
        CHECK_INT(send_with_descriptor(p.fds[0], pipe_fds[1]), 0);
        (void) close_fd(pipe_fds[1]);
        CHECK_INT(socket_receive(p.fds[1], buffer, sizeof buffer), 1);
        CHECK_INT(buffer[0], 'x');
        struct pollfd reader = { .fd = pipe_fds[0], .events = POLLIN };
        CHECK_INT(poll(&reader, 1, 0), 1);
        CHECK_INT(reader.revents, POLLHUP);
        (void) close_fd(pipe_fds[0]);
        done(&p);
}

TEST_MAIN({ "octets arrive, and the end", octets_and_end },
          { "a peer that left is an error and no signal", a_peer_that_left },
          { "R2.7.2: the socket's time limit ends both directions", time_limits },
          { "R2.7.4: descriptors that a peer passes are closed unseen",
            passed_descriptors_are_closed })
