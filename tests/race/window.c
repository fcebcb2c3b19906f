#include "tests/race/window.h"

#include <linux/fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libc's, under each name that a compiler makes calls to; declared here, since its own headers would rename ours. */
int openat(int, const char *, int, ...);
int openat64(int, const char *, int, ...);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
int renameat(int, const char *, int, const char *);

Window *window;
bool window_is_installer;
const char *window_directory;

static void begin(_Atomic uint64_t *generation, _Atomic uint64_t pending[WINDOWS]) {
        uint64_t next = (atomic_load(generation) + 1) |
                        1; /* a window that never ended is forgotten */

        if (next == atomic_load(generation))
                next += 2;
        atomic_store(&pending[next / 2 % WINDOWS], 0);
        atomic_store(generation, next);
}

static void end(_Atomic uint64_t *generation,
                _Atomic uint64_t pending[WINDOWS],
                _Atomic uint64_t *total) {
        uint64_t now = atomic_load(generation);

        if (now % 2 == 0)
                return;
        atomic_store(generation, now + 1);
        atomic_fetch_add(total, atomic_load(&pending[now / 2 % WINDOWS]));
}

static bool is_temporary(const char *name) {
        size_t length = strlen(name);

        return length > 7 && strcmp(name + length - 7, "~renewd") == 0;
}

static int open_it(int dir, const char *name, int flags, unsigned mode) {
        int fd = (int) syscall(SYS_openat, dir, name, flags, mode);

        if (fd < 0 || !window_is_installer)
                return fd;
        if ((flags & O_DIRECTORY) && strcmp(name, window_directory) == 0)
                begin(&window->opened, window->pending_opened);
        else if ((flags & O_CREAT) && is_temporary(name) && atomic_load(&window->opened) % 2 == 1)
                begin(&window->written, window->pending_written);
        return fd;
}

int openat(int dir, const char *name, int flags, ...) {
        unsigned mode = 0;
        va_list arguments;

        if (flags & O_CREAT) {
                va_start(arguments, flags);
                mode = va_arg(arguments, unsigned);
                va_end(arguments);
        }
        return open_it(dir, name, flags, mode);
}

int openat64(int dir, const char *name, int flags, ...) {
        unsigned mode = 0;
        va_list arguments;

        if (flags & O_CREAT) {
                va_start(arguments, flags);
                mode = va_arg(arguments, unsigned);
                va_end(arguments);
        }
        return open_it(dir, name, flags, mode);
}

int __openat_2(int dir, const char *name, int flags) {
        return open_it(dir, name, flags, 0);
}

int __openat64_2(int dir, const char *name, int flags) {
        return open_it(dir, name, flags, 0);
}

int renameat(int from, const char *a, int to, const char *b) {
        /* Renames in the state are none of a target's; its key is the first file. */
        bool ours = window_is_installer && is_temporary(a) && strcmp(b, "a.key") == 0;
        int r = (int) syscall(SYS_renameat2, from, a, to, b, 0);

        if (!ours || r < 0)
                return r;
        atomic_fetch_add(&window->renames, 1);
        end(&window->written, window->pending_written, &window->swaps_written);
        end(&window->opened, window->pending_opened, &window->swaps_opened);
        return r;
}

Moment window_before(void) {
        return (Moment){ atomic_load(&window->opened), atomic_load(&window->written) };
}

static void count(uint64_t before, uint64_t after, _Atomic uint64_t pending[WINDOWS]) {
        if (before == after && before % 2 == 1)
                atomic_fetch_add(&pending[before / 2 % WINDOWS], 1);
}

void window_after(Moment before) {
        atomic_fetch_add(&window->swaps, 1);
        count(before.opened, atomic_load(&window->opened), window->pending_opened);
        count(before.written, atomic_load(&window->written), window->pending_written);
}
