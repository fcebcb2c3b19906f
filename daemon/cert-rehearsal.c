/* A rehearsal: some days before a renewal its whole way is walked at another CA, to learn of a broken one while there is
 * time. It is a Cert of its own, so that machine, challenges and failures are the same; but it has a record of its own,
 * what it brings is thrown away, and nothing that it does or suffers counts for the certificate. The presenter is the
 * certificate's, as never more than one of the two shows anything: a real order has right of way. */

#include "daemon/cert-rehearsal.h"

#include "base/log.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-install.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-words.h"
#include "daemon/words.h"

#define LEAD_SHARE    12 /* of the lifetime, before the renewal: a week of 90 days */
#define LIFETIME_MIN  (60 * (int64_t) SEC_PER_DAY - SEC_PER_HOUR) /* many are a second short */
#define AGAIN_SEC     ((int64_t) SEC_PER_DAY)
#define UNDECIDED_SEC (6 * (int64_t) SEC_PER_HOUR) /* the CA was not to be had: that says nothing */
#define WAIT_MAX_SEC  (8 * (int64_t) SEC_PER_DAY)
#define LOOK_SEC      (10 * (int64_t) SEC_PER_MIN) /* others are in the way */

/* ---- when ---- */

bool cert_is_rehearsing(const Cert *c) {
        return c->rehearsal && c->rehearsal->phase != CERT_IDLE;
}

bool cert_rehearses(const Cert *c) {
        if (!c->rehearsal || c->config->broken || !c->present || c->context->once)
                return false;
        if (c->config->rehearse != REHEARSE_AUTO)
                return c->config->rehearse == REHEARSE_YES;
        /* A record of dns-persist-01 is for one account, and this one is another. */
        return cert_lifetime(c) >= LIFETIME_MIN &&
               !certificate_has_challenge(c->config, CHALLENGE_DNS_PERSIST_01);
}

/* The one of a former certificate is history. */
bool cert_rehearsal_failed_last(const Cert *c) {
        const Record *r = c->rehearsal ? &c->rehearsal->record : NULL;

        return r && r->tries.failures > 0 && r->error.message && cert_rehearses(c) &&
               r->error.at >= c->record.current.at;
}

int64_t cert_rehearsal_at(const Cert *c) {
        int64_t lead = cert_lifetime(c) / LEAD_SHARE, now = cert_now(c), at;
        const Record *r;

        if (!cert_rehearses(c) || c->plan.reason != RENEW_NONE || c->record.attempt.id)
                return 0;
        r = &c->rehearsal->record;
        at = MIN(r->tries.next_attempt, now + WAIT_MAX_SEC);
        if (!cert_rehearsal_failed_last(c)) {
                if (r->current.at >= MAX(c->record.current.at, c->plan.at - 2 * lead))
                        return 0;
                at = MAX(at, c->plan.at - lead);
        }
        at = MAX(MAX(at, c->spread_until), (int64_t) 1);
        return at < c->plan.at ? at : 0;
}

static bool shares_name(const Cert *a, const Cert *b) {
        for (size_t i = 0; i < a->config->names.count; i++)
                if (string_list_contains(&b->config->names, a->config->names.items[i]))
                        return true;
        return false;
}

/* Challenges of one name are not shown for two at a time. */
static bool is_in_the_way(const Cert *c) {
        if (c->phase != CERT_IDLE)
                return true;
        for (const Cert *other = c->context->certs; other; other = other->next)
                if (other != c && (other->phase != CERT_IDLE || cert_is_rehearsing(other)) &&
                    shares_name(c, other))
                        return true;
        return false;
}

static void on_begin(void *userdata) {
        Cert *r = userdata, *c = r->rehearses;
        int64_t now = cert_now(c), at = cert_rehearsal_at(c);
        bool due = at > 0 && at <= now && pacer_held_until(r->ca.pacer) <= now;

        r->plan_timer = timer_free(r->plan_timer);
        if (r->phase != CERT_IDLE || !r->ca.session || (!r->wanted && !due))
                return;
        if (is_in_the_way(c)) {
                r->wanted = false;
                cert_tell(r, true, false, "an order began meanwhile; try again when it has ended");
                return; /* the plan looks again */
        }
        r->wanted = true;
        c->context->rehearsing++;
        cert_attempt_admit(r);
        cert_changed(c);
}

/* From the loop: whoever plans the certificate is not to be disturbed. */
static int begin_soon(Cert *r) {
        if (r->plan_timer)
                return 0;
        return loop_timer_after(r->context->engine->loop, 0, on_begin, r, &r->plan_timer);
}

int64_t cert_rehearsal_plan(Cert *c, int64_t now) {
        int64_t at = cert_rehearsal_at(c);

        if (at == 0 || cert_is_rehearsing(c))
                return 0;
        if (at > now)
                return at;
        (void) begin_soon(c->rehearsal); /* without memory it is looked at again */
        return now + LOOK_SEC;
}

/* ---- the end ---- */

static void end(Cert *r) {
        Cert *c = r->rehearses;
        int error;

        record_attempt_done(&r->record.attempt);
        error = cert_save(r);
        if (error < 0) /* it is rehearsed once more */
                log_debug("%s: rehearsal not recorded: %s", c->config->name, errno_text(error));
        r->wanted = false;
        if (r->phase != CERT_IDLE)
                c->context->rehearsing--;
        cert_attempt_clear(r);
        cert_prune_keys(c);
}

/* Does it say anything about the way that the renewal will take, and not only about the staging CA and our account there? */
static bool is_decided(const Failure *f) {
        if (f->class == CLASS_UNREACHABLE || f->problem.status == 429 || f->problem.status >= 500)
                return false;
        if (f->problem.type == PROBLEM_CAA) /* it may allow our other account only (RFC 8657) */
                return false;
        return f->place != PLACE_DIRECTORY && f->place != PLACE_NONCE &&
               f->place != PLACE_NEW_ACCOUNT;
}

static void note_failure(Cert *r, const Failure *f, int64_t now) {
        RecordTries *t = &r->record.tries;
        bool decided = is_decided(f), before = cert_rehearsal_failed_last(r->rehearses);

        t->failures = decided  ? MIN(t->failures + 1, RECORD_FAILURES_MAX)
                      : before ? t->failures
                               : 0;
        if (decided || !before) /* what is broken stays so until it is seen whole */
                cert_remember_error(r, f, now);
        t->next_attempt = now + (decided ? AGAIN_SEC : UNDECIDED_SEC);
        if (f->retry_after_sec > 0)
                t->next_attempt = MAX(t->next_attempt, now + MIN(f->retry_after_sec, WAIT_MAX_SEC));
}

static void tell_failure(const Cert *r, const Failure *f, int64_t now) {
        LogFields fields = { .certificate = r->config->name, .ca = r->ca.name };
        const char *why = f->message ? f->message : "no reason given";
        const Cert *c = r->rehearses;
        char date[WORDS_SIZE];

        if (!is_decided(f))
                log_message(LOG_NOTICE, &fields, "%s: not rehearsed at '%s': %s", c->config->name,
                            r->ca.name, why);
        else if (c->present)
                log_message(LOG_WARNING, &fields,
                            "%s: rehearsal failed: %s; the certificate is valid until %s",
                            c->config->name, why, words_date(c->info.not_after, now, date));
        else
                log_message(LOG_WARNING, &fields, "%s: rehearsal failed: %s", c->config->name, why);
}

void cert_rehearsal_fail(Cert *r, const Failure *f) {
        Cert *c = r->rehearses;
        int64_t now = cert_now(c);

        note_failure(r, f, now);
        tell_failure(r, f, now);
        end(r);
        cert_plan(c);
        cert_tell(r, true, false, f->message ? f->message : "the rehearsal failed");
        cert_changed(c);
}

static int note_success(Cert *r) {
        RecordCurrent *last = &r->record.current;
        const Cert *c = r->rehearses;
        int error;

        last->at = cert_now(c);
        record_error_done(&r->record.error);
        record_forget_tries(&r->record);
        error = str_replace(&last->ca, r->ca.name);
        if (error < 0)
                return error;
        return str_replace(&last->leaf, c->present ? c->info.leaf_sha256 : "none");
}

void cert_rehearsal_pass(Cert *r) {
        LogFields fields = { .certificate = r->config->name, .ca = r->ca.name };
        _cleanup_free_ char *words = NULL;
        Cert *c = r->rehearses;
        int error;

        error = note_success(r);
        if (error < 0) /* it is rehearsed once more after the next start */
                log_debug("%s: rehearsal not recorded: %s", c->config->name, errno_text(error));
        log_message(LOG_NOTICE, &fields, "%s: rehearsed at '%s': the next renewal finds its way",
                    c->config->name, r->ca.name);
        (void) str_printf(&words, "rehearsed at %s; what came is thrown away", r->ca.name);
        bytes_done(&r->chain);
        end(r);
        cert_plan(c);
        cert_tell(r, true, true, words ? words : "rehearsed");
        cert_changed(c);
}

/* ---- right of way ---- */

void cert_rehearsal_yield(Cert *c, const char *why) {
        Cert *r = c->rehearsal;

        if (!cert_is_rehearsing(c))
                return;
        log_debug("%s: rehearsal ended: %s", c->config->name, why);
        cert_order_stop(r);
        end(r);
        cert_tell(r, true, false, why);
}

void cert_rehearsals_give_way(Cert *c) {
        if (c->context->rehearsing == 0)
                return;
        cert_rehearsal_yield(c, "the order itself begins, the rehearsal is left");
        for (Cert *other = c->context->certs; other && c->context->rehearsing > 0;
             other = other->next) {
                if (other == c || !cert_is_rehearsing(other) || !shares_name(c, other))
                        continue;
                cert_rehearsal_yield(
                                other, "an order of the same name begins, the rehearsal is left");
                cert_plan_soon(other);
        }
}

/* ---- by hand ---- */

int cert_rehearse(Cert *c, char **ret_message) {
        const char *ca = c->config->ca;

        if (c->config->broken || !c->ca.session)
                return -EUCLEAN;
        if (!c->rehearsal && c->config->twin_of) {
                (void) str_printf(
                                ret_message,
                                "it takes the same way as '%s': rehearse that one ('renewctl rehearse %s')",
                                c->config->twin_of, c->config->twin_of);
                return -EOPNOTSUPP;
        }
        if (!c->rehearsal) {
                (void) str_printf(
                                ret_message,
                                "CA '%s' has no Staging= that can be used: write one into ca/%s.conf.d/staging.conf "
                                "([CA] Staging=NAME, a CA to try things out at)",
                                ca, ca);
                return -EOPNOTSUPP;
        }
        if (cert_is_rehearsing(c)) /* it is looked at from here on */
                return 0;
        if (is_in_the_way(c)) {
                (void) str_printf(
                                ret_message,
                                "an order for its names is on its way; rehearse when it has ended");
                return -EBUSY;
        }
        c->rehearsal->wanted = true;
        return begin_soon(c->rehearsal);
}

int cert_watch_rehearsal(Cert *c, cert_step_fn fn, void *userdata, CertWatch **ret) {
        return c->rehearsal ? cert_watch(c->rehearsal, fn, userdata, ret) : -EOPNOTSUPP;
}

bool cert_is_rehearsing_at(const Cert *c, const char *ca) {
        return cert_is_rehearsing(c) && str_equal(c->rehearsal->ca.name, ca);
}

/* ---- life ---- */

/* Of a run that ended in the middle. Its keys go with the next publication. */
static void drop_rest(Cert *r) {
        int error;

        if (!r->record.attempt.id)
                return;
        cert_order_stop(r); /* what it may still show */
        record_attempt_done(&r->record.attempt);
        error = cert_save(r);
        if (error < 0)
                log_debug("%s: not recorded: %s", r->config->name, errno_text(error));
        r->rehearses->prune_wanted = true;
}

static void set_ca(Cert *r, const CertCa *ca) {
        r->config = r->rehearses->config;
        r->cas = (CertCas){ .list = { *ca }, .count = 1 };
        r->cas.list[0].budget = NULL; /* limits of what is issued are the certificates' own */
        r->ca = r->cas.list[0];
}

static int rehearsal_new(Cert *c, const CertCa *ca, Cert **ret) {
        Cert *r = calloc(1, sizeof *r);
        int error;

        if (!r)
                return -ENOMEM;
        r->context = c->context;
        r->rehearses = c;
        r->presenter = c->presenter;
        set_ca(r, ca);
        error = cert_load_record(r);
        if (error < 0) {
                (void) cert_rehearsal_free(r);
                return error;
        }
        drop_rest(r);
        *ret = r;
        return 0;
}

int cert_rehearsal_configure(Cert *c, const CertCa *ca) {
        if (!ca->session) {
                c->rehearsal = cert_rehearsal_free(c->rehearsal);
                return 0;
        }
        if (!c->rehearsal)
                return rehearsal_new(c, ca, &c->rehearsal);
        set_ca(c->rehearsal, ca);
        c->rehearsal->record.tries.next_attempt = 0; /* perhaps this is what mends it */
        return 0;
}

Cert *cert_rehearsal_free(Cert *r) {
        if (!r)
                return NULL;
        if (r->phase != CERT_IDLE)
                r->context->rehearsing--;
        cert_asks_free(r);
        r->presenter = NULL; /* what it shows is the certificate's to take away */
        cert_attempt_clear(r);
        cert_watches_free(r);
        (void) timer_free(r->plan_timer);
        free(r->lost_text);
        record_done(&r->record);
        bytes_done(&r->chain);
        free(r);
        return NULL;
}
