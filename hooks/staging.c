#include "hooks/staging.h"

#include <sys/stat.h>

#include "base/log.h"
#include "hooks/access-list.h"
#include "hooks/label.h"
#include "hooks/store.h"

void staging_done(Staging *s) {
        for (size_t i = 0; i < s->count; i++)
                staged_file_discard(s->places->items[i].dir_fd, &s->files[i]);
        free(s->files);
        *s = (Staging){};
}

/* Where rights cannot be set they are what the file system shows, and a mount may show everything to everybody. */
static int check_shown(const Place *p, int fd, char **ret_error) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!file_content_holds_key(p->content) || !(st.st_mode & 0007))
                return 0;
        (void) str_printf(
                        ret_error,
                        "%s: this file system shows the key to everybody (mode %04o); mount it with "
                        "another mask, or name another place",
                        p->path, (unsigned) st.st_mode & 0777);
        return -EPERM;
}

/* Everything on the descriptor, before the rename: nobody sees the file under its name with other rights. The list comes
 * after the mode, whose bits of the group it makes its mask. */
static int dress(const Place *p, int fd, char **ret_error) {
        int r;

        if (p->rights.mode == (mode_t) -1)
                return check_shown(p, fd, ret_error);
        r = file_set_rights(fd, p->rights);
        if (r >= 0)
                r = access_list_write(fd, p->access_list);
        if (r == -EOPNOTSUPP)
                (void) str_printf(
                                ret_error,
                                "%s: this file system has no access lists: leave acl= out",
                                p->path);
        return r < 0 ? r : label_write(fd, p->followed ? p->followed : p->path);
}

static int stage(const Place *p, const Bytes *content, StagedFile *ret, char **ret_error) {
        _cleanup_close_ int fd = -1;
        int r;

        store_remove_temporaries_of(p->dir_fd, p->name);
        r = fd = file_stage_open_at(p->dir_fd, p->name, bytes_text(content), content->size, ret);
        if (r >= 0)
                r = dress(p, fd, ret_error);
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r >= 0)
                return 0;
        if (fd >= 0)
                staged_file_discard(p->dir_fd, ret);
        if (!*ret_error)
                (void) str_printf(
                                ret_error, "%s cannot be written: %s%s", p->path, errno_text(r),
                                r == -EROFS ? "; the file system is read-only; for /usr see 'systemd-sysext status'"
                                            : "");
        return r;
}

int staging_write(const PlaceList *places, const Bytes *contents, Staging *ret, char **ret_error) {
        _cleanup_(staging_done) Staging s = { .places = places };

        s.files = calloc(places->count ? places->count : 1, sizeof *s.files);
        if (!s.files)
                return -ENOMEM;
        for (; s.count < places->count; s.count++) {
                int r = stage(&places->items[s.count], &contents[s.count], &s.files[s.count],
                              ret_error);

                if (r < 0)
                        return r;
        }
        *ret = s;
        s = (Staging){};
        return 0;
}

/* Where there are no rights there may be no syncing of directories either. */
static int sync_directory(const Place *p) {
        int r = dir_sync(p->dir_fd);

        if (p->rights.mode == (mode_t) -1 && (r == -EINVAL || r == -EOPNOTSUPP || r == -ENOSYS))
                return 0;
        return r;
}

int staging_commit(Staging *s, char **ret_error) {
        int r = 0;

        for (size_t i = 0; i < s->count && r >= 0; i++) {
                const Place *p = &s->places->items[i];

                r = file_commit_at(p->dir_fd, &s->files[i]);
                if (r < 0)
                        (void) str_printf(
                                        ret_error, "%s cannot be replaced: %s%s", p->path,
                                        errno_text(r),
                                        r == -EPERM ? " (is it immutable? lsattr shows it)" : "");
        }
        /* Also after a failed rename: what was renamed must be known to be there. */
        for (size_t i = 0; i < s->count; i++) {
                int sync = sync_directory(&s->places->items[i]);

                if (r >= 0 && sync < 0) {
                        (void) str_printf(
                                        ret_error, "%s cannot be synced: %s",
                                        s->places->items[i].path, errno_text(sync));
                        r = sync;
                }
        }
        return r;
}
