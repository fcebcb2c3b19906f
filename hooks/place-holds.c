/* Is what stands at a place what should? Asked of one descriptor, so that nobody can show one file's rights and another's
 * content. */

#include <string.h>

#include "base/log.h"
#include "hooks/access-list.h"
#include "hooks/keystore.h"
#include "hooks/label.h"
#include "hooks/place.h"

static bool has_rights(const Place *p, int fd, const struct stat *st) {
        if (p->rights.mode == (mode_t) -1)
                return true;
        /* With an access list the mode's bits of the group are its mask. */
        mode_t seen = p->access_list ? 07707 : 07777;

        return (st->st_mode & seen) == (p->rights.mode & seen) && st->st_uid == p->rights.uid &&
               st->st_gid == p->rights.gid && access_list_is(fd, p->access_list);
}

static bool reads_as(const Place *p, int fd, const struct stat *st, const Bytes *content) {
        bool keystore = file_format_is_keystore(p->form.format);
        _cleanup_(bytes_done) Bytes there = { .secret = true };

        if (!keystore && (st->st_size < 0 || (size_t) st->st_size != content->size))
                return false;
        if (file_read_open(fd, PLACE_FILE_MAX, &there) < 0)
                return false;
        if (there.size == content->size &&
            (there.size == 0 || memcmp(there.data, content->data, there.size) == 0))
                return true;
        return keystore && keystore_same(&there, content, &p->form, bytes_text(&p->password));
}

bool place_has_content(const Place *p, const Bytes *content) {
        struct stat st;
        _cleanup_close_ int fd = file_open_at(p->dir_fd, p->name, PLACE_FILE_MAX, &st);

        return fd >= 0 && reads_as(p, fd, &st, content);
}

bool place_holds(const Place *p, const Bytes *content) {
        struct stat st;
        _cleanup_close_ int fd = file_open_at(p->dir_fd, p->name, PLACE_FILE_MAX, &st);

        return fd >= 0 && has_rights(p, fd, &st) &&
               label_is_right(fd, p->followed ? p->followed : p->path) &&
               reads_as(p, fd, &st, content);
}

/* ---- in words ---- */

static int describe_rights(const Place *p, int fd, const struct stat *st, char **ret) {
        const FileRights *wanted = &p->rights;

        if (st->st_uid != wanted->uid || st->st_gid != wanted->gid)
                return str_printf(
                                ret, "'%s' belongs to %u:%u instead of %u:%u", p->path,
                                (unsigned) st->st_uid, (unsigned) st->st_gid,
                                (unsigned) wanted->uid, (unsigned) wanted->gid);
        if (!access_list_is(fd, p->access_list))
                return str_printf(ret, "'%s' has another access list", p->path);
        return str_printf(
                        ret, "'%s' has mode %04o instead of %04o", p->path,
                        (unsigned) (st->st_mode & 07777), (unsigned) wanted->mode);
}

int place_describe_drift(const Place *p, const Bytes *content, char **ret) {
        struct stat st;
        _cleanup_close_ int fd = -1;

        *ret = NULL;
        if (p->dir_fd < 0)
                return str_printf(
                                ret, "the directory of '%s' is gone or not to be trusted", p->path);
        fd = file_open_at(p->dir_fd, p->name, PLACE_FILE_MAX, &st);
        if (fd == -ENOENT)
                return str_printf(ret, "'%s' is gone", p->path);
        if (fd < 0)
                return str_printf(ret, "'%s' cannot be read: %s", p->path, errno_text(fd));
        if (!has_rights(p, fd, &st))
                return describe_rights(p, fd, &st, ret);
        if (!label_is_right(fd, p->followed ? p->followed : p->path))
                return str_printf(ret, "'%s' has another SELinux label", p->path);
        if (!reads_as(p, fd, &st, content))
                return str_printf(ret, "'%s' has other content", p->path);
        return 0;
}
