#include "hooks/saved.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/log.h"
#include "hooks/access-list.h"
#include "hooks/contents.h"
#include "hooks/saved-entry.h"
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

static int save_content(int dir_fd, size_t i, int from_fd) {
        FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(bytes_done) Bytes content = { .secret = true };
        char name[32];
        int r;

        r = file_read_open(from_fd, PLACE_FILE_MAX, &content);
        if (r < 0)
                return r;
        (void) snprintf(name, sizeof name, "FILE-%zu", i);
        return file_replace_at(dir_fd, name, bytes_text(&content), content.size, rights);
}

/* Copies one former file. Its rights are those of the very file that is read: whoever owns the directory could show
 * others between two looks by name. */
static int save_file(int dir_fd, size_t i, const Place *p, SavedFormer *ret) {
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        fd = file_open_at(p->dir_fd, p->name, PLACE_FILE_MAX, &st);
        if (fd == -ENOENT)
                return 0;
        r = fd < 0 ? fd : access_list_read(fd, &ret->access_list);
        if (r >= 0)
                r = save_content(dir_fd, i, fd);
        if (r < 0)
                return r;
        ret->existed = true;
        ret->rights = (FileRights){ .mode = st.st_mode & 07777,
                                    .uid = st.st_uid,
                                    .gid = st.st_gid };
        return 0;
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
                _cleanup_(saved_former_done) SavedFormer former = {};

                r = save_file(fd, i, &places->items[i], &former);
                if (r >= 0)
                        r = saved_entry_append(files, &places->items[i], &former);
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

static int load_entry(int dir_fd, const Json *j, Saved *s, size_t i) {
        char name[32];
        int r;

        r = saved_entry_parse(j, &s->places, &s->former, &s->existed[i]);
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

/* ---- restore ---- */

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

        r = place_list_open(&s->former, false, ret_error);
        if (r >= 0)
                r = staging_write(&s->former, s->contents, &staging, ret_error);
        return r < 0 ? r : staging_commit(&staging, ret_error);
}
