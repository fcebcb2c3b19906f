/* What is on disk when the engine starts. The chain is the truth; the record is a hint and may be damaged, older
 * or newer than the chain. Whoever has a chain is not "nothing there". */

#include "base/log.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"

#define DAMAGED_WAIT_SEC (10 * SEC_PER_MIN)

int cert_load_record(Cert *c) {
        _cleanup_(json_freep) Json *j = NULL;
        LogFields fields = { .certificate = c->config->name };
        int r;

        r = store_load(c->context->engine->store, cert_store_kind(c), c->config->name, &j);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && r != -ENOENT) {
                c->damaged = true;
                log_message(LOG_ERR, &fields,
                            "%s: the record cannot be read, going on without it: %s",
                            c->config->name, errno_text(r));
        }
        return record_parse(j, &c->record);
}

static int load_chain(Cert *c) {
        _cleanup_(bytes_done) Bytes pem = { .limit = CHAIN_MAX_SIZE };
        LogFields fields = { .certificate = c->config->name };
        const char *reason = NULL;
        int r;

        r = store_load_chain(c->context->engine->store, c->config->name, &pem);
        if (r == -ENOENT || r == -ENOMEM)
                return r == -ENOMEM ? r : 0;
        if (r >= 0)
                r = certinfo_parse(pem.data, pem.size, &c->info, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                log_message(LOG_ERR, &fields, "%s: the chain on disk cannot be used: %s",
                            c->config->name, reason ? reason : errno_text(r));
                certinfo_done(&c->info);
                c->info = (CertInfo){};
                return 0;
        }
        c->present = true;
        return 0;
}

/* The chain was saved, and the crash came before the record said so: no request, no second certificate. */
static int adopt_finished_attempt(Cert *c) {
        RecordAttempt *a = &c->record.attempt;
        int r;

        if (!c->present || !a->id || !a->spki || !str_equal(a->spki, c->info.spki_sha256))
                return 0;
        /* A kept key, or that of a request, is the former chain's as well. */
        if (str_equal(c->record.current.leaf, c->info.leaf_sha256))
                return 0;
        r = cert_chain_adopt(c, &c->info);
        if (r < 0)
                return r;
        r = cert_save(c);
        if (r < 0)
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
        return 0;
}

/* The attempt was written and no URL came back: once more, at once, and then it counts (DESIGN §5). */
static void judge_attempt(Cert *c) {
        RecordAttempt *a = &c->record.attempt;

        if (!a->id || a->order)
                return;
        if (!a->repeated)
                a->repeated = true; /* durable before it is sent, with the rest of the attempt */
        else
                cert_attempt_failed_before(c);
}

/* An empty record must not become a loop of orders (Y-04). */
static void judge_damage(Cert *c) {
        if (c->damaged && !c->present)
                c->record.tries.next_attempt = cert_now(c) + DAMAGED_WAIT_SEC;
}

/* Parked without an account (no agreement to the terms, a bad address, …): perhaps that is what was mended before the
 * restart. Accounts have a limit of their own (S-07). */
static void judge_parking(Cert *c) {
        if (str_equal(c->record.error.class, "park") && c->ca.session &&
            !session_has_account(c->ca.session))
                cert_forget_delays(c);
}

int cert_load(Cert *c) {
        CertCas cas = c->cas;
        int r;

        r = cert_load_record(c);
        if (r >= 0)
                r = load_chain(c);
        if (r >= 0)
                r = adopt_finished_attempt(c);
        if (r < 0)
                return r;
        cert_cas_configure(c, &cas); /* an open order stays with its CA */
        if (c->present && c->record.current.unusable &&
            str_equal(c->record.current.leaf, c->info.leaf_sha256))
                c->present = false;
        if (c->present)
                c->context->clock_floor =
                                MAX(c->context->clock_floor, c->info.not_before - SEC_PER_DAY);
        judge_attempt(c);
        judge_damage(c);
        judge_parking(c);
        return 0;
}
