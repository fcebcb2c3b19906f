#pragma once

/* Random walks: a whole engine under virtual time at a CA that may answer anything at any time. One walk is one seed. */

#include "tests/fake/world.h"

#define DAY ((int64_t) SEC_PER_DAY)

/* What the CA answers instead of, or besides, the right thing. */
typedef struct Whim Whim;

Whim *whim_new(World *w);
Whim *whim_free(Whim *whim);
DEFINE_CLEANUP(Whim *, whim_free)

/* Of the answers are wrong, per million; 0: all are right. */
void whim_set(Whim *whim, uint32_t per_million);
unsigned whim_count(const Whim *whim); /* answers that were changed */
bool whim_asked_for_days(
                const Whim *whim); /* a Retry-After of more than that: it holds for a week (S-04) */
