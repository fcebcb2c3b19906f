#pragma once

/* Listening unix sockets by path. */

#include "base/base.h"

/* Listens at `path` with `mode`, in place of a socket that nobody serves any more. The descriptor is non-blocking.
 * -EADDRINUSE: someone serves it; -EEXIST: it is something else. */
int listen_unix(const char *path, mode_t mode);
