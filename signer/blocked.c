/* An empty file for each: blocked/SPKI, the SHA-256 of the public key. Nothing here is ever removed. */

#include "signer/blocked.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

int blocked_add(int store_fd, const char *spki_sha256) {
        const FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_close_ int dir_fd = dir_open_at(store_fd, "blocked", 0700);

        return dir_fd < 0 ? TAKE_FD(dir_fd) : file_replace_at(dir_fd, spki_sha256, "", 0, rights);
}

int blocked_has(int store_fd, EVP_PKEY *key) {
        _cleanup_close_ int dir_fd = openat(
                        store_fd, "blocked", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        char spki[SHA256_HEX_SIZE];
        int r;

        if (dir_fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = key_spki_sha256(key, spki);
        if (r < 0)
                return r;
        if (faccessat(dir_fd, spki, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return 1;
        return errno == ENOENT ? 0 : -errno;
}
