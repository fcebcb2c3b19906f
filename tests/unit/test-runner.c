/* The plain child; each case lasts at most its limit of one second and a little. */

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include "hooks/runner.h"
#include "tests/unit/test.h"

static char directory[300];
static char script_path[400];

static const char *script(const char *format, ...) _printf_(1, 2);
static const char *script(const char *format, ...) {
        va_list ap;
        FILE *file;

        (void) snprintf(directory, sizeof directory, "%s", test_directory());
        (void) snprintf(script_path, sizeof script_path, "%s/hook", directory);
        file = fopen(script_path, "we");
        if (!file)
                exit(99);
        va_start(ap, format);
        (void) vfprintf(file, format, ap);
        va_end(ap);
        if (fclose(file) != 0 || chmod(script_path, 0755) < 0)
                exit(99);
        return script_path;
}

static ProgramResult run_with(const char *path, const char *const *environment) {
        _cleanup_(string_list_done) StringList argv = {}, list = {};
        ProgramRun run = { .argv = &argv, .environment = &list, .limit = USEC_PER_SEC };
        ProgramResult result = {};

        CHECK(string_list_add(&argv, path) >= 0);
        CHECK(string_list_add(&argv, "with blank") >= 0);
        for (; environment && *environment; environment++)
                CHECK(string_list_add(&list, *environment) >= 0);
        CHECK_INT(runner_run(NULL, &run, &result), 0);
        return result;
}

static ProgramResult run(const char *path) {
        return run_with(path, NULL);
}

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* A process that wrote its number to `name`, and is no more. */
static bool is_gone(const char *name) {
        char path[400];
        FILE *file;
        int pid = 0;

        (void) snprintf(path, sizeof path, "%s/%s", directory, name);
        file = fopen(path, "re");
        if (!file || fscanf(file, "%d", &pid) != 1)
                pid = 0;
        if (file)
                (void) fclose(file);
        CHECK(pid > 1);
        return pid > 1 && kill(pid, 0) < 0 && errno == ESRCH;
}

static void check_words(const ProgramResult *r, const char *expected) {
        _cleanup_free_ char *words = NULL;

        CHECK(program_result_describe(r, "/x", &words) >= 0);
        CHECK(words && strstr(words, expected));
        if (words && !strstr(words, expected))
                printf("# words: %s\n", words);
}

static void success(void) {
        _cleanup_(program_result_done) ProgramResult r =
                        run(script("#!/bin/sh\necho \"[$1]\" >&2\n"));

        CHECK(program_succeeded(&r));
        CHECK_STR(bytes_text(&r.output), "[with blank]\n");
}

static void endless_is_ended(void) {
        double start = now();
        _cleanup_(program_result_done) ProgramResult r =
                        run(script("#!/bin/sh\necho working\nexec sleep 1000\n"));

        CHECK_INT(r.end, PROGRAM_TIMED_OUT);
        CHECK(now() - start < 4);
        check_words(&r, "timed out and was ended: working");
}

static void deaf_is_killed(void) {
        double start = now();
        _cleanup_(program_result_done) ProgramResult r = run(
                        script("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1000 & wait; done\n"));

        CHECK_INT(r.end, PROGRAM_TIMED_OUT);
        CHECK(now() - start >= 5 && now() - start < 9); /* KILL 5 s after TERM */
}

static void forks_are_ended(void) {
        script("%s", "");
        _cleanup_(program_result_done) ProgramResult r = run(script(
                        "#!/bin/sh\ni=0\nwhile [ $i -lt 100 ]; do sleep 1000 & i=$((i+1)); done\n"
                        "echo $! > %s/last\nwait\n",
                        directory));

        CHECK_INT(r.end, PROGRAM_TIMED_OUT);
        CHECK(is_gone("last"));
}

static void daemon_with_the_pipe_is_not_waited_for(void) {
        double start = now();

        script("%s", "");
        _cleanup_(program_result_done) ProgramResult r = run(script(
                        "#!/bin/sh\n(setsid sh -c 'echo $$ > %s/daemon; exec sleep 1000' &)\n"
                        "while [ ! -s %s/daemon ]; do sleep 0.02; done\necho done\n",
                        directory, directory));

        CHECK(program_succeeded(&r));
        CHECK(now() - start < 3);
        CHECK_STR(bytes_text(&r.output), "done\n");
        CHECK(is_gone("daemon"));
}

static void flood_is_cut(void) {
        _cleanup_(program_result_done) ProgramResult r = run(
                        script("#!/bin/sh\necho first\nhead -c 30000000 /dev/zero | tr '\\0' x\n"));

        CHECK(program_succeeded(&r)); /* all of it was taken, else it would have hung */
        CHECK_INT(r.output.size, RUNNER_OUTPUT_MAX);
        CHECK(r.cut);
        CHECK(strncmp(bytes_text(&r.output), "first\nxxx", 9) == 0);
}

static void binary_is_escaped(void) {
        _cleanup_(program_result_done) ProgramResult r =
                        run(script("#!/bin/sh\nprintf 'a\\033[2Jb\\377\\000c'; exit 1\n"));

        check_words(&r, "exited with 1: a\\x1b[2Jb\\xff c");
}

static void ends_are_told_apart(void) {
        _cleanup_(program_result_done) ProgramResult one = run(script("#!/bin/sh\nexit 1\n"));
        _cleanup_(program_result_done) ProgramResult two = run(script("#!/bin/sh\nexit 127\n"));
        _cleanup_(program_result_done) ProgramResult signal =
                        run(script("#!/bin/sh\nkill -SEGV $$\n"));

        check_words(&one, "exited with 1");
        check_words(&two, "exited with 127");
        CHECK_INT(signal.end, PROGRAM_KILLED);
        check_words(&signal, "killed by SIGSEGV");
}

static void check_not_started(const char *path, const char *words) {
        _cleanup_(program_result_done) ProgramResult r = run(path);

        CHECK_INT(r.end, PROGRAM_NOT_STARTED);
        check_words(&r, words);
}

static void unusable_programs(void) {
        check_not_started("/nonexistent/hook", "ENOENT");
        check_not_started("hook", "not the absolute path");
        check_not_started("/etc", "not the absolute path");
        script("#!/bin/sh\n");
        CHECK(chmod(script_path, 0644) == 0);
        check_not_started(script_path, "EACCES");
        check_not_started(script("echo ran by a shell\n"), "no '#!' line");
        check_not_started(script("#!/nonexistent/shell\n"), "ENOENT");
        script("#!/bin/sh\n");
        CHECK(chmod(script_path, 0757) == 0);
        check_not_started(script_path, "may be changed by others");
        CHECK(chmod(script_path, 0755) == 0 && chmod(directory, 0777) == 0);
        check_not_started(script_path, "may be changed by others");
}

static void links_are_followed(void) {
        char link[400];

        script("#!/bin/sh\nexit 0\n");
        (void) snprintf(link, sizeof link, "%s/link", directory);
        CHECK(symlink("./hook", link) == 0);
        _cleanup_(program_result_done) ProgramResult r = run(link);
        CHECK(program_succeeded(&r));
        CHECK(unlink(script_path) == 0 && symlink("link", script_path) == 0);
        check_not_started(link, "ELOOP");
}

/* R1.16. What a shell adds by itself is taken away (3 is its pipe to readlink, 255 the script); the
 * rest must be exactly this. */
static const char golden[] = "A=1\nB=two words\n"
                             "cwd /\n"
                             "umask 0077\n"
                             "core 0\n"
                             "0 /dev/null\n"
                             "1 pipe\n2 pipe\n"
                             "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";

static void surroundings_are_exact(void) {
        static const char *const environment[] = { "A=1", "B=two words", NULL };
        int leak = fcntl(STDIN_FILENO, F_DUPFD, 77); /* not close-on-exec: must not arrive */
        sigset_t blocked, before;

        (void) setenv("SECRET", "x", 1);
        (void) sigemptyset(&blocked);
        (void) sigaddset(&blocked, SIGUSR1);
        (void) sigprocmask(SIG_BLOCK, &blocked, &before);
        (void) signal(SIGPIPE, SIG_IGN);
        (void) umask(022);
        _cleanup_(program_result_done) ProgramResult r = run_with(
                        script("#!/bin/bash\n"
                               "tr '\\0' '\\n' < /proc/$$/environ\n"
                               "echo cwd $PWD\necho umask $(umask)\necho core $(ulimit -Hc)\n"
                               "for f in /proc/$$/fd/*; do n=${f##*/}; t=$(readlink $f)\n"
                               "  case $t in pipe:*) t=pipe;; esac\n"
                               "  case $n in 3|255) continue;; esac\n"
                               "  echo $n $t; done\n"
                               "grep -E '^Sig(Blk|Ign)' /proc/self/status\n"),
                        environment);
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        (void) signal(SIGPIPE, SIG_DFL);
        (void) close_fd(leak);
        CHECK_STR(bytes_text(&r.output), golden);
        CHECK(program_succeeded(&r));
}

/* As systemd does for User=. */
static void user_is_told(void) {
        _cleanup_(string_list_done) StringList argv = {}, list = {};
        _cleanup_(program_result_done) ProgramResult result = {};
        const struct passwd *me = getpwuid(geteuid());
        ProgramRun run = { .argv = &argv, .environment = &list, .limit = USEC_PER_SEC };
        char expected[400];

        REQUIRE(me);
        run.user = me->pw_name;
        (void) snprintf(expected, sizeof expected, "%s %s %s\n", me->pw_name, me->pw_name,
                        me->pw_dir);
        CHECK(string_list_add(&argv, script("#!/bin/sh\necho $USER $LOGNAME $HOME\n")) >= 0);
        CHECK_INT(runner_run(NULL, &run, &result), 0);
        CHECK_STR(bytes_text(&result.output), expected);
}

static void nobody_is_said(void) {
        _cleanup_(string_list_done) StringList argv = {}, list = {};
        _cleanup_(program_result_done) ProgramResult result = {};
        ProgramRun run = { .argv = &argv,
                           .environment = &list,
                           .limit = USEC_PER_SEC,
                           .user = "nobody-has-this-name" };

        CHECK(string_list_add(&argv, script("#!/bin/sh\n")) >= 0);
        CHECK_INT(runner_run(NULL, &run, &result), 0);
        CHECK_INT(result.end, PROGRAM_NOT_STARTED);
        CHECK_STR(result.error, "there is no user 'nobody-has-this-name'");
}

static void data_is_limited(void) {
        _cleanup_(string_list_done) StringList argv = {}, list = {};
        _cleanup_(program_result_done) ProgramResult result = {};
        ProgramRun run = { .argv = &argv,
                           .environment = &list,
                           .limit = USEC_PER_SEC,
                           .memory_max = (uint64_t) 32 * 1024 * 1024 };

        CHECK(string_list_add(&argv, script("#!/bin/sh\nulimit -d\n")) >= 0);
        CHECK_INT(runner_run(NULL, &run, &result), 0);
        CHECK_STR(bytes_text(&result.output), "32768\n");
}

TEST_MAIN({ "CommandUser= arrives in the environment", user_is_told },
          { "a user that does not exist is named", nobody_is_said },
          { "Memory= limits the data of a process", data_is_limited },
          { "argv arrives as configured, both outputs are kept", success },
          { "H1: what sleeps for ever is ended at its limit", endless_is_ended },
          { "H2: what ignores TERM is killed", deaf_is_killed },
          { "H3: a hundred children are ended with it", forks_are_ended },
          { "H4: a daemon that keeps the pipe is not waited for, and ended",
            daemon_with_the_pipe_is_not_waited_for },
          { "H6: the first 64 KiB are kept, the rest is drained", flood_is_cut },
          { "H7: binary output is escaped", binary_is_escaped },
          { "H8: exit status and signal are told apart", ends_are_told_apart },
          { "H9, R2.11.2: unusable programs are said, no shell falls in", unusable_programs },
          { "links are followed when nobody else could have made them", links_are_followed },
          { "R1.16: environment, descriptors, cwd, umask, signals are exact",
            surroundings_are_exact })
