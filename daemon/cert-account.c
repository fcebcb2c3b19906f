#include "base/log.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"

bool cert_is_ordering_at(const Cert *c, const char *ca) {
        return c->phase == CERT_ORDERING && str_equal(c->ca.name, ca);
}

void cert_forget_order_at(Cert *c, const char *ca) {
        int r;

        if (c->phase == CERT_ORDERING || c->phase == CERT_STORING || !c->record.attempt.order ||
            !str_equal(c->record.attempt.ca, ca))
                return;
        record_attempt_done(&c->record.attempt);
        r = cert_save(c);
        if (r < 0) /* the next attempt sees that it is of another time */
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

void cert_retry_parked_at(Cert *c, const char *ca) {
        if (!cert_ca_named(c, ca))
                return;
        if (!str_equal(c->record.error.class, "park") &&
            !str_equal(c->record.error.class, "account"))
                return;
        cert_forget_delays(c);
        cert_plan(c);
}

const char *cert_issuing_ca(const Cert *c) {
        bool known = c->present && str_equal(c->record.current.leaf, c->info.leaf_sha256);

        return known && c->record.current.ca ? c->record.current.ca : c->config->ca;
}

static int note(Cert *c, const char *leaf, bool replace) {
        RecordCurrent *now = &c->record.current;
        int r;

        r = record_add_revoked(&c->record, leaf);
        if (r < 0 || !c->present || !str_equal(leaf, c->info.leaf_sha256))
                return r; /* another one has taken its place meanwhile */
        r = str_replace(&now->leaf, leaf);
        if (r < 0)
                return r;
        now->unwanted = replace;
        return cert_save(c);
}

int cert_revoked(Cert *c, const char *leaf, bool replace) {
        _cleanup_free_ char *message = NULL;
        int r;

        r = note(c, leaf, replace);
        if (r < 0)
                return r;
        /* What is under way brings another one; else it begins, whatever was issued lately (S-08) or the CA said. */
        if (replace && c->phase != CERT_ORDERING && c->phase != CERT_STORING)
                (void) cert_renew(c, (CertWish){ .force = true, .insist = true }, &message);
        cert_changed(c);
        return 0;
}
