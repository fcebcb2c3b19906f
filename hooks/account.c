#include "hooks/account.h"

#include <grp.h>
#include <pwd.h>

#include "base/strings.h"

#define NAME_BUFFER ((size_t) 64 * 1024)       /* of a passwd or group entry */
#define ID_MAX      ((int64_t) UINT32_MAX - 1) /* -1 means "leave" */

int account_user(const char *name, uid_t *ret_uid, gid_t *ret_gid) {
        _cleanup_free_ char *buffer = malloc(NAME_BUFFER);
        struct passwd entry, *found = NULL;
        int64_t number;
        int r;

        if (!buffer)
                return -ENOMEM;
        if (str_to_int64(name, 0, ID_MAX, &number) >= 0)
                r = getpwuid_r((uid_t) number, &entry, buffer, NAME_BUFFER, &found);
        else {
                number = -1;
                r = getpwnam_r(name, &entry, buffer, NAME_BUFFER, &found);
        }
        if (found) {
                *ret_uid = found->pw_uid;
                *ret_gid = found->pw_gid;
                return 0;
        }
        if (number < 0)
                return r > 0 ? -r : -ESRCH;
        *ret_uid = (uid_t) number; /* a number need not be in the list of users */
        *ret_gid = (gid_t) number;
        return 0;
}

int account_group(const char *name, gid_t *ret) {
        _cleanup_free_ char *buffer = malloc(NAME_BUFFER);
        struct group entry, *found = NULL;
        int64_t number;
        int r;

        if (!buffer)
                return -ENOMEM;
        if (str_to_int64(name, 0, ID_MAX, &number) >= 0) {
                *ret = (gid_t) number;
                return 0;
        }
        r = getgrnam_r(name, &entry, buffer, NAME_BUFFER, &found);
        if (!found)
                return r > 0 ? -r : -ESRCH;
        *ret = found->gr_gid;
        return 0;
}
