#include "hooks/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/strings.h"

#define LOCK_TRIES    40
#define LOCK_PAUSE_MS 50

int store_open(const Paths *paths) {
        int fd = dir_open(paths->state);

        if (fd != -ENOENT)
                return fd;
        if (mkdir(paths->state, 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = dir_open(paths->state);
        if (fd >= 0)
                (void) fchmod(fd, 0755); /* the umask; a failure shows when others enter */
        return fd;
}

int store_enter(int dir_fd, const char *name) {
        int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int store_make(int dir_fd, const char *name, mode_t mode) {
        _cleanup_close_ int fd = dir_open_at(dir_fd, name, mode);
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_mode & 07777) != mode && st.st_uid == geteuid() && fchmod(fd, mode) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int store_installer(const Paths *paths, const char *kind, const char *name, bool make) {
        const char *const steps[] = { "installer", kind, name };
        _cleanup_close_ int fd = store_open(paths);

        for (size_t i = 0; fd >= 0 && i < ELEMENTSOF(steps); i++) {
                int next = make ? store_make(fd, steps[i], 0700) : store_enter(fd, steps[i]);

                (void) close_fd(fd);
                fd = next;
        }
        return TAKE_FD(fd);
}

void store_remove_temporaries_of(int dir_fd, const char *name) {
        _cleanup_(string_list_done) StringList entries = {};
        _cleanup_free_ char *prefix = NULL;

        if (str_printf(&prefix, ".%s.", name) < 0 || dir_list(dir_fd, &entries) < 0)
                return;
        for (size_t i = 0; i < entries.count; i++) {
                const char *rest = str_skip_prefix(entries.items[i], prefix);

                /* ".a.XXXXXX~renewd", but not ".a.b.XXXXXX~renewd", which is of "a.b". */
                if (rest && str_ends_with(rest, "~renewd") && !strchr(rest, '.'))
                        (void) unlinkat(dir_fd, entries.items[i], 0);
        }
}

/* What a writer that was killed left of this target's row; nobody writes it now. */
static int clean_row(int rows_fd, const char *target) {
        _cleanup_free_ char *row = NULL;
        int r = str_printf(&row, "%s.json", target);

        if (r >= 0)
                store_remove_temporaries_of(rows_fd, row);
        return r;
}

/* There is no flock() with a deadline. -EWOULDBLOCK: another one has it all the time. */
static int lock_patiently(int fd) {
        const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000 * 1000 };

        for (int i = 0; i < LOCK_TRIES; i++) {
                if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                        return 0;
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -errno;
                (void) nanosleep(&pause, NULL);
        }
        return -EWOULDBLOCK;
}

static int open_lock(int dir_fd, const char *noun) {
        _cleanup_free_ char *name = NULL;
        int fd, r = str_printf(&name, "%s.lock", noun);

        if (r < 0)
                return r;
        fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : fd;
}

int store_lock_target(int rows_fd, const char *target) {
        _cleanup_close_ int fd = open_lock(rows_fd, target);
        int r = fd < 0 ? fd : lock_patiently(fd);

        if (r >= 0)
                r = clean_row(rows_fd, target);
        return r < 0 ? r : TAKE_FD(fd);
}

int store_lock_group(const Paths *paths, const char *group) {
        _cleanup_close_ int dir_fd = store_installer(paths, "groups", group, true);
        _cleanup_close_ int fd = dir_fd < 0 ? dir_fd : open_lock(dir_fd, "turn");
        int r = fd < 0 ? fd : lock_patiently(fd);

        return r < 0 ? r : TAKE_FD(fd);
}
