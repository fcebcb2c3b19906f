#pragma once

/* The fake of daemon/prober.h: asks the fake installer's services. An endpoint's host is "CERTIFICATE|TARGET". */

#include "daemon/prober.h"
#include "tests/fake/helper.h"

Prober *fake_prober_new(Loop *loop, Helper *installer);
Prober *fake_prober_free(Prober *p);
void fake_prober_set_loss(Prober *p, uint32_t per_million); /* of handshakes that fail */
/* What services send as their chain; borrowed, NULL: it is not looked at. */
void fake_prober_set_chain(Prober *p, const char *pem);
unsigned fake_prober_count(const Prober *p);
