#pragma once

/* What a service served. */

#include "probe/handshake.h"
#include "probe/probe.h"

/* Fills `ret` as PROBE_SERVED from the certificates as sent; `detail` stays. */
int probe_served(X509 *leaf, const ServedChain *chain, ProbeResult *ret);
