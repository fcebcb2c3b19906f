#pragma once

/* Seam: what strangers on port 80 are answered. Real: responder.c with the slots of http-server.c and, when
 * configured, files in the challenge directory. Fake: tests/fake/responder.c. */

#include "base/base.h"

typedef struct Responder Responder;

/* Shows `authorization` for GET /.well-known/acme-challenge/`token` at Host `identifier`. Twice is once. -ENODEV: there
 * is no listener and no directory to show it; the caller says so to the person. */
int responder_present(
                Responder *r, const char *identifier, const char *token, const char *authorization);

/* Stops showing it; what is not shown is fine. */
void responder_remove(Responder *r, const char *identifier, const char *token);
