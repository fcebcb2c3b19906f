#pragma once

/* The real prober: probe/ on the event loop. */

#include "daemon/loop-real.h"
#include "daemon/prober.h"

int prober_new(Loop *loop, Prober **ret);

/* After all calls. */
Prober *prober_free(Prober *p);
DEFINE_CLEANUP(Prober *, prober_free)
