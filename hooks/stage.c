#include "hooks/stage.h"

#include <sys/stat.h>

#include "base/log.h"
#include "hooks/contents.h"
#include "hooks/keytool.h"
#include "hooks/staging.h"
#include "hooks/store.h"

#define KIND "stage"

int stage_open(const Deployment *d) {
        _cleanup_close_ int fd =
                        store_installer(d->job->paths, KIND, d->job->certificate->name, true);

        return fd < 0 ? TAKE_FD(fd) : store_make(fd, d->job->target->name, 0700);
}

static int write_places(Deployment *d, PlaceList *places, char **ret_error) {
        _cleanup_(staging_done) Staging staging = {};
        Bytes *contents = NULL;
        int r;

        r = place_list_unlock(places, d->job->paths, ret_error);
        if (r >= 0)
                r = contents_of_bundle(places, &d->live.bundle, &contents, ret_error);
        if (r < 0)
                return r;
        r = keystores_for_java(d, places, contents, ret_error);
        if (r >= 0)
                r = place_list_open(places, false, ret_error);
        if (r >= 0)
                r = staging_write(places, contents, &staging, ret_error);
        contents_free(contents, places->count);
        return r < 0 ? r : staging_commit(&staging, ret_error);
}

int stage_write(Deployment *d) {
        _cleanup_(place_list_done) PlaceList places = {};
        _cleanup_close_ int fd = -1;
        char *error = NULL;
        int r;

        stage_remove(d->job->paths, d->job->certificate->name, d->job->target->name);
        r = place_list_from_target(d->job->target, true, &places, &error);
        if (r >= 0 && places.count == 0)
                return 0;
        if (r >= 0)
                r = fd = stage_open(d);
        if (r >= 0)
                r = write_places(d, &places, &error);
        if (r < 0 && !error)
                (void) str_printf(&error, "the stage directory: %s", errno_text(r));
        return r < 0 ? deploy_stop(d, "stage", error) : 0;
}

void stage_remove(const Paths *paths, const char *certificate, const char *target) {
        _cleanup_close_ int fd = store_installer(paths, KIND, certificate, false);
        int r = fd < 0 ? fd : dir_remove_flat_at(fd, target);

        if (r < 0 && r != -ENOENT)
                log_message(LOG_ERR, &(LogFields){ .certificate = certificate, .target = target },
                            "%s: %s: its stage directory cannot be removed: %s", certificate,
                            target, errno_text(r));
}

void stage_remove_all(const Paths *paths, const char *certificate) {
        _cleanup_close_ int fd = store_installer(paths, KIND, certificate, false),
                            rows = store_installer(paths, "rows", certificate, true);
        _cleanup_(string_list_done) StringList targets = {};

        if (fd < 0 || rows < 0 || dir_list(fd, &targets) < 0)
                return;
        for (size_t i = 0; i < targets.count; i++) {
                _cleanup_close_ int lock = store_lock_target(rows, targets.items[i]);

                if (lock >= 0)
                        stage_remove(paths, certificate, targets.items[i]);
        }
}
