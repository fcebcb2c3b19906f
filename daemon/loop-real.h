#pragma once

/* The real loop: an sd-event loop, for the files that need its descriptors and signals themselves. */

#include <systemd/sd-event.h>

#include "daemon/loop.h"

int loop_new(Loop **ret);

/* After all that was set up on it. */
Loop *loop_free(Loop *l);
DEFINE_CLEANUP(Loop *, loop_free)

sd_event *loop_event(Loop *l); /* borrowed */
