#pragma once

/* The fake of daemon/prober.h: asks the fake installer's services. An endpoint's host is "CERTIFICATE|TARGET"; one with a
 * protocol by ALPN is a stranger's. */

#include "daemon/prober.h"
#include "tests/fake/helper.h"

Prober *fake_prober_new(Loop *loop, Helper *installer);
Prober *fake_prober_free(Prober *p);
void fake_prober_set_loss(Prober *p, uint32_t per_million); /* of handshakes that fail */
/* What services send as their chain; borrowed, NULL: it is not looked at. */
void fake_prober_set_chain(Prober *p, const char *pem);
/* What strangers say to acme-tls/1; unset: nothing answers. */
typedef void (*fake_stranger_fn)(const ProbeEndpoint *endpoint, ProbeResult *ret, void *userdata);
void fake_prober_set_stranger(Prober *p, fake_stranger_fn fn, void *userdata);
unsigned fake_prober_count(const Prober *p);
