#pragma once

/* What systemd does, where there is no systemd: sockets for the two helpers, one process per connection, and the engine
 * under its own user. */

#include "daemon/options.h"

/* Runs until the engine ends; its exit status. */
int parent_run(const Options *options);
