#include "tests/fake/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

FakeUnits fake_units;

struct Units {
        int unused;
};

void fake_units_reset(void) {
        fake_units = (FakeUnits){
                .running = true,
                .state = UNIT_ACTIVE,
                .after_tell = UNIT_ACTIVE,
                .after_start = UNIT_ACTIVE,
        };
}

bool systemd_is_running(void) {
        return fake_units.running;
}

bool unit_state_is_running(UnitState s) {
        return s == UNIT_ACTIVE || s == UNIT_RELOADING || s == UNIT_ACTIVATING;
}

int units_open(Units **ret) {
        *ret = calloc(1, sizeof **ret);
        return *ret ? 0 : -ENOMEM;
}

Units *units_free(Units *u) {
        free(u);
        return NULL;
}

int units_state(Units *u, const char *name, UnitState *ret) {
        (void) u;
        (void) name;
        *ret = fake_units.state;
        return 0;
}

int units_settle(Units *u, const char *name, usec_t duration, UnitState *ret) {
        (void) duration;
        return units_state(u, name, ret);
}

static int told(char **ret_error) {
        if (fake_units.on_tell)
                fake_units.on_tell();
        if (unit_state_is_running(fake_units.state))
                fake_units.state = fake_units.after_tell;
        if (fake_units.tell_result < 0)
                (void) str_replace(ret_error, "the job failed");
        return fake_units.tell_result;
}

int units_reload_or_try_restart(Units *u, const char *name, usec_t timeout, char **ret_error) {
        (void) u;
        (void) name;
        (void) timeout;
        fake_units.reloads++;
        return told(ret_error);
}

int units_try_restart(Units *u, const char *name, usec_t timeout, char **ret_error) {
        (void) u;
        (void) name;
        (void) timeout;
        fake_units.try_restarts++;
        return told(ret_error);
}

int units_restart(Units *u, const char *name, usec_t timeout, char **ret_error) {
        (void) u;
        (void) name;
        (void) timeout;
        (void) ret_error;
        fake_units.restarts++;
        fake_units.state = fake_units.after_start;
        return 0;
}

int units_signal(Units *u, const char *name, int number, char **ret_error) {
        (void) u;
        (void) name;
        fake_units.signals++;
        fake_units.signal_number = number;
        return told(ret_error);
}

int units_job_type(Units *u, const char *name, char **ret) {
        (void) u;
        (void) name;
        *ret = strdup(fake_units.job ? fake_units.job : "");
        return *ret ? 0 : -ENOMEM;
}

int units_stop(Units *u, const char *name, char **ret_error) {
        size_t used = strlen(fake_units.stopped);

        (void) u;
        (void) ret_error;
        (void) snprintf(fake_units.stopped + used, sizeof(fake_units.stopped) - used, "%s ", name);
        return 0;
}

void transient_result_done(TransientResult *r) {
        free(r->result);
        bytes_done(&r->output);
}

int transient_run(Units *u, const TransientSpec *spec, TransientResult *ret, char **ret_error) {
        (void) u;
        (void) ret_error;
        fake_units.transients++;
        if (fake_units.on_transient)
                fake_units.on_transient(spec);
        *ret = (TransientResult){ .code = CLD_EXITED, .status = fake_units.exit_status };
        return str_replace(&ret->result, fake_units.result);
}
