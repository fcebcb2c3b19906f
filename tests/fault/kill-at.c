/* Preloaded into a program by the fault tests: writes down each call that makes something durable visible (a rename, a
 * symlink), and kills the program with SIGKILL before or after the one the test names. The programs
 * themselves know nothing of it.
 *
 *   RENEWD_KILL_LOG      file that gets a line "PROGRAM CALL NAME" per call; it also counts, across processes
 *   RENEWD_KILL_PROGRAM  whose call it is
 *   RENEWD_KILL_NAME     count only calls with this NAME
 *   RENEWD_KILL_COUNT    which one of its calls, from 1; 0: only write down
 *   RENEWD_KILL_WHEN     "before" or "after"
 *   RENEWD_KILL_STAY     set: and at the next call of any kind, whoever starts it again
 *   RENEWD_KILL_ALL      set: each fsync and unlink counts as well */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int renameat(int, const char *, int, const char *);
int renameat2(int, const char *, int, const char *, unsigned int);
int rename(const char *, const char *);
int symlinkat(const char *, int, const char *);
int fsync(int);
int unlinkat(int, const char *, int);

/* Does a line "PROGRAM CALL NAME\n" count? */
static bool counts(const char *line) {
        const char *wanted = getenv("RENEWD_KILL_NAME"), *name = strrchr(line, ' ');
        size_t length = strlen(program_invocation_short_name);

        if (strncmp(line, program_invocation_short_name, length) != 0 || line[length] != ' ')
                return false;
        return !wanted || (name && strncmp(name + 1, wanted, strlen(wanted)) == 0 &&
                           name[1 + strlen(wanted)] == '\n');
}

/* How many lines of the log count. */
static int calls_so_far(const char *log) {
        FILE *f = fopen(log, "re");
        char line[512];
        int count = 0;

        if (!f)
                return 0;
        while (fgets(line, sizeof(line), f))
                count += counts(line);
        fclose(f);
        return count;
}

/* Was the one to die at before? */
static bool is_over(const char *log) {
        const char *count = getenv("RENEWD_KILL_COUNT"), *program = getenv("RENEWD_KILL_PROGRAM");

        return getenv("RENEWD_KILL_STAY") && program && count &&
               strcmp(program, program_invocation_short_name) == 0 &&
               calls_so_far(log) >= (int) strtol(count, NULL, 10);
}

/* Writes the call down; true if it is the one to die at. */
static bool note(const char *call, const char *name) {
        const char *log = getenv("RENEWD_KILL_LOG"), *count = getenv("RENEWD_KILL_COUNT");
        const char *program = getenv("RENEWD_KILL_PROGRAM");
        char line[512];
        int fd, length;

        if (!log)
                return false;
        if (is_over(log))
                (void) kill(getpid(), SIGKILL);
        fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
                return false;
        length =
                        snprintf(line, sizeof(line), "%s %s %.300s\n",
                                 program_invocation_short_name, call, name);
        if (write(fd, line, (size_t) length) != length)
                abort();
        close(fd);
        return counts(line) && program && count &&
               strcmp(program, program_invocation_short_name) == 0 &&
               calls_so_far(log) == (int) strtol(count, NULL, 10);
}

static void die(bool now) {
        if (now)
                (void) kill(getpid(), SIGKILL);
}

static bool is_when(const char *when) {
        const char *wanted = getenv("RENEWD_KILL_WHEN");

        return wanted && strcmp(wanted, when) == 0;
}

#define WRAPPED(call, name, type, ...) WRAPPED_IF(true, call, name, type, __VA_ARGS__)
#define WRAPPED_IF(counted, call, name, type, ...)         \
        do {                                               \
                type real = (type) dlsym(RTLD_NEXT, call); \
                bool mine = (counted) && note(call, name); \
                int r;                                     \
                die(mine &&is_when("before"));             \
                r = real(__VA_ARGS__);                     \
                die(mine &&is_when("after"));              \
                return r;                                  \
        } while (0)

typedef int (*RenameAt)(int, const char *, int, const char *);
typedef int (*RenameAt2)(int, const char *, int, const char *, unsigned int);
typedef int (*Rename)(const char *, const char *);
typedef int (*SymlinkAt)(const char *, int, const char *);

int renameat(int from, const char *a, int to, const char *b) {
        WRAPPED("renameat", b, RenameAt, from, a, to, b);
}

int renameat2(int from, const char *a, int to, const char *b, unsigned int flags) {
        WRAPPED("renameat2", b, RenameAt2, from, a, to, b, flags);
}

int rename(const char *a, const char *b) {
        WRAPPED("rename", b, Rename, a, b);
}

int symlinkat(const char *target, int dir, const char *name) {
        WRAPPED("symlinkat", name, SymlinkAt, target, dir, name);
}

/* The name of an open file, without its directory. */
static const char *name_of(int fd, char *buffer, size_t size) {
        char path[64];
        ssize_t length;

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        length = readlink(path, buffer, size - 1);
        buffer[length < 0 ? 0 : length] = '\0';
        return strrchr(buffer, '/') ? strrchr(buffer, '/') + 1 : buffer;
}

typedef int (*Fsync)(int);
typedef int (*UnlinkAt)(int, const char *, int);

int fsync(int fd) {
        bool counted = getenv("RENEWD_KILL_ALL") != NULL;
        char buffer[512];

        WRAPPED_IF(counted, "fsync", name_of(fd, buffer, sizeof(buffer)), Fsync, fd);
}

int unlinkat(int dir, const char *name, int flags) {
        WRAPPED_IF(getenv("RENEWD_KILL_ALL"), "unlinkat", name, UnlinkAt, dir, name, flags);
}
