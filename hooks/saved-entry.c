#include "hooks/saved-entry.h"

#include <stdio.h>

void saved_former_done(SavedFormer *f) {
        free(f->access_list);
        *f = (SavedFormer){};
}

/* ---- write ---- */

static int add_rights(Json *j, const char *prefix, const FileRights *rights) {
        const struct {
                const char *name;
                int64_t value;
        } members[] = { { "mode", rights->mode }, { "uid", rights->uid }, { "gid", rights->gid } };

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                char key[32];
                int r;

                (void) snprintf(key, sizeof key, "%s%s", prefix, members[i].name);
                r = json_set_int64(j, key, members[i].value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_text(Json *j, const char *key, const char *text) {
        return text ? json_set_string(j, key, text) : 0;
}

static int add_flag(Json *j, const char *key, bool flag) {
        return flag ? json_set_bool(j, key, true) : 0;
}

static int add_form(Json *j, const FileForm *form) {
        int r;

        r = form->format == FILE_FORMAT_PEM
                            ? 0
                            : json_set_string(j, "format", file_format_to_string(form->format));
        if (r >= 0)
                r = add_flag(j, "traditional", form->traditional);
        if (r >= 0)
                r = add_flag(j, "legacy", form->legacy);
        if (r >= 0)
                r = add_text(j, "alias", form->alias);
        if (r >= 0)
                r = add_text(j, "password", form->password);
        return r < 0 ? r : add_text(j, "password_text", form->password_text);
}

static int add_place(Json *j, const Place *p) {
        bool left = p->rights.mode == (mode_t) -1;
        FileRights rights = left ? (FileRights){ .uid = p->trusted } : p->rights;
        _cleanup_free_ char *content = NULL;
        int r;

        r = file_content_to_string(p->content, &content);
        if (r >= 0)
                r = json_set_string(j, "path", p->path);
        if (r >= 0)
                r = json_set_string(j, "content", content);
        if (r >= 0)
                r = add_form(j, &p->form);
        if (r >= 0)
                r = add_rights(j, "", &rights);
        if (r >= 0)
                r = add_flag(j, "leave_rights", left);
        if (r >= 0)
                r = add_flag(j, "keep_link", p->keep_link);
        return r < 0 ? r : add_text(j, "acl", p->access_list);
}

int saved_entry_append(Json *files, const Place *p, const SavedFormer *former) {
        Json *j = json_object_new();
        int r = j ? add_place(j, p) : -ENOMEM;

        if (r >= 0)
                r = json_set_bool(j, "existed", former->existed);
        if (r >= 0)
                r = add_rights(j, "former_", &former->rights);
        if (r >= 0)
                r = add_text(j, "former_acl", former->access_list);
        if (r < 0) {
                (void) json_free(j);
                return r;
        }
        return json_append(files, j);
}

/* ---- read ---- */

static int get_rights(const Json *j, const char *prefix, FileRights *ret) {
        static const char *const names[] = { "mode", "uid", "gid" };
        int64_t values[3];

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                char key[32];
                int r;

                (void) snprintf(key, sizeof key, "%s%s", prefix, names[i]);
                r = json_get_int64(j, key, &values[i]);
                if (r < 0)
                        return r;
                if (values[i] < 0 || values[i] >= (int64_t) UINT32_MAX)
                        return -EBADMSG;
        }
        *ret = (FileRights){ .mode = (mode_t) values[0] & 07777,
                             .uid = (uid_t) values[1],
                             .gid = (gid_t) values[2] };
        return 0;
}

static int get_flag(const Json *j, const char *key, bool *ret) {
        return json_get(j, key) ? json_get_bool(j, key, ret) : 0;
}

static int get_text(const Json *j, const char *key, char **ret) {
        const char *text;
        int r;

        if (!json_get(j, key))
                return 0;
        r = json_get_string(j, key, &text);
        return r < 0 ? r : str_replace(ret, text);
}

static int get_form(const Json *j, FileForm *ret) {
        _cleanup_free_ char *format = NULL;
        int r;

        r = get_text(j, "format", &format);
        if (r >= 0 && format)
                r = ret->format = file_format_from_string(format);
        if (r >= 0)
                r = get_flag(j, "traditional", &ret->traditional);
        if (r >= 0)
                r = get_flag(j, "legacy", &ret->legacy);
        if (r >= 0)
                r = get_text(j, "alias", &ret->alias);
        if (r >= 0)
                r = get_text(j, "password", &ret->password);
        return r < 0 ? r : get_text(j, "password_text", &ret->password_text);
}

/* One place of a list, with the rights that `prefix` has. */
static int get_place(const Json *j, const char *prefix, const char *acl, PlaceList *ret) {
        const char *path, *content;
        bool left = false;
        FileRights rights;
        Place *p;
        int r;

        r = json_get_string(j, "path", &path);
        if (r >= 0)
                r = json_get_string(j, "content", &content);
        if (r >= 0)
                r = get_rights(j, prefix, &rights);
        if (r >= 0)
                r = get_flag(j, "leave_rights", &left);
        if (r >= 0)
                r = file_content_from_string(content);
        if (r < 0)
                return r;
        if (left)
                rights = (FileRights){ (mode_t) -1, (uid_t) -1, (gid_t) -1 };
        r = place_list_add(ret, r, path, rights);
        if (r < 0)
                return r;
        p = &ret->items[ret->count - 1];
        r = get_flag(j, "keep_link", &p->keep_link);
        if (r >= 0)
                r = get_form(j, &p->form);
        return r < 0 ? r : get_text(j, acl, &p->access_list);
}

int saved_entry_parse(const Json *j, PlaceList *places, PlaceList *former, bool *ret_existed) {
        FileRights now;
        int r;

        r = json_get_bool(j, "existed", ret_existed);
        if (r >= 0)
                r = get_rights(j, "", &now);
        if (r >= 0)
                r = get_place(j, "", "acl", places);
        if (r >= 0)
                r = get_place(j, "former_", "former_acl", former);
        if (r < 0)
                return r;
        /* Trusted for the owner the new file was to have: the same directory was opened so. */
        places->items[places->count - 1].trusted = now.uid;
        former->items[former->count - 1].trusted = now.uid;
        return 0;
}
