#include "hooks/place.h"

#include <string.h>

#include "base/log.h"
#include "hooks/access-list.h"
#include "hooks/account.h"

#define PASSWORD_FILE_MAX ((size_t) 1024)

static void place_done(Place *p) {
        p->dir_fd = close_fd(p->dir_fd);
        file_form_done(&p->form);
        bytes_done(&p->password);
        free(p->path);
        free(p->access_list);
        free(p->followed);
}

void place_list_done(PlaceList *l) {
        for (size_t i = 0; i < l->count; i++)
                place_done(&l->items[i]);
        free(l->items);
        *l = (PlaceList){};
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
        *p = (Place){ .content = content,
                      .rights = rights,
                      .trusted = rights.uid,
                      .password.secret = true,
                      .dir_fd = -1 };
        r = str_replace(&p->path, path);
        if (r < 0)
                return r;
        p->name = p->path + (slash + 1 - path);
        l->count++;
        return 0;
}

int place_list_copy(PlaceList *l, const Place *p) {
        Place *copy;
        int r = place_list_add(l, p->content, p->path, p->rights);

        if (r < 0)
                return r;
        copy = &l->items[l->count - 1];
        copy->trusted = p->trusted;
        copy->directory_owner = p->directory_owner;
        copy->directory_group = p->directory_group;
        copy->keep_link = p->keep_link;
        r = str_replace(&copy->access_list, p->access_list);
        return r < 0 ? r : file_form_copy(&p->form, &copy->form);
}

/* "user:" and "user" mean the user's own group too. */
static int resolve_rights(const FileConfig *file, Place *p, char **ret_error) {
        const char *owner = file->owner && *file->owner ? file->owner : "root";
        FileRights rights = { .mode = file->mode };
        int r = 0;

        p->directory_owner = str_equal(owner, FILE_OWNER_DIRECTORY);
        p->directory_group = str_equal(file->group, FILE_OWNER_DIRECTORY);
        if (!p->directory_owner)
                r = account_user(owner, &rights.uid, &rights.gid);
        if (r < 0) {
                (void) str_printf(ret_error, "%s: there is no user '%s'", file->path, owner);
                return r == -ENOMEM ? r : -EINVAL;
        }
        if (!p->directory_group && file->group && *file->group)
                r = account_group(file->group, &rights.gid);
        if (r < 0) {
                (void) str_printf(ret_error, "%s: there is no group '%s'", file->path, file->group);
                return r == -ENOMEM ? r : -EINVAL;
        }
        p->trusted = rights.uid;
        p->rights = rights;
        if (file->leave_rights)
                p->rights = (FileRights){ (mode_t) -1, (uid_t) -1, (gid_t) -1 };
        return 0;
}

static int add_file(PlaceList *l, const FileConfig *file, char **ret_error) {
        Place *p;
        int r;

        r = place_list_add(l, file->content, file->path, (FileRights){});
        if (r < 0)
                return r;
        p = &l->items[l->count - 1];
        p->keep_link = file->keep_link;
        r = resolve_rights(file, p, ret_error);
        if (r >= 0)
                r = access_list_build(&file->acl, file->mode, &p->access_list, ret_error);
        return r < 0 ? r : file_form_copy(&file->form, &p->form);
}

static int add_if(
                PlaceList *l,
                const TargetConfig *target,
                bool staged,
                bool keys,
                char **ret_error) {
        int r = 0;

        for (size_t i = 0; i < target->file_count && r >= 0; i++) {
                const FileConfig *file = &target->files[i];

                if (file->staged == staged && file_content_holds_key(file->content) == keys)
                        r = add_file(l, file, ret_error);
        }
        return r;
}

int place_list_from_target(
                const TargetConfig *target, bool staged, PlaceList *ret, char **ret_error) {
        _cleanup_(place_list_done) PlaceList list = {};
        int r;

        r = add_if(&list, target, staged, true, ret_error);
        if (r >= 0)
                r = add_if(&list, target, staged, false, ret_error);
        if (r < 0)
                return r;
        *ret = list;
        list = (PlaceList){};
        return 0;
}

/* ---- passwords ---- */

/* The first line of the file. */
static int read_password(const char *path, Bytes *ret, char **ret_error) {
        int r = file_read(path, PASSWORD_FILE_MAX, ret);

        if (r < 0) {
                (void) str_printf(
                                ret_error,
                                "the password cannot be read from '%s': %s; put it there, owner root, mode 0600",
                                path, errno_text(r));
                return r;
        }
        ret->size = strcspn(bytes_text(ret), "\r\n");
        ret->data[ret->size] = 0;
        if (ret->size > 0)
                return 0;
        (void) str_printf(ret_error, "there is no password in '%s'", path);
        return -EINVAL;
}

static int unlock(Place *p, const Paths *paths, char **ret_error) {
        _cleanup_free_ char *path = NULL;
        int r;

        bytes_done(&p->password);
        if (!p->form.password)
                return p->form.password_text
                                       ? bytes_append_string(&p->password, p->form.password_text)
                                       : 0;
        r = str_printf(&path, "%s/credentials/%s", paths->config, p->form.password);
        return r < 0 ? r : read_password(path, &p->password, ret_error);
}

int place_list_unlock(PlaceList *l, const Paths *paths, char **ret_error) {
        int r = 0;

        for (size_t i = 0; i < l->count && r >= 0; i++)
                r = unlock(&l->items[i], paths, ret_error);
        return r;
}
