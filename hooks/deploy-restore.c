/* The way back: what stood at a target before renewd stands there again. It is a transaction like any other: the present set is
 * saved and the row open before the first rename, so that a crash on the way ends at our set, which the next look completes. */

#include "hooks/deploy-internal.h"
#include "hooks/original.h"
#include "hooks/saved.h"
#include "hooks/store.h"

typedef struct Restoring {
        Deployment d;
        int original_fd; /* owns */
        OriginalState state;
        StringList *messages; /* borrows */
} Restoring;

static void restoring_done(Restoring *v) {
        deployment_done(&v->d);
        v->original_fd = close_fd(v->original_fd);
}

static int restoring_open(Restoring *v, char **ret_error) {
        int r = deploy_open_ledger(&v->d, ret_error);

        if (r < 0)
                return r;
        v->original_fd = store_installer(
                        v->d.job->paths, "original", v->d.job->certificate->name, true);
        r = v->original_fd;
        if (r >= 0)
                r = original_state(v->original_fd, v->d.job->target->name, &v->state);
        return r < 0 ? deploy_say(ret_error, r, "what stood there before cannot be read") : 0;
}

/* A crash from here on is ended at boot with the present set. */
static int make_safe(Restoring *v, char **ret_error) {
        _cleanup_(place_list_done) PlaceList places = {};
        Deployment *d = &v->d;
        int r;

        if (d->row.state == ROW_NONE)
                return 0; /* of no leaf that could be completed */
        r = original_places(v->original_fd, d->job->target->name, &places);
        if (r >= 0)
                r = place_list_open(&places, true, ret_error);
        if (r >= 0)
                r = saved_save(d->saved_fd, d->job->target->name, &places, ret_error);
        d->row.state = ROW_OPEN;
        if (r >= 0)
                r = row_save(d->rows_fd, d->job->target->name, &d->row);
        return r < 0 ? deploy_say(ret_error, r, "the present files cannot be saved") : 0;
}

/* 1: files were touched. */
static int restore_files(Restoring *v, char **ret_error) {
        const char *target = v->d.job->target->name;
        bool has_setup = v->d.job->target->setup.count > 0;
        int r;

        if (v->state == ORIGINAL_NONE) {
                r = has_setup ? 0
                              : string_list_add(v->messages,
                                                "what stood here before is not known; the files stay");
                return r;
        }
        if (v->state == ORIGINAL_RESTORED)
                return 0;
        r = make_safe(v, ret_error);
        /* Where nothing at all was, the service's configuration still names our files; only its own set-up knows better. */
        if (r >= 0)
                r = original_restore(
                                v->original_fd, target, has_setup || v->state == ORIGINAL_FILES,
                                v->messages, ret_error);
        /* The check's roll-back must not find it. */
        if (r >= 0)
                r = saved_drop(v->d.saved_fd, target);
        if (r < 0)
                return deploy_say(ret_error, r, "the former files cannot be put back");
        return has_setup || v->state == ORIGINAL_FILES;
}

static int tell_service(Restoring *v, char **ret_error) {
        Deployment *d = &v->d;
        bool told = deploy_unit(d->job->target) || d->job->target->command.count > 0;
        int r;

        (void) row_set_failure(&d->row, NULL, NULL); /* freeing cannot fail */
        r = deploy_check(d);
        if (r == 0)
                r = deploy_activate(d);
        if (r < 0)
                return r;
        if (d->row.step) {
                (void) str_printf(
                                ret_error, "%s failed: %s", d->row.step,
                                d->row.error ? d->row.error : "no reason given");
                return -EREMOTEIO;
        }
        if (d->job->target->hook.count > 0)
                return string_list_add(
                                v->messages, "its hook is not run: tell the service yourself");
        return told && r == 0 ? string_list_add(v->messages, "the service was told") : 0;
}

/* Files of ours that stay are not what the next first deploy shall meet as former ones: then the sets stay as well. */
static int forget(Restoring *v, bool touched, char **ret_error) {
        Deployment *d = &v->d;
        const char *target = d->job->target->name;
        int r = 0;

        if (touched)
                r = original_set_restored(v->original_fd, target);
        if (r >= 0)
                r = row_drop(d->rows_fd, target);
        if (r >= 0)
                r = saved_drop(d->saved_fd, target);
        return r < 0 ? deploy_say(ret_error, r, "the ledger cannot be written") : 0;
}

static int restore(Restoring *v, char **ret_error) {
        Deployment *d = &v->d;
        int touched, r; /* whether files were */

        d->original = v->state == ORIGINAL_FILES ? "yes" : "no";
        deploy_look_at_unit(d);
        touched = restore_files(v, ret_error);
        if (touched < 0)
                return touched;
        r = deploy_setup_restore(d, v->messages, ret_error);
        if (r >= 0 && (touched || d->job->target->setup.count > 0))
                r = tell_service(v, ret_error);
        return r < 0 ? r : forget(v, touched, ret_error);
}

int deploy_restored(const DeployJob *job, StringList *messages, char **ret_error) {
        _cleanup_(restoring_done) Restoring v = {
                .d = { .job = job, .rows_fd = -1, .saved_fd = -1, .lock_fd = -1 },
                .original_fd = -1,
                .messages = messages,
        };
        int r;

        *ret_error = NULL;
        r = restoring_open(&v, ret_error);
        if (r < 0)
                return r;
        if (v.d.row.state == ROW_NONE && (v.state == ORIGINAL_RESTORED || v.state == ORIGINAL_NONE))
                return string_list_add(
                                messages, v.state == ORIGINAL_NONE ? "nothing of renewd is here"
                                                                   : "it was given back before");
        r = restore(&v, ret_error);
        return r < 0 ? deploy_say(ret_error, r, "giving back") : 0;
}
