/* Account keys. A key is a file named by its thumbprint; `current` and `pending` are links to two of them, so that each
 * step of a rollover (F-12) is one rename and a backup shows which is which:
 *
 *   THUMBPRINT.pem      a key
 *   current, pending    links to the key in use, and to the one that shall replace it
 *   THUMBPRINT.former   a key that was: it must never become a certificate's (C-13)
 *
 * A directory with one key and no link was cut short between the two writes, or came from a backup without links: that
 * key is the one. A second key is never made beside it, since a second account would break what hangs on the first. */

#include <fcntl.h>
#include <string.h>

#include "acme/jwk.h"
#include "base/file.h"
#include "base/strings.h"
#include "signer/keystore-internal.h"

#define CURRENT       "current"
#define PENDING       "pending"
#define FORMER_SUFFIX ".former"
#define LINK_SIZE     64

/* ---- links ---- */

/* -ENOENT: no link; -EBADMSG: it does not lead to a key of this directory. */
static int read_link(int dir_fd, const char *name, char ret[LINK_SIZE]) {
        ssize_t n = readlinkat(dir_fd, name, ret, LINK_SIZE - 1);

        if (n < 0)
                return errno == EINVAL ? -EBADMSG : -errno;
        ret[n] = '\0';
        return file_name_is_plain(ret) && str_ends_with(ret, KEY_SUFFIX) ? 0 : -EBADMSG;
}

static int file_of(EVP_PKEY *key, const char *suffix, char **ret) {
        _cleanup_free_ char *thumbprint = NULL;
        int r;

        r = jwk_thumbprint(key, &thumbprint);
        return r < 0 ? r : str_printf(ret, "%s%s", thumbprint, suffix);
}

/* The only key file, if there is just one. -ENOENT: none; -EBADMSG: which of them? */
static int only_key(int dir_fd, char **ret) {
        _cleanup_(string_list_done) StringList files = {};
        const char *found = NULL;
        int r;

        r = dir_list(dir_fd, &files);
        if (r < 0)
                return r;
        for (size_t i = 0; i < files.count; i++) {
                if (!str_ends_with(files.items[i], KEY_SUFFIX))
                        continue;
                if (found)
                        return -EBADMSG;
                found = files.items[i];
        }
        return found ? str_replace(ret, found) : -ENOENT;
}

/* Gives the one key its name and its link. Under the lock. */
static int adopt(int dir_fd, const char *file) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        r = keystore_read(dir_fd, file, &key);
        if (r >= 0)
                r = file_of(key, KEY_SUFFIX, &name);
        if (r >= 0 && !str_equal(name, file)) {
                r = renameat(dir_fd, file, dir_fd, name) < 0 ? -errno : dir_sync(dir_fd);
        }
        return r < 0 ? r : link_replace_at(dir_fd, CURRENT, name);
}

/* The file of the key in use; -ENOENT if there is none. */
static int current_file(int dir_fd, char ret[LINK_SIZE]) {
        _cleanup_free_ char *only = NULL;
        int r;

        r = read_link(dir_fd, CURRENT, ret);
        if (r != -ENOENT)
                return r;
        r = dir_lock(dir_fd, true);
        if (r >= 0)
                r = read_link(dir_fd, CURRENT, ret);
        if (r != -ENOENT)
                return r;
        r = dir_remove_temporaries(dir_fd); /* of a process that was killed before the link stood */
        if (r >= 0)
                r = only_key(dir_fd, &only);
        if (r >= 0)
                r = adopt(dir_fd, only);
        return r < 0 ? r : read_link(dir_fd, CURRENT, ret);
}

static int read_named(int dir_fd, const char *file, EVP_PKEY **ret) {
        int r;

        r = keystore_read(dir_fd, file, ret);
        return r == -ENOENT ? -EBADMSG : r; /* the link leads nowhere */
}

static int write_new(int dir_fd, EVP_PKEY *key, const char *link) {
        _cleanup_free_ char *file = NULL;
        int r;

        r = file_of(key, KEY_SUFFIX, &file);
        if (r >= 0)
                r = keystore_write(dir_fd, file, key);
        return r < 0 ? r : link_replace_at(dir_fd, link, file);
}

/* Under the lock of the directory, which ends with its descriptor. */
static int make_current(int dir_fd, KeyType type, EVP_PKEY **ret) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        char file[LINK_SIZE];
        int r;

        r = read_link(dir_fd, CURRENT, file);
        if (r >= 0)
                return read_named(dir_fd, file, ret);
        if (r != -ENOENT)
                return r;
        r = dir_remove_temporaries(dir_fd); /* of a process that was killed here */
        if (r >= 0)
                r = key_generate(type, &key);
        if (r >= 0)
                r = write_new(dir_fd, key, CURRENT);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(key);
        return 0;
}

/* ---- the key in use ---- */

int keystore_account(int store_fd, const char *ca, KeyType type, bool create, EVP_PKEY **ret) {
        _cleanup_close_ int dir_fd = keystore_enter_path(store_fd, "accounts", ca, create);
        char file[LINK_SIZE];
        int r;

        if (dir_fd < 0)
                return dir_fd == -ENOENT ? -ENOKEY : TAKE_FD(dir_fd);
        r = current_file(dir_fd, file);
        if (r >= 0)
                return read_named(dir_fd, file, ret);
        if (r != -ENOENT)
                return r;
        if (!create)
                return -ENOKEY;
        r = dir_lock(dir_fd, true);
        return r < 0 ? r : make_current(dir_fd, type, ret);
}

/* ---- rollover ---- */

static int enter_locked(int store_fd, const char *ca) {
        _cleanup_close_ int dir_fd = keystore_enter_path(store_fd, "accounts", ca, false);
        int r;

        if (dir_fd < 0)
                return dir_fd == -ENOENT ? -ENOKEY : TAKE_FD(dir_fd);
        r = dir_lock(dir_fd, true);
        return r < 0 ? r : TAKE_FD(dir_fd);
}

/* The note first: a key that is gone must still be known (C-13). */
static int destroy(int dir_fd, const char *file) {
        const FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_free_ char *note = NULL;
        int r;

        r = keystore_read(dir_fd, file, &key);
        if (r == -EBADMSG) /* nobody knows whose it was: it stays */
                return 0;
        if (r >= 0)
                r = file_of(key, FORMER_SUFFIX, &note);
        if (r >= 0)
                r = file_replace_at(dir_fd, note, "", 0, rights);
        return r < 0 ? r : file_remove_at(dir_fd, file);
}

static int destroy_others(int dir_fd, const char *current) {
        _cleanup_(string_list_done) StringList files = {};
        int r;

        r = dir_list(dir_fd, &files);
        for (size_t i = 0; i < files.count && r >= 0; i++)
                if (str_ends_with(files.items[i], KEY_SUFFIX) &&
                    !str_equal(files.items[i], current))
                        r = destroy(dir_fd, files.items[i]);
        return r;
}

/* The last of the three, so that a promotion which was cut off is seen, and ended by the next call. */
static int end_promotion(int dir_fd, const char *current) {
        int r;

        r = destroy_others(dir_fd, current);
        return r < 0 ? r : file_remove_at(dir_fd, PENDING);
}

/* Under the lock. A pending key that is the current one was promoted. */
static int pending_file(int dir_fd, char ret[LINK_SIZE]) {
        char current[LINK_SIZE];
        int r;

        r = read_link(dir_fd, PENDING, ret);
        if (r < 0)
                return r == -ENOENT ? -ENOKEY : r;
        r = read_link(dir_fd, CURRENT, current);
        if (r < 0 || !str_equal(ret, current))
                return 0;
        r = end_promotion(dir_fd, current);
        return r < 0 ? r : -ENOKEY;
}

int keystore_account_pending(int store_fd, const char *ca, EVP_PKEY **ret) {
        _cleanup_close_ int dir_fd = enter_locked(store_fd, ca);
        char file[LINK_SIZE];
        int r;

        if (dir_fd < 0)
                return TAKE_FD(dir_fd);
        r = pending_file(dir_fd, file);
        return r < 0 ? r : read_named(dir_fd, file, ret);
}

int keystore_account_prepare(
                int store_fd, const char *ca, KeyType type, EVP_PKEY *given, EVP_PKEY **ret) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_close_ int dir_fd = enter_locked(store_fd, ca);
        char file[LINK_SIZE];
        int r;

        if (dir_fd < 0)
                return TAKE_FD(dir_fd);
        r = pending_file(dir_fd, file);
        if (r != -ENOKEY)
                return r < 0 ? r : read_named(dir_fd, file, ret);
        if (given) {
                key = EVP_PKEY_up_ref(given) == 1 ? given : NULL;
                r = key ? 0 : -ENOMEM;
        } else
                r = key_generate(type, &key);
        if (r >= 0)
                r = write_new(dir_fd, key, PENDING);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(key);
        return 0;
}

int keystore_account_promote(int store_fd, const char *ca, const char *thumbprint) {
        _cleanup_close_ int dir_fd = enter_locked(store_fd, ca);
        _cleanup_free_ char *wanted = NULL;
        char file[LINK_SIZE];
        int r;

        if (dir_fd < 0)
                return TAKE_FD(dir_fd);
        r = str_printf(&wanted, "%s" KEY_SUFFIX, thumbprint);
        if (r >= 0)
                r = read_link(dir_fd, CURRENT, file);
        if (r < 0)
                return r;
        if (!str_equal(file, wanted)) {
                r = read_link(dir_fd, PENDING, file);
                if (r < 0 || !str_equal(file, wanted))
                        return r < 0 && r != -ENOENT ? r : -ENOKEY;
                r = link_replace_at(dir_fd, CURRENT, file);
        }
        return r < 0 ? r : end_promotion(dir_fd, file);
}

int keystore_account_abandon(int store_fd, const char *ca) {
        _cleanup_close_ int dir_fd = enter_locked(store_fd, ca);

        if (dir_fd < 0)
                return dir_fd == -ENOKEY ? 0 : TAKE_FD(dir_fd);
        return file_remove_at(dir_fd, PENDING);
}

int keystore_account_replace(int store_fd, const char *ca, KeyType type, EVP_PKEY **ret) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_close_ int dir_fd = enter_locked(store_fd, ca);
        int r;

        if (dir_fd < 0)
                return TAKE_FD(dir_fd);
        r = file_remove_at(dir_fd, PENDING);
        if (r >= 0)
                r = key_generate(type, &key);
        if (r >= 0)
                r = write_new(dir_fd, key, CURRENT);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(key);
        return 0;
}

/* ---- is it one? ---- */

static int is_in_directory(int dir_fd, EVP_PKEY *key, const char *former) {
        _cleanup_(string_list_done) StringList files = {};
        int r;

        r = dir_list(dir_fd, &files);
        for (size_t i = 0; i < files.count && r >= 0; i++) {
                _cleanup_(key_freep) EVP_PKEY *other = NULL;

                if (str_equal(files.items[i], former))
                        return 1;
                /* What cannot be read as a key, nobody signs with. */
                if (keystore_read(dir_fd, files.items[i], &other) >= 0 &&
                    EVP_PKEY_eq(other, key) == 1)
                        return 1;
        }
        return r;
}

int keystore_is_account_key(int store_fd, EVP_PKEY *key) {
        _cleanup_close_ int accounts = keystore_enter(store_fd, "accounts", false);
        _cleanup_(string_list_done) StringList cas = {};
        _cleanup_free_ char *former = NULL;
        int r;

        if (accounts < 0)
                return accounts == -ENOENT ? 0 : TAKE_FD(accounts);
        r = file_of(key, FORMER_SUFFIX, &former);
        if (r >= 0)
                r = dir_list(accounts, &cas);
        for (size_t i = 0; i < cas.count && r == 0; i++) {
                _cleanup_close_ int fd = keystore_enter(accounts, cas.items[i], false);

                if (fd == -ENOTDIR)
                        continue;
                r = fd < 0 ? fd : is_in_directory(fd, key, former);
        }
        return r;
}
