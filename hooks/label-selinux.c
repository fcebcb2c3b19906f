/* The policy is opened for each use: a helper lives as long as one call, and the policy may be replaced meanwhile. */

#include <selinux/label.h>
#include <selinux/selinux.h>
#include <sys/stat.h>

#include "hooks/label.h"

static void context_freep(char **c) {
        freecon(*c);
}

/* The context that the policy has for a regular file at `path`. NULL: none. */
static int look_up(const char *path, char **ret) {
        struct selabel_handle *policy;
        int r = 0;

        *ret = NULL;
        if (is_selinux_enabled() <= 0)
                return 0;
        policy = selabel_open(SELABEL_CTX_FILE, NULL, 0);
        if (!policy)
                return -errno;
        if (selabel_lookup(policy, ret, path, S_IFREG) < 0) {
                r = errno == ENOENT ? 0 : -errno;
                *ret = NULL;
        }
        selabel_close(policy);
        return r;
}

int label_write(int fd, const char *path) {
        _cleanup_(context_freep) char *wanted = NULL;
        int r = look_up(path, &wanted);

        if (r < 0 || !wanted)
                return r;
        /* A file system without labels has the one of its mount. */
        return fsetfilecon(fd, wanted) < 0 && errno != EOPNOTSUPP ? -errno : 0;
}

bool label_is_right(int fd, const char *path) {
        _cleanup_(context_freep) char *wanted = NULL, *there = NULL;

        if (look_up(path, &wanted) < 0 || !wanted)
                return true; /* what the policy cannot say is no drift */
        if (fgetfilecon(fd, &there) < 0)
                return errno == EOPNOTSUPP || errno == ENODATA;
        return selinux_file_context_cmp(there, wanted) == 0;
}
