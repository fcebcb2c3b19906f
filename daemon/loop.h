#pragma once

/* Seam: time and chance. Real: sd-event (loop.c). Fake: virtual time (tests/fake/loop.c). Callbacks run
 * from the loop only, never from within the call that sets them up; freeing a timer cancels it. */

#include "base/base.h"

typedef struct Loop Loop;
typedef struct Timer Timer;
typedef void (*loop_fn)(void *userdata);

int64_t loop_wall_sec(Loop *l); /* CLOCK_REALTIME, Unix seconds */
usec_t loop_boot_usec(Loop *l); /* CLOCK_BOOTTIME */
uint32_t loop_random(Loop *l);  /* uniform; not for secrets */

/* One shot at a wall-clock instant (past: soon), within `slack_sec` after it. Fires also, early, when the clock is set: the
 * callback must look at the time and plan again. */
int loop_timer_at(
                Loop *l,
                int64_t at_unix_sec,
                int64_t slack_sec,
                loop_fn fn,
                void *userdata,
                Timer **ret);

/* One shot after `delay_usec` of CLOCK_BOOTTIME. */
int loop_timer_after(Loop *l, usec_t delay_usec, loop_fn fn, void *userdata, Timer **ret);

Timer *timer_free(Timer *t);
DEFINE_CLEANUP(Timer *, timer_free)
