#pragma once

/* A systemd of one unit, and of transient units that only count: link-time stand-in for systemd/unit.h and
 * systemd/transient.h. */

#include "systemd/transient.h"
#include "systemd/unit.h"

typedef struct FakeUnits {
        bool running;          /* systemd_is_running() */
        UnitState state;       /* of the unit now */
        UnitState after_tell;  /* its state once it was reloaded or try-restarted */
        UnitState after_start; /* its state once it was restarted for certain */
        int tell_result;       /* of the reload or try-restart */
        int exit_status;       /* of a transient unit */
        const char *result;    /* systemd's word of it; NULL: none */
        void (*on_transient)(const TransientSpec *spec); /* may look at the disk; NULL */
        void (*on_tell)(void);                           /* the same when the unit is told */
        const char *job;                                 /* type of the unit's job; NULL: none */
        char stopped[256]; /* names of the units that were asked to stop, each with a space after it */
        int signal_number; /* the last one that was sent */
        unsigned signals, reloads, try_restarts, restarts, transients;
} FakeUnits;

extern FakeUnits fake_units;

/* Running, the unit active and content with everything. */
void fake_units_reset(void);
