/* The service is told, and looked at afterwards. Only the try forms of reload and restart are used: what
 * does not run is left alone and finds the new files when somebody starts it; it gets no signal either, and its
 * client is not asked to talk to it.
 *
 * The one exception is ours to mend: a unit that ran, that we told to take new files, and that then
 * failed. With its former files back it is restarted, since a try form would leave it dead. If it ended
 * without failing, somebody may have stopped it meanwhile: then only the try form. */

#include "base/log.h"
#include "hooks/deploy-internal.h"

#define SETTLE_TIME (2 * USEC_PER_SEC) /* what dies of a reload does so at once */

/* What came of the telling, at the step that came last. */
typedef struct Told {
        const char *step; /* static */
        int result;
        char *error; /* owns */
} Told;

static void told_done(Told *t) {
        free(t->error);
}

const char *deploy_unit(const TargetConfig *target) {
        return target->restart ? target->restart : target->reload ? target->reload : target->unit;
}

static const char *step_name(const TargetConfig *target) {
        return target->restart             ? "restart"
               : target->reload            ? "reload"
               : target->signal_number > 0 ? "signal"
                                           : "command";
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
        return target->check.count > 0 || target->command.count > 0 ||
               target->fallback_command.count > 0 || target->hook.count > 0 ||
               target->setup.count > 0 || target->prove.count > 0;
}

/* Of a service that its own script runs nothing is known. */
static const char *row_unit_of(const Deployment *d) {
        if (!deploy_unit(d->job->target))
                return "none";
        return d->before == UNIT_UNKNOWN && d->job->target->fallback_command.count > 0
                               ? "none"
                               : row_unit(d->before);
}

void deploy_look_at_unit(Deployment *d) {
        const char *unit = deploy_unit(d->job->target);

        d->before = UNIT_UNKNOWN;
        if (!d->units && (unit || runs_program(d->job->target)) && systemd_is_running())
                (void) units_open(&d->units); /* without it: "no systemd here" */
        if (unit && d->units && units_state(d->units, unit, &d->before) < 0)
                d->before = UNIT_UNKNOWN;
        d->row.unit = row_unit_of(d);
}

static int tell_unit(Deployment *d, char **ret_error) {
        const TargetConfig *target = d->job->target;
        usec_t limit = (usec_t) target->timeout_sec * USEC_PER_SEC;

        if (target->restart)
                return units_try_restart(d->units, target->restart, limit, ret_error);
        if (target->reload)
                return units_reload_or_try_restart(d->units, target->reload, limit, ret_error);
        if (target->signal_number > 0)
                return units_signal(d->units, target->unit, target->signal_number, ret_error);
        return 0;
}

/* The vendor's tool first: what is reloaded then finds what it has left. */
static void tell(Deployment *d, Told *ret) {
        ret->step = "command";
        ret->result = deploy_command(d, &ret->error);
        if (ret->result < 0)
                return;
        ret->step = step_name(d->job->target);
        ret->result = tell_unit(d, &ret->error);
}

static void bring_back(Deployment *d, UnitState now) {
        const TargetConfig *target = d->job->target;
        usec_t limit = (usec_t) target->timeout_sec * USEC_PER_SEC;
        _cleanup_free_ char *error = NULL;
        int r;

        if (now == UNIT_FAILED || now == UNIT_ACTIVATING)
                r = units_restart(d->units, deploy_unit(target), limit, &error);
        else
                r = target->signal_number > 0 ? 0 : tell_unit(d, &error); /* to whom? */
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
static int give_up(Deployment *d, UnitState now, const Told *told) {
        bool back = deploy_roll_back(d);
        char *error = NULL;

        if (back)
                bring_back(d, now);
        (void) str_printf(
                        &error, "'%s' does not run since the %s%s%s; %s",
                        deploy_unit(d->job->target), told->step, told->error ? ": " : "",
                        told->error ? told->error : "",
                        back ? "the former files are back"
                             : "there are no former files that could serve");
        return deploy_stop(d, told->step, error);
}

static int cannot_tell(Deployment *d) {
        const char *unit = deploy_unit(d->job->target);
        char *error = NULL;

        if (!d->units)
                (void) str_printf(
                                &error,
                                "no systemd here: '%s' cannot be told; use FallbackCommand= or Hook= instead",
                                unit);
        else
                (void) str_printf(&error, "there is no unit '%s'", unit);
        return deploy_stop(d, step_name(d->job->target), error);
}

static int stop_if_failed(Deployment *d, Told *told) {
        if (told->result >= 0)
                return 0;
        if (!told->error)
                (void) str_printf(&told->error, "%s", errno_text(told->result));
        return deploy_stop(d, told->step, TAKE_PTR(told->error));
}

/* No unit belongs to the service: there is nothing to look at but the command's own end. */
static int tell_without_unit(Deployment *d) {
        _cleanup_(told_done) Told told = { .step = "command" };

        told.result = deploy_command(d, &told.error);
        if (told.result >= 0 && deploy_unit(d->job->target)) {
                told.step = step_name(d->job->target);
                told.result = deploy_fallback(d, &told.error);
        }
        return stop_if_failed(d, &told);
}

static bool is_alive(const Deployment *d, UnitState after, int told) {
        if (after == UNIT_ACTIVE || after == UNIT_RELOADING)
                return true;
        if (after == UNIT_ACTIVATING && d->before == UNIT_ACTIVATING)
                return !d->job->target->reload && !d->job->target->restart; /* no job was awaited */
        return told == -ETIMEDOUT && (after == UNIT_ACTIVATING || after == UNIT_DEACTIVATING);
}

int deploy_activate(Deployment *d) {
        const char *unit = deploy_unit(d->job->target);
        _cleanup_(told_done) Told told = {};
        UnitState after = UNIT_UNKNOWN;

        if (!unit)
                return tell_without_unit(d);
        if (!d->units || d->before == UNIT_UNKNOWN)
                return d->job->target->fallback_command.count > 0 ? tell_without_unit(d)
                                                                  : cannot_tell(d);
        if (!unit_state_is_running(d->before))
                return DEPLOY_STOPPED; /* nothing failed: the row's unit says it all */
        tell(d, &told);
        if (units_settle(d->units, unit, SETTLE_TIME, &after) < 0)
                after = d->before; /* not known to be dead is no reason to go back */
        d->row.unit = row_unit(after);
        if (is_alive(d, after, told.result))
                return stop_if_failed(d, &told);
        return give_up(d, after, &told);
}
