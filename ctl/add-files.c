/* Files of the configuration as `add` and `remove` write them: whole, durable, and never over what
 * somebody else wrote. */

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "ctl/add.h"

#define ADDED_FILE_MAX ((size_t) 64 * 1024)

static int fail_write(Ctl *ctl, const char *directory, const char *file, int error) {
        if (error == -EACCES || error == -EPERM || error == -EROFS)
                return ctl_fail(ctl, CTL_NO_RIGHT, "%s/%s/%s cannot be written (%s); use sudo",
                                ctl->paths.config, directory, file, errno_text(error));
        return ctl_fail(ctl, CTL_PROBLEM, "%s/%s/%s cannot be written: %s", ctl->paths.config,
                        directory, file, errno_text(error));
}

static int open_directory(const Ctl *ctl, const char *directory) {
        _cleanup_close_ int config = dir_open(ctl->paths.config);

        return config < 0 ? config : dir_open_at(config, directory, 0755);
}

int add_file(Ctl *ctl,
             const char *directory,
             const char *file,
             const Bytes *content,
             bool replace,
             bool *ret_written) {
        _cleanup_close_ int fd = open_directory(ctl, directory);
        _cleanup_(bytes_done) Bytes present = {};
        int r = fd;

        *ret_written = false;
        if (r >= 0)
                r = file_read_at(fd, file, ADDED_FILE_MAX, &present);
        if (r >= 0 && present.size == content->size &&
            memcmp(bytes_text(&present), bytes_text(content), present.size) == 0)
                return 0;
        if (r >= 0 && !replace)
                return ctl_fail(ctl, CTL_PROBLEM,
                                "%s/%s/%s is there already and says something else; change it in an editor, or "
                                "take it away first with: renewctl remove NAME",
                                ctl->paths.config, directory, file);
        if (r < 0 && r != -ENOENT)
                return fail_write(ctl, directory, file, r);
        if (fd < 0)
                return fail_write(ctl, directory, file, fd);
        *ret_written = r == -ENOENT;
        r =
                        file_replace_at(fd, file, content->data, content->size,
                                        (FileRights){ 0644, (uid_t) -1, (gid_t) -1 });
        return r < 0 ? fail_write(ctl, directory, file, r) : 0;
}

/* The file and its drop-ins. */
int add_file_remove(Ctl *ctl, const char *directory, const char *file) {
        _cleanup_close_ int fd = open_directory(ctl, directory);
        _cleanup_free_ char *drop_ins = NULL;
        int r = fd;

        if (r >= 0)
                r = file_remove_at(fd, file);
        if (r >= 0)
                r = str_printf(&drop_ins, "%s.d", file);
        if (r >= 0)
                r = dir_remove_flat_at(fd, drop_ins);
        return r < 0 && r != -ENOENT ? fail_write(ctl, directory, file, r) : 0;
}
