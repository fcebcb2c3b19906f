/* TXT is asked for, since that is what the CA will ask: a resolver then shows the whole way. Some show one step only, so
 * the end is asked again until it stays. */

#include "daemon/dns-alias.h"

#include "base/log.h"

#define STEPS_MAX 8

struct DnsAlias {
        Engine *engine; /* borrows */
        char *resolver; /* owns; may be NULL */
        char *name;     /* owns; where it began */
        char *at;       /* owns */
        unsigned steps;
        DnsQuery *query;
        dns_alias_fn fn;
        void *userdata;
};

static int ask(DnsAlias *a);

static void finish(DnsAlias *a, const char *target) {
        a->fn(target, a->userdata);
}

static void on_answer(const DnsAnswer *answer, void *userdata) {
        DnsAlias *a = userdata;
        const char *end = answer->error < 0 ? NULL : dns_answer_follow(answer, a->at);

        if (!end) {
                log_debug("%s: aliases cannot be followed: %s", a->name,
                          answer->message ? answer->message : "they go round in a circle");
                finish(a, a->name);
                return;
        }
        if (str_equal_ignore_case(end, a->at)) {
                finish(a, a->at);
                return;
        }
        if (++a->steps > STEPS_MAX || str_replace(&a->at, end) < 0) {
                finish(a, a->name);
                return;
        }
        a->query = dns_query_free(a->query);
        if (ask(a) < 0)
                finish(a, a->name);
}

static int ask(DnsAlias *a) {
        DnsQuestion question = {
                .name = a->at,
                .type = DNS_TXT,
                .server = a->resolver,
                .recurse = true,
        };

        return dns_ask(a->engine->dns, &question, on_answer, a, &a->query);
}

int dns_alias_follow(
                Engine *engine,
                const char *resolver,
                const char *name,
                dns_alias_fn fn,
                void *userdata,
                DnsAlias **ret) {
        _cleanup_(dns_alias_freep) DnsAlias *a = calloc(1, sizeof *a);
        int r;

        if (!a)
                return -ENOMEM;
        *a = (DnsAlias){ .engine = engine, .fn = fn, .userdata = userdata };
        r = str_replace(&a->resolver, resolver);
        if (r >= 0)
                r = str_replace(&a->name, name);
        if (r >= 0)
                r = str_replace(&a->at, name);
        if (r >= 0)
                r = ask(a);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

DnsAlias *dns_alias_free(DnsAlias *a) {
        if (!a)
                return NULL;
        (void) dns_query_free(a->query);
        free(a->resolver);
        free(a->name);
        free(a->at);
        free(a);
        return NULL;
}
