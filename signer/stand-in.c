#include "signer/stand-in.h"

#include <string.h>

#include "acme/certinfo.h"
#include "acme/stand-in.h"
#include "base/file.h"

#define DIRECTORY "stand-ins"
#define FILE_MAX  ((size_t) 64 * 1024)

/* The file of a certificate, with the lock that ends with its descriptor. */
static int open_directory(int store_fd, const char *certificate, int *ret_fd, char **ret_file) {
        _cleanup_close_ int fd = dir_open_at(store_fd, DIRECTORY, 0700);
        int r = fd < 0 ? fd : dir_lock(fd, true);

        if (r >= 0)
                r = str_printf(ret_file, "%s.pem", certificate);
        if (r >= 0)
                *ret_fd = TAKE_FD(fd);
        return r < 0 ? r : 0;
}

/* Its facts, if it is of use at all. */
static int load(int dir_fd, const char *file, CertInfo *ret) {
        _cleanup_(bytes_done) Bytes text = { .secret = true };
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        const char *pem;
        int r;

        r = file_read_at(dir_fd, file, FILE_MAX, &text);
        if (r >= 0)
                r = stand_in_parse(&text, &key, &pem);
        if (r < 0)
                return r;
        return certinfo_parse(pem, strlen(pem), ret, NULL);
}

static bool has_all(const StringList *there, const StringList *wanted) {
        for (size_t i = 0; wanted && i < wanted->count; i++)
                if (!string_list_contains(there, wanted->items[i]))
                        return false;
        return true;
}

/* One of another time was made while the clock was wrong. */
static bool is_good(const CertInfo *info, const StandInWish *w) {
        return !str_equal(info->leaf_sha256, w->other) && info->key_type == w->type &&
               info->not_before <= w->now && info->not_after - w->now > STAND_IN_LIFE_SEC / 3 &&
               has_all(&info->names, w->names) && has_all(&info->names, w->more);
}

static int add_all(StringList *to, const StringList *from) {
        int r = 0;

        for (size_t i = 0; from && i < from->count && r >= 0; i++)
                if (!string_list_contains(to, from->items[i]))
                        r = string_list_add(to, from->items[i]);
        return r;
}

/* Whoever replaces one by hand says all that he wants. */
static int choose_names(const CertInfo *before, const StandInWish *w, StringList *ret) {
        bool grown = !w->other && before->names.count > 0 && has_all(&before->names, w->names);
        int r;

        r = add_all(ret, w->names);
        if (r >= 0)
                r = add_all(ret, w->more);
        return r < 0 || !grown ? r : add_all(ret, &before->names);
}

static int make(int dir_fd,
                const char *file,
                const StandInWish *w,
                const CertInfo *before,
                StandIn *ret) {
        const FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(bytes_done) Bytes text = { .secret = true }, certificate = {};
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(certinfo_done) CertInfo info = {};
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        int r;

        r = choose_names(before, w, &names);
        if (r >= 0)
                r = key_generate(w->type, &key);
        if (r >= 0)
                r = stand_in_build(key, &names, w->common_name, w->now, &certificate);
        if (r >= 0)
                r = certinfo_parse(certificate.data, certificate.size, &info, NULL);
        if (r >= 0)
                r = key_to_pem(key, &text);
        if (r >= 0)
                r = bytes_append(&text, certificate.data, certificate.size);
        if (r >= 0)
                r = dir_remove_temporaries(dir_fd); /* of a process that was killed here */
        if (r >= 0)
                r = file_replace_at(dir_fd, file, text.data, text.size, rights);
        if (r < 0)
                return r;
        *ret = (StandIn){ .not_after = info.not_after, .made = true };
        memcpy(ret->leaf_sha256, info.leaf_sha256, sizeof ret->leaf_sha256);
        return 0;
}

int stand_in_make(int store_fd, const StandInWish *w, StandIn *ret) {
        _cleanup_(certinfo_done) CertInfo info = {};
        _cleanup_free_ char *file = NULL;
        _cleanup_close_ int dir_fd = -1;
        int r;

        r = open_directory(store_fd, w->certificate, &dir_fd, &file);
        if (r >= 0)
                r = load(dir_fd, file, &info);
        if (r < 0 && r != -ENOENT && r != -EBADMSG) /* nothing is lost with a damaged one */
                return r;
        if (r < 0 || !is_good(&info, w))
                return make(dir_fd, file, w, &info, ret);
        *ret = (StandIn){ .not_after = info.not_after };
        memcpy(ret->leaf_sha256, info.leaf_sha256, sizeof ret->leaf_sha256);
        return 0;
}

int stand_in_drop(int store_fd, const char *certificate) {
        _cleanup_free_ char *file = NULL;
        _cleanup_close_ int dir_fd = -1;
        int r;

        r = open_directory(store_fd, certificate, &dir_fd, &file);
        return r < 0 ? r : file_remove_at(dir_fd, file);
}
