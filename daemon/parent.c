/* A process that does nothing but wait: for connections to the two helpers, for signals, for children. It has the rights of
 * whoever started it and reads nothing from anybody. When the engine ends, for whatever reason, all ends. */

#include "daemon/parent.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/strings.h"
#include "daemon/listen-unix.h"
#include "daemon/parent-children.h"

#define HELPERS_MAX   64
#define PATIENCE_MSEC 5000 /* of the engine to stop, then of the helpers to end what they do */

typedef struct Door {
        const char *name;  /* "signer": RUNTIME/signer, HELPERS/renewd-signer */
        char *path;        /* owns; of the socket */
        char *program;     /* owns */
        const User *user;  /* NULL: the caller's own */
        char *credentials; /* owns; directory, NULL: it gets none */
        int fd;            /* owns */
} Door;

enum { DOOR_SIGNER, DOOR_INSTALLER, _DOOR_MAX };

typedef struct Parent {
        const Options *options; /* borrows */
        User engine_user, signer_user;
        bool root;
        char *separation; /* owns */
        Door doors[_DOOR_MAX];
        int signal_fd; /* owns */
        pid_t engine;  /* 0: it has ended */
        int status;    /* what it ended with */
        pid_t helpers[HELPERS_MAX];
        size_t helper_count;
} Parent;

/* ---- users and places ---- */

static int describe_separation(Parent *p) {
        if (!p->root)
                return str_printf(
                                &p->separation,
                                "all programs run as uid %ld, without systemd's sandbox",
                                (long) geteuid());
        if (!p->engine_user.exists || !p->signer_user.exists)
                return str_printf(
                                &p->separation,
                                "there is no user %s: its program runs as root, without systemd's sandbox",
                                p->engine_user.exists ? RENEWD_SIGNER_USER : RENEWD_ENGINE_USER);
        return str_replace(&p->separation, "without systemd's sandbox");
}

static int find_users(Parent *p) {
        int r;

        p->root = geteuid() == 0;
        r = user_find(RENEWD_ENGINE_USER, &p->engine_user);
        if (r >= 0)
                r = user_find(RENEWD_SIGNER_USER, &p->signer_user);
        return r < 0 ? r : describe_separation(p);
}

/* The user that a program is to become, or NULL. */
static const User *to_become(const Parent *p, const User *u) {
        return p->root && u->exists && u->uid != 0 ? u : NULL;
}

static int give(const Parent *p, const char *path, const User *user) {
        const User *u = to_become(p, user);

        return u && lchown(path, u->uid, u->gid) < 0 ? -errno : 0;
}

/* Makes one level and gives it to `user` (NULL: nobody). Existing ones get their owner too: uids of containers change. */
static int make_directory(
                const Parent *p,
                const char *base,
                const char *name,
                mode_t mode,
                const User *user) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = name ? path_join(base, name, &path) : str_replace(&path, base);
        if (r < 0)
                return r;
        bool made = mkdir(path, mode) >= 0;
        r = made || errno == EEXIST ? 0 : -errno;
        if (made && chmod(path, mode) < 0) /* the umask must have no say */
                r = -errno;
        if (r >= 0 && user)
                r = give(p, path, user);
        if (r < 0)
                log_error("%s: cannot be made: %s", path, errno_text(r));
        return r;
}

/* The runtime directory belongs to the engine here: it makes its own sockets in it. */
static int make_directories(const Parent *p) {
        const Paths *paths = &p->options->paths;
        int r;

        r = make_directory(p, paths->state, NULL, 0755, NULL);
        if (r >= 0)
                r = make_directory(p, paths->state, "engine", 0700, &p->engine_user);
        if (r >= 0)
                r = make_directory(p, paths->state, "signer", 0700, &p->signer_user);
        if (r >= 0)
                r = make_directory(p, paths->runtime, NULL, 0755, &p->engine_user);
        if (r >= 0)
                r = make_directory(p, paths->runtime, "challenges", 0755, &p->engine_user);
        return r;
}

static int open_door(Parent *p, Door *d, const char *name, const User *user) {
        _cleanup_free_ char *program = NULL;
        int r;

        d->name = name;
        d->user = user;
        r = path_join(p->options->paths.runtime, name, &d->path);
        if (r >= 0)
                r = str_printf(&program, "renewd-%s", name);
        if (r >= 0)
                r = path_join(p->options->helpers, program, &d->program);
        if (r < 0)
                return r;
        d->fd = listen_unix(d->path, 0600);
        r = d->fd < 0 ? d->fd : give(p, d->path, &p->engine_user);
        if (r < 0)
                log_error("%s: cannot listen there: %s", d->path, errno_text(r));
        return r;
}

/* ---- children ---- */

/* This very program, by its own path, so that it is listed under its name. */
static int start_engine(Parent *p) {
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (n < 0)
                return -errno;
        self[n] = 0;
        Child child = {
                .program = self,
                .name = "renewd",
                .user = to_become(p, &p->engine_user),
                .connection = -1,
                .separation = p->separation,
        };

        return child_start(&child, p->options, &p->engine);
}

static void serve(Parent *p, const Door *d) {
        Child child = {
                .program = d->program,
                .name = d->program,
                .user = d->user,
                .credentials = d->credentials,
        };
        _cleanup_close_ int fd = -1;
        int r;

        fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
                return; /* it went away again */
        child.connection = fd;
        r = child_start(&child, p->options, &p->helpers[p->helper_count]);
        if (r < 0)
                log_error("%s: cannot be started: %s", d->program, errno_text(r));
        else
                p->helper_count++;
}

static void forget_helper(Parent *p, pid_t pid, int status) {
        for (size_t i = 0; i < p->helper_count; i++)
                if (p->helpers[i] == pid)
                        p->helpers[i] = p->helpers[--p->helper_count];
        if (WIFSIGNALED(status))
                log_warning("A helper was ended by signal %d", WTERMSIG(status));
}

static void reap(Parent *p) {
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
                if (pid != p->engine) {
                        forget_helper(p, pid, status);
                        continue;
                }
                p->engine = 0;
                p->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
}

/* ---- waiting ---- */

static void on_signal(Parent *p) {
        struct signalfd_siginfo info;

        if (read(p->signal_fd, &info, sizeof(info)) != sizeof(info))
                return;
        if (info.ssi_signo == SIGCHLD)
                reap(p);
        else if (p->engine > 0)
                (void) kill(p->engine, (int) info.ssi_signo); /* it may just have ended */
}

/* One turn; false after `timeout_msec` (-1: none) without an event. */
static bool turn(Parent *p, int timeout_msec) {
        struct pollfd fds[1 + _DOOR_MAX] = { { .fd = p->signal_fd, .events = POLLIN } };
        bool open = p->engine > 0 && p->helper_count < HELPERS_MAX;

        for (size_t i = 0; i < _DOOR_MAX; i++)
                fds[1 + i] = (struct pollfd){ .fd = open ? p->doors[i].fd : -1, .events = POLLIN };
        int n = poll(fds, ELEMENTSOF(fds), timeout_msec);
        if (n <= 0)
                return n < 0; /* EINTR cannot be: all signals are blocked */
        if (fds[0].revents)
                on_signal(p);
        for (size_t i = 0; i < _DOOR_MAX; i++)
                if (fds[1 + i].revents && p->helper_count < HELPERS_MAX)
                        serve(p, &p->doors[i]);
        return true;
}

/* Their connections are closed; whoever is in the middle of a deploy may end it. */
static void end_helpers(Parent *p) {
        static const int signals[] = { 0, SIGTERM, SIGKILL };

        for (size_t s = 0; s < ELEMENTSOF(signals); s++) {
                for (size_t i = 0; signals[s] && i < p->helper_count; i++)
                        (void) kill(p->helpers[i], signals[s]); /* it may just have ended */
                while (p->helper_count > 0 && turn(p, PATIENCE_MSEC))
                        ;
        }
}

static int watch_signals(Parent *p) {
        sigset_t all;

        (void) sigemptyset(&all);
        (void) sigaddset(&all, SIGTERM);
        (void) sigaddset(&all, SIGINT);
        (void) sigaddset(&all, SIGHUP);
        (void) sigaddset(&all, SIGCHLD);
        if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
                return -errno;
        p->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
        return p->signal_fd < 0 ? -errno : 0;
}

/* Whatever fails behind this says itself what it was. */
static int prepare(Parent *p) {
        int r;

        r = watch_signals(p);
        if (r >= 0)
                r = find_users(p);
        if (r < 0)
                log_error("Cannot start: %s", errno_text(r));
        return r;
}

static int start(Parent *p) {
        int r;

        r = prepare(p);
        if (r >= 0)
                r = make_directories(p);
        if (r >= 0)
                r = open_door(p, &p->doors[DOOR_SIGNER], "signer", to_become(p, &p->signer_user));
        if (r >= 0)
                r = path_join(p->options->paths.config, "credentials/eab",
                              &p->doors[DOOR_SIGNER].credentials);
        if (r >= 0)
                r = open_door(p, &p->doors[DOOR_INSTALLER], "installer", NULL);
        if (r < 0)
                return r;
        r = start_engine(p);
        if (r < 0)
                log_error("The engine cannot be started: %s", errno_text(r));
        return r;
}

static void parent_done(Parent *p) {
        for (size_t i = 0; i < _DOOR_MAX; i++) {
                if (p->doors[i].fd >= 0)
                        (void) unlink(p->doors[i].path); /* a stale one is replaced by the next start */
                (void) close_fd(p->doors[i].fd);
                free(p->doors[i].path);
                free(p->doors[i].program);
                free(p->doors[i].credentials);
        }
        (void) close_fd(p->signal_fd);
        free(p->separation);
}

int parent_run(const Options *options) {
        _cleanup_(parent_done) Parent p = {
                .options = options,
                .doors = { { .fd = -1 }, { .fd = -1 } },
                .signal_fd = -1,
        };
        int r;

        r = start(&p);
        if (r < 0)
                return EXIT_FAILURE;
        while (p.engine > 0 && turn(&p, -1))
                ;
        end_helpers(&p);
        return p.status;
}
