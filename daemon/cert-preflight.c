/* Before an order costs an attempt its names are looked at as the CA will. What is wrong delays the first attempts and
 * says why; it never blocks for ever, for a network may look different from outside. What somebody asks for by hand, and
 * what is about to expire, is not delayed at all. */

#include "base/log.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-words.h"
#include "daemon/words.h"

/* How long an order is held back: by what is certain, and by what may be seen from here only. */
#define WINDOW_MISSING_SEC      (30 * SEC_PER_MIN)
#define WINDOW_MISSING_WEAK_SEC (2 * SEC_PER_MIN)
#define WINDOW_SEC              (2 * SEC_PER_HOUR)
#define WINDOW_WEAK_SEC         (10 * SEC_PER_MIN)

/* Looking costs the CA nothing, and somebody may be mending it right now. */
static const unsigned delays[] = { 15, 15, 30, 60, 120, 300, 600 };

static int64_t window(const Cert *c) {
        bool certain = c->check_certain;
        int64_t lifetime = cert_lifetime(c);

        if (lifetime == 0)
                return certain ? WINDOW_MISSING_SEC : WINDOW_MISSING_WEAK_SEC;
        return certain ? MIN(WINDOW_SEC, lifetime / 100) : MIN(WINDOW_WEAK_SEC, lifetime / 500);
}

void cert_preflight_stop(Cert *c) {
        c->preflight = preflight_free(c->preflight);
        c->check_slot = slot_free(c->check_slot);
}

void cert_preflight_forget(Cert *c) {
        cert_preflight_stop(c);
        free(c->check_words);
        c->check_words = NULL;
        c->check_certain = false;
        c->checks = 0;
        c->checked_since = c->check_again = 0;
}

static void tell(const Cert *c, const PreflightResult *result, int64_t until) {
        LogFields fields = { .certificate = c->config->name, .ca = c->ca.name };
        int64_t now = cert_now(c);
        char words[WORDS_SIZE];

        if (until > now)
                log_message(LOG_WARNING, &fields,
                            "%s: not ready for an order: %s; looking again, ordering all the same "
                            "in %s",
                            c->config->name, result->words, words_duration(until - now, words));
        else
                log_message(LOG_WARNING, &fields, "%s: %s; ordering all the same", c->config->name,
                            result->words);
}

static void note(Cert *c, const PreflightResult *result) {
        size_t i = MIN((size_t) c->checks, ELEMENTSOF(delays) - 1);
        int64_t now = cert_now(c), until;
        bool told = str_equal(c->check_words, result->words);

        if (c->checked_since == 0 || c->checked_since > now)
                c->checked_since = now;
        c->checks++;
        c->check_certain = result->certain;
        until = c->checked_since + window(c);
        c->check_again = MIN(now + (int64_t) delays[i], until);
        /* Without memory for the words nobody is told why. */
        (void) str_replace(&c->check_words, result->words);
        if (!told || until <= now)
                tell(c, result, until);
}

/* Nobody waits: an order by hand, the one run of --once, the last hours of a certificate. */
static bool may_delay(const Cert *c) {
        return !c->wanted && !c->context->once && c->plan.reason != RENEW_EMERGENCY &&
               c->plan.reason != RENEW_EXPIRED && c->plan.reason != RENEW_RECALLED;
}

static void take_result(Cert *c, const PreflightResult *result) {
        c->check_slot = slot_free(c->check_slot);
        if (result->passed) {
                cert_preflight_forget(c);
                cert_attempt_admit(c);
                return;
        }
        if (!may_delay(c) || result->advice)
                c->checked_since = cert_now(c) - window(c);
        note(c, result);
        cert_tell(c, false, false, result->words);
        if (c->check_again <= cert_now(c)) {
                cert_attempt_admit(c);
                return;
        }
        cert_set_phase(c, CERT_IDLE);
        cert_plan(c);
        cert_changed(c);
}

static void on_result(const PreflightResult *result, void *userdata) {
        Cert *c = userdata;
        Preflight *done = TAKE_PTR(c->preflight); /* holds the words */

        take_result(c, result);
        (void) preflight_free(done);
}

int64_t cert_preflight_holds_until(const Cert *c) {
        return may_delay(c) ? c->check_again : 0;
}

/* What the CA's directory says it is called, and what its file does. */
static int caa_identities(const Cert *c, StringList *ret) {
        const Directory *d = session_directory(c->ca.session);
        int r;

        r = string_list_copy(&session_ca(c->ca.session)->caa_identities, ret);
        for (size_t i = 0; d && i < d->caa_identities.count && r >= 0; i++)
                if (!string_list_contains(ret, d->caa_identities.items[i]))
                        r = string_list_add(ret, d->caa_identities.items[i]);
        return r;
}

static void look(void *userdata) {
        _cleanup_(string_list_done) StringList names = {}, identities = {};
        ChallengeType challenges[CHALLENGE_TYPE_MAX];
        Cert *c = userdata;
        PreflightSpec spec = {
                .names = &names,
                .identities = &identities,
                .account = session_account(c->ca.session),
        };

        (void) cert_challenges(c, challenges); /* at least one */
        spec.challenge = challenges[0];

        /* Without memory there is no advice. */
        if (cert_wanted_names(c, cert_now(c), &names) < 0 || caa_identities(c, &identities) < 0 ||
            preflight_start(c->context->engine, &spec, on_result, c, &c->preflight) < 0)
                cert_attempt_admit(c);
}

bool cert_preflight_begin(Cert *c) {
        int r;

        /* An order that was begun is followed: its names were looked at, and are at the CA already. */
        if (!c->config->preflight || c->forced || c->record.attempt.id)
                return false;
        c->check_slot = slot_free(c->check_slot);
        r = slot_take(c->context->preflights, look, c, &c->check_slot);
        if (r < 0)
                return false;
        cert_set_phase(c, CERT_CHECKING);
        if (r > 0)
                look(c);
        return true;
}
