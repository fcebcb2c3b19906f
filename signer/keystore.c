/* Reading and making keys; those of certificates. Making is: look, lock, look again, make, write durably, and only then
 * answer; a process killed anywhere in between leaves either no key or the one that the next call
 * finds. */

#include "signer/keystore.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strings.h"
#include "signer/blocked.h"
#include "signer/keystore-internal.h"

#define ATTEMPT_MAX 64

int keystore_open(const Paths *paths) {
        _cleanup_close_ int state = dir_open(paths->state);

        if (state == -ENOENT) {
                if (mkdir(paths->state, 0755) < 0 && errno != EEXIST)
                        return -errno;
                state = dir_open(paths->state);
                if (state >= 0)
                        (void) fchmod(state,
                                      0755); /* the umask; a failure shows when others enter */
        }
        return state < 0 ? TAKE_FD(state) : dir_open_at(state, "signer", 0700);
}

bool attempt_is_valid(const char *attempt) {
        size_t size = strnlen(attempt, ATTEMPT_MAX + 1);

        return size > 0 && size <= ATTEMPT_MAX &&
               strspn(attempt, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

int keystore_enter(int dir_fd, const char *name, bool make) {
        if (make)
                return dir_open_at(dir_fd, name, 0700);
        if (strchr(name, '/') || str_equal(name, "..") || !*name)
                return -EINVAL;
        int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int keystore_enter_path(int store_fd, const char *kind, const char *name, bool make) {
        _cleanup_close_ int fd = keystore_enter(store_fd, kind, make);

        return fd < 0 ? TAKE_FD(fd) : keystore_enter(fd, name, make);
}

int keystore_read(int dir_fd, const char *file, EVP_PKEY **ret) {
        _cleanup_(bytes_done) Bytes pem = { .secret = true };
        int r;

        r = file_read_at(dir_fd, file, KEY_FILE_MAX, &pem);
        if (r < 0)
                return r;
        return key_from_pem(pem.data, pem.size, ret);
}

int keystore_write(int dir_fd, const char *file, EVP_PKEY *key) {
        const FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(bytes_done) Bytes pem = { .secret = true };
        int r;

        r = key_to_pem(key, &pem);
        if (r < 0)
                return r;
        return file_replace_at(dir_fd, file, pem.data, pem.size, rights);
}

static bool has_room(int dir_fd) {
        _cleanup_(string_list_done) StringList entries = {};

        return dir_list(dir_fd, &entries) >= 0 && entries.count < KEYS_MAX;
}

/* Under the lock of the directory, which ends with its descriptor. */
static int make_key(int dir_fd, const char *file, KeyType type, EVP_PKEY **ret) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        int r;

        r = keystore_read(dir_fd, file, &key);
        if (r == -ENOENT) {
                r = dir_remove_temporaries(dir_fd); /* of a process that was killed here */
                if (r < 0)
                        return r;
                if (!has_room(dir_fd))
                        return -EDQUOT;
                r = key_generate(type, &key);
                if (r >= 0)
                        r = keystore_write(dir_fd, file, key);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(key);
        return 0;
}

static int read_or_make(int dir_fd, const char *file, KeyType type, bool create, EVP_PKEY **ret) {
        int r;

        r = keystore_read(dir_fd, file, ret);
        if (r != -ENOENT)
                return r;
        if (!create)
                return -ENOKEY;
        r = dir_lock(dir_fd, true);
        if (r < 0)
                return r;
        return make_key(dir_fd, file, type, ret);
}

int keystore_enter_attempt(
                int store_fd,
                const char *certificate,
                const char *attempt,
                bool create,
                char **ret_file) {
        int r;

        if (!attempt_is_valid(attempt))
                return -EINVAL;
        r = str_printf(ret_file, "%s" KEY_SUFFIX, attempt);
        return r < 0 ? r : keystore_enter_path(store_fd, "keys", certificate, create);
}

int keystore_certificate(
                int store_fd,
                const char *certificate,
                const char *attempt,
                KeyType type,
                bool create,
                EVP_PKEY **ret) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_free_ char *file = NULL;
        _cleanup_close_ int dir_fd = -1;
        int r;

        dir_fd = keystore_enter_attempt(store_fd, certificate, attempt, create, &file);
        if (dir_fd < 0)
                return dir_fd == -ENOENT ? -ENOKEY : TAKE_FD(dir_fd);
        r = read_or_make(dir_fd, file, type, create, &key);
        if (r >= 0)
                r = keystore_is_account_key(store_fd, key);
        if (r != 0)
                return r > 0 ? -EKEYREJECTED : r;
        r = blocked_has(store_fd, key);
        if (r != 0)
                return r > 0 ? -EKEYREVOKED : r;
        *ret = TAKE_PTR(key);
        return 0;
}

int keystore_find(int store_fd, const char *certificate, const char *spki_sha256, EVP_PKEY **ret) {
        _cleanup_close_ int dir_fd = keystore_enter_path(store_fd, "keys", certificate, false);
        _cleanup_(string_list_done) StringList files = {};
        int r;

        if (dir_fd < 0)
                return dir_fd == -ENOENT ? -ENOKEY : TAKE_FD(dir_fd);
        r = dir_list(dir_fd, &files);
        for (size_t i = 0; i < files.count && r >= 0; i++) {
                _cleanup_(key_freep) EVP_PKEY *key = NULL;
                char spki[SHA256_HEX_SIZE];

                if (keystore_read(dir_fd, files.items[i], &key) < 0 ||
                    key_spki_sha256(key, spki) < 0 || !str_equal(spki, spki_sha256))
                        continue;
                *ret = TAKE_PTR(key);
                return 0;
        }
        return r < 0 ? r : -ENOKEY;
}

int keystore_import(int store_fd, const char *certificate, EVP_PKEY *key) {
        _cleanup_(key_freep) EVP_PKEY *there = NULL;
        _cleanup_close_ int dir_fd = -1;
        _cleanup_free_ char *file = NULL;
        char spki[SHA256_HEX_SIZE];
        int r;

        r = key_spki_sha256(key, spki);
        if (r < 0)
                return r;
        dir_fd = keystore_enter_path(store_fd, "keys", certificate, true);
        if (dir_fd < 0)
                return TAKE_FD(dir_fd);
        r = dir_lock(dir_fd, true);
        if (r >= 0)
                r = dir_remove_temporaries(dir_fd);
        if (r < 0)
                return r;
        r = keystore_find(store_fd, certificate, spki, &there);
        if (r != -ENOKEY)
                return r;
        if (!has_room(dir_fd))
                return -EDQUOT;
        r = str_printf(&file, "import-%.16s" KEY_SUFFIX, spki);
        return r < 0 ? r : keystore_write(dir_fd, file, key);
}
