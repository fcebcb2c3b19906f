/* A verified target whose files somebody changed, while its service must not be interrupted: the service has loaded the very
 * files that are put back, so it need not be told. What is set up besides is mended only as far as its program can do so
 * quietly; the rest waits for a deploy. */

#include "base/log.h"
#include "hooks/deploy-internal.h"
#include "hooks/saved.h"

/* The row is open meanwhile, so that a crash between two renames is ended at boot. */
static int mend_files(Deployment *d, char **ret_error) {
        int r, e;

        d->row.state = ROW_OPEN;
        r = deploy_write_files(d);
        if (r != 0 && d->row.error)
                (void) str_replace(ret_error, d->row.error); /* else there are words of the errno */
        d->row.state = ROW_VERIFIED;
        d->row.rolled_back = false;
        (void) row_set_failure(&d->row, NULL, NULL); /* freeing cannot fail */
        e = row_save(d->rows_fd, d->job->target->name, &d->row);
        (void) saved_drop(
                        d->saved_fd,
                        d->job->target->name); /* one that stays is known to be stale */
        return e < 0 ? e : r == DEPLOY_STOPPED ? -EREMOTEIO : r;
}

static int mend(Deployment *d, char **ret_error) {
        int r;

        deploy_look_at_unit(d);
        r = deploy_open_places(d, true, ret_error);
        if (r >= 0 && !d->row.in_place)
                r = mend_files(d, ret_error);
        if (r < 0)
                return r;
        if (!deploy_setup_in_place(d))
                deploy_setup_mend(d);
        d->row.in_place = deploy_files_in_place(d) && deploy_setup_in_place(d);
        deploy_setup_todo(d);
        return 0;
}

int deploy_mended(const DeployJob *job, const char *leaf, Row *ret, char **ret_error) {
        _cleanup_(deployment_done)
                        Deployment d = { .job = job, .rows_fd = -1, .saved_fd = -1, .lock_fd = -1 };
        int r;

        *ret_error = NULL;
        r = deploy_open_ledger(&d, ret_error);
        if (r >= 0 && (d.row.state != ROW_VERIFIED || !str_equal(d.row.leaf, leaf)))
                r = deploy_say(ret_error, -ESTALE, "this leaf is not verified at this target");
        if (r >= 0)
                r = deploy_load_leaf(&d, leaf, ret_error);
        if (r >= 0)
                r = mend(&d, ret_error);
        if (r < 0)
                return deploy_say(ret_error, r, "mending");
        *ret = d.row;
        d.row = (Row){};
        return 0;
}
