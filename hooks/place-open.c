/* From / to the directory of a place, trusting nobody but root and the file's owner on the way (R2.10.1). */

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "hooks/place.h"
#include "hooks/store.h"

#define LINKS_MAX 4 /* one link to the next */

static int explain(const Place *p, const char *bad, int error, char **ret_error) {
        const char *path = p->path, *at = bad ? bad : path;

        if (error == -ELOOP || error == -ENOTDIR)
                (void) str_printf(
                                ret_error,
                                "%s: '%s' is a symbolic link or no directory: name the real one "
                                "in File=",
                                path, at);
        else if (error == -EPERM)
                (void) str_printf(
                                ret_error,
                                "%s: '%s' may be changed by others than root and the owner of the "
                                "file: nothing is put there",
                                path, at);
        else if (error == -ENOENT && (p->directory_owner || p->directory_group))
                (void) str_printf(
                                ret_error,
                                "%s: there is no such directory, so its owner is not known: make it",
                                path);
        else
                (void) str_printf(ret_error, "%s: %s", path, errno_text(error));
        return error;
}

/* ---- directories ---- */

/* "/a/b/file" is "/a" and "b". */
static int split_directory(const char *path, char **ret_directory, char **ret_last) {
        _cleanup_free_ char *directory = strdup(path), *last = NULL;
        char *slash;
        int r;

        if (!directory)
                return -ENOMEM;
        slash = strrchr(directory, '/');
        *slash = 0;
        slash = strrchr(directory, '/');
        if (!slash || !slash[1])
                return -ENOENT; /* "/file": there is nothing to make */
        r = str_replace(&last, slash + 1);
        if (r < 0)
                return r;
        slash[slash == directory] = 0; /* keeps the root's slash */
        *ret_directory = TAKE_PTR(directory);
        *ret_last = TAKE_PTR(last);
        return 0;
}

static int make_directory(const Place *p, const char *path, char **ret_bad) {
        _cleanup_free_ char *parent = NULL, *last = NULL;
        _cleanup_close_ int fd = -1;
        int r = split_directory(path, &parent, &last);

        if (r < 0)
                return r;
        fd = dir_open_trusted(parent, p->trusted, ret_bad);
        if (fd < 0)
                return TAKE_FD(fd);
        return store_make(fd, last, 0755);
}

/* The directory says whose the file is. Whoever that is may own the directories above it too, as if he were
 * configured; the one that is opened must still be his. */
static int open_for_owner(Place *p, const char *directory, char **ret_bad) {
        _cleanup_close_ int fd = -1;
        struct stat seen, st;

        if (!p->directory_owner && !p->directory_group)
                return dir_open_trusted(directory, p->trusted, ret_bad);
        if (fstatat(AT_FDCWD, directory, &seen, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (p->directory_owner)
                p->trusted = seen.st_uid;
        fd = dir_open_trusted(directory, p->trusted, ret_bad);
        if (fd < 0)
                return TAKE_FD(fd);
        if (fstat(fd, &st) < 0)
                return -errno;
        if (p->directory_owner && st.st_uid != p->trusted)
                return -EPERM;
        if (p->rights.mode == (mode_t) -1)
                return TAKE_FD(fd);
        if (p->directory_owner)
                p->rights.uid = st.st_uid;
        if (p->directory_group)
                p->rights.gid = st.st_gid;
        return TAKE_FD(fd);
}

/* The directory of `path`, which is the place's own or what a link leads to. */
static int enter(Place *p, const char *path, bool make, char **ret_error) {
        _cleanup_free_ char *directory = NULL, *bad = NULL;
        const char *slash = strrchr(path, '/');
        int fd;

        directory = strndup(path, slash > path ? (size_t) (slash - path) : 1);
        if (!directory)
                return -ENOMEM;
        fd = open_for_owner(p, directory, &bad);
        if (fd == -ENOENT && make && !p->directory_owner && !p->directory_group) {
                free(TAKE_PTR(bad));
                fd = make_directory(p, path, &bad);
        }
        if (fd < 0)
                return explain(p, bad, fd, ret_error);
        (void) close_fd(p->dir_fd);
        p->dir_fd = fd;
        p->name = slash + 1;
        return 0;
}

/* ---- links ---- */

static int refuse_link(const Place *p, const char *why, char **ret_error) {
        (void) str_printf(
                        ret_error, "%s: the symbolic link %s; name the real file in File=", p->path,
                        why);
        return -EPERM;
}

/* "DIRECTORY/TARGET" of a relative link with the ".." in front of it taken off: DIRECTORY has no links. */
static int absolute_target(const char *link_path, const char *target, char **ret) {
        _cleanup_free_ char *directory = strdup(link_path);
        const char *rest = target;

        if (!directory)
                return -ENOMEM;
        if (*target == '/')
                return str_replace(ret, target);
        *strrchr(directory, '/') = 0;
        while (strncmp(rest, "../", 3) == 0) {
                char *slash = strrchr(directory, '/');

                if (slash)
                        *slash = 0;
                rest += 3;
        }
        return str_printf(ret, "%s/%s", directory, rest);
}

/* Who can change the link can choose among all files of root's: so it must be root's own, in a directory that only root
 * can change, whoever owns the file. */
static int read_link(const Place *p, const char *path, char *ret, size_t size, char **ret_error) {
        _cleanup_free_ char *directory = strndup(path, (size_t) (strrchr(path, '/') - path));
        _cleanup_close_ int fd = -1;
        struct stat st, held;
        ssize_t n;

        if (!directory)
                return -ENOMEM;
        fd = dir_open_trusted(*directory ? directory : "/", 0, NULL);
        if (fd < 0 || fstat(fd, &st) < 0 || fstat(p->dir_fd, &held) < 0 ||
            st.st_ino != held.st_ino || st.st_dev != held.st_dev || (st.st_mode & S_IWGRP))
                return refuse_link(
                                p, "stands in a directory that not only root can change",
                                ret_error);
        if (fstatat(fd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (st.st_uid != 0 && st.st_uid != geteuid())
                return refuse_link(p, "is not root's", ret_error);
        n = readlinkat(fd, p->name, ret, size);
        if (n < 0 || (size_t) n >= size)
                return n < 0 ? -errno : -ENAMETOOLONG;
        ret[n] = 0;
        return 0;
}

static bool is_link(const Place *p) {
        struct stat st;

        return fstatat(p->dir_fd, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

static int follow(Place *p, bool make, char **ret_error) {
        _cleanup_free_ char *next = NULL;
        char target[PATH_MAX];
        int r;

        r = read_link(p, p->followed ? p->followed : p->path, target, sizeof target, ret_error);
        if (r >= 0)
                r = absolute_target(p->followed ? p->followed : p->path, target, &next);
        if (r < 0)
                return r;
        if (!file_name_is_plain(strrchr(next, '/') + 1))
                return refuse_link(p, "leads to no file", ret_error);
        r = enter(p, next, make, ret_error);
        if (r < 0)
                return r;
        free(p->followed);
        p->followed = TAKE_PTR(next);
        return 0;
}

/* ---- places ---- */

static int check_present(const Place *p, char **ret_error) {
        struct stat st;

        if (fstatat(p->dir_fd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : explain(p, NULL, -errno, ret_error);
        if (S_ISREG(st.st_mode))
                return 0;
        /* A link is somebody's arrangement, and could not be brought back after a failed check. */
        (void) str_printf(
                        ret_error, "%s: %s stands there, which is not replaced: remove it, %s",
                        p->path, S_ISLNK(st.st_mode) ? "a symbolic link" : "no regular file",
                        S_ISLNK(st.st_mode) && !p->keep_link
                                        ? "name another file in File=, or let it be followed by "
                                          "symlink=keep there"
                                        : "or name another file in File=");
        return -EEXIST;
}

int place_open(Place *p, bool make, char **ret_error) {
        int r;

        free(TAKE_PTR(p->followed));
        p->name = strrchr(p->path, '/') + 1;
        p->dir_fd = close_fd(p->dir_fd);
        r = enter(p, p->path, make, ret_error);
        for (int i = 0; r >= 0 && p->keep_link && i < LINKS_MAX && is_link(p); i++)
                r = follow(p, make, ret_error);
        if (r >= 0)
                r = check_present(p, ret_error);
        if (r < 0)
                p->dir_fd = close_fd(p->dir_fd);
        return r < 0 && !*ret_error ? explain(p, NULL, r, ret_error) : r;
}

int place_list_open(PlaceList *l, bool make, char **ret_error) {
        for (size_t i = 0; i < l->count; i++) {
                int r = place_open(&l->items[i], make, ret_error);

                if (r < 0)
                        return r;
        }
        return 0;
}
