#pragma once

/* What `renewd-installer --recover` does early at boot, before any service reads its certificate: ends
 * the sets that a crash left between two renames. Asks systemd for nothing: a job for a unit that is
 * ordered after us would wait for ever. */

#include "config/paths.h"

/* Goes through all saved sets. One that cannot be mended is logged and left to the next deploy; negative
 * only when the state could not be read at all. */
int recover_all(const Paths *paths);

/* The same for one target. 1: a mixed set was ended; 0: nothing to do. */
int recover_target(const Paths *paths, const char *certificate, const char *target);
