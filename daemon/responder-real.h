#pragma once

/* The real responder: http-server.c and alpn-server.c, and files for a web server that maps them. */

#include "config/config.h"
#include "daemon/loop-real.h"
#include "daemon/responder.h"

int responder_new(Loop *loop, Responder **ret);
Responder *responder_free(Responder *r);
DEFINE_CLEANUP(Responder *, responder_free)

/* Serves an inherited listening socket, for http-01 or tls-alpn-01; takes the descriptor, also on error. */
int responder_adopt(Responder *r, int fd);
int responder_adopt_tls(Responder *r, int fd);

/* Does what [HTTP] and [TLS] say, now or after a change; what cannot be done is logged, and the rest is done. */
void responder_configure(Responder *r, const Config *config);

/* Opens the listening socket that Listen= names. -EINVAL: neither a path nor ADDRESS:PORT on loopback. */
int responder_socket(const char *where);
