#pragma once

/* The fake of daemon/responder.h. What it shows outlives the engine, as files in the challenge directory do. */

#include "daemon/responder.h"
#include "tests/fake/loop.h"

Responder *fake_responder_new(Loop *loop);
Responder *fake_responder_free(Responder *r);

void fake_responder_deaf(Responder *r, bool deaf);    /* there is no listener: -ENODEV */
void fake_responder_alpn(Responder *r, bool listens); /* is there a TLS listener? At first not */
size_t fake_responder_count(const Responder *r);
/* As the engine starts again: probes of the look before an order are known for leftovers. */
void fake_responder_restart(Responder *r);
/* NULL: not shown. */
const char *fake_responder_show(const Responder *r, const char *identifier, const char *token);
const char *fake_responder_show_alpn(const Responder *r, const char *identifier, const char *token);
/* How many challenges of this name are shown; probes of the look before an order are none. */
size_t fake_responder_count_of(const Responder *r, const char *identifier);
