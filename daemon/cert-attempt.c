/* One attempt: admitted by the pacer, the session made ready, the attempt durable, then the order machine; and its
 * end without a certificate. What the CA was asked for is counted before it is asked (DESIGN §5). */

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/cert-internal.h"
#include "daemon/retry.h"
#include "daemon/words.h"

#define SKEW_MAX_SEC SEC_PER_DAY /* a clock further from the CA's is suspect (T-21) */

void cert_attempt_clear(Cert *c) {
        cert_preflight_stop(c);
        c->wait = session_wait_free(c->wait);
        cert_asks_free(c);
        c->machine = order_machine_free(c->machine);
        c->save_timer = timer_free(c->save_timer);
        c->ticket = pacer_ticket_free(c->ticket);
        c->beginning = c->unsaved = false;
        c->lost = 0;
        bytes_done(&c->chain);
        if (c->presenter)
                presenter_settle(c->presenter);
        cert_set_phase(c, CERT_IDLE);
}

bool cert_attempt_fits(const Cert *c) {
        const RecordAttempt *a = &c->record.attempt;

        if (!string_list_same_set(&a->names, &c->config->names) ||
            !str_equal(a->ca, c->config->ca) || !str_equal(a->key_type, cert_key_type(c)) ||
            !str_equal(a->profile, certificate_profile(c->config)) ||
            !str_equal(a->request ? a->request : "", c->config->request_sha256))
                return false;
        /* The order of an account that is no longer ours cannot be followed (F-15). */
        return !a->order || !session_account(c->ca.session) ||
               str_equal(a->account, session_account(c->ca.session));
}

/* ---- the end without a certificate ---- */

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
        else if (!f->identifier)
                r = pacer_limited(c->ca.pacer, c->config->name, until);
        if (r < 0)
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

static int64_t next_try(Cert *c, const Failure *f, unsigned failures, int64_t now) {
        RetryFacts facts = {
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

        return retry_at(&facts);
}

static void remember_error(Cert *c, const Failure *f, int64_t now) {
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
        /* A refused CSR or key is cured by a new key only, and that needs a new attempt (O-08). */
        return f->place == PLACE_FINALIZE && f->class != CLASS_LATER &&
               f->class != CLASS_UNREACHABLE;
}

static void tell_failure(const Cert *c, const Failure *f, const char *url, int64_t at) {
        int64_t now = cert_now(c);
        char words[WORDS_SIZE];
        LogFields fields = {
                .certificate = c->config->name,
                .ca = c->config->ca,
                .order = url,
                .message_id = MESSAGE_ORDER_FAILED,
        };

        log_message(f->class == CLASS_UNREACHABLE && c->unreachable > 1 ? LOG_DEBUG : LOG_WARNING,
                    &fields, "%s: order failed: %s, %s%s", c->config->name,
                    f->message ? f->message : "no reason given",
                    cert_is_due(c) ? "retrying in " : "the next one when its renewal is due",
                    cert_is_due(c) ? words_duration(at - now, words) : "");
}

static void count_failure(Cert *c, const Failure *f, int64_t now) {
        bool had_attempt = c->record.attempt.id;
        int r;

        if (f->class == CLASS_UNREACHABLE) { /* costs no attempt (S-06) */
                c->unreachable = MIN(c->unreachable + 1, (unsigned) RECORD_FAILURES_MAX);
                c->soon = next_try(c, f, c->unreachable, now);
        } else {
                c->unreachable = 0;
                c->record.failures = MIN(c->record.failures + 1, RECORD_FAILURES_MAX);
                c->record.next_attempt = next_try(c, f, (unsigned) c->record.failures, now);
                if (is_limit(f) && f->retry_after_sec > 0)
                        c->record.retry_after =
                                        MIN(now + f->retry_after_sec, c->record.next_attempt);
        }
        remember_error(c, f, now);
        if (f->problem.type == PROBLEM_BAD_PUBLIC_KEY && f->place == PLACE_FINALIZE)
                cert_retire_key(c);
        if (order_is_over(c, f))
                record_attempt_done(&c->record.attempt);
        if (f->class == CLASS_UNREACHABLE && !had_attempt)
                return; /* not worth a write every few minutes */
        r = cert_save(c);
        if (r < 0)
                log_message(LOG_ERR, &(LogFields){ .certificate = c->config->name },
                            "%s: the record cannot be saved: %s", c->config->name, errno_text(r));
}

void cert_attempt_fail(Cert *c, const Failure *f) {
        _cleanup_(failure_done) Failure copy = {};
        _cleanup_free_ char *url = NULL;
        int64_t now = cert_now(c), at;

        if (c->machine) /* without memory: the log line has no URL */
                (void) str_replace(&url, order_machine_url(c->machine));
        if (failure_copy(f, &copy) < 0) /* `f` may point into what is freed below */
                copy.class = CLASS_LATER;
        count_failure(c, &copy, now);
        at = MAX(c->soon, c->record.next_attempt);
        if (copy.class != CLASS_UNREACHABLE) /* a wish stays until the CA has been asked */
                c->wanted = c->forced = false;
        tell_failure(c, &copy, url, at);
        hold_others(c, &copy, now);
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

/* ---- the beginning ---- */

static void fail_with(Cert *c, ProblemClass class, const char *what, int error) {
        _cleanup_(failure_done) Failure f = {};

        (void) failure_set(&f, class, PLACE_NEW_ORDER, "%s: %s", what, errno_text(error));
        cert_attempt_fail(c, &f);
}

/* "20270103-120000-1f3a": unique enough beside the certificate's name, and readable. */
static int attempt_id(const Cert *c, char **ret) {
        time_t now = (time_t) cert_now(c);
        unsigned random = loop_random(c->context->engine->loop) & 0xffff;
        char date[32];
        struct tm tm;

        if (!gmtime_r(&now, &tm) || strftime(date, sizeof date, "%Y%m%d-%H%M%S", &tm) == 0)
                return -EOVERFLOW;
        return str_printf(ret, "%s-%04x", date, random);
}

static int attempt_new(Cert *c) {
        RecordAttempt *a = &c->record.attempt;
        int r;

        record_attempt_done(a);
        a->at = cert_now(c);
        r = attempt_id(c, &a->id);
        if (r >= 0)
                r = string_list_copy(&c->config->names, &a->names);
        if (r >= 0)
                r = str_replace(&a->ca, c->config->ca);
        if (r >= 0)
                r = str_replace(&a->key_type, cert_key_type(c));
        if (r >= 0 && c->config->request_path)
                r = str_replace(&a->request, c->config->request_sha256);
        if (r >= 0)
                r = str_replace(&a->account, session_account(c->ca.session));
        if (r >= 0)
                r = str_replace(&a->profile, certificate_profile(c->config));
        if (r < 0) {
                record_attempt_done(a);
                return r;
        }
        c->record.attempts++;
        return 0;
}

/* The order on disk is not the one that would be placed now, or not our account's: it is forgotten, and whether there
 * shall be another one is a new question. */
static void drop_misfit(Cert *c) {
        cert_order_stop(c); /* also what it showed is removed */
        record_attempt_done(&c->record.attempt);
        cert_attempt_clear(c);
        cert_plan(c);
}

static int attempt_start(Cert *c) {
        int r = 0;

        if (!c->record.attempt.id)
                r = attempt_new(c);
        if (r < 0)
                return r;
        if (!c->record.attempt.order) {
                r = pacer_spend(c->ticket);
                if (r < 0) /* the attempt is counted in the record all the same */
                        log_debug("%s: not counted: %s", c->config->name, errno_text(r));
        }
        return cert_order_start(c);
}

/* Is it due only because our clock is far from the CA's (T-21)? */
static bool is_wrong_clock(const Cert *c) {
        int64_t skew = session_skew_sec(c->ca.session);

        if (c->wanted || (skew < SKEW_MAX_SEC && skew > -SKEW_MAX_SEC))
                return false;
        return c->plan.reason != RENEW_MISSING && c->plan.reason != RENEW_CHANGED &&
               cert_plan_at(c, cert_now(c) + skew).reason == RENEW_NONE;
}

static void postpone_for_clock(Cert *c) {
        _cleanup_(failure_done) Failure f = {};
        int64_t skew = session_skew_sec(c->ca.session);
        char words[WORDS_SIZE];

        (void) failure_set(
                        &f, CLASS_UNREACHABLE, PLACE_DIRECTORY,
                        "the clock of this machine is %s %s that of the CA",
                        words_duration(skew < 0 ? -skew : skew, words),
                        skew < 0 ? "ahead of" : "behind");
        f.retry_after_sec = SEC_PER_HOUR;
        cert_attempt_fail(c, &f);
}

static void on_ready(const Failure *failure, void *userdata) {
        Cert *c = userdata;
        int r;

        c->wait = session_wait_free(c->wait);
        if (failure) {
                cert_attempt_fail(c, failure);
                return;
        }
        if (c->record.attempt.id && !cert_attempt_fits(c)) {
                drop_misfit(c);
                return;
        }
        if (!c->record.attempt.order && is_wrong_clock(c)) {
                postpone_for_clock(c);
                return;
        }
        cert_set_phase(c, CERT_ORDERING);
        r = attempt_start(c);
        if (r < 0) {
                fail_with(c, CLASS_UNREACHABLE, "the order cannot begin", r);
                return;
        }
        cert_order_pump(c);
}

static void on_admitted(void *userdata) {
        Cert *c = userdata;
        bool resume = c->record.attempt.order && cert_attempt_fits(c);
        int r;

        cert_set_phase(c, CERT_PREPARING);
        cert_tell_step(c);
        r = session_prepare(c->ca.session, resume, on_ready, c, &c->wait);
        if (r < 0)
                fail_with(c, CLASS_UNREACHABLE, "the CA cannot be asked", r);
}

void cert_attempt_admit(Cert *c) {
        PacerWish wish = {
                .not_after = c->present ? c->info.not_after : 0,
                .urgent = c->plan.reason == RENEW_EMERGENCY || c->plan.reason == RENEW_EXPIRED ||
                          c->plan.reason == RENEW_RECALLED,
                .fresh = !c->record.attempt.order,
                .force = c->forced,
        };
        int r;

        cert_set_phase(c, CERT_QUEUED);
        r = pacer_acquire(c->ca.pacer, &wish, on_admitted, c, &c->ticket);
        if (r < 0) {
                fail_with(c, CLASS_UNREACHABLE, "the order cannot begin", r);
                return;
        }
        cert_tell_step(c);
        cert_changed(c);
}

void cert_attempt_begin(Cert *c) {
        if (!cert_preflight_begin(c)) {
                cert_attempt_admit(c);
                return;
        }
        cert_tell_step(c);
        cert_changed(c);
}
