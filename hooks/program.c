/* Links are followed here, unlike everywhere else: /sbin is one on every merged system. A link is safe
 * when nobody else could have made it, so it is held to the same rule as a directory.
 *
 * The program is then run by its path and not by the descriptor: for scripts the kernel hands the
 * interpreter a path anyhow, and systemd takes only paths. What the rule proves is that only root (or
 * whoever we are) could swap it in between. */

#include "hooks/program.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/strings.h"

#define LINKS_MAX 16

typedef struct Walk {
        int dir_fd;          /* owns */
        char rest[PATH_MAX]; /* what is still to be walked */
        unsigned links;
        bool source; /* the end is read, not executed */
} Walk;

static void walk_done(Walk *w) {
        w->dir_fd = close_fd(w->dir_fd);
}

static int walk_from_root(Walk *w) {
        w->dir_fd = close_fd(w->dir_fd);
        w->dir_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return w->dir_fd < 0 ? -errno : 0;
}

/* Nobody but root and we may write: a group only if it is root's or ours. */
static int check_owner(const struct stat *st) {
        mode_t sticky_directory = S_IFDIR | S_ISVTX;
        bool group_is_other = st->st_gid != 0 && st->st_gid != getegid();

        if (st->st_uid != 0 && st->st_uid != geteuid())
                return -EPERM;
        if (S_ISLNK(st->st_mode) || (st->st_mode & sticky_directory) == sticky_directory)
                return 0;
        if ((st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && group_is_other))
                return -EPERM;
        return 0;
}

/* The next component, cut off *rest; false at the end. */
static bool take_component(Walk *w, char ret[NAME_MAX + 1], int *ret_error) {
        size_t skip = strspn(w->rest, "/"), length = strcspn(w->rest + skip, "/");

        *ret_error = 0;
        if (length == 0)
                return false;
        if (length > NAME_MAX) {
                *ret_error = -ENAMETOOLONG;
                return false;
        }
        memcpy(ret, w->rest + skip, length);
        ret[length] = 0;
        memmove(w->rest, w->rest + skip + length, strlen(w->rest + skip + length) + 1);
        return true;
}

/* Puts the text of a link in front of the rest. */
static int follow(Walk *w, int link_fd) {
        char target[PATH_MAX], joined[PATH_MAX];
        ssize_t n = readlinkat(link_fd, "", target, sizeof target - 1);

        if (n < 0)
                return -errno;
        target[n] = 0;
        if (++w->links > LINKS_MAX)
                return -ELOOP;
        /* The rest begins with its slash, or is empty. */
        if ((size_t) n + strlen(w->rest) + 1 > sizeof joined)
                return -ENAMETOOLONG;
        memcpy(joined, target, (size_t) n);
        memcpy(joined + n, w->rest, strlen(w->rest) + 1);
        memcpy(w->rest, joined, (size_t) n + strlen(w->rest) + 1);
        return target[0] == '/' ? walk_from_root(w) : 0;
}

static int check_program(const Walk *w, const struct stat *st) {
        if (!S_ISREG(st->st_mode))
                return -EINVAL;
        return w->source || st->st_mode & 0111
                               ? 0
                               : -EACCES; /* whether we may is for execve() to say */
}

/* 1: the program was reached; 0: more to walk. */
static int step(Walk *w, const char *name) {
        _cleanup_close_ int fd = openat(w->dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        r = check_owner(&st);
        if (r < 0)
                return r;
        if (S_ISLNK(st.st_mode))
                return follow(w, fd);
        if (S_ISDIR(st.st_mode)) {
                (void) close_fd(w->dir_fd);
                w->dir_fd = TAKE_FD(fd);
                return 0;
        }
        if (w->rest[0])
                return -ENOTDIR;
        r = check_program(w, &st);
        return r < 0 ? r : 1;
}

static int walk(Walk *w, const char *path, char name[NAME_MAX + 1]) {
        int r;

        if (path[0] != '/' || strlen(path) >= sizeof w->rest)
                return -EINVAL;
        memcpy(w->rest, path, strlen(path) + 1);
        r = walk_from_root(w);
        while (r == 0 && take_component(w, name, &r))
                r = step(w, name);
        return r == 0 ? -EINVAL : r; /* 0: the path ended at a directory */
}

static int check(const char *path, bool source, char **ret_error) {
        _cleanup_(walk_done) Walk w = { .dir_fd = -1, .source = source };
        _cleanup_free_ char *shown = NULL;
        char name[NAME_MAX + 1] = "";
        int r = walk(&w, path, name);

        if (r > 0)
                return 0;
        shown = str_escape(path, STR_ESCAPE_MAX);
        if (r == -EPERM)
                (void) str_printf(
                                ret_error,
                                "'%s' is not run: '%s' in its path may be changed by others than "
                                "root",
                                shown ? shown : "?", name);
        else if (r == -EINVAL)
                (void) str_printf(
                                ret_error, "'%s' is not the absolute path of a program",
                                shown ? shown : "?");
        else
                (void) str_printf(
                                ret_error, "'%s' cannot be run: %s", shown ? shown : "?",
                                errno_text(r));
        return r;
}

int program_check(const char *path, char **ret_error) {
        return check(path, false, ret_error);
}

int program_check_source(const char *path, char **ret_error) {
        return check(path, true, ret_error);
}
