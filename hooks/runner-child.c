/* The child gets a session, and with it a process group, of its own: a signal to the group reaches what
 * stays in it. What leaves it (double fork and setsid) becomes our child when its parent ends, since we
 * are the sub-reaper meanwhile; so after the program itself is gone, all that is left are our own
 * children, and they are ended one by one until there are none.
 *
 * The end of the program is what is waited for, never the end of its output (R3.7 H4).
 *
 * What only a cgroup can do is missing here: the memory limit holds for the data of each process, not for all
 * together, and Tasks= does not hold. */

#include "hooks/runner-child.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/log.h"

/* linux/close_range.h is not in every libc's headers. */
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define KILL_DELAY    (5 * USEC_PER_SEC) /* from SIGTERM to SIGKILL */
#define REAP_DELAY_MS 20
#define DRAIN_ROUNDS  64

typedef struct Child {
        pid_t pid;
        int pidfd;   /* owns */
        int output;  /* owns; -1 at its end */
        int failure; /* owns; the child's errno when it could not become the program */
        bool was_reaper;
} Child;

static usec_t now_usec(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail for this clock */
        return (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

static void child_done(Child *c) {
        c->pidfd = close_fd(c->pidfd);
        c->output = close_fd(c->output);
        c->failure = close_fd(c->failure);
        if (!c->was_reaper)
                (void) prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); /* cannot fail */
}

bool runner_drain(int fd, ProgramResult *result) {
        uint8_t buffer[16 * 1024];

        for (int i = 0; i < DRAIN_ROUNDS; i++) {
                ssize_t n = read(fd, buffer, sizeof buffer);
                size_t room = RUNNER_OUTPUT_MAX - result->output.size;

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return true;
                if (n <= 0)
                        return false;
                if ((size_t) n > room)
                        result->cut = true;
                if (room > 0 && bytes_append(&result->output, buffer, MIN((size_t) n, room)) < 0)
                        result->cut = true;
        }
        return true;
}

/* ---- in the child: only what is safe after fork ---- */

static void reset_signals(void) {
        struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int number = 1; number < NSIG; number++)
                (void) sigaction(number, &action, NULL); /* SIGKILL and SIGSTOP refuse */
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_limits(const ProgramRun *run) {
        rlim_t seconds = (rlim_t) (run->limit / USEC_PER_SEC + 10);
        rlim_t memory = run->memory_max ? run->memory_max : RUNNER_MEMORY_MAX;
        const struct {
                __rlimit_resource_t what;
                struct rlimit limit;
        } limits[] = {
                { RLIMIT_CORE, { 0, 0 } },           { RLIMIT_NOFILE, { 1024, 4096 } },
                { RLIMIT_NPROC, { 4096, 4096 } }, /* of all the user runs; without effect for root */
                { RLIMIT_DATA, { memory, memory } }, { RLIMIT_CPU, { seconds, seconds } },
        };

        for (size_t i = 0; i < ELEMENTSOF(limits); i++)
                (void) setrlimit(limits[i].what, &limits[i].limit); /* a lower one is fine too */
}

/* The user's own group alone: its others cannot be looked up between fork and exec. */
static bool drop_rights(const struct passwd *user) {
        if (!user || user->pw_uid == geteuid())
                return true;
        return setgroups(0, NULL) >= 0 && setgid(user->pw_gid) >= 0 && setuid(user->pw_uid) >= 0;
}

static void become_program(
                const ProgramRun *run,
                const struct passwd *user,
                char *const argv[],
                char *const environment[],
                int output,
                int failure) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC), error;

        reset_signals();
        set_limits(run);
        (void) umask(077);
        if (setsid() >= 0 && null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
            dup2(output, STDOUT_FILENO) >= 0 &&
            (run->output_only || dup2(output, STDERR_FILENO) >= 0) && chdir("/") >= 0 &&
            close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) >= 0 && drop_rights(user))
                (void) execve(argv[0], argv, environment);
        error = errno;
        (void) !write(failure, &error, sizeof error); /* if this fails the exit status remains */
        _exit(127);
}

/* ---- in the parent ---- */

/* A NULL-terminated view of the list. */
static char **vector_of(const StringList *list) {
        char **vector = calloc(list->count + 1, sizeof *vector);

        for (size_t i = 0; vector && i < list->count; i++)
                vector[i] = list->items[i];
        return vector;
}

/* What User= of a unit adds to the environment. */
static int add_login(const struct passwd *user, StringList *environment) {
        const struct {
                const char *key, *value;
        } facts[] = {
                { "USER", user->pw_name },
                { "LOGNAME", user->pw_name },
                { "HOME", user->pw_dir },
        };

        for (size_t i = 0; i < ELEMENTSOF(facts); i++) {
                _cleanup_free_ char *text = NULL;
                int r = str_printf(&text, "%s=%s", facts[i].key, facts[i].value);

                if (r >= 0)
                        r = string_list_add(environment, text);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int build_environment(const ProgramRun *run, const struct passwd *user, StringList *ret) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < run->environment->count; i++)
                r = string_list_add(ret, run->environment->items[i]);
        return r < 0 || !user ? r : add_login(user, ret);
}

static int child_open_pipes(Child *c, int *ret_output, int *ret_failure) {
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        c->output = fds[0];
        *ret_output = fds[1];
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        c->failure = fds[0];
        *ret_failure = fds[1];
        return fcntl(c->output, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int child_start(const ProgramRun *run, Child *c) {
        const struct passwd *user = run->user ? getpwnam(run->user) : NULL;
        _cleanup_(string_list_done) StringList variables = {};
        _cleanup_free_ char **argv = NULL, **environment = NULL;
        _cleanup_close_ int output = -1, failure = -1;
        int r;

        if (run->user && !user)
                return -ESRCH; /* it was there a moment ago */
        r = build_environment(run, user, &variables);
        if (r < 0)
                return r;
        argv = vector_of(run->argv);
        environment = vector_of(&variables);
        if (!argv || !environment)
                return -ENOMEM;
        r = child_open_pipes(c, &output, &failure);
        if (r < 0)
                return r;
        c->pid = fork();
        if (c->pid < 0)
                return -errno;
        if (c->pid == 0)
                become_program(run, user, argv, environment, output, failure);
        c->pidfd = pidfd_open(c->pid, 0);
        if (c->pidfd < 0) {
                r = -errno;
                (void) kill(c->pid, SIGKILL);
                (void) waitpid(c->pid, NULL, 0); /* it was ours a moment ago */
                return r;
        }
        return 0;
}

/* Waits for output or the end, at most until `until`. 1: it ended. */
static int child_wait(Child *c, usec_t until, ProgramResult *result) {
        for (;;) {
                struct pollfd fds[] = { { .fd = c->pidfd, .events = POLLIN },
                                        { .fd = c->output, .events = POLLIN } };
                usec_t now = now_usec(), left = until > now ? until - now : 0;
                int n;

                if (left == 0)
                        return 0;
                n = poll(fds, 2, (int) MIN(left / 1000 + 1, (usec_t) 60 * 1000));
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0 && fds[1].revents && !runner_drain(c->output, result))
                        c->output = close_fd(c->output);
                if (n > 0 && fds[0].revents)
                        return 1;
        }
}

/* TERM to the group, KILL after the delay; the pid is still ours, as it was not reaped yet. */
static int child_stop(Child *c, ProgramResult *result) {
        int r;

        (void) kill(-c->pid, SIGTERM);
        r = child_wait(c, now_usec() + KILL_DELAY, result);
        if (r != 0)
                return r;
        (void) kill(-c->pid, SIGKILL);
        do
                r = child_wait(c, now_usec() + KILL_DELAY, result);
        while (r == 0); /* SIGKILL is certain, but for a process in the kernel it takes its time */
        return r;
}

/* Signals every child of ours: "/proc/self/task/TID/children" lists them. */
static void signal_children(int number) {
        char path[64];
        FILE *file;
        long pid;

        (void) snprintf(path, sizeof path, "/proc/self/task/%d/children", (int) gettid());
        file = fopen(path, "re");
        if (!file)
                return;
        while (fscanf(file, "%ld", &pid) == 1)
                (void) kill((pid_t) pid, number);
        (void) fclose(file); /* only read */
}

/* Reaps what is dead. False while some child lives. */
static bool reap_all(void) {
        for (;;) {
                pid_t pid = waitpid(-1, NULL, WNOHANG);

                if (pid == 0)
                        return false;
                if (pid < 0 && errno != EINTR)
                        return true; /* ECHILD */
        }
}

/* Ends what the program left behind: politely, then for certain. New orphans may turn up while old ones
 * die, so the signal is sent in every round. */
static void end_leftovers(pid_t group) {
        const struct timespec pause = { .tv_nsec = REAP_DELAY_MS * 1000 * 1000 };
        usec_t term_until = now_usec() + KILL_DELAY, give_up = term_until + KILL_DELAY;
        int number = SIGTERM;

        while (now_usec() < give_up) {
                (void) kill(-group, number);
                signal_children(number);
                if (reap_all())
                        return;
                (void) nanosleep(&pause, NULL);
                if (now_usec() >= term_until)
                        number = SIGKILL;
        }
        log_warning("processes of a program that has ended cannot be killed");
}

static void take_status(Child *c, bool timed_out, ProgramResult *result) {
        siginfo_t info = {};
        int error = 0;

        if (waitid(P_PID, (id_t) c->pid, &info, WEXITED) < 0)
                info.si_code = 0;
        result->status = info.si_status;
        if (read(c->failure, &error, sizeof error) == sizeof error) {
                result->end = PROGRAM_NOT_STARTED;
                (void) str_printf(
                                &result->error, "it could not be executed: %s%s",
                                errno_text(-error), error == ENOEXEC ? ", no '#!' line" : "");
        } else if (timed_out)
                result->end = PROGRAM_TIMED_OUT;
        else
                result->end = info.si_code == CLD_EXITED ? PROGRAM_EXITED : PROGRAM_KILLED;
}

static void become_reaper(Child *c) {
        int is = 0;

        (void) prctl(PR_GET_CHILD_SUBREAPER, &is, 0, 0, 0);
        c->was_reaper = is != 0;
        (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* cannot fail since Linux 3.4 */
}

int runner_child(const ProgramRun *run, ProgramResult *ret) {
        _cleanup_(program_result_done) ProgramResult result = {};
        _cleanup_(child_done) Child c = { .pidfd = -1, .output = -1, .failure = -1 };
        bool timed_out = false;
        int r;

        become_reaper(&c);
        r = child_start(run, &c);
        if (r < 0)
                return r;
        r = child_wait(&c, now_usec() + run->limit, &result);
        if (r == 0) {
                timed_out = true;
                r = child_stop(&c, &result);
        }
        if (r < 0)
                (void) kill(-c.pid, SIGKILL); /* our own trouble: it must not run on unseen */
        take_status(&c, timed_out, &result);
        end_leftovers(c.pid);
        if (r < 0)
                return r;
        if (c.output >= 0)
                (void) runner_drain(c.output, &result);
        *ret = result;
        result = (ProgramResult){};
        return 0;
}
