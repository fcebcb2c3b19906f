#pragma once

/* Seam: one handshake with a service at each of its addresses, without blocking. Real: prober.c, probe/ on the event loop. Fake: tests/fake/prober.c. */

#include "probe/probe.h"

typedef struct Prober Prober;
typedef struct ProberCall ProberCall;
/* A result for each address, in the order of probe/address.h; at least one. */
typedef void (*prober_fn)(const ProbeResult *results, size_t count, void *userdata);

/* `endpoint` is copied; `timeout_sec` bounds all of it: the addresses are looked at at the same time. */
int prober_start(
                Prober *p,
                const ProbeEndpoint *endpoint,
                unsigned timeout_sec,
                prober_fn fn,
                void *userdata,
                ProberCall **ret);
ProberCall *prober_call_free(ProberCall *c);
DEFINE_CLEANUP(ProberCall *, prober_call_free)
