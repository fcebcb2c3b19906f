/* Files: bounded reads, and the one way in which a file is written. A reader sees the old content or
 * the new one, never a part; after a power cut the same holds, because content is synced before the
 * rename and the directory after it. */

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define TEMPORARY_ATTEMPTS 16

/* ---- read ---- */

static int read_content(int fd, size_t limit, Bytes *ret) {
        uint8_t chunk[16 * 1024];
        size_t total = 0;
        int r = 0;

        for (;;) {
                ssize_t n = read(fd, chunk, MIN(sizeof(chunk), limit - total + 1));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0) {
                        r = n < 0 ? -errno : 0;
                        break;
                }
                total += (size_t) n;
                if (total > limit) {
                        r = -E2BIG;
                        break;
                }
                r = bytes_append(ret, chunk, (size_t) n);
                if (r < 0)
                        break;
        }
        if (ret->secret)
                explicit_bzero(chunk, sizeof(chunk));
        return r;
}

/* O_NONBLOCK, because opening a FIFO would wait for its writer; what it is, fstat() then says of the
 * very thing that was opened. */
static int open_regular(int at, const char *path, int flags, size_t limit, struct stat *ret_st) {
        _cleanup_close_ int fd = -1;

        fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
        if (fd < 0)
                return errno == ENXIO ? -EINVAL : -errno; /* ENXIO: a socket */
        if (fstat(fd, ret_st) < 0)
                return -errno;
        if (!S_ISREG(ret_st->st_mode))
                return -EINVAL;
        if (ret_st->st_size > 0 && (uintmax_t) ret_st->st_size > limit)
                return -E2BIG;
        return TAKE_FD(fd);
}

int file_read_open(int fd, size_t limit, Bytes *ret) {
        size_t before = ret->size;
        int r;

        r = read_content(fd, limit, ret);
        if (r < 0 && ret->size > before) {
                if (ret->secret)
                        explicit_bzero(ret->data + before, ret->size - before);
                ret->size = before;
                ret->data[before] = 0;
        }
        return r;
}

static int read_regular(int at, const char *path, int flags, size_t limit, Bytes *ret) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        fd = open_regular(at, path, flags, limit, &st);
        return fd < 0 ? TAKE_FD(fd) : file_read_open(fd, limit, ret);
}

bool file_name_is_plain(const char *name) {
        return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int file_read_at(int dir_fd, const char *name, size_t limit, Bytes *ret) {
        if (!file_name_is_plain(name))
                return -EINVAL;
        return read_regular(dir_fd, name, O_NOFOLLOW, limit, ret);
}

int file_open_at(int dir_fd, const char *name, size_t limit, struct stat *ret_st) {
        if (!file_name_is_plain(name))
                return -EINVAL;
        return open_regular(dir_fd, name, O_NOFOLLOW, limit, ret_st);
}

int file_read(const char *path, size_t limit, Bytes *ret) {
        return read_regular(AT_FDCWD, path, 0, limit, ret);
}

/* ---- write ---- */

/* ".NAME.XXXXXX~renewd": what dir_remove_temporaries() looks for. */
static int temporary_name(const char *name, char **ret) {
        static const char alphabet[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        uint8_t random[6];
        char text[sizeof(random) + 1] = {};

        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        for (size_t i = 0; i < sizeof(random); i++)
                text[i] = alphabet[random[i] & 63];
        return str_printf(ret, ".%s.%s~renewd", name, text);
}

static int create_temporary(int dir_fd, const char *name, char **ret) {
        for (int attempt = 0; attempt < TEMPORARY_ATTEMPTS; attempt++) {
                _cleanup_free_ char *temporary = NULL;
                int r = temporary_name(name, &temporary);
                if (r < 0)
                        return r;
                int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
                int fd = openat(dir_fd, temporary, flags, 0600);
                if (fd >= 0) {
                        *ret = TAKE_PTR(temporary);
                        return fd;
                }
                if (errno != EEXIST)
                        return -errno;
        }
        return -EEXIST;
}

static int write_all(int fd, const void *data, size_t size) {
        const uint8_t *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

/* Owner before mode: chown clears the set-id bits, and a wide mode under the wrong owner would show
 * the content to the wrong group. Everything on the descriptor, nothing by path (R2.10.2). */
int file_set_rights(int fd, FileRights rights) {
        bool owned = rights.uid != (uid_t) -1 || rights.gid != (gid_t) -1;

        if (owned && fchown(fd, rights.uid, rights.gid) < 0)
                return -errno;
        if (rights.mode == (mode_t) -1)
                return 0;
        return fchmod(fd, rights.mode & 07777) < 0 ? -errno : 0;
}

int file_stage_open_at(
                int dir_fd, const char *name, const void *data, size_t size, StagedFile *ret) {
        StagedFile staged = {};
        _cleanup_close_ int fd = -1;
        int r;

        if (!file_name_is_plain(name))
                return -EINVAL;
        staged.name = strdup(name);
        if (!staged.name)
                return -ENOMEM;
        fd = create_temporary(dir_fd, name, &staged.temporary);
        r = fd < 0 ? fd : write_all(fd, data, size);
        if (r < 0) {
                staged_file_discard(dir_fd, &staged);
                return r;
        }
        *ret = staged;
        return TAKE_FD(fd);
}

int file_stage_at(
                int dir_fd,
                const char *name,
                const void *data,
                size_t size,
                FileRights rights,
                StagedFile *ret) {
        StagedFile staged = {};
        _cleanup_close_ int fd = file_stage_open_at(dir_fd, name, data, size, &staged);
        int r;

        if (fd < 0)
                return TAKE_FD(fd);
        r = file_set_rights(fd, rights);
        /* A failed fsync() is final: the kernel may have dropped the pages and a second call would
         * succeed over lost content. */
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r < 0) {
                staged_file_discard(dir_fd, &staged);
                return r;
        }
        *ret = staged;
        return 0;
}

int file_commit_at(int dir_fd, StagedFile *staged) {
        if (renameat(dir_fd, staged->temporary, dir_fd, staged->name) < 0)
                return -errno;
        free(TAKE_PTR(staged->temporary)); /* nothing left to remove */
        staged_file_discard(dir_fd, staged);
        return 0;
}

void staged_file_discard(int dir_fd, StagedFile *staged) {
        if (staged->temporary)
                (void) unlinkat(dir_fd, staged->temporary, 0); /* else the next start removes it */
        free(staged->temporary);
        free(staged->name);
        *staged = (StagedFile){};
}

int file_replace_at(
                int dir_fd, const char *name, const void *data, size_t size, FileRights rights) {
        StagedFile staged = {};
        int r;

        r = file_stage_at(dir_fd, name, data, size, rights, &staged);
        if (r < 0)
                return r;
        r = file_commit_at(dir_fd, &staged);
        if (r < 0) {
                staged_file_discard(dir_fd, &staged);
                return r;
        }
        return dir_sync(dir_fd);
}

int file_remove_at(int dir_fd, const char *name) {
        if (!file_name_is_plain(name))
                return -EINVAL;
        if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
                return -errno;
        return dir_sync(dir_fd); /* also when absent: the removal before may not be durable */
}

int link_replace_at(int dir_fd, const char *name, const char *target) {
        _cleanup_free_ char *temporary = NULL;
        int r;

        if (!file_name_is_plain(name))
                return -EINVAL;
        r = temporary_name(name, &temporary);
        if (r < 0)
                return r;
        if (symlinkat(target, dir_fd, temporary) < 0)
                return -errno;
        if (renameat(dir_fd, temporary, dir_fd, name) < 0) {
                r = -errno;
                (void) unlinkat(dir_fd, temporary, 0); /* else the next start removes it */
                return r;
        }
        return dir_sync(dir_fd);
}
