/* A resolver follows aliases by itself, so that all CAA records of its answer are those of the name. */

#include "daemon/caa-check.h"

#include <string.h>

struct CaaCheck {
        Engine *engine;              /* borrows */
        const CaaQuestion *question; /* borrows */
        bool wildcard;
        char *name;     /* owns; without "*." */
        const char *at; /* in `name`: the ancestor that is asked about */
        DnsQuery *query;
        caa_check_fn fn;
        void *userdata;
};

static int ask(CaaCheck *c);

static void decide(CaaCheck *c, const DnsAnswer *answer, size_t count) {
        _cleanup_free_ CaaRecord *records = calloc(count, sizeof *records);
        CaaQuestion question = *c->question;
        size_t n = 0;

        question.wildcard = c->wildcard;
        for (size_t i = 0; records && i < answer->count; i++)
                if (answer->records[i].type == DNS_CAA)
                        records[n++] = (CaaRecord){
                                .flags = answer->records[i].flags,
                                .tag = answer->records[i].tag,
                                .value = answer->records[i].text,
                        };
        if (!records)
                c->fn(-ENOMEM, CAA_ALLOWED, NULL, c->userdata);
        else
                c->fn(0, caa_evaluate(records, n, &question), c->at, c->userdata);
}

static void on_answer(const DnsAnswer *answer, void *userdata) {
        CaaCheck *c = userdata;
        const char *dot = strchr(c->at, '.');
        size_t count = 0;
        int r;

        if (answer->error < 0) {
                c->fn(answer->error, CAA_ALLOWED, NULL, c->userdata);
                return;
        }
        for (size_t i = 0; i < answer->count; i++)
                count += answer->records[i].type == DNS_CAA;
        if (count > 0) {
                decide(c, answer, count);
                return;
        }
        if (!dot) { /* the top: nobody says anything */
                c->fn(0, CAA_ALLOWED, NULL, c->userdata);
                return;
        }
        c->at = dot + 1;
        c->query = dns_query_free(c->query);
        r = ask(c);
        if (r < 0)
                c->fn(r, CAA_ALLOWED, NULL, c->userdata);
}

static int ask(CaaCheck *c) {
        DnsQuestion question = { .name = c->at, .type = DNS_CAA, .recurse = true };

        return dns_ask(c->engine->dns, &question, on_answer, c, &c->query);
}

int caa_check_start(
                Engine *engine,
                const char *name,
                const CaaQuestion *question,
                caa_check_fn fn,
                void *userdata,
                CaaCheck **ret) {
        _cleanup_(caa_check_freep) CaaCheck *c = calloc(1, sizeof *c);
        const char *base = str_skip_prefix(name, "*.");
        int r;

        if (!c)
                return -ENOMEM;
        *c = (CaaCheck){
                .engine = engine,
                .question = question,
                .wildcard = base,
                .fn = fn,
                .userdata = userdata,
        };
        r = str_replace(&c->name, base ? base : name);
        if (r < 0)
                return r;
        c->at = c->name;
        r = ask(c);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

CaaCheck *caa_check_free(CaaCheck *c) {
        if (!c)
                return NULL;
        (void) dns_query_free(c->query);
        free(c->name);
        free(c);
        return NULL;
}
