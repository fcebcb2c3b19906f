#include "ctl/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define LIMIT_SEC  60
#define WORDS_SIZE ((size_t) 400)

extern char **environ;

static int64_t now_msec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
        return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int start(const StringList *argv, int out, pid_t *ret) {
        _cleanup_free_ char **words = calloc(argv->count + 1, sizeof *words);
        posix_spawn_file_actions_t actions;
        int r;

        if (!words)
                return -ENOMEM;
        for (size_t i = 0; i < argv->count; i++)
                words[i] = argv->items[i];
        r = posix_spawn_file_actions_init(&actions);
        if (r != 0)
                return -r;
        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
        if (r == 0)
                r = posix_spawn(ret, words[0], &actions, NULL, words, environ);
        (void) posix_spawn_file_actions_destroy(&actions); /* only frees */
        return -r;
}

/* Until it ends its output, or the time is over. What a server that it started keeps open ends with the program. */
static void collect(
                int fd, pid_t pid, int64_t until, int *ret_status, bool *ret_ended, Bytes *output) {
        *ret_ended = false;
        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                char buffer[4096];
                ssize_t n;

                if (!*ret_ended)
                        *ret_ended = waitpid(pid, ret_status, WNOHANG) == pid;
                if (poll(&p, 1, *ret_ended ? 0 : 100) == 1) {
                        n = read(fd, buffer, sizeof buffer);
                        if (n > 0)
                                (void) bytes_append(
                                                output, buffer,
                                                (size_t) n); /* what is too much is lost */
                        if (n > 0)
                                continue;
                        fd = -1; /* closed: only its end is waited for */
                }
                if (*ret_ended || now_msec() > until)
                        return;
        }
}

int run_program(const StringList *argv, Bytes *output) {
        _cleanup_close_ int in = -1, out = -1;
        int pipes[2], status = 0, r;
        bool ended;
        pid_t pid;

        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        in = pipes[0];
        out = pipes[1];
        output->limit = RUN_OUTPUT_MAX;
        r = start(argv, out, &pid);
        if (r < 0)
                return r;
        out = close_fd(out);
        collect(in, pid, now_msec() + LIMIT_SEC * 1000, &status, &ended, output);
        if (!ended) {
                (void) kill(pid, SIGKILL); /* it is ours, and not waited for yet */
                (void) waitpid(pid, &status, 0);
                return 1;
        }
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

char *run_last_words(const Bytes *output) {
        size_t size = output->size;
        const char *text = bytes_text(output);

        while (size > 0 && strchr(" \n\t\r", text[size - 1]))
                size--;
        if (size > WORDS_SIZE)
                text += size - WORDS_SIZE;
        _cleanup_free_ char *part = strndup(text, MIN(size, WORDS_SIZE));
        return part ? str_escape(part, STR_ESCAPE_MAX) : NULL;
}
