/* Directories: opened once, held, and everything in them done relative to the descriptor. A symbolic
 * link is never followed, because whoever can write in a directory could otherwise lead a more
 * privileged program elsewhere (R2.9.1, R2.10.1). */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"

#define DIR_ENTRIES_MAX 100000

/* With O_DIRECTORY the kernel says ENOTDIR for a link; callers want to tell the two apart. */
static int open_directory(int at, const char *name) {
        struct stat st;
        int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

        if (fd >= 0)
                return fd;
        int error = errno;
        if (error == ENOTDIR && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
            S_ISLNK(st.st_mode))
                return -ELOOP;
        return -error;
}

int dir_open(const char *path) {
        return open_directory(AT_FDCWD, path);
}

int dir_open_at(int dir_fd, const char *name, mode_t mode) {
        _cleanup_close_ int fd = -1;

        if (!file_name_is_plain(name))
                return -EINVAL;
        fd = open_directory(dir_fd, name);
        if (fd != -ENOENT)
                return TAKE_FD(fd);

        if (mkdirat(dir_fd, name, 0700) < 0) {
                fd = -errno;
                return fd == -EEXIST ? open_directory(dir_fd, name) : TAKE_FD(fd);
        }
        fd = open_directory(dir_fd, name);
        if (fd < 0)
                return TAKE_FD(fd);
        /* Not by mkdir(): the umask must have no say. */
        if (fchmod(fd, mode & 07777) < 0 || fsync(fd) < 0 || fsync(dir_fd) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* Whether nobody but root, `uid` and the caller can put other things under the names in it. A group
 * is the administrator's choice; in a sticky directory each entry still belongs to its owner. */
static int check_component(int fd, uid_t uid) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != 0 && st.st_uid != uid && st.st_uid != geteuid())
                return -EPERM;
        if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
                return -EPERM;
        return 0;
}

/* Replaces *fd by the component `name` in it, checked. "" and "." stay where they are. */
static int descend(int *fd, const char *name, uid_t uid) {
        if (!*name || strcmp(name, ".") == 0)
                return 0;
        if (strcmp(name, "..") == 0)
                return -EINVAL;
        int next = open_directory(*fd, name);
        if (next < 0)
                return next;
        (void) close_fd(*fd);
        *fd = next;
        return check_component(*fd, uid);
}

int dir_open_trusted(const char *path, uid_t uid, char **ret_bad) {
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *name = NULL;
        const char *p = path, *end = path + 1;
        int r;

        if (*path != '/')
                return -EINVAL;
        fd = open_directory(AT_FDCWD, "/");
        r = fd < 0 ? fd : check_component(fd, uid);
        while (r >= 0 && *p) {
                p += 1; /* behind a slash */
                end = strchrnul(p, '/');
                free(name);
                name = strndup(p, (size_t) (end - p));
                r = name ? descend(&fd, name, uid) : -ENOMEM;
                p = end;
        }
        if (r < 0) {
                if (ret_bad)
                        *ret_bad = strndup(path, (size_t) (end - path));
                return r;
        }
        return TAKE_FD(fd);
}

int dir_sync(int dir_fd) {
        return fsync(dir_fd) < 0 ? -errno : 0;
}

int dir_lock(int dir_fd, bool wait) {
        int r;

        do
                r = flock(dir_fd, LOCK_EX | (wait ? 0 : LOCK_NB));
        while (r < 0 && errno == EINTR && wait);
        return r < 0 ? -errno : 0;
}

static void closedirp(DIR **dir) {
        if (*dir)
                (void) closedir(*dir); /* only read */
}

static int read_entries(DIR *dir, StringList *names) {
        int r;

        for (;;) {
                errno = 0;
                const struct dirent *entry = readdir(dir);
                if (!entry)
                        return -errno;
                if (!file_name_is_plain(entry->d_name))
                        continue;
                if (names->count >= DIR_ENTRIES_MAX)
                        return -E2BIG;
                r = string_list_add(names, entry->d_name);
                if (r < 0)
                        return r;
        }
}

int dir_list(int dir_fd, StringList *ret) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(closedirp) DIR *dir = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* an offset of its own */
        if (fd < 0)
                return -errno;
        dir = fdopendir(fd);
        if (!dir)
                return -errno;
        fd = -1; /* now the stream's */
        r = read_entries(dir, &names);
        if (r < 0)
                return r;
        string_list_sort_unique(&names);
        for (size_t i = 0; i < names.count; i++) {
                r = string_list_add(ret, names.items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ".NAME.XXXXXX~renewd" with a NAME of at least one octet. */
static bool is_temporary_name(const char *name) {
        static const char suffix[] = "~renewd";
        size_t length = strlen(name), tail = strlen(".XXXXXX") + strlen(suffix);

        return name[0] == '.' && length > 1 + tail && str_ends_with(name, suffix) &&
               name[length - tail] == '.';
}

int dir_remove_temporaries(int dir_fd) {
        _cleanup_(string_list_done) StringList names = {};
        bool removed = false;
        int r;

        r = dir_list(dir_fd, &names);
        if (r < 0)
                return r;
        for (size_t i = 0; i < names.count; i++) {
                if (!is_temporary_name(names.items[i]))
                        continue;
                if (unlinkat(dir_fd, names.items[i], 0) >= 0)
                        removed = true;
                else if (errno != ENOENT && errno != EISDIR && errno != EPERM)
                        r = -errno;
        }
        return r < 0 ? r : removed ? dir_sync(dir_fd) : 0;
}

int dir_remove_flat_at(int dir_fd, const char *name) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_close_ int fd = -1;
        int r;

        if (!file_name_is_plain(name))
                return -EINVAL;
        fd = open_directory(dir_fd, name);
        if (fd < 0)
                return fd == -ENOENT ? 0 : TAKE_FD(fd);
        r = dir_list(fd, &names);
        if (r < 0)
                return r;
        for (size_t i = 0; i < names.count; i++)
                if (unlinkat(fd, names.items[i], 0) < 0 && errno != ENOENT)
                        return -errno;
        if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                return -errno;
        return dir_sync(dir_fd);
}
