/* What the engine and the helpers do under the parent in its tests. */

#include "tests/unit/parent-roles.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/strings.h"
#include "tests/unit/test.h"

extern char **environ;

static void say(int fd, const char *text) {
        size_t left = strlen(text);

        while (left > 0) {
                ssize_t n = write(fd, text, left);

                if (n <= 0)
                        _exit(99);
                text += n;
                left -= (size_t) n;
        }
}

static void say_number(int fd, const char *what, long number) {
        char text[128];

        (void) snprintf(text, sizeof text, "%s%ld\n", what, number);
        say(fd, text);
}

static void say_descriptors(int fd) {
        DIR *d = opendir("/proc/self/fd");
        struct dirent *e;

        while (d && (e = readdir(d))) {
                int n = atoi(e->d_name);

                if (e->d_name[0] != '.' && n != dirfd(d))
                        say_number(fd, "fd ", n);
        }
        if (d)
                (void) closedir(d);
}

_Noreturn void play_helper(int argc, char *argv[]) {
        const char *pid = getenv("LISTEN_PID");
        sigset_t blocked;
        char octet;

        (void) alarm(60); /* never outlives a broken test for long */
        for (int i = 0; i < argc; i++) {
                say(3, "arg ");
                say(3, argv[i]);
                say(3, "\n");
        }
        for (char **e = environ; *e; e++) {
                if (str_skip_prefix(*e, "LISTEN_PID="))
                        continue;
                say(3, "env ");
                say(3, *e);
                say(3, "\n");
        }
        say(3, pid && atol(pid) == (long) getpid() ? "pid ours\n" : "pid of another\n");
        (void) sigprocmask(SIG_SETMASK, NULL, &blocked);
        say(3, sigismember(&blocked, SIGTERM) ? "TERM blocked\n" : "TERM open\n");
        say_descriptors(3);
        say_number(3, "helper ", (long) getpid());
        say(3, "end\n");
        while (read(3, &octet, 1) > 0)
                if (octet == 'h') /* hang: not even the end of the connection ends it */
                        for (;;)
                                (void) pause();
        /* In the middle of a deploy when the engine goes. */
        (void) poll(NULL, 0, 50);
        say(open("ended", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "x");
        _exit(0);
}

static int connect_to(const char *runtime, const char *name) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", runtime, name);
        if (connect(fd, (struct sockaddr *) &address, sizeof address) < 0)
                _exit(98);
        return fd;
}

/* Up to its "end". */
static void hand_up(int from, int to) {
        char text[REPORT_MAX] = {};
        size_t n = 0;
        ssize_t k;

        while (!strstr(text, "end\n") && (k = read(from, text + n, sizeof text - 1 - n)) > 0)
                n += (size_t) k;
        say(to, text);
}

static _Noreturn void wait_for_signals(int up) {
        sigset_t set;
        int signal_number;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGHUP);
        (void) sigaddset(&set, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        say(up, "ready\n");
        for (;;) {
                (void) sigwait(&set, &signal_number);
                say(up, signal_number == SIGHUP   ? "HUP\n"
                        : signal_number == SIGINT ? "INT\n"
                                                  : "TERM\n");
                if (signal_number == SIGTERM)
                        _exit(5);
        }
}

static const char *option(int argc, char *argv[], const char *name) {
        for (int i = 1; i + 1 < argc; i++)
                if (strcmp(argv[i], name) == 0)
                        return argv[i + 1];
        return "";
}

_Noreturn void play_engine(int argc, char *argv[]) {
        const char *part = getenv("TEST_PART"), *runtime = option(argc, argv, "--runtime");
        int up = atoi(getenv("TEST_FD"));

        (void) alarm(60); /* never outlives a broken test for long */
        if (strcmp(part, "arguments") == 0) {
                for (int i = 0; i < argc; i++) {
                        say(up, argv[i]);
                        say(up, "\n");
                }
                say_number(up, "parent ", (long) getppid());
                _exit(0);
        }
        if (strcmp(part, "status") == 0)
                _exit(7);
        if (strcmp(part, "killed") == 0)
                (void) kill(getpid(), SIGKILL);
        if (strcmp(part, "wait") == 0)
                wait_for_signals(up);
        int signer = connect_to(runtime, "signer"), installer = connect_to(runtime, "installer");
        hand_up(signer, up);
        hand_up(installer, up);
        if (strcmp(part, "hang") == 0)
                say(signer, "h");
        _exit(3);
}
