#include "hooks/access-list.h"

#include <acl/libacl.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "hooks/account.h"

static void acl_freep(acl_t *a) {
        if (*a)
                (void) acl_free(*a); /* it is memory */
}

static void acl_text_freep(char **text) {
        if (*text)
                (void) acl_free(*text); /* it is memory */
}

static int text_of(acl_t a, char **ret) {
        _cleanup_(acl_text_freep) char *text =
                        acl_to_any_text(a, NULL, ',', TEXT_ABBREVIATE | TEXT_NUMERIC_IDS);

        return text ? str_replace(ret, text) : -ENOMEM;
}

/* "u:NAME:r-" as ",u:105:r-" */
static int append_entry(const char *entry, Bytes *text, char **ret_error) {
        const char *bits = strrchr(entry, ':');
        _cleanup_free_ char *name = strndup(entry + 2, (size_t) (bits - entry) - 2);
        bool user = entry[0] == 'u';
        uid_t uid = 0;
        gid_t gid = 0;
        int r;

        if (!name)
                return -ENOMEM;
        r = user ? account_user(name, &uid, &gid) : account_group(name, &gid);
        if (r < 0) {
                (void) str_printf(
                                ret_error, "acl=%s: there is no %s '%s'", entry,
                                user ? "user" : "group", name);
                return r == -ENOMEM ? r : -EINVAL;
        }
        return bytes_printf(
                        text, ",%c:%u:%s-", entry[0], user ? (unsigned) uid : (unsigned) gid,
                        bits + 1);
}

static int append_mode(mode_t mode, Bytes *text) {
        static const struct {
                char who;
                unsigned shift;
        } entries[] = { { 'u', 6 }, { 'g', 3 }, { 'o', 0 } };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(entries) && r >= 0; i++) {
                unsigned bits = mode >> entries[i].shift & 7;

                r = bytes_printf(
                                text, "%s%c::%c%c%c", i > 0 ? "," : "", entries[i].who,
                                bits & 4 ? 'r' : '-', bits & 2 ? 'w' : '-', bits & 1 ? 'x' : '-');
        }
        return r;
}

int access_list_build(const StringList *entries, mode_t mode, char **ret, char **ret_error) {
        _cleanup_(bytes_done) Bytes text = {};
        _cleanup_(acl_freep) acl_t a = NULL;
        int r;

        *ret = NULL;
        if (entries->count == 0)
                return 0;
        r = append_mode(mode, &text);
        for (size_t i = 0; i < entries->count && r >= 0; i++)
                r = append_entry(entries->items[i], &text, ret_error);
        if (r < 0)
                return r;
        a = acl_from_text(bytes_text(&text));
        if (!a || acl_calc_mask(&a) < 0)
                return -errno;
        if (acl_valid(a) < 0) {
                (void) str_printf(ret_error, "acl=: one user or group stands there twice");
                return -EINVAL;
        }
        return text_of(a, ret);
}

int access_list_read(int fd, char **ret) {
        _cleanup_(acl_freep) acl_t a = acl_get_fd(fd);

        *ret = NULL;
        if (!a)
                return errno == EOPNOTSUPP ? 0 : -errno;
        if (acl_equiv_mode(a, NULL) == 0)
                return 0;
        return text_of(a, ret);
}

int access_list_write(int fd, const char *list) {
        _cleanup_free_ char *inherited = NULL;
        _cleanup_(acl_freep) acl_t a = NULL;
        struct stat st;
        int r;

        if (!list) {
                r = access_list_read(fd, &inherited);
                if (r < 0 || !inherited)
                        return r;
                if (fstat(fd, &st) < 0)
                        return -errno;
                a = acl_from_mode(st.st_mode & 0777);
        } else
                a = acl_from_text(list);
        if (!a)
                return -errno;
        return acl_set_fd(fd, a) < 0 ? -errno : 0;
}

bool access_list_is(int fd, const char *list) {
        _cleanup_free_ char *there = NULL;
        _cleanup_(acl_freep) acl_t a = NULL, b = NULL;

        if (access_list_read(fd, &there) < 0 || !there != !list)
                return false;
        if (!list)
                return true;
        a = acl_from_text(there);
        b = acl_from_text(list);
        return a && b && acl_cmp(a, b) == 0;
}
