#pragma once

/* Seam: one handshake with a service, without blocking. Real: prober.c, probe/ on the event loop. Fake: tests/fake/prober.c. */

#include "probe/probe.h"

typedef struct Prober Prober;
typedef struct ProberCall ProberCall;
typedef void (*prober_fn)(const ProbeResult *result, void *userdata);

/* `endpoint` is copied; `timeout_sec` bounds the whole handshake. */
int prober_start(
                Prober *p,
                const ProbeEndpoint *endpoint,
                unsigned timeout_sec,
                prober_fn fn,
                void *userdata,
                ProberCall **ret);
ProberCall *prober_call_free(ProberCall *c);
DEFINE_CLEANUP(ProberCall *, prober_call_free)
