/* Keys that are kept over a renewal (ReuseKey=), and those that must never be again. Keeping is a copy under the new
 * attempt: whoever asks by attempt or by public key finds it as any other, and removing old ones stays simple.
 *
 * That a key is retired is a file of its own beside it. It is never removed: the key may come back from a backup. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strings.h"
#include "signer/blocked.h"
#include "signer/keystore-internal.h"

#define RETIRED_SUFFIX ".retired"

static bool exists(int dir_fd, const char *file) {
        struct stat st;

        return fstatat(dir_fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* In doubt it is. */
static bool is_retired(int dir_fd, const char *spki_sha256) {
        _cleanup_free_ char *file = NULL;

        if (str_printf(&file, "%s" RETIRED_SUFFIX, spki_sha256) < 0)
                return true;
        return exists(dir_fd, file);
}

int keystore_retire(int store_fd, const char *certificate, const char *spki_sha256) {
        const FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_free_ char *file = NULL;
        _cleanup_close_ int dir_fd = -1;
        int r;

        r = str_printf(&file, "%s" RETIRED_SUFFIX, spki_sha256);
        if (r < 0)
                return r;
        dir_fd = keystore_enter_path(store_fd, "keys", certificate, true);
        if (dir_fd < 0)
                return TAKE_FD(dir_fd);
        r = dir_lock(dir_fd, true);
        return r < 0 || exists(dir_fd, file) ? r : file_replace_at(dir_fd, file, "", 0, rights);
}

/* -ENOENT: there is none of this kind. */
static int find_key(int dir_fd, KeyType type, const char *spki_sha256, EVP_PKEY **ret) {
        _cleanup_(string_list_done) StringList files = {};
        int r;

        r = dir_list(dir_fd, &files);
        for (size_t i = 0; i < files.count && r >= 0; i++) {
                _cleanup_(key_freep) EVP_PKEY *key = NULL;
                char spki[SHA256_HEX_SIZE];

                if (!str_ends_with(files.items[i], KEY_SUFFIX) ||
                    keystore_read(dir_fd, files.items[i], &key) < 0 ||
                    key_spki_sha256(key, spki) < 0 || !str_equal(spki, spki_sha256))
                        continue;
                if (key_type_of(key) != type)
                        break;
                *ret = TAKE_PTR(key);
                return 0;
        }
        return r < 0 ? r : -ENOENT;
}

int keystore_reuse(
                int store_fd,
                const char *certificate,
                const char *attempt,
                KeyType type,
                const char *spki_sha256) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_free_ char *file = NULL;
        _cleanup_close_ int dir_fd = -1;
        int r;

        dir_fd = keystore_enter_attempt(store_fd, certificate, attempt, false, &file);
        if (dir_fd < 0)
                return dir_fd == -ENOENT ? 0 : TAKE_FD(dir_fd);
        r = dir_lock(dir_fd, true);
        if (r < 0 || exists(dir_fd, file) || is_retired(dir_fd, spki_sha256))
                return r;
        r = find_key(dir_fd, type, spki_sha256, &key);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = blocked_has(store_fd, key);
        if (r != 0) /* compromised */
                return r < 0 ? r : 0;
        return keystore_write(dir_fd, file, key);
}
