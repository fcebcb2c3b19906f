#include "signer/manual.h"

#include <string.h>

#include "acme/csr.h"
#include "base/file.h"
#include "base/json.h"
#include "config/config.h"
#include "signer/blocked.h"
#include "signer/keystore.h"

#define DIRECTORY       "requests"
#define STATE_MAX       ((size_t) 128 * 1024)
#define KEYS_TRIED      8
#define COMMON_NAME_MAX 64

/* The file. */
typedef struct Kept {
        int dir_fd;    /* owns; locked */
        char *file;    /* owns */
        int64_t count; /* of the last key's attempt */
        char *spki;    /* owns; NULL: there is no request yet */
        Bytes der;
        Subject subject;
} Kept;

static void kept_done(Kept *k) {
        k->dir_fd = close_fd(k->dir_fd);
        free(k->file);
        free(k->spki);
        bytes_done(&k->der);
        subject_done(&k->subject);
}

void manual_request_done(ManualRequest *m) {
        bytes_done(&m->der);
}

/* ---- the file ---- */

static int read_subject(const Json *j, Subject *ret) {
        const Json *fields;
        int r = 0;

        if (json_get_object(j, "subject", &fields) < 0)
                return 0;
        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX && r >= 0; f++) {
                const char *value, *reason;

                if (json_get_string(fields, subject_field_to_string(f), &value) >= 0)
                        r = subject_set(ret, f, value, &reason);
        }
        return r == -EINVAL ? -EBADMSG : r;
}

static int read_kept(const Json *j, Kept *k) {
        const char *spki, *csr;
        int r;

        r = json_get_int64(j, "count", &k->count);
        if (r >= 0 && (k->count < 0 || k->count > INT32_MAX))
                r = -EBADMSG;
        if (r >= 0)
                r = json_get_string(j, "spki", &spki);
        if (r >= 0)
                r = json_get_string(j, "csr", &csr);
        if (r >= 0)
                r = base64url_decode(csr, strlen(csr), &k->der);
        if (r >= 0)
                r = str_replace(&k->spki, spki);
        if (r >= 0)
                r = read_subject(j, &k->subject);
        return r == -ENOENT ? -EBADMSG : r;
}

static int kept_load(int store_fd, const char *certificate, Kept *k) {
        _cleanup_(bytes_done) Bytes text = {};
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        k->dir_fd = dir_open_at(store_fd, DIRECTORY, 0700);
        r = k->dir_fd < 0 ? k->dir_fd : dir_lock(k->dir_fd, true);
        if (r >= 0)
                r = str_printf(&k->file, "%s.json", certificate);
        if (r >= 0)
                r = file_read_at(k->dir_fd, k->file, STATE_MAX, &text);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = json_parse(text.data, text.size, &j);
        return r < 0 ? r : read_kept(j, k);
}

static int put_subject(Json *j, const Subject *s) {
        _cleanup_(json_freep) Json *fields = json_object_new();
        int r = fields ? 0 : -ENOMEM;

        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX && r >= 0; f++)
                r = json_set_string(fields, subject_field_to_string(f), s->fields[f]);
        return r < 0 ? r : json_set(j, "subject", TAKE_PTR(fields));
}

static int kept_save(const Kept *k) {
        const FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(json_freep) Json *j = json_object_new();
        _cleanup_free_ char *csr = NULL, *text = NULL;
        int r;

        r = j ? base64url_encode(k->der.data, k->der.size, &csr) : -ENOMEM;
        if (r >= 0)
                r = json_set_int64(j, "count", k->count);
        if (r >= 0)
                r = json_set_string(j, "spki", k->spki);
        if (r >= 0)
                r = json_set_string(j, "csr", csr);
        if (r >= 0)
                r = put_subject(j, &k->subject);
        if (r >= 0)
                r = json_to_string(j, &text);
        if (r >= 0)
                r = dir_remove_temporaries(k->dir_fd); /* of a process that was killed here */
        return r < 0 ? r : file_replace_at(k->dir_fd, k->file, text, strlen(text), rights);
}

/* ---- the key ---- */

/* The one of the last request; -ENOKEY: there is none, or it is not wanted, or must not be used any more. */
static int find_key(
                int store_fd,
                const char *certificate,
                const Kept *k,
                const ManualWish *w,
                EVP_PKEY **ret) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        int r;

        if (!k->spki || str_equal(k->spki, w->other))
                return -ENOKEY;
        r = keystore_find(store_fd, certificate, k->spki, &key);
        if (r >= 0)
                r = blocked_has(store_fd, key);
        if (r != 0)
                return r > 0 ? -ENOKEY : r;
        *ret = TAKE_PTR(key);
        return 0;
}

/* Under a number that only counts up, so that the call after a crash finds the key that this one made. */
static int make_key(int store_fd, const char *certificate, Kept *k, KeyType type, EVP_PKEY **ret) {
        for (int i = 0; i < KEYS_TRIED; i++) {
                _cleanup_(key_freep) EVP_PKEY *key = NULL;
                _cleanup_free_ char *attempt = NULL;
                int r;

                r = str_printf(&attempt, ATTEMPT_OF_REQUEST "%lld", (long long) ++k->count);
                if (r >= 0)
                        r = keystore_certificate(store_fd, certificate, attempt, type, true, &key);
                if (r < 0 && r != -EKEYREVOKED)
                        return r;
                if (r >= 0 && key_type_of(key) == type) {
                        *ret = TAKE_PTR(key);
                        return 0;
                }
        }
        return -EDQUOT; /* as many calls ended before they were written down */
}

/* ---- the request ---- */

static int settle_subject(const Kept *k, const ManualWish *w, Subject *ret) {
        const char *reason;
        int r;

        r = subject_copy(w->subject ? w->subject : &k->subject, ret);
        if (r < 0 || ret->fields[SUBJECT_COMMON_NAME] || !w->common_name ||
            strlen(w->common_name) > COMMON_NAME_MAX)
                return r;
        return subject_set(ret, SUBJECT_COMMON_NAME, w->common_name, &reason);
}

static bool is_same_request(const Kept *k, const ManualWish *w, EVP_PKEY *key, const Subject *s) {
        return k->der.size > 0 && subject_same(&k->subject, s) &&
               csr_check(k->der.data, k->der.size, key, w->names) >= 0;
}

static int build(Kept *k, const ManualWish *w, EVP_PKEY *key, Subject *subject) {
        char spki[SHA256_HEX_SIZE];
        int r;

        bytes_done(&k->der);
        r = csr_build_for(key, subject, w->names, &k->der);
        if (r >= 0)
                r = key_spki_sha256(key, spki);
        if (r >= 0)
                r = str_replace(&k->spki, spki);
        if (r < 0)
                return r;
        subject_done(&k->subject);
        k->subject = *subject;
        *subject = (Subject){};
        return kept_save(k);
}

static int answer(Kept *k, EVP_PKEY *key, ManualRequest *ret) {
        ret->der = k->der;
        k->der = (Bytes){};
        ret->type = key_type_of(key);
        return key_spki_sha256(key, ret->spki_sha256);
}

int manual_request(int store_fd, const char *certificate, const ManualWish *w, ManualRequest *ret) {
        _cleanup_(kept_done) Kept k = { .dir_fd = -1 };
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_(subject_done) Subject subject = {};
        bool wants_type = w->type != KEY_TYPE_INVALID;
        int r;

        r = kept_load(store_fd, certificate, &k);
        if (r >= 0)
                r = settle_subject(&k, w, &subject);
        if (r < 0)
                return r;
        r = find_key(store_fd, certificate, &k, w, &key);
        if (r >= 0 && wants_type && key_type_of(key) != w->type)
                return -EEXIST;
        if (r >= 0 && is_same_request(&k, w, key, &subject))
                return answer(&k, key, ret);
        if (r == -ENOKEY && w->create)
                r = make_key(store_fd, certificate, &k, wants_type ? w->type : w->standard, &key);
        if (r >= 0)
                r = w->create ? build(&k, w, key, &subject) : 0;
        return r < 0 ? r : answer(&k, key, ret);
}
