/* The parent and its children. This very program plays all parts: the parent execs its own path with --engine, and
 * the helpers are links to it. What the children see goes up: helper → connection → engine → pipe → case. */

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/strings.h"
#include "daemon/listen-unix.h"
#include "daemon/parent.h"
#include "daemon/user.h"
#include "tests/unit/parent-roles.h"
#include "tests/unit/test.h"

#define NEVER "\x01" /* said by nobody */

typedef struct Bench {
        char *base, *state, *runtime, *helpers, *config;
        Options options;
        pid_t parent;
        int report; /* reading end */
        char text[2 * REPORT_MAX];
        size_t size;
} Bench;

static void link_helper(Bench *b, const char *name) {
        _cleanup_free_ char *path = NULL;
        char self[PATH_MAX] = {};

        CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
        CHECK_INT(str_printf(&path, "%s/%s", b->helpers, name), 0);
        CHECK_INT(symlink(self, path), 0);
}

static void init(Bench *b) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        *b = (Bench){ .report = -1 };
        CHECK_INT(str_replace(&b->base, test_directory()), 0);
        CHECK_INT(chmod(b->base, 0755), 0); /* the engine may be another user */
        CHECK_INT(str_printf(&b->config, "%s/config", b->base), 0);
        CHECK_INT(str_printf(&b->state, "%s/state", b->base), 0);
        CHECK_INT(str_printf(&b->runtime, "%s/run", b->base), 0);
        CHECK_INT(str_printf(&b->helpers, "%s/helpers", b->base), 0);
        CHECK_INT(mkdir(b->helpers, 0755), 0);
        link_helper(b, "renewd-signer");
        link_helper(b, "renewd-installer");
        b->options = (Options){
                .paths = { .config = b->config,
                           .state = b->state,
                           .runtime = b->runtime,
                           .data = "/data" },
                .helpers = b->helpers,
        };
}

static void done(Bench *b) {
        (void) close_fd(b->report);
        free(b->base);
        free(b->config);
        free(b->state);
        free(b->runtime);
        free(b->helpers);
}

static _Noreturn void play_parent(Bench *b, const char *part, int up) {
        char text[16];

        (void) alarm(60);
        (void) snprintf(text, sizeof text, "%d", up);
        if (setenv("TEST_PART", part, 1) < 0 || setenv("TEST_FD", text, 1) < 0 ||
            setenv("SECRET", "of the caller", 1) < 0 || chdir(b->base) < 0)
                _exit(97);
        _exit(parent_run(&b->options));
}

static void run_parent(Bench *b, const char *part) {
        int fds[2];

        CHECK_INT(pipe(fds), 0);
        (void) fcntl(fds[0], F_SETFD, FD_CLOEXEC);
        (void) fflush(stdout); /* not twice */
        b->parent = fork();
        if (b->parent == 0)
                play_parent(b, part, fds[1]);
        (void) close_fd(fds[1]);
        b->report = fds[0];
}

/* False: the end came first. */
static bool read_until(Bench *b, const char *text) {
        while (!strstr(b->text, text)) {
                ssize_t n = read(b->report, b->text + b->size, sizeof b->text - 1 - b->size);

                if (n <= 0)
                        return false;
                b->size += (size_t) n;
        }
        return true;
}

static int status_of(Bench *b) {
        int status = -1;

        if (waitpid(b->parent, &status, 0) != b->parent || !WIFEXITED(status))
                return -1;
        return WEXITSTATUS(status);
}

static bool exists(const char *base, const char *name) {
        _cleanup_free_ char *path = NULL;

        CHECK_INT(path_join(base, name, &path), 0);
        return access(path, F_OK) == 0;
}

static void check_mode(const char *base, const char *name, mode_t type, mode_t mode) {
        _cleanup_free_ char *path = NULL;
        struct stat st = {};

        CHECK_INT(path_join(base, name, &path), 0);
        CHECK_INT(lstat(path, &st), 0);
        CHECK_INT(st.st_mode & S_IFMT, type);
        CHECK_INT(st.st_mode & 07777, mode);
}

static void engine_gets_its_options(void) {
        _cleanup_free_ char *expected = NULL, *parent = NULL;
        Bench b;

        init(&b);
        b.options.once = b.options.debug = true;
        run_parent(&b, "arguments");
        CHECK(!read_until(&b, NEVER));
        CHECK_INT(status_of(&b), 0);
        CHECK_INT(str_printf(&expected,
                             "renewd\n--config\n%s\n--state\n%s\n--runtime\n%s\n--data\n/data\n"
                             "--debug\n--engine\n--once\n--separation\n",
                             b.config, b.state, b.runtime),
                  0);
        CHECK(str_skip_prefix(b.text, expected));
        CHECK(strstr(b.text, "without systemd's sandbox\n"));
        CHECK_INT(str_printf(&parent, "parent %ld\n", (long) b.parent), 0);
        CHECK(strstr(b.text, parent));
        done(&b);
}

static void ends_with_the_engines_status(void) {
        Bench b;

        init(&b);
        run_parent(&b, "status");
        CHECK_INT(status_of(&b), 7);
        done(&b);
        init(&b);
        run_parent(&b, "killed");
        CHECK_INT(status_of(&b), 128 + SIGKILL);
        done(&b);
}

static void check_helper(Bench *b, const char *text, const char *name) {
        _cleanup_free_ char *arguments = NULL;

        CHECK_INT(str_printf(&arguments,
                             "arg %s/%s\narg --config\narg %s\narg --state\narg %s\narg --runtime\n"
                             "arg %s\narg --data\narg /data\n",
                             b->helpers, name, b->config, b->state, b->runtime),
                  0);
        CHECK(str_skip_prefix(text, arguments));
        CHECK(strstr(text, "\nenv LISTEN_FDS=1\n"));
        CHECK(strstr(text, "\nenv LISTEN_FDNAMES=varlink\n"));
        CHECK(strstr(text, "\nenv PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"));
        CHECK(strstr(text, "\nenv LANG=C\n"));
        CHECK(strstr(text, "\npid ours\n"));
        CHECK(strstr(text, "\nTERM open\n"));
}

static void helpers_are_as_systemd_starts_them(void) {
        const char *second;
        Bench b;

        init(&b);
        run_parent(&b, "helpers");
        CHECK(!read_until(&b, NEVER));
        CHECK_INT(status_of(&b), 3);
        second = strstr(b.text, "\nend\n");
        REQUIRE(second);
        check_helper(&b, b.text, "renewd-signer");
        check_helper(&b, second + 5, "renewd-installer");
        CHECK(!strstr(b.text, "SECRET") && !strstr(b.text, "TEST_"));
        unsigned variables = 0;
        for (const char *p = b.text; (p = strstr(p, "\nenv ")); p++)
                variables++;
        CHECK_INT(variables, 2 * 4);
        /* The pipe, which the parent has inherited for the engine, is none of theirs. */
        CHECK(strstr(b.text, "fd 3\n"));
        for (const char *p = b.text; (p = strstr(p, "fd ")); p++)
                CHECK(atoi(p + 3) <= 3);
        CHECK(exists(b.base, "ended")); /* what they do they may end */
        done(&b);
}

static void hanging_helper_is_ended(void) {
        const char *helper;
        Bench b;

        init(&b);
        run_parent(&b, "hang");
        CHECK(!read_until(&b, NEVER));
        CHECK_INT(status_of(&b), 3);
        helper = strstr(b.text, "\nhelper ");
        REQUIRE(helper);
        CHECK(kill((pid_t) atol(helper + 8), 0) < 0 && errno == ESRCH);
        CHECK(!exists(b.runtime, "signer"));
        done(&b);
}

static void places_are_made(void) {
        Bench b;

        init(&b);
        mode_t before = umask(0077);
        run_parent(&b, "wait");
        (void) umask(before);
        CHECK(read_until(&b, "ready\n"));
        check_mode(b.state, "engine", S_IFDIR, 0700);
        check_mode(b.state, "signer", S_IFDIR, 0700);
        check_mode(b.base, "state", S_IFDIR, 0755);
        check_mode(b.base, "run", S_IFDIR, 0755);
        check_mode(b.runtime, "challenges", S_IFDIR, 0755);
        check_mode(b.runtime, "signer", S_IFSOCK, 0600);
        check_mode(b.runtime, "installer", S_IFSOCK, 0600);
        CHECK_INT(kill(b.parent, SIGTERM), 0);
        CHECK_INT(status_of(&b), 5);
        CHECK(!exists(b.runtime, "signer") && !exists(b.runtime, "installer"));
        done(&b);
}

static void signals_are_handed_on(void) {
        Bench b;

        init(&b);
        run_parent(&b, "wait");
        CHECK(read_until(&b, "ready\n"));
        CHECK_INT(kill(b.parent, SIGHUP), 0);
        CHECK(read_until(&b, "HUP\n"));
        CHECK_INT(kill(b.parent, SIGINT), 0);
        CHECK(read_until(&b, "INT\n"));
        CHECK_INT(kill(b.parent, SIGTERM), 0);
        CHECK(read_until(&b, "TERM\n"));
        CHECK_INT(status_of(&b), 5);
        done(&b);
}

static void engine_does_not_outlive_the_parent(void) {
        Bench b;

        init(&b);
        run_parent(&b, "wait");
        CHECK(read_until(&b, "ready\n"));
        CHECK_INT(kill(b.parent, SIGKILL), 0);
        CHECK_INT(status_of(&b), -1);
        CHECK(read_until(&b, "TERM\n"));
        done(&b);
}

static void stale_sockets_are_taken_over(void) {
        _cleanup_free_ char *path = NULL;
        Bench b;

        init(&b);
        CHECK_INT(mkdir(b.runtime, 0755), 0);
        CHECK_INT(path_join(b.runtime, "signer", &path), 0);
        (void) close_fd(listen_unix(path, 0600));
        CHECK(exists(b.runtime, "signer"));
        run_parent(&b, "status");
        CHECK_INT(status_of(&b), 7);
        done(&b);
}

static void a_second_parent_changes_nothing(void) {
        _cleanup_free_ char *path = NULL;
        Bench b;

        init(&b);
        CHECK_INT(mkdir(b.runtime, 0755), 0);
        CHECK_INT(path_join(b.runtime, "installer", &path), 0);
        _cleanup_close_ int fd = listen_unix(path, 0600);
        CHECK(fd >= 0);
        run_parent(&b, "status");
        CHECK_INT(status_of(&b), EXIT_FAILURE);
        CHECK(exists(b.runtime, "installer"));
        CHECK(!exists(b.runtime, "signer"));
        done(&b);
}

static void users_by_name_or_number(void) {
        User u = {};

        CHECK_INT(user_find("4711", &u), 0);
        CHECK(u.exists && u.uid == 4711 && u.gid == 4711);
        CHECK_INT(user_find("root", &u), 0);
        CHECK(u.exists && u.uid == 0 && u.gid == 0);
        CHECK_INT(user_find("nobody-of-that-name", &u), 0);
        CHECK(!u.exists);
        CHECK_INT(user_find("4294967295", &u), 0); /* (uid_t) -1 is nobody's */
        CHECK(!u.exists);
}

static const TestCase cases[] = {
        { "the engine gets its options and what separation is missing", engine_gets_its_options },
        { "the parent ends with the engine's status", ends_with_the_engines_status },
        { "helpers get descriptor 3, LISTEN_FDS and nothing else",
          helpers_are_as_systemd_starts_them },
        { "a helper that hangs is ended with the engine", hanging_helper_is_ended },
        { "R2.1: directories and sockets are made, whatever the umask", places_are_made },
        { "TERM, INT and HUP are handed on to the engine", signals_are_handed_on },
        { "an engine does not outlive its parent", engine_does_not_outlive_the_parent },
        { "sockets left behind are taken over", stale_sockets_are_taken_over },
        { "a second parent leaves the first one's sockets", a_second_parent_changes_nothing },
        { "users are known by name or number", users_by_name_or_number },
};

int main(int argc, char *argv[]) {
        const char *slash = strrchr(argv[0], '/');

        if (str_skip_prefix(slash ? slash + 1 : argv[0], "renewd-"))
                play_helper(argc, argv);
        for (int i = 1; i < argc; i++)
                if (strcmp(argv[i], "--engine") == 0)
                        play_engine(argc, argv);
        return test_run(argc, argv, cases, ELEMENTSOF(cases));
}
