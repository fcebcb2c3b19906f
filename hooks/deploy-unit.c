/* The service is told, and looked at afterwards. Only the try forms of reload and restart are used: what
 * does not run is left alone and finds the new files when somebody starts it.
 *
 * The one exception is ours to mend: a unit that ran, that we told to take new files, and that then
 * failed. With its former files back it is restarted, since a try form would leave it dead. If it ended
 * without failing, somebody may have stopped it meanwhile: then only the try form. */

#include "base/log.h"
#include "hooks/deploy-internal.h"

#define SETTLE_TIME (2 * USEC_PER_SEC) /* what dies of a reload does so at once */

const char *deploy_unit(const TargetConfig *target) {
        return target->restart ? target->restart : target->reload;
}

static const char *step_name(const TargetConfig *target) {
        return target->restart ? "restart" : "reload";
}

static const char *row_unit(UnitState s) {
        switch (s) {
        case UNIT_ACTIVE:
        case UNIT_ACTIVATING:
        case UNIT_RELOADING:
                return "active";
        case UNIT_INACTIVE:
        case UNIT_DEACTIVATING:
                return "inactive";
        case UNIT_FAILED:
                return "failed";
        case UNIT_UNKNOWN:
        case UNIT_STATE_MAX:
        case UNIT_STATE_INVALID:
        default:
                return "unknown";
        }
}

static bool runs_program(const TargetConfig *target) {
        return target->check.count > 0 || target->hook.count > 0;
}

void deploy_look_at_unit(Deployment *d) {
        const char *unit = deploy_unit(d->job->target);

        d->before = UNIT_UNKNOWN;
        if (!d->units && (unit || runs_program(d->job->target)) && systemd_is_running())
                (void) units_open(&d->units); /* without it: "no systemd here" */
        if (unit && d->units && units_state(d->units, unit, &d->before) < 0)
                d->before = UNIT_UNKNOWN;
        d->row.unit = unit ? row_unit(d->before) : "none";
}

static int tell(Deployment *d, char **ret_error) {
        const TargetConfig *target = d->job->target;
        usec_t limit = (usec_t) target->timeout_sec * USEC_PER_SEC;

        if (target->restart)
                return units_try_restart(d->units, target->restart, limit, ret_error);
        return units_reload_or_try_restart(d->units, target->reload, limit, ret_error);
}

static void bring_back(Deployment *d, UnitState now) {
        const TargetConfig *target = d->job->target;
        usec_t limit = (usec_t) target->timeout_sec * USEC_PER_SEC;
        _cleanup_free_ char *error = NULL;
        int r;

        if (now == UNIT_FAILED || now == UNIT_ACTIVATING)
                r = units_restart(d->units, deploy_unit(target), limit, &error);
        else
                r = tell(d, &error);
        if (r < 0)
                log_message(LOG_ERR,
                            &(LogFields){ .certificate = d->job->certificate->name,
                                          .target = target->name },
                            "%s: %s: not running on its former files either: %s",
                            d->job->certificate->name, target->name, error ? error : errno_text(r));
        if (units_state(d->units, deploy_unit(target), &now) >= 0)
                d->row.unit = row_unit(now);
}

/* It ran before and does not now. */
static int give_up(Deployment *d, UnitState now, const char *said) {
        const char *unit = deploy_unit(d->job->target), *step = step_name(d->job->target);
        bool back = deploy_roll_back(d);
        char *error = NULL;

        if (back)
                bring_back(d, now);
        (void) str_printf(
                        &error, "'%s' does not run since the %s%s%s; %s", unit, step,
                        said ? ": " : "", said ? said : "",
                        back ? "the former files are back"
                             : "there are no former files that could serve");
        return deploy_stop(d, step, error);
}

static int cannot_tell(Deployment *d) {
        const char *unit = deploy_unit(d->job->target);
        char *error = NULL;

        if (!d->units)
                (void) str_printf(
                                &error, "no systemd here: '%s' cannot be told; use Hook= instead",
                                unit);
        else
                (void) str_printf(&error, "there is no unit '%s'", unit);
        return deploy_stop(d, step_name(d->job->target), error);
}

int deploy_activate(Deployment *d) {
        const char *unit = deploy_unit(d->job->target);
        UnitState after = UNIT_UNKNOWN;
        char *error = NULL;
        int told, r;

        if (!unit)
                return 0;
        if (!d->units || d->before == UNIT_UNKNOWN)
                return cannot_tell(d);
        if (!unit_state_is_running(d->before))
                return DEPLOY_STOPPED; /* nothing failed: the row's unit says it all */
        told = tell(d, &error);
        r = units_settle(d->units, unit, SETTLE_TIME, &after);
        if (r < 0)
                after = d->before; /* not known to be dead is no reason to go back */
        d->row.unit = row_unit(after);
        if (after == UNIT_ACTIVE || after == UNIT_RELOADING ||
            (told == -ETIMEDOUT && (after == UNIT_ACTIVATING || after == UNIT_DEACTIVATING)))
                return told < 0 ? deploy_stop(d, step_name(d->job->target), error) : 0;
        r = give_up(d, after, error);
        free(error);
        return r;
}
