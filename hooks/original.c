#include "hooks/original.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "hooks/saved.h"

#define SETS_MAX 64 /* a set for each File= that came later */

/* "TARGET", "TARGET~1" …; '~' is in no target's name. */
static int set_name(const char *target, unsigned i, char **ret) {
        return i == 0 ? str_replace(ret, target) : str_printf(ret, "%s~%u", target, i);
}

/* -ENOENT: there is no such set; one that cannot be read is none (-EBADMSG). */
static int load_set(int dir_fd, const char *target, unsigned i, Saved *ret) {
        _cleanup_free_ char *name = NULL;
        int r = set_name(target, i, &name);

        return r < 0 ? r : saved_load(dir_fd, name, ret);
}

static int restored_name(const char *target, char **ret) {
        return str_printf(ret, "%s~restored", target);
}

static int is_restored(int dir_fd, const char *target) {
        _cleanup_free_ char *name = NULL;
        struct stat st;
        int r = restored_name(target, &name);

        if (r < 0)
                return r;
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
                return 1;
        return errno == ENOENT ? 0 : -errno;
}

/* ---- keep ---- */

/* They are where they were: what stands there now is what the next deploy meets. */
static int forget_restored(int dir_fd, const char *target) {
        _cleanup_free_ char *marker = NULL;
        int r = is_restored(dir_fd, target);

        if (r <= 0)
                return r;
        for (unsigned i = 0; i < SETS_MAX && r >= 0; i++) {
                _cleanup_free_ char *name = NULL;

                r = set_name(target, i, &name);
                if (r >= 0)
                        r = saved_drop(dir_fd, name);
        }
        if (r >= 0)
                r = restored_name(target, &marker);
        return r < 0 ? r : file_remove_at(dir_fd, marker);
}

static bool has_path(const Saved *s, const char *path) {
        for (size_t i = 0; i < s->places.count; i++)
                if (str_equal(s->places.items[i].path, path))
                        return true;
        return false;
}

/* Leaves in `list` the places that the set does not know. */
static void without_known(const Saved *s, PlaceList *list) {
        size_t kept = 0;

        for (size_t i = 0; i < list->count; i++)
                if (!has_path(s, list->items[i].path))
                        list->items[kept++] = list->items[i];
        list->count = kept;
}

static int keep_missing(int dir_fd, const char *target, PlaceList *missing, char **ret_error) {
        unsigned i = 0;

        for (; missing->count > 0 && i < SETS_MAX; i++) {
                _cleanup_(saved_done) Saved set = {};
                _cleanup_free_ char *name = NULL;
                int r = load_set(dir_fd, target, i, &set);

                if (r >= 0) {
                        without_known(&set, missing);
                        continue;
                }
                if (r != -ENOENT && r != -EBADMSG)
                        return r;
                r = set_name(target, i, &name);
                return r < 0 ? r : saved_save(dir_fd, name, missing, ret_error);
        }
        return missing->count > 0 ? -E2BIG : 0;
}

int original_keep(int dir_fd, const char *target, const PlaceList *places, char **ret_error) {
        _cleanup_free_ Place *items = calloc(places->count + 1, sizeof *items);
        PlaceList missing = { .items = items, .count = places->count }; /* borrows */
        int r = items ? forget_restored(dir_fd, target) : -ENOMEM;

        for (size_t i = 0; i < places->count && r >= 0; i++)
                items[i] = places->items[i];
        if (r >= 0)
                r = keep_missing(dir_fd, target, &missing, ret_error);
        if (r < 0 && !*ret_error)
                (void) str_printf(
                                ret_error, "what stood there before cannot be kept: %s",
                                errno_text(r));
        return r;
}

/* ---- questions ---- */

int original_state(int dir_fd, const char *target, OriginalState *ret) {
        OriginalState state = ORIGINAL_NONE;
        int r = is_restored(dir_fd, target);

        if (r > 0)
                state = ORIGINAL_RESTORED;
        for (unsigned i = 0; i < SETS_MAX && r == 0; i++) {
                _cleanup_(saved_done) Saved set = {};
                int e = load_set(dir_fd, target, i, &set);

                if (e == -ENOENT || e == -EBADMSG)
                        break;
                if (e < 0)
                        return e;
                if (state == ORIGINAL_NONE)
                        state = ORIGINAL_EMPTY;
                for (size_t k = 0; k < set.places.count; k++)
                        if (set.existed[k])
                                state = ORIGINAL_FILES;
        }
        if (r < 0)
                return r;
        *ret = state;
        return 0;
}

int original_places(int dir_fd, const char *target, PlaceList *ret) {
        for (unsigned i = 0; i < SETS_MAX; i++) {
                _cleanup_(saved_done) Saved set = {};
                int r = load_set(dir_fd, target, i, &set);

                if (r == -ENOENT || r == -EBADMSG)
                        return 0;
                for (size_t k = 0; k < set.places.count && r >= 0; k++)
                        r = place_list_copy(ret, &set.places.items[k]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- restore ---- */

static int remove_file(Place *p, char **ret_error) {
        int r = place_open(p, false, ret_error);

        if (r >= 0)
                r = file_remove_at(p->dir_fd, p->name);
        if (r < 0 && !*ret_error)
                (void) str_printf(ret_error, "'%s' cannot be removed: %s", p->path, errno_text(r));
        return r;
}

static int tell(StringList *messages, const char *path, const char *what) {
        _cleanup_free_ char *text = NULL;
        int r = str_printf(&text, "%s %s", path, what);

        return r < 0 ? r : string_list_add(messages, text);
}

static void swap_places(PlaceList *l, size_t a, size_t b) {
        Place place = l->items[a];

        l->items[a] = l->items[b];
        l->items[b] = place;
}

static void swap_entries(Saved *s, size_t a, size_t b) {
        bool existed = s->existed[a];
        Bytes content = s->contents[a];

        swap_places(&s->places, a, b);
        swap_places(&s->former, a, b);
        s->contents[a] = s->contents[b];
        s->contents[b] = content;
        s->existed[a] = s->existed[b];
        s->existed[b] = existed;
}

/* Those that existed to the front, in their order; returns how many. */
static size_t sort_existed(Saved *s) {
        size_t count = 0;

        for (size_t i = 0; i < s->places.count; i++)
                if (s->existed[i])
                        swap_entries(s, count++, i);
        return count;
}

static int restore_set(Saved *s, bool remove, StringList *messages, char **ret_error) {
        size_t all = s->places.count, count = sort_existed(s);
        int r = 0;

        if (count > 0) {
                s->former.count = count; /* a set of its own, for the moment */
                r = saved_restore(s, ret_error);
                s->former.count = all;
        }
        for (size_t i = 0; i < all && r >= 0; i++) {
                const char *path = s->places.items[i].path;

                if (i < count)
                        r = tell(messages, path, "is as it was before");
                else if (!remove)
                        r = tell(messages, path, "was not there before; it stays");
                else {
                        r = remove_file(&s->places.items[i], ret_error);
                        if (r >= 0)
                                r = tell(messages, path, "is gone, as before");
                }
        }
        return r;
}

int original_restore(
                int dir_fd,
                const char *target,
                bool remove,
                StringList *messages,
                char **ret_error) {
        for (unsigned i = 0; i < SETS_MAX; i++) {
                _cleanup_(saved_done) Saved set = {};
                int r = load_set(dir_fd, target, i, &set);

                if (r == -ENOENT || r == -EBADMSG)
                        return 0;
                if (r >= 0)
                        r = restore_set(&set, remove, messages, ret_error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int original_set_restored(int dir_fd, const char *target) {
        FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_free_ char *name = NULL;
        int r = restored_name(target, &name);

        return r < 0 ? r : file_replace_at(dir_fd, name, "", 0, rights);
}
