/* Exchanges through a proxy. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/unit/http-bench.h"
#include "tests/unit/test.h"

/* One tunnel to `port`; what comes before it is kept out of the answer by libcurl. */
static void serve_tunnel(int listen_fd, unsigned port) {
        static const char established[] =
                        "HTTP/1.1 200 Connection established\r\nRetry-After: 77\r\n\r\n";
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
        char octets[16384], wanted[64];
        int in = accept(listen_fd, NULL, NULL),
            out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ssize_t n = recv(in, octets, sizeof(octets) - 1, 0);

        octets[MAX(n, (ssize_t) 0)] = '\0';
        (void) snprintf(wanted, sizeof(wanted), "CONNECT 127.0.0.1:%u HTTP/1.1\r\n", port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (strncmp(octets, wanted, strlen(wanted)) != 0 ||
            connect(out, (struct sockaddr *) &to, sizeof(to)) < 0 ||
            send(in, established, strlen(established), 0) < 0)
                _exit(1);
        for (struct pollfd fds[] = { { .fd = in, .events = POLLIN },
                                     { .fd = out, .events = POLLIN } };
             poll(fds, 2, -1) > 0;)
                for (int i = 0; i < 2; i++) {
                        if (!fds[i].revents)
                                continue;
                        n = recv(fds[i].fd, octets, sizeof(octets), 0);
                        if (n <= 0 || send(fds[!i].fd, octets, (size_t) n, MSG_NOSIGNAL) != n)
                                _exit(0);
                }
}

static pid_t start_proxy(unsigned port, char ret[static 64]) {
        struct sockaddr_in at = { .sin_family = AF_INET };
        socklen_t size = sizeof(at);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        pid_t pid;

        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CHECK(bind(fd, (struct sockaddr *) &at, size) == 0 && listen(fd, 8) == 0 &&
              getsockname(fd, (struct sockaddr *) &at, &size) == 0);
        (void) snprintf(ret, 64, "http://127.0.0.1:%u", ntohs(at.sin_port));
        pid = fork();
        if (pid == 0) {
                serve_tunnel(fd, port);
                _exit(0);
        }
        (void) close(fd);
        return pid;
}

static void test_proxy(void) {
        char proxy[64];
        Fixture f;
        pid_t pid;

        fixture_init(&f);
        f.ca.allow_private = false; /* the proxy may be, though */
        pid = start_proxy(f.port, proxy);
        f.ca.proxy = proxy;
        fixture_exchange(&f, HTTP_GET, "/fields", 5);
        CHECK_INT(f.reply.status, 200);
        CHECK(!f.retry_after || strcmp(f.retry_after, "77") != 0);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        fixture_done(&f);
        fixture_init(&f);
        f.ca.proxy = proxy; /* nobody listens there now */
        fixture_check_refused(&f, HTTP_GET, "/fields", -ECONNREFUSED);
        fixture_done(&f);
}

static void test_no_proxy_of_the_environment(void) {
        Fixture f;

        fixture_init(&f);
        (void) setenv("https_proxy", "http://127.0.0.1:1", 1);
        fixture_exchange(&f, HTTP_GET, "/fields", 5);
        (void) unsetenv("https_proxy");
        CHECK_INT(f.reply.status, 200);
        fixture_done(&f);
}

TEST_MAIN({ "A-19 a CA is reached through a tunnel of the proxy", test_proxy },
          { "A-19 the environment names no proxy", test_no_proxy_of_the_environment })
