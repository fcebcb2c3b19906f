/* Old keys go; what somebody may still need stays. Removing is the one thing here that cannot be
 * repaired, so every doubt is for keeping. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strings.h"
#include "config/config.h"
#include "signer/keystore-internal.h"

static bool is_young(int dir_fd, const char *file, int64_t now) {
        int64_t age = str_skip_prefix(file, ATTEMPT_OF_REQUEST) ? KEYSTORE_KEEP_REQUEST_SEC
                                                                : KEYSTORE_KEEP_SEC;
        struct stat st;

        if (fstatat(dir_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
                return true;
        return st.st_mtim.tv_sec > now - age;
}

/* A rehearsal's is of no use when that has ended. */
static bool is_awaited(int dir_fd, const char *file, int64_t now) {
        return !str_skip_prefix(file, ATTEMPT_OF_REHEARSAL) && is_young(dir_fd, file, now);
}

/* Is it the key of this attempt or of this certificate, or none that can be read? */
static bool is_kept(int dir_fd, const char *file, const KeystoreKept *kept) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        char spki[SHA256_HEX_SIZE];

        const char *rest = kept->attempt ? str_skip_prefix(file, kept->attempt) : NULL;
        if (rest && str_equal(rest, KEY_SUFFIX))
                return true;
        if (!kept->spki_sha256)
                return false;
        if (keystore_read(dir_fd, file, &key) < 0 || key_spki_sha256(key, spki) < 0)
                return true;
        return str_equal(spki, kept->spki_sha256);
}

int keystore_prune(
                int store_fd,
                const char *certificate,
                const KeystoreKept *kept,
                int64_t now,
                size_t *ret_removed) {
        _cleanup_close_ int dir_fd = keystore_enter_path(store_fd, "keys", certificate, false);
        _cleanup_(string_list_done) StringList files = {};
        size_t removed = 0;
        int r;

        if (dir_fd < 0 && dir_fd != -ENOENT)
                return TAKE_FD(dir_fd);
        if (dir_fd >= 0) {
                r = dir_lock(dir_fd, true);
                if (r >= 0)
                        r = dir_remove_temporaries(dir_fd);
                if (r >= 0)
                        r = dir_list(dir_fd, &files);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < files.count; i++) {
                const char *file = files.items[i];

                if (!str_ends_with(file, KEY_SUFFIX) || is_awaited(dir_fd, file, now) ||
                    is_kept(dir_fd, file, kept))
                        continue;
                r = file_remove_at(dir_fd, file);
                if (r < 0)
                        return r;
                removed++;
        }
        *ret_removed = removed;
        return 0;
}
