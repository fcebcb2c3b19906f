/* Straight-line and blocking: lock, read what is live, look, write, check, tell, record.
 *
 * The service's check reads the paths of its own configuration, so it can only judge files that are in
 * place: it runs after the renames, and the former set comes back if it refuses. (Checking staged files
 * would need a copy of every product's configuration.) Between rename and refusal no running service
 * is told anything; one that happens to start in that moment meets the refused files.
 *
 * Files are never rolled back for what a probe saw: that is the engine's business, which keeps the row
 * OPEN and tries again. */

#include "hooks/deploy.h"

#include "base/log.h"
#include "hooks/contents.h"
#include "hooks/deploy-internal.h"
#include "hooks/saved.h"
#include "hooks/stage.h"
#include "hooks/store.h"

void deployment_done(Deployment *d) {
        d->wanted = contents_free(d->wanted, d->places.count);
        place_list_done(&d->places);
        live_done(&d->live);
        row_done(&d->row);
        d->units = units_free(d->units);
        d->rows_fd = close_fd(d->rows_fd);
        d->saved_fd = close_fd(d->saved_fd);
        d->lock_fd = close_fd(d->lock_fd);
}

int deploy_stop(Deployment *d, const char *step, char *error) {
        /* Out of memory leaves the step out: what happens next does not depend on it. */
        (void) row_set_failure(&d->row, step, error);
        return DEPLOY_STOPPED;
}

int deploy_say(char **ret_error, int error, const char *what) {
        /* Of these two the words say it all. */
        bool plain = error == -ESTALE || error == -EWOULDBLOCK;

        if (!*ret_error)
                (void) str_printf(
                                ret_error, "%s%s%s", what, plain ? "" : ": ",
                                plain ? "" : errno_text(error));
        return error;
}

int deploy_open_ledger(Deployment *d, char **ret_error) {
        const char *certificate = d->job->certificate->name;
        int r;

        d->rows_fd = store_installer(d->job->paths, "rows", certificate, true);
        if (d->rows_fd < 0)
                return deploy_say(ret_error, d->rows_fd, "the ledger cannot be opened");
        d->saved_fd = store_installer(d->job->paths, "saved", certificate, true);
        if (d->saved_fd < 0)
                return deploy_say(ret_error, d->saved_fd, "the saved files cannot be opened");
        /* One call at a time for each certificate and target; others work beside it. */
        r = d->lock_fd = store_lock_target(d->rows_fd, d->job->target->name);
        if (r < 0)
                return deploy_say(
                                ret_error, r,
                                "the target cannot be locked (another call works on it)");
        r = row_load(d->rows_fd, d->job->target->name, &d->row);
        return r < 0 ? deploy_say(ret_error, r, "the ledger cannot be read") : 0;
}

static int load_live(Deployment *d, char **ret_error) {
        const CertificateConfig *c = d->job->certificate;
        int r = live_load(d->job->paths, c->name, !c->request_path, &d->live);

        if (r == -ENOENT || r == -EBADMSG)
                return deploy_say(ret_error, -ESTALE, "nothing usable is live");
        return r < 0 ? deploy_say(ret_error, r, "the live pair cannot be used") : 0;
}

int deploy_load_leaf(Deployment *d, const char *leaf, char **ret_error) {
        int r = load_live(d, ret_error);

        if (r >= 0 && !str_equal(d->live.info.leaf_sha256, leaf))
                return deploy_say(ret_error, -ESTALE, "another leaf is live");
        return r;
}

/* A CA of one's own has its root in Bundle= rather than in the system's store. */
static int find_root(Deployment *d) {
        _cleanup_(string_list_done) StringList files = {};
        const CertificateConfig *c = d->job->certificate;
        const Config *config = d->job->config;
        bool wanted = false;
        int r = 0;

        for (size_t i = 0; i < d->job->target->file_count; i++)
                wanted = wanted || file_content_holds(d->job->target->files[i].content, FILE_ROOT);
        if (!wanted)
                return 0;
        for (size_t i = 0; config && i < config->ca_count && r >= 0; i++)
                if (certificate_has_ca(c, config->cas[i].name) && config->cas[i].bundle)
                        r = string_list_add(&files, config->cas[i].bundle);
        return r < 0 ? r : bundle_find_root(&d->live.bundle, &files);
}

/* The places, opened, and what the target wants there. Sets in_place of the row. */
int deploy_open_places(Deployment *d, bool make, char **ret_error) {
        int r;

        d->row.in_place = false;
        r = place_list_from_target(d->job->target, false, &d->places, ret_error);
        if (r >= 0)
                r = place_list_unlock(&d->places, d->job->paths, ret_error);
        if (r >= 0)
                r = find_root(d);
        if (r >= 0)
                r = contents_of_bundle(&d->places, &d->live.bundle, &d->wanted, ret_error);
        if (r >= 0)
                r = place_list_open(&d->places, make, ret_error);
        if (r >= 0)
                d->row.in_place = deploy_files_in_place(d);
        return r;
}

/* Besides the files there is what the set-up program answers for. */
static void look_at_setup(Deployment *d) {
        d->row.in_place = d->row.in_place && deploy_setup_in_place(d);
}

/* ---- run ---- */

static int begin(Deployment *d, const char *leaf) {
        /* A set that outlived its purpose must not be taken for the former one once the row is open. */
        d->was_told = d->row.state != ROW_NONE && !str_equal(d->row.step, DEPLOY_STEP_TWIN);
        if (d->row.state == ROW_VERIFIED)
                (void) saved_drop(d->saved_fd, d->job->target->name);
        d->row.state = ROW_OPEN;
        d->row.activated = false;
        d->row.rolled_back = false;
        (void) row_set_failure(&d->row, NULL, NULL); /* freeing cannot fail */
        return str_replace(&d->row.leaf, leaf);
}

static int transact(Deployment *d) {
        int r;

        r = stage_write(d);
        if (r == 0)
                r = deploy_write_files(d);
        if (r == 0)
                r = deploy_await_twin(d);
        if (r == 0)
                r = deploy_setup(d); /* the check judges what it set up as well */
        if (r == 0)
                r = deploy_check(d);
        if (r == 0)
                r = deploy_activate(d);
        if (r == 0)
                r = deploy_hook(d);
        if (r == 0)
                d->row.activated = true;
        return r;
}

/* What came of it, on disk: also a failure, which a restart must not hide. */
static int finish(Deployment *d, char **ret_error) {
        int r;

        stage_remove(d->job->paths, d->job->certificate->name, d->job->target->name);
        d->row.in_place = deploy_files_in_place(d);
        look_at_setup(d);
        deploy_setup_todo(d);
        r = row_save(d->rows_fd, d->job->target->name, &d->row);
        return r < 0 ? deploy_say(ret_error, r, "the ledger cannot be written") : 0;
}

static int run_at_places(Deployment *d, const char *leaf, char **ret_error) {
        char *error = NULL;
        int r;

        deploy_look_at_unit(d);
        r = deploy_open_places(d, true, &error);
        /* Also where the ledger says VERIFIED: the engine asks again when the service serves another leaf all the same. */
        if (begin(d, leaf) < 0) {
                free(error);
                return -ENOMEM;
        }
        r = r < 0 ? deploy_stop(d, "place", error) : transact(d);
        if (r < 0) {
                (void) str_printf(&error, "%s", errno_text(r));
                (void) deploy_stop(d, "run", error);
        }
        return finish(d, ret_error);
}

/* The engine sees to it that the targets of a group take turns, but it may have died while an installer still restarts. */
static int lock_group(const DeployJob *job, int *ret, char **ret_error) {
        int r = 0;

        if (!job->target->group)
                return 0;
        r = *ret = store_lock_group(job->paths, job->target->group);
        if (r == -EWOULDBLOCK)
                return deploy_say(ret_error, r, "another target of its group is being deployed");
        return r < 0 ? deploy_say(ret_error, r, "the group cannot be locked") : 0;
}

int deploy_run(const DeployJob *job, const char *leaf, Row *ret, char **ret_error) {
        _cleanup_(deployment_done)
                        Deployment d = { .job = job, .rows_fd = -1, .saved_fd = -1, .lock_fd = -1 };
        _cleanup_close_ int group_fd = -1;
        int r;

        *ret_error = NULL;
        r = lock_group(job, &group_fd, ret_error);
        if (r >= 0)
                r = deploy_open_ledger(&d, ret_error);
        if (r >= 0)
                r = deploy_load_leaf(&d, leaf, ret_error);
        if (r >= 0)
                r = run_at_places(&d, leaf, ret_error);
        if (r < 0)
                return deploy_say(ret_error, r, "deploying");
        *ret = d.row;
        d.row = (Row){};
        return 0;
}

/* ---- verified ---- */

static int settle_row(Deployment *d, char **ret_error) {
        char *error = NULL;
        int r;

        if (d->row.state == ROW_VERIFIED || !d->row.in_place)
                return 0;
        if (d->job->target->hook.count > 0 && !d->row.activated) {
                /* A unit that somebody started serves the leaf before the hook ever ran. */
                if (!d->row.step) {
                        (void) str_printf(&error, "the hook has not run yet");
                        (void) deploy_stop(d, "hook", error);
                }
                return 0;
        }
        r = deploy_prove(d);
        if (r < 0)
                return deploy_say(ret_error, r, "the proof cannot be run");
        if (r > 0) { /* the next one tries again, and a restart knows why */
                r = row_save(d->rows_fd, d->job->target->name, &d->row);
                return r < 0 ? deploy_say(ret_error, r, "the ledger cannot be written") : 0;
        }
        d->row.state = ROW_VERIFIED;
        d->row.activated = d->row.proved = true;
        (void) row_set_failure(&d->row, NULL, NULL); /* freeing cannot fail */
        r = row_save(d->rows_fd, d->job->target->name, &d->row);
        if (r < 0)
                return deploy_say(ret_error, r, "the ledger cannot be written");
        /* One that stays is known to be stale by the row. */
        (void) saved_drop(d->saved_fd, d->job->target->name);
        return 0;
}

int deploy_verified(const DeployJob *job, const char *leaf, Row *ret, char **ret_error) {
        _cleanup_(deployment_done)
                        Deployment d = { .job = job, .rows_fd = -1, .saved_fd = -1, .lock_fd = -1 };
        _cleanup_free_ char *ignored = NULL;
        int r;

        *ret_error = NULL;
        r = deploy_open_ledger(&d, ret_error);
        if (r >= 0 && (d.row.state == ROW_NONE || !str_equal(d.row.leaf, leaf)))
                r = deploy_say(ret_error, -ESTALE, "the ledger has another leaf at this target");
        if (r >= 0)
                r = deploy_load_leaf(&d, leaf, ret_error);
        if (r < 0)
                return deploy_say(ret_error, r, "verifying");
        deploy_look_at_unit(&d);
        (void) deploy_open_places(&d, false, &ignored); /* the row's in_place says it */
        look_at_setup(&d);
        r = settle_row(&d, ret_error);
        if (r < 0)
                return r;
        *ret = d.row;
        d.row = (Row){};
        return 0;
}

/* ---- inspect ---- */

int deploy_inspect(const DeployJob *job, Row *ret, char **ret_error) {
        _cleanup_(deployment_done)
                        Deployment d = { .job = job, .rows_fd = -1, .saved_fd = -1, .lock_fd = -1 };
        _cleanup_free_ char *ignored = NULL; /* deploying says it, and where */
        int r = 0;

        *ret_error = NULL;
        d.rows_fd = store_installer(job->paths, "rows", job->certificate->name, false);
        if (d.rows_fd >= 0)
                r = row_load(d.rows_fd, job->target->name, &d.row);
        else if (d.rows_fd != -ENOENT)
                r = d.rows_fd;
        if (r < 0)
                return deploy_say(ret_error, r, "the ledger cannot be read");
        deploy_look_at_unit(&d);
        if (load_live(&d, &ignored) >= 0)
                (void) deploy_open_places(&d, false, &ignored); /* the row's in_place says it */
        look_at_setup(&d);
        deploy_describe_drift(&d);
        if (d.row.state != ROW_NONE)
                deploy_setup_todo(&d);
        *ret = d.row;
        d.row = (Row){};
        return 0;
}
