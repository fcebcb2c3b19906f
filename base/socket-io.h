#pragma once

/* Octets over a blocking stream socket. Descriptors that the peer passes are closed unseen (R2.7.4). */

#include "base/base.h"

/* The number of octets, 0 at end of file, -ETIMEDOUT when the socket's own time limit ends. */
ssize_t socket_receive(int fd, void *buffer, size_t size);

/* All or an error; no SIGPIPE. */
int socket_send_all(int fd, const void *data, size_t size);
