#pragma once

/* Octets through a non-blocking socket: an interrupted call is repeated, one that would wait is 0. */

#include "base/base.h"

/* How many went; 0: the socket is full; a negative errno. */
ssize_t octets_send(int fd, const void *data, size_t size);

/* How many came; 0: nothing yet; a negative errno, -ECONNRESET at the end of the stream. */
ssize_t octets_receive(int fd, void *data, size_t size);
