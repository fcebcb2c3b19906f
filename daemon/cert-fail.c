/* The end of an attempt without a certificate: what it teaches, what it costs, who else must wait, and when the next one
 * comes. */

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/cert-words.h"
#include "daemon/words.h"

static bool is_limit(const Failure *f) {
        return f->problem.status == 429 || f->problem.status == 503;
}

/* S-09: who else must wait? */
static void hold_others(Cert *c, const Failure *f, int64_t now) {
        int64_t until = now + f->retry_after_sec;
        bool wide = f->problem.status == 503 || f->place == PLACE_DIRECTORY ||
                    f->place == PLACE_NONCE || f->place == PLACE_NEW_ACCOUNT;
        int r = 0;

        if (f->retry_after_sec <= 0 || !is_limit(f) || !c->ca.pacer)
                return;
        if (wide)
                r = pacer_hold(c->ca.pacer, until);
        else if (f->identifier && c->ca.budget)
                r = budget_hold_name(c->ca.budget, f->identifier, until, now);
        else if (!f->identifier) {
                r = pacer_limited(c->ca.pacer, c->config->name, until);
                if (r >= 0 && c->ca.budget && c->record.attempt.names.count > 0)
                        r = budget_hold_set(c->ca.budget, &c->record.attempt.names, until, now);
        }
        if (r < 0)
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

static RetryFacts retry_facts(const Cert *c, const Failure *f, unsigned failures, int64_t now) {
        return (RetryFacts){
                .class = f->class,
                .place = f->place,
                .type = f->problem.type,
                .failures = failures,
                .retry_after_sec = f->retry_after_sec,
                .lifetime_sec = cert_lifetime(c),
                .not_after = c->present ? c->info.not_after : 0,
                .now = now,
                .random = loop_random(c->context->engine->loop),
        };
}

void cert_remember_error(Cert *c, const Failure *f, int64_t now) {
        RecordError *e = &c->record.error;
        const char *type = problem_type_to_string(f->problem.type);

        record_error_done(e);
        e->at = now;
        e->status = f->problem.status;
        /* Without memory the words are missing, and nothing else. */
        (void) str_replace(&e->message, f->message);
        (void) str_replace(&e->class, problem_class_to_string(f->class));
        (void) str_replace(&e->type, type[0] ? type : f->problem.type_text);
}

/* Will the CA's order still be of use at the next attempt? */
static bool order_is_over(const Cert *c, const Failure *f) {
        if (f->order_dead || !c->record.attempt.order || f->class == CLASS_ACCOUNT)
                return true;
        /* A refused CSR or key is not sent again (O-08). */
        return f->place == PLACE_FINALIZE && f->class != CLASS_LATER &&
               f->class != CLASS_UNREACHABLE;
}

static int severity(Cert *c, const Failure *f) {
        if (f->class == CLASS_UNREACHABLE)
                return cert_reach(c)->failures > 1 ? LOG_DEBUG : LOG_WARNING;
        return f->class == CLASS_BUG ? LOG_ERR : LOG_WARNING; /* ours to mend: loud (class B) */
}

static void tell_failure(Cert *c, const Failure *f, const char *url, int64_t at) {
        int64_t now = cert_now(c);
        char words[WORDS_SIZE];
        LogFields fields = {
                .certificate = c->config->name,
                .ca = c->ca.name,
                .order = url,
                .message_id = MESSAGE_ORDER_FAILED,
        };

        log_message(severity(c, f), &fields, "%s: order failed: %s, %s%s", c->config->name,
                    f->message ? f->message : "no reason given",
                    cert_is_due(c) ? "retrying in " : "the next one when its renewal is due",
                    cert_is_due(c) ? words_duration(at - now, words) : "");
}

/* What this failure teaches about the CA's limits. */
static void learn(const Cert *c, const Failure *f, int64_t now) {
        bool failed = f->place == PLACE_CHALLENGE && f->class != CLASS_UNREACHABLE;
        int r;

        if (!failed || !f->identifier || !c->ca.budget)
                return;
        r = budget_failed(c->ca.budget, f->identifier, now);
        if (r < 0)
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

static void count_unreachable(Cert *c, const Failure *f, int64_t now) {
        CertReach *reach = cert_reach(c);
        RetryFacts facts;

        reach->failures = MIN(reach->failures + 1, (unsigned) RECORD_FAILURES_MAX);
        facts = retry_facts(c, f, reach->failures, now);
        reach->soon = retry_at(&facts);
}

static void count_attempt(Cert *c, const Failure *f, int64_t now) {
        RecordTries t = cert_tries(c);
        RetryFacts facts;

        *cert_reach(c) = (CertReach){};
        t.failures = MIN(t.failures + 1, RECORD_FAILURES_MAX);
        facts = retry_facts(c, f, (unsigned) t.failures, now);
        t.next_attempt = retry_at(&facts);
        if (is_limit(f) && f->retry_after_sec > 0)
                t.retry_after = MIN(now + retry_after_clamp(&facts), t.next_attempt);
        cert_set_tries(c, &t);
        retry_quota_add(&c->record.quota, now);
}

/* The beginning of a trouble is worth a write, what costs nothing and goes on is not. */
static bool note_trouble(Cert *c, const Failure *f, int64_t now) {
        RecordTries t = cert_tries(c);

        if (t.since > 0)
                return false;
        t.since = f->class == CLASS_UNREACHABLE && c->lost_since > 0 ? c->lost_since : now;
        cert_set_tries(c, &t);
        return true;
}

static void count_failure(Cert *c, const Failure *f, int64_t now) {
        bool had_attempt = c->record.attempt.id, heeded, new;
        int r;

        heeded = cert_optional_heed(c, f, now); /* not the certificate's failure */
        new = !heeded &&note_trouble(c, f, now);
        if (f->class == CLASS_UNREACHABLE) /* costs no attempt (S-06) */
                count_unreachable(c, f, now);
        else if (!heeded)
                count_attempt(c, f, now);
        learn(c, f, now);
        if (!heeded)
                cert_remember_error(c, f, now);
        if (f->problem.type == PROBLEM_BAD_PUBLIC_KEY && f->place == PLACE_FINALIZE)
                cert_retire_key(c);
        if (order_is_over(c, f) || heeded)
                record_attempt_done(&c->record.attempt);
        if (f->class == CLASS_UNREACHABLE && !had_attempt && !new)
                return;
        r = cert_save(c);
        if (r < 0)
                log_message(LOG_ERR, &(LogFields){ .certificate = c->config->name },
                            "%s: the record cannot be saved: %s", c->config->name, errno_text(r));
}

/* A limit without an end waits for a person as well as for time: Let's Encrypt's pause ends only when somebody follows
 * the link in its words (section Q). */
static void judge(Failure *f) {
        if (f->problem.type == PROBLEM_RATE_LIMITED && f->retry_after_sec <= 0)
                f->class = CLASS_PARK;
        if (f->problem.type ==
            PROBLEM_BAD_NONCE) /* nothing was carried out: it costs nothing (D-07) */
                f->class = CLASS_UNREACHABLE;
}

/* F-05: nothing of this account goes on before somebody acted; asked again daily, or on a reload. */
static void park_account(const Cert *c, const Failure *f, int64_t now) {
        if (f->problem.type == PROBLEM_USER_ACTION_REQUIRED && c->ca.pacer)
                pacer_park(c->ca.pacer, now + SEC_PER_DAY - SEC_PER_HOUR);
}

void cert_attempt_fail(Cert *c, const Failure *f) {
        _cleanup_(failure_done) Failure copy = {};
        _cleanup_free_ char *url = NULL;
        int64_t now = cert_now(c), at;

        if (c->machine) /* without memory: the log line has no URL */
                (void) str_replace(&url, order_machine_url(c->machine));
        /* Q-09 made two requests of one attempt; the next one shall be one (R1.59). */
        if (c->machine && c->with_replaces && !order_machine_replaces(c->machine))
                c->replaces_in_vain = true;
        if (failure_copy(f, &copy) < 0) /* `f` may point into what is freed below */
                copy.class = CLASS_LATER;
        judge(&copy);
        hold_others(c, &copy, now);
        park_account(c, &copy, now);
        if (c->rehearses) {
                cert_rehearsal_fail(c, &copy);
                return;
        }
        count_failure(c, &copy, now);
        at = MAX(cert_reach(c)->soon, cert_tries(c).next_attempt);
        /* A wish stays until the CA has been asked, by an account that it knows (F-15). */
        if (copy.class != CLASS_UNREACHABLE && copy.class != CLASS_ACCOUNT)
                c->wanted = c->forced = c->insisted = false;
        tell_failure(c, &copy, url, at);
        cert_attempt_clear(c);
        cert_plan(c);
        cert_tell(c, true, false, copy.message ? copy.message : "the order failed");
        cert_changed(c);
}

void cert_attempt_failed_before(Cert *c) {
        _cleanup_(failure_done) Failure f = {};

        /* Without memory for the words it counts all the same. */
        (void) failure_set(
                        &f, CLASS_LATER, PLACE_NEW_ORDER,
                        "the engine ended twice before the CA had answered");
        count_failure(c, &f, cert_now(c));
}
