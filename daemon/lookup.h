#pragma once

/* The addresses of a host, as every program of this machine finds them (nsswitch.conf: files, DNS, mDNS and what else is
 * configured), without stopping the event loop. */

#include <systemd/sd-event.h>

#include "base/base.h"
#include "probe/address.h"

typedef struct Lookup Lookup;

/* `why` as probe_addresses_of() returns it. */
typedef void (*lookup_fn)(int why, const ProbeAddresses *addresses, void *userdata);

/* `fn` is called once, from the loop; freeing the lookup cancels it. Copies `host`. -EAGAIN: too many hang already. */
int lookup_start(
                sd_event *event,
                const char *host,
                uint16_t port,
                lookup_fn fn,
                void *userdata,
                Lookup **ret);
Lookup *lookup_free(Lookup *l);
DEFINE_CLEANUP(Lookup *, lookup_free)
