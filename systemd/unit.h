#pragma once

/* Units of the service manager over D-Bus: their state, and jobs awaited to their end. Blocking; for
 * the installer and renewctl. The bus is the system bus, or systemd's private socket where there is
 * none. */

#include "base/strings.h"

/* sd_booted(3): systemd runs this machine or container. */
bool systemd_is_running(void);

typedef enum UnitState {
        UNIT_UNKNOWN, /* there is no such unit */
        UNIT_INACTIVE,
        UNIT_FAILED,
        UNIT_ACTIVATING, /* also while waiting to be restarted */
        UNIT_ACTIVE,
        UNIT_RELOADING,
        UNIT_DEACTIVATING,
        UNIT_STATE_MAX,
        UNIT_STATE_INVALID = -EINVAL,
} UnitState;
const char *unit_state_to_string(UnitState s);
UnitState unit_state_from_string(const char *text); /* systemd's ActiveState */

/* Runs, or is about to: what a try-restart would act on. */
bool unit_state_is_running(UnitState s);

/* [A-Za-z0-9:_.@-]+ with a suffix such as ".service" (R2.12.1). */
bool unit_name_is_valid(const char *name);

typedef struct Units Units;

/* Connects. -ENOTCONN: systemd does not run here. */
int units_open(Units **ret);
Units *units_free(Units *u);
DEFINE_CLEANUP(Units *, units_free)

int units_state(Units *u, const char *name, UnitState *ret);

/* Watches the unit for `duration`, for what dies shortly after its job was done; comes back at once
 * when it is inactive or failed. */
int units_settle(Units *u, const char *name, usec_t duration, UnitState *ret);

/* Jobs, awaited for at most `timeout`. 0: done. -EIO: the job failed; -ETIMEDOUT: it still runs; other
 * negatives: it could not be asked for. *ret_error (may be NULL): words for a person, malloc'ed. The
 * try forms never start a unit that does not run. */
int units_reload_or_try_restart(Units *u, const char *name, usec_t timeout, char **ret_error);
int units_try_restart(Units *u, const char *name, usec_t timeout, char **ret_error);
int units_restart(Units *u, const char *name, usec_t timeout, char **ret_error);

/* Sends a signal to the unit's main process alone. It is not awaited what comes of it. */
int units_signal(Units *u, const char *name, int number, char **ret_error);

/* The type of the job that waits or runs for the unit ("stop", "restart" …); "" if there is none. malloc'ed. */
int units_job_type(Units *u, const char *name, char **ret);

/* Asks for the unit to be stopped, unless its start is asked for already; does not wait. */
int units_stop(Units *u, const char *name, char **ret_error);

/* Enables unit files as `systemctl enable` does; then systemd reads its files again. */
int units_enable(Units *u, const StringList *names, char **ret_error);
int units_daemon_reload(Units *u, char **ret_error);
