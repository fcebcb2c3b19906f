#pragma once

/* The fake of daemon/loop.h: virtual time and chance from a seed. Boot time runs only when the test runs the loop; the
 * true time is what a right clock would show, the wall clock is the true time plus an offset that tests set. */

#include "daemon/loop.h"

Loop *fake_loop_new(uint64_t seed, int64_t true_sec);
Loop *fake_loop_free(Loop *l); /* no timer may be left */
DEFINE_CLEANUP(Loop *, fake_loop_free)

/* Runs the next callback. False: there is none at all, or the engine has crashed. */
bool fake_loop_step(Loop *l);

/* Runs callbacks for this long; time passes in any case. Ends early on a crash. */
void fake_loop_run(Loop *l, int64_t sec);

/* Until there are no callbacks within the next `sec` seconds, at most for `limit_sec`. True: it became quiet. */
bool fake_loop_run_until_quiet(Loop *l, int64_t sec, int64_t limit_sec);

usec_t fake_loop_next(const Loop *l); /* boot time of the next callback; USEC_INFINITY */
size_t fake_loop_timers(const Loop *l);
uint64_t fake_loop_fired(const Loop *l);

int64_t fake_loop_true_sec(const Loop *l);
/* Somebody sets the clock: wall timers fire at once. */
void fake_loop_set_offset(Loop *l, int64_t offset_sec);
int64_t fake_loop_offset(const Loop *l);

/* A crash of the engine: from here on nothing it does has an effect and nothing calls it, until the test has freed the
 * manager and says that it is over. Timers of the world (world_timer_after) go on. */
void fake_loop_crash(Loop *l);
void fake_loop_crash_over(Loop *l);
bool fake_loop_crashed(const Loop *l);

/* Crashes at the `nth` effect from here (a save, a call, a request, a challenge), before it or right after it. */
void fake_loop_set_fuse(Loop *l, unsigned nth, bool before);
bool fake_loop_fuse_is_left(const Loop *l);
typedef enum FakeEffect { EFFECT_HAPPENS, EFFECT_IS_THE_LAST, EFFECT_COMES_TOO_LATE } FakeEffect;
FakeEffect fake_loop_effect(Loop *l); /* the fakes ask before each effect */

/* A timer that is not the engine's. */
int fake_loop_world_timer(Loop *l, usec_t delay, loop_fn fn, void *userdata, Timer **ret);

/* Of the test's own chance, apart from the engine's. */
uint32_t fake_random(Loop *l);
bool fake_chance(Loop *l, uint32_t per_million);
