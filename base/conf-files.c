/* Which files make one configuration (UAPI.6, systemd.unit(5)). The vendor ships below /usr, the
 * administrator writes in /etc; a file there of the same name takes the place of the vendor's, and an
 * empty one or a link to /dev/null takes it away. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/conf-file.h"
#include "base/file.h"

#define DROP_INS_MAX 1024

typedef struct DropIn {
        char *name; /* owns */
        char *path; /* owns; NULL: masked */
} DropIn;

typedef struct DropIns {
        DropIn *items; /* owns */
        size_t count;
} DropIns;

static void drop_ins_done(DropIns *d) {
        for (size_t i = 0; i < d->count; i++) {
                free(d->items[i].name);
                free(d->items[i].path);
        }
        free(d->items);
}

typedef enum FileState {
        FILE_ABSENT,
        FILE_MASKED,
        FILE_PRESENT,
} FileState;

static int file_state(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return errno == ENOENT || errno == ENOTDIR ? (int) FILE_ABSENT : -errno;
        if (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size == 0))
                return FILE_MASKED;
        return S_ISREG(st.st_mode) ? FILE_PRESENT : FILE_ABSENT;
}

static int path_join(const char *dir, const char *name, const char *suffix, char **ret) {
        _cleanup_free_ char *cwd = NULL;

        if (dir[0] == '/')
                return str_printf(ret, "%s/%s%s", dir, name, suffix);
        cwd = get_current_dir_name();
        if (!cwd)
                return -errno;
        return str_printf(ret, "%s/%s/%s%s", cwd, dir, name, suffix);
}

static bool drop_ins_know(const DropIns *d, const char *name) {
        for (size_t i = 0; i < d->count; i++)
                if (str_equal(d->items[i].name, name))
                        return true;
        return false;
}

static int drop_ins_add(DropIns *d, const char *dir, const char *name) {
        _cleanup_free_ char *path = NULL, *copy = NULL;
        int r;

        if (name[0] == '.' || !str_ends_with(name, ".conf") || drop_ins_know(d, name))
                return 0;
        if (d->count >= DROP_INS_MAX)
                return -E2BIG;
        r = str_printf(&path, "%s/%s", dir, name);
        if (r < 0)
                return r;
        int state = file_state(path);
        if (state <= 0) /* an error, or not there */
                return state;
        copy = strdup(name);
        DropIn *items = reallocarray(d->items, d->count + 1, sizeof(*items));
        if (items)
                d->items = items;
        if (!copy || !items)
                return -ENOMEM;
        d->items[d->count++] = (DropIn){
                .name = TAKE_PTR(copy),
                .path = state == FILE_PRESENT ? TAKE_PTR(path) : NULL,
        };
        return 0;
}

static int drop_ins_read(DropIns *d, const char *dir) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        r = dir_list(fd, &names);
        for (size_t i = 0; r >= 0 && i < names.count; i++)
                r = drop_ins_add(d, dir, names.items[i]);
        return r;
}

static int compare_drop_ins(const void *a, const void *b) {
        return strcmp(((const DropIn *) a)->name, ((const DropIn *) b)->name);
}

/* The first that exists counts, also when it masks. */
static int add_main_file(const char *const dirs[], const char *name, StringList *ret) {
        int r;

        for (size_t i = 0; dirs[i]; i++) {
                _cleanup_free_ char *path = NULL;
                r = path_join(dirs[i], name, "", &path);
                if (r < 0)
                        return r;
                int state = file_state(path);
                if (state < 0 || state == FILE_MASKED)
                        return MIN(state, 0);
                if (state == FILE_PRESENT)
                        return string_list_add(ret, path);
        }
        return 0;
}

int conf_files(const char *const dirs[], const char *name, StringList *ret) {
        _cleanup_(drop_ins_done) DropIns drop_ins = {};
        int r;

        r = add_main_file(dirs, name, ret);
        for (size_t i = 0; r >= 0 && dirs[i]; i++) {
                _cleanup_free_ char *dir = NULL;
                r = path_join(dirs[i], name, ".d", &dir);
                if (r >= 0)
                        r = drop_ins_read(&drop_ins, dir);
        }
        if (r < 0)
                return r;
        if (drop_ins.count > 0)
                qsort(drop_ins.items, drop_ins.count, sizeof(*drop_ins.items), compare_drop_ins);
        for (size_t i = 0; r >= 0 && i < drop_ins.count; i++)
                if (drop_ins.items[i].path)
                        r = string_list_add(ret, drop_ins.items[i].path);
        return r;
}
