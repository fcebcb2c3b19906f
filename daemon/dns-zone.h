#pragma once

/* The zone that a name lies in, its authoritative servers and their addresses. */

#include "daemon/engine.h"

#define ZONE_SERVERS_MAX   13
#define ZONE_ADDRESSES_MAX 4 /* of a server, two of each family */

typedef struct ZoneServer {
        char *name;           /* owns */
        StringList addresses; /* as DnsQuestion.server takes them */
} ZoneServer;

typedef struct DnsZone {
        char *name; /* owns */
        ZoneServer *servers;
        size_t server_count;
} DnsZone;

void dns_zone_done(DnsZone *z);
int dns_zone_add(DnsZone *z, const char *server, const char *address); /* `address` may be NULL */

typedef struct DnsZoneSearch DnsZoneSearch;
/* The zone is borrowed, and without servers when none was found. */
typedef void (*dns_zone_fn)(const DnsZone *zone, void *userdata);

int dns_zone_find(
                Engine *engine,
                const char *resolver,
                const char *name,
                dns_zone_fn fn,
                void *userdata,
                DnsZoneSearch **ret);
DnsZoneSearch *dns_zone_search_free(DnsZoneSearch *s);
DEFINE_CLEANUP(DnsZoneSearch *, dns_zone_search_free)
