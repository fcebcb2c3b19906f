/* From staged to in place, and back. */

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "hooks/deploy-internal.h"
#include "hooks/keytool.h"
#include "hooks/original.h"
#include "hooks/revoked.h"
#include "hooks/saved.h"
#include "hooks/staging.h"
#include "hooks/store.h"

#define TWIN_WAIT_SEC ((int64_t) SEC_PER_DAY)

bool deploy_files_in_place(const Deployment *d) {
        if (!d->wanted)
                return false; /* it is not even known what should be there */
        for (size_t i = 0; i < d->places.count; i++)
                if (d->places.items[i].dir_fd < 0 ||
                    !place_holds(&d->places.items[i], &d->wanted[i]))
                        return false;
        return true;
}

/* With the passwords of its keystores. */
static int load_saved(const Deployment *d, Saved *ret) {
        _cleanup_free_ char *ignored = NULL; /* then it is no set */
        int r = saved_load(d->saved_fd, d->job->target->name, ret);

        return r < 0 ? r : place_list_unlock(&ret->places, d->job->paths, &ignored);
}

void deploy_describe_drift(Deployment *d) {
        int r = 0;

        if (d->row.state != ROW_VERIFIED || d->row.in_place || !d->wanted ||
            !str_equal(d->row.leaf, d->live.info.leaf_sha256))
                return;
        for (size_t i = 0; i < d->places.count && r >= 0 && !d->row.drift; i++)
                r = place_describe_drift(&d->places.items[i], &d->wanted[i], &d->row.drift);
        if (r >= 0 && !d->row.drift) /* without memory it is only told that there is one */
                (void) str_printf(&d->row.drift, "its set-up");
}

/* Is there a former set already that must not be overwritten? One from before a row that is still open
 * is the last that was verified; what stands at the places now may be half of it. */
static bool former_is_kept(const Deployment *d) {
        _cleanup_(saved_done) Saved saved = {};
        StringList none = {}; /* a revoked one is worth keeping as a mark, if not to be put back */

        return load_saved(d, &saved) >= 0 && saved_is_for(&saved, &d->places) &&
               saved_is_usable(&saved, time(NULL), &none);
}

static int keep_original(const Deployment *d, char **ret_error) {
        _cleanup_close_ int fd =
                        store_installer(d->job->paths, "original", d->job->certificate->name, true);

        if (fd >= 0)
                return original_keep(fd, d->job->target->name, &d->places, ret_error);
        (void) str_printf(ret_error, "what stood there before cannot be kept: %s", errno_text(fd));
        return fd;
}

static int commit(Deployment *d, Staging *staging) {
        char *error = NULL;
        int r;

        r = row_save(d->rows_fd, d->job->target->name, &d->row);
        if (r < 0) {
                (void) str_printf(&error, "the ledger cannot be written: %s", errno_text(r));
                return deploy_stop(d, "save", error);
        }
        r = staging_commit(staging, &error);
        if (r >= 0)
                return 0;
        (void) deploy_roll_back(d); /* the row says whether it did */
        return deploy_stop(d, "rename", error);
}

int deploy_write_files(Deployment *d) {
        _cleanup_(staging_done) Staging staging = {};
        const char *target = d->job->target->name;
        char *error = NULL;

        if (deploy_files_in_place(d))
                return 0;
        if (keystores_for_java(d, &d->places, d->wanted, &error) < 0)
                return deploy_stop(d, "stage", error);
        if (staging_write(&d->places, d->wanted, &staging, &error) < 0)
                return deploy_stop(d, "stage", error);
        if (keep_original(d, &error) < 0)
                return deploy_stop(d, "save", error);
        if (!former_is_kept(d) && saved_save(d->saved_fd, target, &d->places, &error) < 0)
                return deploy_stop(d, "save", error);
        return commit(d, &staging);
}

/* What already ran on this pair alone goes on with it, and a twin that does not come is not awaited for ever. */
static bool is_patient(const Deployment *d) {
        return !d->was_told && time(NULL) < d->live.info.not_before + TWIN_WAIT_SEC;
}

int deploy_await_twin(Deployment *d) {
        const StringList *files = &d->job->target->twin_files;
        char *error = NULL;
        struct stat st;

        for (size_t i = 0; i < files->count && is_patient(d); i++) {
                if (stat(files->items[i], &st) == 0 || errno != ENOENT)
                        continue;
                (void) str_printf(
                                &error, "'%s' of certificate '%s' is not there yet",
                                files->items[i], d->job->certificate->twin);
                return deploy_stop(d, DEPLOY_STEP_TWIN, error);
        }
        return 0;
}

bool deploy_roll_back(Deployment *d) {
        _cleanup_(string_list_done) StringList revoked = {};
        _cleanup_(saved_done) Saved saved = {};
        _cleanup_free_ char *error = NULL;
        const char *target = d->job->target->name;

        if (load_saved(d, &saved) < 0 ||
            revoked_load(d->job->paths, d->job->certificate->name, &revoked) < 0 ||
            !saved_is_usable(&saved, time(NULL), &revoked))
                return false;
        if (saved_restore(&saved, &error) < 0) {
                log_message(LOG_ERR,
                            &(LogFields){ .certificate = d->job->certificate->name,
                                          .target = target },
                            "%s: %s: the former files cannot be put back: %s",
                            d->job->certificate->name, target, error ? error : "out of memory");
                return false;
        }
        /* They stand at their places again: the next deploy saves what it finds then. */
        (void) saved_drop(d->saved_fd, target);
        d->row.rolled_back = true;
        return true;
}
