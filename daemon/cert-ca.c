/* Which of its CAs a certificate asks (CA-03). What became of each of them since the last certificate is in the record;
 * daemon/ca-choice.c decides. An open order stays with its CA until that one is given up. */

#include "base/log.h"
#include "daemon/ca-choice.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-plan.h"

const CertCa *cert_ca_named(const Cert *c, const char *name) {
        for (size_t i = 0; i < c->cas.count; i++)
                if (str_equal(c->cas.list[i].name, name))
                        return &c->cas.list[i];
        return NULL;
}

static size_t index_of(const Cert *c, const char *name) {
        const CertCa *ca = cert_ca_named(c, name);

        return ca ? (size_t) (ca - c->cas.list) : 0;
}

void cert_cas_configure(Cert *c, const CertCas *cas) {
        const char *open = c->record.attempt.order ? c->record.attempt.ca : NULL;

        c->cas = *cas;
        c->ca_index = open ? index_of(c, open) : 0;
        c->ca = c->cas.list[c->ca_index];
        for (size_t i = 0; i < ELEMENTSOF(c->reach); i++)
                c->reach[i] = (CertReach){};
}

static RecordTries tries_at(const Cert *c, size_t i) {
        return record_tries_at(&c->record, c->cas.list[i].name, c->config->ca);
}

RecordTries cert_tries(const Cert *c) {
        return tries_at(c, c->ca_index);
}

void cert_set_tries(Cert *c, const RecordTries *tries) {
        int r;

        r = record_set_tries_at(&c->record, c->ca.name, c->config->ca, *tries);
        if (r < 0) /* it begins anew with the next attempt */
                log_debug("%s: tries not kept: %s", c->config->name, errno_text(r));
}

CertReach *cert_reach(Cert *c) {
        return &c->reach[c->ca_index];
}

bool cert_is_unreachable(const Cert *c) {
        for (size_t i = 0; i < c->cas.count; i++)
                if (c->reach[i].failures > 0)
                        return true;
        return false;
}

void cert_forget_reach(Cert *c) {
        for (size_t i = 0; i < ELEMENTSOF(c->reach); i++)
                c->reach[i] = (CertReach){};
}

/* Of every CA: somebody says so, or the configuration changed. */
void cert_forget_delays(Cert *c) {
        cert_forget_reach(c);
        c->record.tries.next_attempt = 0;
        for (size_t i = 0; i < c->record.fallback_count; i++)
                c->record.fallbacks[i].tries.next_attempt = 0;
}

static CaChoice choose(const Cert *c, int64_t now) {
        CaTries tries[CERTIFICATE_CAS_MAX] = {};
        CaChoiceFacts facts = {
                .tries = tries,
                .count = MAX(c->cas.count, (size_t) 1),
                .missing = !c->present,
                .urgent = cert_is_urgent(c),
                .lifetime_sec = cert_lifetime(c),
                .now = now,
        };

        for (size_t i = 0; i < c->cas.count; i++) {
                RecordTries t = tries_at(c, i);

                tries[i] = (CaTries){
                        .failures = t.failures,
                        .since = t.since,
                        .next_attempt = MAX(MAX(t.next_attempt, t.retry_after), c->reach[i].soon),
                        .held_until = pacer_held_until(c->cas.list[i].pacer),
                };
        }
        return ca_choose(&facts);
}

/* Leaves the order at the CA that was given up. */
static void switch_to(Cert *c, size_t i) {
        LogFields fields = { .certificate = c->config->name, .ca = c->cas.list[i].name };

        if (c->record.attempt.id) {
                cert_order_stop(c);
                record_attempt_done(&c->record.attempt);
        }
        log_message(LOG_NOTICE, &fields, "%s: CA '%s' is asked %s", c->config->name,
                    c->cas.list[i].name,
                    i > c->ca_index ? "because those before it fail" : "again");
        c->ca_index = i;
        c->ca = c->cas.list[i];
}

int64_t cert_choose_ca(Cert *c, int64_t now) {
        CaChoice choice;

        if (c->cas.count < 2)
                return 0;
        choice = choose(c, now);
        if (choice.index != c->ca_index && (!c->record.attempt.order || choice.index > c->ca_index))
                switch_to(c, choice.index);
        return choice.widen;
}

void cert_prefer_first_ca(Cert *c) {
        if (c->record.attempt.order || c->cas.count == 0)
                return;
        c->ca_index = 0;
        c->ca = c->cas.list[0];
}

/* How long an order of this CA may be without an answer before the next one is asked; 0: for ever. */
int64_t cert_patience(const Cert *c) {
        CaChoiceFacts facts = {
                .missing = !c->present,
                .urgent = cert_is_urgent(c),
                .lifetime_sec = cert_lifetime(c),
        };

        return c->ca_index + 1 < c->cas.count ? ca_patience(&facts) : 0;
}
