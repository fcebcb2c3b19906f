/* NS is asked for from the name upwards until somebody has them; then the addresses of each server, all at once. */

#include "daemon/dns-zone.h"

#include <string.h>

typedef struct Lookup {
        DnsZoneSearch *search;
        size_t server;
        DnsType type;
        DnsQuery *query;
} Lookup;

struct DnsZoneSearch {
        Engine *engine; /* borrows */
        char *resolver; /* owns; may be NULL */
        char *name;     /* owns */
        const char *at; /* in name: what is asked about */
        DnsZone zone;
        DnsQuery *query;
        Lookup *lookups; /* owns */
        size_t lookup_count, open;
        dns_zone_fn fn;
        void *userdata;
};

void dns_zone_done(DnsZone *z) {
        for (size_t i = 0; i < z->server_count; i++) {
                free(z->servers[i].name);
                string_list_done(&z->servers[i].addresses);
        }
        free(z->servers);
        free(z->name);
        *z = (DnsZone){};
}

static ZoneServer *server_of(DnsZone *z, const char *name) {
        for (size_t i = 0; i < z->server_count; i++)
                if (str_equal(z->servers[i].name, name))
                        return &z->servers[i];
        return NULL;
}

int dns_zone_add(DnsZone *z, const char *server, const char *address) {
        ZoneServer *s = server_of(z, server);
        int r;

        if (!s) {
                if (z->server_count >= ZONE_SERVERS_MAX)
                        return 0;
                s = reallocarray(z->servers, z->server_count + 1, sizeof *s);
                if (!s)
                        return -ENOMEM;
                z->servers = s;
                s += z->server_count;
                *s = (ZoneServer){};
                r = str_replace(&s->name, server);
                if (r < 0)
                        return r;
                z->server_count++;
        }
        return address ? string_list_add(&s->addresses, address) : 0;
}

/* ---- addresses ---- */

static void finish(DnsZoneSearch *s) {
        s->fn(&s->zone, s->userdata);
}

static void on_addresses(const DnsAnswer *answer, void *userdata) {
        Lookup *l = userdata;
        DnsZoneSearch *s = l->search;
        ZoneServer *server = &s->zone.servers[l->server];

        for (size_t i = 0, n = 0; i < answer->count && n < ZONE_ADDRESSES_MAX / 2; i++)
                if (answer->records[i].type == l->type &&
                    string_list_add(&server->addresses, answer->records[i].text) >= 0)
                        n++;
        if (--s->open == 0)
                finish(s);
}

static int ask_addresses(DnsZoneSearch *s) {
        static const DnsType types[] = { DNS_A, DNS_AAAA };

        s->lookup_count = s->zone.server_count * ELEMENTSOF(types);
        s->lookups = calloc(s->lookup_count, sizeof *s->lookups);
        if (!s->lookups)
                return -ENOMEM;
        for (size_t i = 0; i < s->lookup_count; i++) {
                Lookup *l = &s->lookups[i];
                DnsQuestion question;
                int r;

                *l = (Lookup){ .search = s, .server = i / 2, .type = types[i % 2] };
                question = (DnsQuestion){
                        .name = s->zone.servers[l->server].name,
                        .type = l->type,
                        .server = s->resolver,
                        .recurse = true,
                };
                r = dns_ask(s->engine->dns, &question, on_addresses, l, &l->query);
                if (r < 0)
                        return r;
                s->open++;
        }
        return 0;
}

/* ---- the zone ---- */

static int ask_servers(DnsZoneSearch *s);

static int take_servers(DnsZoneSearch *s, const DnsAnswer *answer) {
        int r = 0;

        for (size_t i = 0; i < answer->count && r >= 0; i++)
                if (answer->records[i].type == DNS_NS &&
                    str_equal_ignore_case(answer->records[i].owner, s->at))
                        r = dns_zone_add(&s->zone, answer->records[i].text, NULL);
        if (r >= 0 && s->zone.server_count > 0)
                r = str_replace(&s->zone.name, s->at);
        return r;
}

static void give_up(DnsZoneSearch *s) {
        dns_zone_done(&s->zone);
        finish(s);
}

static void on_servers(const DnsAnswer *answer, void *userdata) {
        DnsZoneSearch *s = userdata;
        int r = take_servers(s, answer);

        s->query = dns_query_free(s->query);
        if (r >= 0 && s->zone.server_count > 0) {
                r = ask_addresses(s);
                if (r < 0)
                        give_up(s);
                return;
        }
        s->at = strchr(s->at, '.');
        s->at = s->at ? s->at + 1 : NULL;
        if (r >= 0 && s->at)
                r = ask_servers(s);
        if (r < 0 || !s->at)
                give_up(s);
}

static int ask_servers(DnsZoneSearch *s) {
        DnsQuestion question = {
                .name = s->at,
                .type = DNS_NS,
                .server = s->resolver,
                .recurse = true,
        };

        return dns_ask(s->engine->dns, &question, on_servers, s, &s->query);
}

int dns_zone_find(
                Engine *engine,
                const char *resolver,
                const char *name,
                dns_zone_fn fn,
                void *userdata,
                DnsZoneSearch **ret) {
        _cleanup_(dns_zone_search_freep) DnsZoneSearch *s = calloc(1, sizeof *s);
        int r;

        if (!s)
                return -ENOMEM;
        *s = (DnsZoneSearch){ .engine = engine, .fn = fn, .userdata = userdata };
        r = str_replace(&s->resolver, resolver);
        if (r >= 0)
                r = str_replace(&s->name, name);
        if (r < 0)
                return r;
        s->at = s->name;
        r = ask_servers(s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

DnsZoneSearch *dns_zone_search_free(DnsZoneSearch *s) {
        if (!s)
                return NULL;
        (void) dns_query_free(s->query);
        for (size_t i = 0; i < s->lookup_count; i++)
                (void) dns_query_free(s->lookups[i].query);
        free(s->lookups);
        dns_zone_done(&s->zone);
        free(s->resolver);
        free(s->name);
        free(s);
        return NULL;
}
