/* One attempt: admitted by the pacer, the session made ready, the attempt durable, then the order machine. What the CA
 * was asked for is counted before it is asked (DESIGN §5). */

#include "daemon/cert-attempt.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-words.h"
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
        c->lost_since = 0;
        bytes_done(&c->chain);
        if (c->presenter)
                presenter_settle(c->presenter);
        cert_set_phase(c, CERT_IDLE);
}

bool cert_attempt_fits(const Cert *c) {
        const RecordAttempt *a = &c->record.attempt;

        if (!certificate_accepts_names(c->config, &a->names) || !str_equal(a->ca, c->ca.name) ||
            !str_equal(a->key_type, cert_key_type(c)) ||
            !str_equal(a->profile, certificate_profile(c->config)) ||
            !str_equal(a->request ? a->request : "", c->config->request_sha256))
                return false;
        /* The order of an account that is no longer ours cannot be followed (F-15). */
        return !a->order || !session_account(c->ca.session) ||
               str_equal(a->account, session_account(c->ca.session));
}

/* ---- the beginning ---- */

static void fail_with(Cert *c, ProblemClass class, const char *what, int error) {
        _cleanup_(failure_done) Failure f = {};

        (void) failure_set(&f, class, PLACE_NEW_ORDER, "%s: %s", what, errno_text(error));
        cert_attempt_fail(c, &f);
}

/* "20270103-120000-1f3a": unique enough beside the certificate's name, and readable. The signer knows a rehearsal's
 * by its beginning. */
int cert_attempt_id(const Cert *c, char **ret) {
        _cleanup_free_ char *id = NULL;
        int r;
        time_t now = (time_t) cert_now(c);
        unsigned random = loop_random(c->context->engine->loop) & 0xffff;
        char date[32];
        struct tm tm;

        if (!gmtime_r(&now, &tm) || strftime(date, sizeof date, "%Y%m%d-%H%M%S", &tm) == 0)
                return -EOVERFLOW;
        r = str_printf(&id, "%s%s-%04x", c->rehearses ? ATTEMPT_OF_REHEARSAL : "", date, random);
        if (r < 0)
                return r;
        free(*ret);
        *ret = TAKE_PTR(id);
        return 0;
}

static int attempt_new(Cert *c) {
        RecordAttempt *a = &c->record.attempt;
        int r;

        record_attempt_done(a);
        a->at = cert_now(c);
        r = cert_attempt_id(c, &a->id);
        if (r >= 0)
                r = cert_wanted_names(c->rehearses ? c->rehearses : c, a->at, &a->names);
        if (r >= 0)
                r = str_replace(&a->ca, c->ca.name);
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

        c->plan_timer = timer_free(c->plan_timer);
        cert_set_phase(c, CERT_PREPARING);
        cert_tell_step(c);
        r = session_prepare(c->ca.session, resume, on_ready, c, &c->wait);
        if (r < 0)
                fail_with(c, CLASS_UNREACHABLE, "the CA cannot be asked", r);
}

/* The line at this CA is too long, or it is held: perhaps another one is asked. */
static void on_queue_timer(void *userdata) {
        Cert *c = userdata;

        c->plan_timer = timer_free(c->plan_timer);
        cert_attempt_clear(c);
        cert_plan(c);
}

static void watch_queue(Cert *c) {
        int64_t patience = cert_patience(c);

        if (patience > 0)
                /* Without memory for a timer it waits for its turn here. */
                (void) loop_timer_after(
                                c->context->engine->loop, (usec_t) patience * USEC_PER_SEC,
                                on_queue_timer, c, &c->plan_timer);
}

void cert_attempt_admit(Cert *c) {
        PacerWish wish = {
                .not_after = c->present     ? c->info.not_after
                             : c->rehearses ? INT64_MAX
                                            : 0,
                .urgent = c->plan.reason == RENEW_EMERGENCY || c->plan.reason == RENEW_EXPIRED ||
                          c->plan.reason == RENEW_RECALLED,
                .fresh = !c->record.attempt.order,
                .extra = cert_is_extra(c),
                .force = c->forced,
                .insist = c->insisted,
        };
        int r;

        cert_set_phase(c, CERT_QUEUED);
        r = pacer_acquire(c->ca.pacer, &wish, on_admitted, c, &c->ticket);
        if (r < 0) {
                fail_with(c, CLASS_UNREACHABLE, "the order cannot begin", r);
                return;
        }
        watch_queue(c);
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
