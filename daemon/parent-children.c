/* fork and exec. A helper gets what systemd's Accept=yes would give it: the connection as descriptor 3, its name, and an
 * environment of nothing else. The engine keeps the environment and the sockets that were inherited for it. */

#include "daemon/parent-children.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "config/config.h"

#define ARGUMENTS_MAX    20
#define CREDENTIALS_MAX  64
#define CREDENTIALS_FROM 200 /* no descriptor of ours is as high */

extern char **environ;

/* ---- in the child ---- */

/* Sockets inherited by the parent are meant for the engine, but name the parent's pid. */
static int adopt_environment(pid_t parent) {
        const char *pid = getenv("LISTEN_PID");
        char text[24];

        if (!pid || strtol(pid, NULL, 10) != (long) parent)
                return 0;
        (void) snprintf(text, sizeof(text), "%ld", (long) getpid());
        return setenv("LISTEN_PID", text, 1) < 0 ? -errno : 0;
}

/* ---- credentials ---- */

/* The files are opened with the rights that we still have, and reach the helper as systemd's OpenFile= would hand them
 * in: behind the connection, by name. Nothing is copied anywhere. */
typedef struct Credentials {
        int fds[CREDENTIALS_MAX]; /* far above where they will be */
        size_t count;
        char names[CREDENTIALS_MAX * (CERTIFICATE_NAME_MAX + 8)]; /* ":eab_NAME" for each */
} Credentials;

static void open_credential(Credentials *c, int dir_fd, const char *name) {
        int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        size_t used = strlen(c->names);
        struct stat st;

        if (fd < 0)
                return; /* whoever needs it is told that it is not there */
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
                c->fds[c->count] = fcntl(fd, F_DUPFD_CLOEXEC, CREDENTIALS_FROM);
        else
                c->fds[c->count] = -1;
        (void) close(fd);
        if (c->fds[c->count] < 0)
                return;
        (void) snprintf(c->names + used, sizeof(c->names) - used, ":eab_%s", name);
        c->count++;
}

static bool is_credential_name(const char *name) {
        return name[0] != '.' && strlen(name) <= CERTIFICATE_NAME_MAX && !strchr(name, ':') &&
               !str_ends_with(name, "~");
}

static int open_credentials(const char *directory, Credentials *c) {
        _cleanup_close_ int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(string_list_done) StringList files = {};
        int r;

        if (dir_fd < 0)
                return errno == ENOENT || errno == EACCES ? 0 : -errno;
        r = dir_list(dir_fd, &files);
        for (size_t i = 0; i < files.count && c->count < CREDENTIALS_MAX; i++)
                if (is_credential_name(files.items[i]))
                        open_credential(c, dir_fd, files.items[i]);
        return r;
}

static int place_credentials(const Credentials *c) {
        char count[16], names[sizeof c->names + 16];

        for (size_t i = 0; i < c->count; i++)
                if (dup2(c->fds[i], 4 + (int) i) < 0)
                        return -errno;
        (void) snprintf(count, sizeof count, "%zu", 1 + c->count);
        (void) snprintf(names, sizeof names, "varlink%s", c->names);
        if (setenv("LISTEN_FDS", count, 1) < 0 || setenv("LISTEN_FDNAMES", names, 1) < 0)
                return -ENOMEM;
        return 0;
}

static int clean_environment(void) {
        char pid[24];

        (void) snprintf(pid, sizeof(pid), "%ld", (long) getpid());
        if (clearenv() != 0 || setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) < 0 ||
            setenv("LANG", "C", 1) < 0 || setenv("LISTEN_PID", pid, 1) < 0 ||
            setenv("LISTEN_FDS", "1", 1) < 0 || setenv("LISTEN_FDNAMES", "varlink", 1) < 0)
                return -ENOMEM;
        return 0;
}

/* dup2() onto itself would keep the descriptor close-on-exec. */
static int place_connection(int fd) {
        if (fd == 3)
                return fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
        return dup2(fd, 3) < 0 ? -errno : 0;
}

static int prepare_helper(const Child *child) {
        _cleanup_free_ Credentials *credentials = calloc(1, sizeof *credentials);
        int r;

        if (!credentials)
                return -ENOMEM;
        r = place_connection(child->connection);
        /* Listeners inherited for the engine are not the helpers'; a kernel before 5.11 leaves them
         * open. */
        (void) close_range(4, ~0U, CLOSE_RANGE_CLOEXEC);
        if (r >= 0)
                r = clean_environment();
        if (r < 0 || !child->credentials)
                return r;
        r = open_credentials(child->credentials, credentials);
        return r < 0 ? r : place_credentials(credentials);
}

static int prepare(const Child *child, pid_t parent) {
        sigset_t none;
        int r;

        (void) sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                return -errno;
        if (child->connection >= 0)
                r = prepare_helper(child);
        else
                r = adopt_environment(parent);
        if (r >= 0 && child->user)
                r = user_become(child->user);
        /* After the change of user, which clears it. */
        if (r >= 0 && child->connection < 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
                r = -errno;
        return r;
}

static _Noreturn void run_child(const Child *child, char *const argv[], pid_t parent) {
        int r;

        r = prepare(child, parent);
        if (r >= 0) {
                (void) execve(child->program, argv, environ);
                r = -errno;
        }
        log_error("%s: cannot be started: %s", child->program, errno_text(r));
        _exit(127);
}

/* ---- in the parent ---- */

/* execve() takes them without const but does not change them. */
static void fill_arguments(const Child *child, const Options *o, const char *argv[ARGUMENTS_MAX]) {
        const char *directories[][2] = {
                { "--config", o->paths.config },
                { "--state", o->paths.state },
                { "--runtime", o->paths.runtime },
                { "--data", o->paths.data },
        };
        size_t n = 0;

        argv[n++] = child->name;
        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                argv[n++] = directories[i][0];
                argv[n++] = directories[i][1];
        }
        if (o->debug)
                argv[n++] = "--debug";
        if (child->connection < 0) {
                argv[n++] = "--engine";
                if (o->once)
                        argv[n++] = "--once";
                if (child->separation) {
                        argv[n++] = "--separation";
                        argv[n++] = child->separation;
                }
        }
        assert(n < ARGUMENTS_MAX);
        argv[n] = NULL;
}

int child_start(const Child *child, const Options *options, pid_t *ret) {
        const char *argv[ARGUMENTS_MAX];
        pid_t parent = getpid(), pid;

        fill_arguments(child, options, argv);
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                run_child(child, (char *const *) argv, parent);
        *ret = pid;
        return 0;
}
