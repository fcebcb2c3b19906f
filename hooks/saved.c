#include "hooks/saved.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "acme/certinfo.h"
#include "base/json.h"
#include "base/log.h"
#include "hooks/bundle.h"
#include "hooks/staging.h"
#include "hooks/store.h"

#define MANIFEST          "manifest.json"
#define MANIFEST_SIZE_MAX ((size_t) 64 * 1024)
#define MANIFEST_VERSION  1
#define SAVED_FILES_MAX   64

void saved_done(Saved *s) {
        s->contents = contents_free(s->contents, s->places.count);
        free(s->existed);
        place_list_done(&s->places);
        place_list_done(&s->former);
        *s = (Saved){};
}

/* ---- save ---- */

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

static int add_entry(Json *files, const Place *p, const struct stat *st) {
        FileRights former = { .mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid };
        Json *j = json_object_new();
        int r = j ? json_set_string(j, "path", p->path) : -ENOMEM;

        if (r >= 0)
                r = json_set_string(j, "content", file_content_to_string(p->content));
        if (r >= 0)
                r = json_set_bool(j, "existed", st->st_nlink > 0);
        if (r >= 0)
                r = add_rights(j, "", &p->rights);
        if (r >= 0)
                r = add_rights(j, "former_", &former);
        if (r < 0) {
                (void) json_free(j);
                return r;
        }
        return json_append(files, j);
}

/* Copies one former file. *ret_st has no links when there was none. */
static int save_file(int dir_fd, size_t i, const Place *p, struct stat *ret_st) {
        FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(bytes_done) Bytes content = { .secret = true };
        char name[32];
        int r;

        *ret_st = (struct stat){};
        if (fstatat(p->dir_fd, p->name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        r = file_read_at(p->dir_fd, p->name, PLACE_FILE_MAX, &content);
        if (r < 0)
                return r;
        (void) snprintf(name, sizeof name, "FILE-%zu", i);
        return file_replace_at(dir_fd, name, bytes_text(&content), content.size, rights);
}

static int write_manifest(int dir_fd, Json *files) {
        FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(json_freep) Json *j = json_object_new();
        _cleanup_free_ char *text = NULL;
        int r;

        if (!j) {
                (void) json_free(files);
                return -ENOMEM;
        }
        r = json_set(j, "files", files);
        if (r >= 0)
                r = json_set_int64(j, "version", MANIFEST_VERSION);
        if (r >= 0)
                r = json_to_string_pretty(j, &text);
        return r < 0 ? r : file_replace_at(dir_fd, MANIFEST, text, strlen(text), rights);
}

int saved_save(int dir_fd, const char *target, const PlaceList *places, char **ret_error) {
        _cleanup_(json_freep) Json *files = json_array_new();
        _cleanup_close_ int fd = -1;
        int r = files ? 0 : -ENOMEM;

        if (places->count > SAVED_FILES_MAX)
                r = -E2BIG;
        if (r >= 0)
                r = saved_drop(dir_fd, target);
        if (r >= 0)
                r = fd = store_make(dir_fd, target, 0700);
        for (size_t i = 0; r >= 0 && i < places->count; i++) {
                struct stat st;

                r = save_file(fd, i, &places->items[i], &st);
                if (r >= 0)
                        r = add_entry(files, &places->items[i], &st);
        }
        if (r >= 0)
                r = write_manifest(fd, TAKE_PTR(files));
        if (r < 0)
                (void) str_printf(ret_error, "the former files cannot be saved: %s", errno_text(r));
        return r < 0 ? r : 0;
}

int saved_drop(int dir_fd, const char *target) {
        _cleanup_close_ int fd = store_enter(dir_fd, target);
        int r;

        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;
        /* First the manifest: half a set must not count as one. */
        r = file_remove_at(fd, MANIFEST);
        return r < 0 ? r : dir_remove_flat_at(dir_fd, target);
}

/* ---- load ---- */

static int get_rights(const Json *j, const char *prefix, FileRights *ret) {
        int64_t values[3];
        static const char *const names[] = { "mode", "uid", "gid" };

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

static int load_entry(int dir_fd, const Json *j, Saved *s, size_t i) {
        const char *path, *content;
        FileRights now, former;
        FileContent kind;
        char name[32];
        int r;

        r = json_get_string(j, "path", &path);
        if (r >= 0)
                r = json_get_string(j, "content", &content);
        if (r >= 0)
                r = json_get_bool(j, "existed", &s->existed[i]);
        if (r >= 0)
                r = get_rights(j, "", &now);
        if (r >= 0)
                r = get_rights(j, "former_", &former);
        if (r < 0)
                return r;
        kind = file_content_from_string(content);
        if (kind < 0)
                return -EBADMSG;
        r = place_list_add(&s->places, kind, path, now);
        if (r >= 0)
                r = place_list_add(&s->former, kind, path, former);
        if (r < 0 || !s->existed[i])
                return r;
        (void) snprintf(name, sizeof name, "FILE-%zu", i);
        s->contents[i].secret = true;
        return file_read_at(dir_fd, name, PLACE_FILE_MAX, &s->contents[i]);
}

static int load_manifest(int dir_fd, Json **ret, const Json **ret_files) {
        _cleanup_(bytes_done) Bytes text = {};
        _cleanup_(json_freep) Json *j = NULL;
        int64_t version;
        int r;

        r = file_read_at(dir_fd, MANIFEST, MANIFEST_SIZE_MAX, &text);
        if (r >= 0)
                r = json_parse(text.data, text.size, &j);
        if (r >= 0)
                r = json_get_int64(j, "version", &version);
        if (r >= 0 && version != MANIFEST_VERSION)
                r = -EBADMSG;
        if (r >= 0)
                r = json_get_array(j, "files", ret_files);
        if (r >= 0 && json_count(*ret_files) > SAVED_FILES_MAX)
                r = -EBADMSG;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

int saved_load(int dir_fd, const char *target, Saved *ret) {
        _cleanup_close_ int fd = store_enter(dir_fd, target);
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_(saved_done) Saved s = {};
        const Json *files;
        size_t count;
        int r;

        if (fd < 0)
                return fd;
        r = load_manifest(fd, &j, &files);
        if (r < 0)
                return r;
        count = json_count(files);
        s.contents = calloc(count + 1, sizeof *s.contents);
        s.existed = calloc(count + 1, sizeof *s.existed);
        if (!s.contents || !s.existed)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                r = load_entry(fd, json_at(files, i), &s, i);
                if (r < 0) {
                        /* A content read for a place that was not added would be lost. */
                        bytes_done(&s.contents[i]);
                        return r == -ENOMEM ? r : -EBADMSG;
                }
        }
        *ret = s;
        s = (Saved){};
        return 0;
}

/* ---- judge and restore ---- */

static int key_matches(const Saved *s, const Bytes *chain) {
        for (size_t i = 0; i < s->places.count; i++) {
                _cleanup_(key_freep) EVP_PKEY *key = NULL;
                int r;

                if (!file_content_has_key(s->places.items[i].content))
                        continue;
                r = key_from_pem(s->contents[i].data, s->contents[i].size, &key);
                if (r < 0)
                        return r;
                return chain_matches_key(chain->data, chain->size, key);
        }
        return 1; /* a target without a key */
}

/* Only the CERTIFICATE blocks of a file that begins with its key. */
static const char *certificates_of(const Bytes *content) {
        return strstr(bytes_text(content), "-----BEGIN CERTIFICATE-----");
}

bool saved_is_usable(const Saved *s, int64_t now, const StringList *revoked) {
        for (size_t i = 0; i < s->places.count; i++)
                if (!s->existed[i])
                        return false;
        for (size_t i = 0; i < s->places.count; i++) {
                _cleanup_(certinfo_done) CertInfo info = {};
                const char *pem = certificates_of(&s->contents[i]);
                Bytes chain;

                if (!file_content_has_leaf(s->places.items[i].content))
                        continue;
                if (!pem)
                        return false;
                chain = (Bytes){ .data = (uint8_t *) pem, .size = strlen(pem) };
                if (certinfo_parse(chain.data, chain.size, &info, NULL) < 0 ||
                    info.not_after <= now || string_list_contains(revoked, info.leaf_sha256) ||
                    key_matches(s, &chain) <= 0)
                        return false;
        }
        return s->places.count > 0;
}

bool saved_is_for(const Saved *s, const PlaceList *places) {
        if (s->places.count != places->count)
                return false;
        for (size_t i = 0; i < places->count; i++)
                if (!str_equal(s->places.items[i].path, places->items[i].path))
                        return false;
        return true;
}

int saved_restore(Saved *s, char **ret_error) {
        _cleanup_(staging_done) Staging staging = {};
        int r;

        /* Trusted for the owner the new file was to have: the same directory was opened so. */
        for (size_t i = 0; i < s->former.count; i++) {
                FileRights former = s->former.items[i].rights;

                s->former.items[i].rights = s->places.items[i].rights;
                r = place_open(&s->former.items[i], false, ret_error);
                s->former.items[i].rights = former;
                if (r < 0)
                        return r;
        }
        r = staging_write(&s->former, s->contents, &staging, ret_error);
        return r < 0 ? r : staging_commit(&staging, ret_error);
}
