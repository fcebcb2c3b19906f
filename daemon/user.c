/* Names are looked up once, in the parent, before anything runs. */

#include "daemon/user.h"

#include <grp.h>
#include <pwd.h>

#include "base/strings.h"

int user_find(const char *name, User *ret) {
        int64_t number;

        *ret = (User){};
        if (str_to_int64(name, 0, (int64_t) UINT32_MAX - 1, &number) >= 0) {
                *ret = (User){ .uid = (uid_t) number, .gid = (gid_t) number, .exists = true };
                return 0;
        }
        errno = 0;
        const struct passwd *entry = getpwnam(name);
        if (entry)
                *ret = (User){ .uid = entry->pw_uid, .gid = entry->pw_gid, .exists = true };
        else if (errno != 0 && errno != ENOENT && errno != ESRCH && errno != EBADF &&
                 errno != EPERM)
                return -errno; /* the others mean "not found", see getpwnam(3) */
        return 0;
}

int user_become(const User *u) {
        if (setgroups(0, NULL) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
            setresuid(u->uid, u->uid, u->uid) < 0)
                return -errno;
        /* Whoever can come back has not left. */
        return u->uid != 0 && setresuid(0, 0, 0) >= 0 ? -EPERM : 0;
}
