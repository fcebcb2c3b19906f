/* A key store in a scratch directory. */

#include "tests/unit/keystore-bench.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "signer/keystore.h"
#include "tests/unit/test.h"

Paths bench_paths;

int bench_store(void) {
        bench_paths = (Paths){ .state = test_directory() };
        int fd = keystore_open(&bench_paths);

        CHECK(fd >= 0);
        return fd;
}

mode_t bench_mode_of(int fd, const char *path) {
        struct stat st = {};

        CHECK_INT(fstatat(fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st.st_mode & 07777;
}

const char *bench_account_file(int fd) {
        static char path[120];
        char link[80] = "";

        CHECK(readlinkat(fd, "accounts/test/current", link, sizeof(link) - 1) > 0);
        (void) snprintf(path, sizeof(path), "accounts/test/%s", link);
        return path;
}
