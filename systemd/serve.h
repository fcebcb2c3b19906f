#pragma once

/* A helper's life: one connection, handed in by the socket unit (Accept=yes) or by renewd, from a peer
 * that may ask. */

#include "base/varlink.h"

/* The engine's user, root, or our own user: who may ask signer and installer (R2.7.5, R2.7.6). */
bool peer_may_ask(const VarlinkPeer *peer);

/* Serves the connection to its end; what goes wrong is logged. Others than peer_may_ask() are
 * dropped with -EPERM. */
int serve_inherited(const VarlinkService *service, void *userdata);

/* The same with a connection from listen_connection(); takes the descriptor. */
int serve_connection(int fd, const VarlinkService *service, void *userdata);
