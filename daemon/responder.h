#pragma once

/* Seam: what strangers on ports 80 and 443 are answered. Real: responder.c with http-server.c, alpn-server.c and, when
 * configured, files in the challenge directory. Fake: tests/fake/responder.c. */

#include "acme/object.h"

typedef struct Responder Responder;

/* Shows `authorization` for GET /.well-known/acme-challenge/`token` at Host `identifier`. Twice is once. -ENODEV: there
 * is no listener and no directory to show it; the caller says so to the person. */
int responder_present(
                Responder *r, const char *identifier, const char *token, const char *authorization);

/* Stops showing it; what is not shown is fine. */
void responder_remove(Responder *r, const char *identifier, const char *token);

/* Shows the certificate for `authorization` to who offers acme-tls/1 alone and asks for `identifier` (M-01, M-06). Twice is
 * once. -ENODEV: there is no TLS listener; the caller says so to the person. -EBUSY: another order of this identifier is
 * being validated. */
int responder_present_alpn(
                Responder *r, const char *identifier, const char *token, const char *authorization);
void responder_remove_alpn(Responder *r, const char *identifier, const char *token);

/* The authorization is decided: it is taken away in half a minute, as other perspectives of the CA may still ask (J-13), or as
 * soon as the same name or token is to be shown anew. */
void responder_retire(Responder *r, ChallengeType type, const char *identifier, const char *token);

/* Is there a way to show this type now? Of http-01 and tls-alpn-01; false for others (R2.6.4). */
bool responder_can(const Responder *r, ChallengeType type);
