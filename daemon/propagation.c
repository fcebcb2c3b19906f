#include "daemon/propagation.h"

#include <string.h>

#include "base/log.h"

#define FIRST_LOOK_SEC 1
#define PAUSE_MAX_SEC  15
#define WORTH_NOTING   2 /* seconds by which a zone must differ from what is remembered */

typedef struct Server {
        Propagation *propagation;
        const ZoneServer *zone; /* borrows */
        size_t at;              /* index of the address that is asked */
        DnsQuery *query;
        bool serves;
        bool answered; /* in the last round */
} Server;

struct Propagation {
        Engine *engine; /* borrows */
        char *record, *value, *resolver;
        int64_t limit_sec;
        int64_t remembered_sec; /* of the zone; 0: nothing */
        usec_t started;
        DnsZone zone;
        DnsZoneSearch *search;
        Server *servers;
        size_t open; /* queries of this round */
        unsigned rounds;
        Timer *timer;
        propagation_fn fn;
        void *userdata;
};

static int64_t elapsed(const Propagation *p) {
        return (int64_t) ((loop_boot_usec(p->engine->loop) - p->started) / USEC_PER_SEC);
}

/* ---- memory ---- */

static void recall(Propagation *p) {
        _cleanup_(json_freep) Json *j = NULL;

        if (store_load(p->engine->store, STORE_ZONE, p->zone.name, &j) < 0 ||
            json_get_int64(j, "seconds", &p->remembered_sec) < 0)
                p->remembered_sec = 0; /* it is only a hint */
        p->remembered_sec = MIN(MAX(p->remembered_sec, 0), p->limit_sec);
}

static void remember(const Propagation *p) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int64_t seconds = elapsed(p);
        int r;

        if (seconds < p->remembered_sec + WORTH_NOTING &&
            seconds > p->remembered_sec - WORTH_NOTING)
                return;
        r = j ? json_set_int64(j, "seconds", seconds) : -ENOMEM;
        if (r >= 0)
                r = store_save(p->engine->store, STORE_ZONE, p->zone.name, j);
        if (r < 0)
                log_debug("%s: not recorded: %s", p->zone.name, errno_text(r));
}

/* ---- the end ---- */

static void stop(Propagation *p) {
        for (size_t i = 0; p->servers && i < p->zone.server_count; i++)
                p->servers[i].query = dns_query_free(p->servers[i].query);
        p->timer = timer_free(p->timer);
        p->search = dns_zone_search_free(p->search);
}

static void finish(Propagation *p, const char *missing) {
        stop(p);
        p->fn(missing, p->userdata);
}

static void time_is_over(Propagation *p) {
        _cleanup_(bytes_done) Bytes text = {};
        int r = 0;

        for (size_t i = 0; i < p->zone.server_count && r >= 0; i++)
                if (!p->servers[i].serves) {
                        _cleanup_free_ char *name =
                                        str_escape(p->servers[i].zone->name, STR_ESCAPE_MAX);

                        r = bytes_printf(
                                        &text, "%s%s %s", text.size ? ", " : "", name ? name : "?",
                                        p->servers[i].answered ? "does not serve the record"
                                                               : "does not answer");
                }
        finish(p, text.size ? bytes_text(&text) : "out of memory");
}

/* ---- rounds ---- */

static void look(void *userdata);

/* 1, 2, 3 … seconds apart, at last PAUSE_MAX_SEC; never beyond the limit by more than a look. */
static void pause_round(Propagation *p, int64_t seconds) {
        int r;

        p->timer = timer_free(p->timer);
        r = loop_timer_after(p->engine->loop, (usec_t) seconds * USEC_PER_SEC, look, p, &p->timer);
        if (r < 0)
                finish(p, errno_text(r));
}

static void round_is_over(Propagation *p) {
        bool all = true;

        for (size_t i = 0; i < p->zone.server_count; i++)
                all = all && p->servers[i].serves;
        if (all) {
                remember(p);
                finish(p, NULL);
        } else if (elapsed(p) >= p->limit_sec)
                time_is_over(p);
        else
                pause_round(p, MAX(MIN(MIN((int64_t) p->rounds, PAUSE_MAX_SEC),
                                       p->limit_sec - elapsed(p)),
                                   1));
}

static bool ask_server(Server *s);

static bool has_value(const Propagation *p, const DnsAnswer *answer) {
        for (size_t i = 0; i < answer->count; i++)
                if (answer->records[i].type == DNS_TXT &&
                    str_equal(answer->records[i].text, p->value))
                        return true;
        return false;
}

/* A server that does not answer at one address is asked at the next. */
static void on_answer(const DnsAnswer *answer, void *userdata) {
        Server *s = userdata;
        Propagation *p = s->propagation;

        s->answered = answer->error >= 0;
        s->serves = s->answered && has_value(p, answer);
        s->query = dns_query_free(s->query);
        if (!s->answered && s->at + 1 < s->zone->addresses.count) {
                s->at++;
                if (ask_server(s))
                        return;
        }
        if (--p->open == 0)
                round_is_over(p);
}

static bool ask_server(Server *s) {
        DnsQuestion question = {
                .name = s->propagation->record,
                .type = DNS_TXT,
                .server = s->zone->addresses.count > 0 ? s->zone->addresses.items[s->at] : NULL,
        };

        return question.server &&
               dns_ask(s->propagation->engine->dns, &question, on_answer, s, &s->query) >= 0;
}

static void look(void *userdata) {
        Propagation *p = userdata;

        p->timer = timer_free(p->timer);
        p->rounds++;
        for (size_t i = 0; i < p->zone.server_count; i++) {
                Server *s = &p->servers[i];

                if (s->serves)
                        continue;
                s->at = 0;
                p->open += ask_server(s);
        }
        if (p->open == 0)
                round_is_over(p);
}

/* ---- begin ---- */

/* "192.0.2.1" and the like, where the configuration names the servers. */
static int use_servers(Propagation *p, const StringList *servers) {
        const char *dot = strchr(p->record, '.');
        int r;

        r = str_replace(&p->zone.name, dot ? dot + 1 : p->record);
        for (size_t i = 0; i < servers->count && r >= 0; i++)
                r = dns_zone_add(&p->zone, servers->items[i], servers->items[i]);
        return r;
}

static int begin_looking(Propagation *p) {
        p->servers = calloc(p->zone.server_count, sizeof *p->servers);
        if (!p->servers)
                return -ENOMEM;
        for (size_t i = 0; i < p->zone.server_count; i++)
                p->servers[i] = (Server){ .propagation = p, .zone = &p->zone.servers[i] };
        recall(p);
        return loop_timer_after(
                        p->engine->loop,
                        (usec_t) MAX(p->remembered_sec * 3 / 4, FIRST_LOOK_SEC) * USEC_PER_SEC,
                        look, p, &p->timer);
}

static int copy_zone(const DnsZone *from, DnsZone *to) {
        int r = str_replace(&to->name, from->name);

        for (size_t i = 0; i < from->server_count && r >= 0; i++) {
                const ZoneServer *s = &from->servers[i];

                r = dns_zone_add(to, s->name, NULL);
                for (size_t k = 0; k < s->addresses.count && r >= 0; k++)
                        r = dns_zone_add(to, s->name, s->addresses.items[k]);
        }
        return r;
}

static void on_zone(const DnsZone *zone, void *userdata) {
        Propagation *p = userdata;
        int r;

        if (zone->server_count == 0) {
                finish(p, "its name servers cannot be found");
                return;
        }
        r = copy_zone(zone, &p->zone);
        p->search = dns_zone_search_free(p->search);
        if (r >= 0)
                r = begin_looking(p);
        if (r < 0)
                finish(p, errno_text(r));
}

static int begin(Propagation *p, const PropagationSpec *spec) {
        int r;

        if (spec->dns->servers.count == 0)
                return dns_zone_find(p->engine, p->resolver, p->record, on_zone, p, &p->search);
        r = use_servers(p, &spec->dns->servers);
        return r < 0 ? r : begin_looking(p);
}

int propagation_start(
                Engine *engine,
                const PropagationSpec *spec,
                propagation_fn fn,
                void *userdata,
                Propagation **ret) {
        _cleanup_(propagation_freep) Propagation *p = calloc(1, sizeof *p);
        int r;

        if (!p)
                return -ENOMEM;
        *p = (Propagation){
                .engine = engine,
                .limit_sec = spec->dns->propagation_sec,
                .started = loop_boot_usec(engine->loop),
                .fn = fn,
                .userdata = userdata,
        };
        if (spec->lifetime_sec > 0)
                p->limit_sec = MIN(p->limit_sec, MAX(spec->lifetime_sec / 10, 1));
        r = str_replace(&p->record, spec->record);
        if (r >= 0)
                r = str_replace(&p->value, spec->value);
        if (r >= 0)
                r = str_replace(&p->resolver, spec->dns->resolver);
        if (r >= 0)
                r = begin(p, spec);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

Propagation *propagation_free(Propagation *p) {
        if (!p)
                return NULL;
        stop(p);
        free(p->servers);
        dns_zone_done(&p->zone);
        free(p->record);
        free(p->value);
        free(p->resolver);
        free(p);
        return NULL;
}

int propagation_describe(const Propagation *p, char **ret) {
        size_t missing = 0;

        if (!p->servers)
                return str_printf(ret, "looking for the name servers of %s", p->record);
        for (size_t i = 0; i < p->zone.server_count; i++)
                missing += !p->servers[i].serves;
        return str_printf(
                        ret, "waiting for %zu of %zu name servers of %s to serve the record",
                        missing, p->zone.server_count, p->zone.name);
}
