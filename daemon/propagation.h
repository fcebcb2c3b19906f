#pragma once

/* The wait until every authoritative server of the zone serves a TXT value (J-06, L-03). How long it took is
 * remembered for each zone, so that the next look comes when it is worth it: a look that is too early can leave "no such
 * name" behind in a server's cache. */

#include "daemon/dns-zone.h"

typedef struct PropagationSpec {
        const DnsConfig *dns; /* copied as needed */
        const char *record;   /* copied; where the aliases end */
        const char *value;    /* copied */
        int64_t lifetime_sec; /* of the certificate; 0: not known. The wait is at most a tenth of it */
} PropagationSpec;

typedef struct Propagation Propagation;

/* `missing` NULL: all of them serve it. Else the time is over, and it says who does not, or why nobody could be asked. */
typedef void (*propagation_fn)(const char *missing, void *userdata);

int propagation_start(
                Engine *engine,
                const PropagationSpec *spec,
                propagation_fn fn,
                void *userdata,
                Propagation **ret);
Propagation *propagation_free(Propagation *p);
DEFINE_CLEANUP(Propagation *, propagation_free)

/* "waiting for 2 of 4 name servers of example.org to serve the record"; malloc'ed. */
int propagation_describe(const Propagation *p, char **ret);
