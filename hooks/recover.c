/* A set is mixed when some of its files are the former ones and some are not, and it is not the new set
 * as a whole. It ends at the former set if that could serve (it has served before), else forward at the
 * live version the row was opened for. The configuration is not read: the saved set knows its places,
 * and a configuration broken since must not stop the boot. */

#include "hooks/recover.h"

#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "hooks/contents.h"
#include "hooks/live.h"
#include "hooks/revoked.h"
#include "hooks/row.h"
#include "hooks/saved.h"
#include "hooks/stage.h"
#include "hooks/staging.h"
#include "hooks/store.h"

typedef struct Recovery {
        const char *certificate, *target; /* borrow */
        Row row;
        Saved saved;
        Live live;
        Bytes *wanted;                  /* owns; NULL: the row's leaf is not live, or has expired */
        int rows_fd, saved_fd, lock_fd; /* own */
} Recovery;

static void recovery_done(Recovery *v) {
        v->wanted = contents_free(v->wanted, v->saved.places.count);
        saved_done(&v->saved);
        row_done(&v->row);
        live_done(&v->live);
        v->rows_fd = close_fd(v->rows_fd);
        v->saved_fd = close_fd(v->saved_fd);
        v->lock_fd = close_fd(v->lock_fd);
}

static void say(const Recovery *v, int level, const char *what, const char *error) {
        log_message(level, &(LogFields){ .certificate = v->certificate, .target = v->target },
                    "%s: %s: %s%s%s", v->certificate, v->target, what, error ? ": " : "",
                    error ? error : "");
}

static bool is_former(const Saved *s, size_t i) {
        const Place *p = &s->places.items[i];
        struct stat st;

        if (s->existed[i])
                return place_has_content(p, &s->contents[i]);
        return fstatat(p->dir_fd, p->name, &st, 0) < 0 && errno == ENOENT;
}

static bool is_mixed(const Recovery *v) {
        size_t former = 0, wanted = 0, count = v->saved.places.count;

        for (size_t i = 0; i < count; i++) {
                former += is_former(&v->saved, i);
                wanted += v->wanted && place_has_content(&v->saved.places.items[i], &v->wanted[i]);
        }
        return former < count && wanted < count;
}

static int load_wanted(Recovery *v, const Paths *paths) {
        _cleanup_free_ char *ignored = NULL;
        const StringList none = {};
        int r = live_load(paths, v->certificate, false, &v->live);

        if (r == -ENOMEM)
                return r;
        if (r < 0 || !str_equal(v->live.info.leaf_sha256, v->row.leaf) ||
            v->live.info.not_after <= time(NULL))
                return 0;
        if (contents_want_root(&v->saved.places))
                r = bundle_find_root(&v->live.bundle, &none);
        if (r >= 0)
                r = contents_of_bundle(&v->saved.places, &v->live.bundle, &v->wanted, &ignored);
        /* The key has moved elsewhere since, or the root is one that only the configuration knows. */
        return r == -ENOKEY || r == -ENODATA ? 0 : r;
}

/* What keytool makes cannot be made here: no program runs this early. */
static bool can_go_forward(const Recovery *v) {
        for (size_t i = 0; i < v->saved.places.count; i++)
                if (v->saved.places.items[i].form.format == FILE_FORMAT_JKS)
                        return false;
        return v->wanted;
}

static int go_forward(Recovery *v, char **ret_error) {
        _cleanup_(staging_done) Staging staging = {};
        int r = staging_write(&v->saved.places, v->wanted, &staging, ret_error);

        return r < 0 ? r : staging_commit(&staging, ret_error);
}

static int mend(Recovery *v, const Paths *paths) {
        _cleanup_(string_list_done) StringList revoked = {};
        _cleanup_free_ char *error = NULL;
        bool back;
        int r;

        r = revoked_load(paths, v->certificate, &revoked);
        if (r < 0)
                return r;
        back = saved_is_usable(&v->saved, time(NULL), &revoked);

        if (!back && !can_go_forward(v)) {
                say(v, LOG_ERR,
                    "files are of two certificates, and neither can be completed; the next deploy will",
                    NULL);
                return 0;
        }
        r = back ? saved_restore(&v->saved, &error) : go_forward(v, &error);
        if (r < 0) {
                say(v, LOG_ERR, "files are of two certificates and cannot be mended", error);
                return r;
        }
        if (back)
                (void) saved_drop(v->saved_fd, v->target); /* as after every roll-back */
        say(v, LOG_NOTICE,
            back ? "a crash left files of two certificates; the former ones are back"
                 : "a crash left files of two certificates; the new ones are complete",
            NULL);
        return 1;
}

/* 1: there is an open row with a former set to be looked at. */
static int recovery_open(Recovery *v, const Paths *paths) {
        _cleanup_free_ char *error = NULL;
        int r;

        v->rows_fd = store_installer(paths, "rows", v->certificate, true);
        if (v->rows_fd < 0)
                return v->rows_fd;
        v->saved_fd = store_installer(paths, "saved", v->certificate, true);
        if (v->saved_fd < 0)
                return v->saved_fd;
        v->lock_fd = store_lock_target(v->rows_fd, v->target);
        if (v->lock_fd < 0)
                return v->lock_fd;
        r = row_load(v->rows_fd, v->target, &v->row);
        /* One that outlived its purpose, with a key that is no longer in use: else the next deploy drops it. */
        if (r >= 0 && v->row.state == ROW_VERIFIED)
                (void) saved_drop(v->saved_fd, v->target);
        if (r < 0 || v->row.state != ROW_OPEN)
                return r;
        r = saved_load(v->saved_fd, v->target, &v->saved);
        if (r >= 0)
                r = place_list_unlock(&v->saved.places, paths, &error);
        if (error)
                say(v, LOG_ERR, "cannot be looked at", error);
        return r == -ENOENT || r == -EBADMSG ? 0
               : r < 0                       ? r
                                             : 1; /* half a set: no rename was made */
}

int recover_target(const Paths *paths, const char *certificate, const char *target) {
        _cleanup_(recovery_done) Recovery v = {
                .certificate = certificate,
                .target = target,
                .rows_fd = -1,
                .saved_fd = -1,
                .lock_fd = -1,
        };
        _cleanup_free_ char *error = NULL;
        int r;

        r = recovery_open(&v, paths);
        if (r <= 0)
                return r;
        r = place_list_open(&v.saved.places, false, &error);
        if (r < 0) {
                say(&v, LOG_ERR, "cannot be looked at", error);
                return r;
        }
        /* Nobody stages anything this early, so whatever is there is left over. */
        for (size_t i = 0; i < v.saved.places.count; i++)
                store_remove_temporaries_of(
                                v.saved.places.items[i].dir_fd, v.saved.places.items[i].name);
        r = load_wanted(&v, paths);
        if (r < 0)
                return r;
        return is_mixed(&v) ? mend(&v, paths) : 0;
}

static int recover_certificate(const Paths *paths, int all_fd, const char *certificate) {
        _cleanup_(string_list_done) StringList targets = {};
        _cleanup_close_ int fd = store_enter(all_fd, certificate);
        int r;

        if (fd < 0)
                return fd;
        r = dir_list(fd, &targets);
        for (size_t i = 0; r >= 0 && i < targets.count; i++)
                /* What went wrong at one is logged and must not keep the others. */
                if (recover_target(paths, certificate, targets.items[i]) == -ENOMEM)
                        r = -ENOMEM;
        return r;
}

/* What a transaction that was cut left for its commands. */
static void remove_stages(const Paths *paths, int installer_fd) {
        _cleanup_(string_list_done) StringList certificates = {};
        _cleanup_close_ int fd = store_enter(installer_fd, "stage");

        if (fd < 0 || dir_list(fd, &certificates) < 0)
                return;
        for (size_t i = 0; i < certificates.count; i++)
                stage_remove_all(paths, certificates.items[i]);
}

int recover_all(const Paths *paths) {
        _cleanup_(string_list_done) StringList certificates = {};
        _cleanup_close_ int state_fd = dir_open(paths->state), fd = -1, saved_fd = -1;
        int r;

        if (state_fd < 0)
                return state_fd == -ENOENT ? 0 : state_fd;
        fd = store_enter(state_fd, "installer");
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        remove_stages(paths, fd);
        saved_fd = store_enter(fd, "saved");
        if (saved_fd < 0)
                return saved_fd == -ENOENT ? 0 : saved_fd;
        r = dir_list(saved_fd, &certificates);
        for (size_t i = 0; r >= 0 && i < certificates.count; i++)
                if (recover_certificate(paths, saved_fd, certificates.items[i]) < 0)
                        log_warning("%s: its saved files cannot be read", certificates.items[i]);
        return r < 0 ? r : 0;
}
