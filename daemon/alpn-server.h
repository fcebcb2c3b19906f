#pragma once

/* A server for tls-alpn-01: one handshake of each connection, and not an octet of application data (RFC 8737 §3). */

#include "daemon/alpn-shown.h"
#include "daemon/stranger-server.h"

typedef struct AlpnServer AlpnServer;

/* `deadline`: until a good ClientHello is there, and again for the rest of the handshake. `shown` is borrowed. */
int alpn_server_new(Loop *loop, usec_t deadline, const AlpnShown *shown, AlpnServer **ret);
AlpnServer *alpn_server_free(AlpnServer *s);
DEFINE_CLEANUP(AlpnServer *, alpn_server_free)

/* Where it listens, and how many connections it has. Borrowed. */
StrangerServer *alpn_server_strangers(AlpnServer *s);
