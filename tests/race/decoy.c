#include "tests/race/decoy.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static const char *const names[] = { "a.key", "a.crt", "shadow", "sub/a.key" };

static void die(const char *what) {
        perror(what);
        exit(99);
}

static void make(const char *directory, const char *name, mode_t mode) {
        char path[500];
        int fd;

        (void) snprintf(path, sizeof path, "%s/%s", directory, name);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0 || dprintf(fd, "decoy %s\n", name) < 0)
                die(path);
        (void) close(fd);
}

static void watch(const Decoy *d, const char *name) {
        char path[500];

        (void) snprintf(path, sizeof path, "%s/%s", d->path, name);
        if (inotify_add_watch(d->inotify, path, IN_ALL_EVENTS) < 0)
                die(path);
}

/* Names, content and all that stat() says but the time of reading. */
static void append_state(const char *directory, Bytes *ret) {
        _cleanup_(string_list_done) StringList entries = {};
        _cleanup_close_ int fd = dir_open(directory);

        if (fd < 0 || dir_list(fd, &entries) < 0)
                die(directory);
        for (size_t i = 0; i < entries.count; i++) {
                const char *name = entries.items[i];
                char path[800];
                struct stat st;

                if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        die(name);
                (void) bytes_printf(
                                ret, "%s %o %u:%u %lu %lu %ld.%ld %ld.%ld\n", name, st.st_mode,
                                st.st_uid, st.st_gid, st.st_ino, st.st_nlink, st.st_mtim.tv_sec,
                                st.st_mtim.tv_nsec, st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
                (void) snprintf(path, sizeof path, "%s/%s", directory, name);
                if (S_ISDIR(st.st_mode))
                        append_state(path, ret);
                else
                        (void) file_read_at(fd, name, 4096, ret);
        }
}

void decoy_make(Decoy *d, const char *path) {
        char sub[500];

        *d = (Decoy){};
        (void) snprintf(d->path, sizeof d->path, "%s", path);
        (void) snprintf(sub, sizeof sub, "%s/sub", path);
        if (mkdir(path, 0755) < 0 || mkdir(sub, 0755) < 0)
                die(path);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                make(path, names[i], 0600);
        append_state(path, &d->before);
        d->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (d->inotify < 0)
                die("inotify");
        watch(d, "");
        watch(d, "sub");
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                watch(d, names[i]);
}

unsigned decoy_end(Decoy *d) {
        _cleanup_(bytes_done) Bytes after = {};
        char buffer[64 * 1024] __attribute__((aligned(__alignof__(struct inotify_event))));
        unsigned touched = 0;
        ssize_t n;

        while ((n = read(d->inotify, buffer, sizeof buffer)) > 0)
                for (ssize_t at = 0; at < n; touched++) {
                        const struct inotify_event *event = (const void *) (buffer + at);

                        if (touched < 5)
                                printf("# decoy: event 0x%x %s\n", event->mask,
                                       event->len ? event->name : "");
                        at += (ssize_t) (sizeof *event + event->len);
                }
        d->inotify = close_fd(d->inotify);
        append_state(d->path, &after);
        if (after.size != d->before.size || memcmp(after.data, d->before.data, after.size) != 0) {
                printf("# decoy: is another one now\n");
                touched++;
        }
        bytes_done(&d->before);
        return touched;
}
