#include "hooks/place.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "hooks/bundle.h"
#include "hooks/store.h"

#define NAME_BUFFER ((size_t) 64 * 1024)       /* of a passwd or group entry */
#define ID_MAX      ((int64_t) UINT32_MAX - 1) /* -1 means "leave" */

void place_list_done(PlaceList *l) {
        for (size_t i = 0; i < l->count; i++) {
                l->items[i].dir_fd = close_fd(l->items[i].dir_fd);
                free(l->items[i].path);
        }
        free(l->items);
        *l = (PlaceList){};
}

static int find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid) {
        _cleanup_free_ char *buffer = malloc(NAME_BUFFER);
        struct passwd entry, *found = NULL;
        int64_t number;
        int r;

        if (!buffer)
                return -ENOMEM;
        if (str_to_int64(name, 0, ID_MAX, &number) >= 0)
                r = getpwuid_r((uid_t) number, &entry, buffer, NAME_BUFFER, &found);
        else {
                number = -1;
                r = getpwnam_r(name, &entry, buffer, NAME_BUFFER, &found);
        }
        if (found) {
                *ret_uid = found->pw_uid;
                *ret_gid = found->pw_gid;
                return 0;
        }
        if (number < 0)
                return r > 0 ? -r : -ESRCH;
        *ret_uid = (uid_t) number; /* a number need not be in the list of users */
        *ret_gid = (gid_t) number;
        return 0;
}

static int find_group(const char *name, gid_t *ret) {
        _cleanup_free_ char *buffer = malloc(NAME_BUFFER);
        struct group entry, *found = NULL;
        int64_t number;
        int r;

        if (!buffer)
                return -ENOMEM;
        if (str_to_int64(name, 0, ID_MAX, &number) >= 0) {
                *ret = (gid_t) number;
                return 0;
        }
        r = getgrnam_r(name, &entry, buffer, NAME_BUFFER, &found);
        if (!found)
                return r > 0 ? -r : -ESRCH;
        *ret = found->gr_gid;
        return 0;
}

/* "user:" and "user" mean the user's own group too. */
static int resolve_rights(const FileConfig *file, FileRights *ret, char **ret_error) {
        const char *owner = file->owner && *file->owner ? file->owner : "root";
        FileRights rights = { .mode = file->mode };
        int r;

        r = find_user(owner, &rights.uid, &rights.gid);
        if (r < 0) {
                (void) str_printf(ret_error, "%s: there is no user '%s'", file->path, owner);
                return r == -ENOMEM ? r : -EINVAL;
        }
        if (file->group && *file->group)
                r = find_group(file->group, &rights.gid);
        if (r < 0) {
                (void) str_printf(ret_error, "%s: there is no group '%s'", file->path, file->group);
                return r == -ENOMEM ? r : -EINVAL;
        }
        *ret = rights;
        return 0;
}

int place_list_add(PlaceList *l, FileContent content, const char *path, FileRights rights) {
        const char *slash = strrchr(path, '/');
        Place *items, *p;
        int r;

        if (path[0] != '/' || !slash[1] || str_equal(slash + 1, ".") || str_equal(slash + 1, ".."))
                return -EINVAL;
        items = reallocarray(l->items, l->count + 1, sizeof *items);
        if (!items)
                return -ENOMEM;
        l->items = items;
        p = &items[l->count];
        *p = (Place){ .content = content, .rights = rights, .dir_fd = -1 };
        r = str_replace(&p->path, path);
        if (r < 0)
                return r;
        p->name = p->path + (slash + 1 - path);
        l->count++;
        return 0;
}

static int add_if(PlaceList *l, const TargetConfig *target, bool keys, char **ret_error) {
        for (size_t i = 0; i < target->file_count; i++) {
                const FileConfig *file = &target->files[i];
                FileRights rights;
                int r;

                if (file_content_has_key(file->content) != keys)
                        continue;
                r = resolve_rights(file, &rights, ret_error);
                if (r >= 0)
                        r = place_list_add(l, file->content, file->path, rights);
                if (r < 0)
                        return r;
        }
        return 0;
}

int place_list_from_target(const TargetConfig *target, PlaceList *ret, char **ret_error) {
        _cleanup_(place_list_done) PlaceList list = {};
        int r;

        r = add_if(&list, target, true, ret_error);
        if (r >= 0)
                r = add_if(&list, target, false, ret_error);
        if (r < 0)
                return r;
        *ret = list;
        list = (PlaceList){};
        return 0;
}

static int explain_open(const char *path, const char *bad, int error, char **ret_error) {
        const char *at = bad ? bad : path;

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
        else
                (void) str_printf(ret_error, "%s: %s", path, errno_text(error));
        return error;
}

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

static int make_directory(const Place *p, char **ret_bad) {
        _cleanup_free_ char *parent = NULL, *last = NULL;
        _cleanup_close_ int fd = -1;
        int r = split_directory(p->path, &parent, &last);

        if (r < 0)
                return r;
        fd = dir_open_trusted(parent, p->rights.uid, ret_bad);
        if (fd < 0)
                return fd;
        return store_make(fd, last, 0755);
}

static int check_present(const Place *p, char **ret_error) {
        struct stat st;

        if (fstatat(p->dir_fd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : explain_open(p->path, NULL, -errno, ret_error);
        if (S_ISREG(st.st_mode))
                return 0;
        /* A link is somebody's arrangement, and could not be brought back after a failed check. */
        (void) str_printf(
                        ret_error,
                        "%s: %s stands there, which is not replaced: remove it, or name another "
                        "file in File=",
                        p->path, S_ISLNK(st.st_mode) ? "a symbolic link" : "no regular file");
        return -EEXIST;
}

int place_open(Place *p, bool make, char **ret_error) {
        _cleanup_free_ char *directory = NULL, *bad = NULL;
        size_t length = (size_t) (p->name - p->path);

        directory = strndup(p->path, length > 1 ? length - 1 : 1);
        if (!directory)
                return -ENOMEM;
        p->dir_fd = close_fd(p->dir_fd);
        p->dir_fd = dir_open_trusted(directory, p->rights.uid, &bad);
        if (p->dir_fd == -ENOENT && make) {
                free(TAKE_PTR(bad));
                p->dir_fd = make_directory(p, &bad);
        }
        if (p->dir_fd < 0) {
                int error = p->dir_fd;

                p->dir_fd = -1;
                return explain_open(p->path, bad, error, ret_error);
        }
        return check_present(p, ret_error);
}

int place_list_open(PlaceList *l, bool make, char **ret_error) {
        for (size_t i = 0; i < l->count; i++) {
                int r = place_open(&l->items[i], make, ret_error);

                if (r < 0)
                        return r;
        }
        return 0;
}

bool place_has_content(const Place *p, const Bytes *content) {
        _cleanup_(bytes_done) Bytes there = { .secret = true };

        if (file_read_at(p->dir_fd, p->name, PLACE_FILE_MAX, &there) < 0)
                return false;
        return there.size == content->size &&
               (there.size == 0 || memcmp(there.data, content->data, there.size) == 0);
}

bool place_holds(const Place *p, const Bytes *content) {
        struct stat st;

        if (fstatat(p->dir_fd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
            (st.st_mode & 07777) != p->rights.mode || st.st_uid != p->rights.uid ||
            st.st_gid != p->rights.gid || st.st_size < 0 || (size_t) st.st_size != content->size)
                return false;
        return place_has_content(p, content);
}
