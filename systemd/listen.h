#pragma once

/* Descriptors handed in by the service manager (sd_listen_fds(3)). Both functions take $LISTEN_FDS
 * out of the environment: only the first call sees anything. */

#include "base/base.h"

typedef struct ListenSocket {
        int fd;     /* owns; close-on-exec */
        char *name; /* owns; FileDescriptorName=, "unknown" without one */
} ListenSocket;

/* All inherited sockets; *ret NULL and *ret_count 0 when there are none. */
int listen_inherited(ListenSocket **ret, size_t *ret_count);

/* Closes and frees; NULL-safe, returns NULL. */
ListenSocket *listen_sockets_free(ListenSocket *sockets, size_t count);

/* The one accepted connection of a unit with Accept=yes, and whatever files were handed in behind it (*ret, freed by
 * listen_sockets_free(); ret NULL: there must be none). -ENOENT: nothing was handed in; -EINVAL: too much, or the first
 * is no connected unix stream socket. */
int listen_connection(ListenSocket **ret, size_t *ret_count);
