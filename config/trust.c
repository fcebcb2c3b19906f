/* Whose word counts (R2.8.1): a configuration file decides what root installs and runs, so neither it
 * nor a directory above it may be in the hands of others. */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/load.h"

static int check_component(const char *path, bool is_file, char **ret_why) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        if (st.st_uid != 0 && st.st_uid != geteuid())
                return value_refuse(
                                ret_why, "'%s' belongs to user %u; make it root's: chown root '%s'",
                                path, (unsigned) st.st_uid, path);
        if (!is_file && (st.st_mode & S_ISVTX))
                return 0; /* sticky: others cannot replace what is in it, and new files are theirs */
        if (st.st_mode & S_IWOTH)
                return value_refuse(
                                ret_why,
                                "'%s' may be written by everybody; mend it: chmod o-w '%s'", path,
                                path);
        if ((st.st_mode & S_IWGRP) && st.st_gid != 0 && st.st_gid != getegid())
                return value_refuse(
                                ret_why, "'%s' may be written by group %u; mend it: chmod g-w '%s'",
                                path, (unsigned) st.st_gid, path);
        return 0;
}

/* `path` and everything above it; shortens `path` in place. */
static int check_upwards(char *path, char **ret_why) {
        bool is_file = true;
        int r;

        for (;;) {
                char *slash;

                r = check_component(*path ? path : "/", is_file, ret_why);
                if (r < 0 || !*path)
                        return r;
                is_file = false;
                slash = strrchr(path, '/');
                *(slash ? slash : path) = '\0';
        }
}

/* Both ways to the file count: the place of its name and, for a link, the place it leads to. */
int trust_check(const char *path, char **ret_why) {
        _cleanup_free_ char *lexical = strdup(path), *folder = NULL, *target = NULL;
        char *slash;
        int r;

        if (!lexical)
                return -ENOMEM;
        target = realpath(path, NULL);
        if (!target)
                return -errno;
        r = check_upwards(target, ret_why);
        if (r < 0)
                return r == -EINVAL ? -EPERM : r;
        slash = strrchr(lexical, '/');
        if (!slash)
                return 0;
        *slash = '\0';
        folder = realpath(*lexical ? lexical : "/", NULL);
        if (!folder)
                return -errno;
        r = check_upwards(folder, ret_why);
        return r == -EINVAL ? -EPERM : r;
}
