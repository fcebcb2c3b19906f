/* Words about time: why the next attempt is not sooner, and what happens when (`renewctl why`, `renewctl plan`). */

#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/cert-words.h"
#include "daemon/words.h"

/* ---- why not sooner ---- */

static int why_budget(const Cert *c, char **ret) {
        CaLimitKind kind = c->delay_budget == BUDGET_FAILURES ? CA_LIMIT_FAILURES
                                                              : CA_LIMIT_DUPLICATES;
        CaLimit limit = c->ca.budget ? budget_limit(c->ca.budget, kind) : (CaLimit){};
        const char *whom = c->delay_name ? c->delay_name : "these names";
        char span[WORDS_SIZE];

        (void) words_duration(limit.period_sec, span);
        if (c->delay_budget == BUDGET_HELD)
                return str_printf(ret, "CA '%s' asked to wait with %s", c->ca.name, whom);
        if (c->delay_budget == BUDGET_FAILURES)
                return str_printf(
                                ret, "CA '%s' bears %lld failed validations of %s in %s",
                                c->ca.name, (long long) limit.count, whom, span);
        return str_printf(
                        ret, "CA '%s' issues %lld certificates of %s in %s", c->ca.name,
                        (long long) limit.count, whom, span);
}

static int why_failed(const Cert *c, char **ret) {
        long long n = (long long) cert_tries(c).failures;
        bool parked = str_equal(c->record.error.class, "park");

        return str_printf(
                        ret, "%lld attempt%s in a row failed at CA '%s'%s", n, n == 1 ? "" : "s",
                        c->ca.name,
                        parked ? "; somebody has to act, until then it is tried about once a day "
                                 "('renewctl renew' tries at once)"
                               : "; the pauses grow from a minute to a day");
}

static int why_delayed(const Cert *c, char **ret) {
        switch (c->delay) {
        case DELAY_FAILED:
                return why_failed(c, ret);
        case DELAY_UNREACHABLE:
                return str_printf(
                                ret,
                                "CA '%s' could not be asked; that costs nothing, it is tried again "
                                "soon",
                                c->ca.name);
        case DELAY_QUOTA:
                return str_printf(
                                ret,
                                "after a day of failures it is tried twice a day at most, until the "
                                "certificate is about to expire");
        case DELAY_GUARD:
                return str_printf(
                                ret,
                                "it was issued too often lately; something keeps asking for it");
        case DELAY_RETRY_AFTER:
                return str_printf(ret, "CA '%s' asked to wait", c->ca.name);
        case DELAY_HELD:
                return str_printf(ret, "CA '%s' asked to leave its account alone", c->ca.name);
        case DELAY_BUDGET:
                return why_budget(c, ret);
        case DELAY_CHECK:
                return str_printf(
                                ret,
                                "its names are not ready for an order: %s; looked at again until "
                                "then",
                                c->check_words ? c->check_words : "no reason is known");
        case DELAY_SPREAD:
                return str_printf(ret, "after a start renewals are spread over a minute");
        case DELAY_NONE:
                break;
        }
        return 0;
}

static int why_queued(const Cert *c, char **ret) {
        int64_t until = 0, now = cert_now(c);
        char date[WORDS_SIZE];

        switch (c->ticket ? pacer_delay(c->ticket, &until) : PACER_TURN) {
        case PACER_HELD:
                return str_printf(
                                ret, "CA '%s' asked to leave its account alone until %s",
                                c->ca.name, words_date(until, now, date));
        case PACER_SPENT:
                return str_printf(
                                ret,
                                "of %lld new orders in three hours at CA '%s' none is left for it; "
                                "the next place is free at %s",
                                (long long) pacer_budget(c->ca.pacer), c->ca.name,
                                words_date(MAX(until, now), now, date));
        case PACER_TURN:
                break;
        }
        return str_printf(ret, "other orders at CA '%s' come first", c->ca.name);
}

static int why_not_due(const Cert *c, char **ret) {
        int r;

        if (c->plan.reason == RENEW_CLOCK)
                return str_printf(ret, "the clock of this machine cannot be right");
        r = cert_optional_trouble(c, ret);
        if (r < 0 || *ret)
                return r;
        if (cert_has_window(c))
                return str_printf(ret, "it is not due: the CA suggests the time");
        if (c->config->renew_before_sec > 0)
                return str_printf(ret, "it is not due: RenewBefore= says when");
        return str_printf(
                        ret, "it is not due: renewed when %s of its lifetime is left",
                        cert_lifetime(c) < 10 * (int64_t) SEC_PER_DAY ? "half" : "a third");
}

int cert_why(const Cert *c, char **ret) {
        *ret = NULL;
        if (c->config->broken)
                return str_printf(ret, "its configuration has an error: see 'renewctl check'");
        if (c->config->elsewhere)
                return cert_elsewhere_trouble(c, ret);
        if (!c->ca.session)
                return str_printf(ret, "it has no CA that can be asked");
        if (c->phase == CERT_QUEUED)
                return why_queued(c, ret);
        if (c->phase != CERT_IDLE)
                return str_printf(ret, "it is being done now");
        return cert_is_due(c) ? why_delayed(c, ret) : why_not_due(c, ret);
}

const char *cert_why_short(const Cert *c) {
        switch (c->delay) {
        case DELAY_RETRY_AFTER:
        case DELAY_HELD:
                return "as the CA asked";
        case DELAY_BUDGET:
                return "as the CA's limits allow";
        case DELAY_QUOTA:
                return "twice a day";
        case DELAY_NONE:
        case DELAY_FAILED:
        case DELAY_UNREACHABLE:
        case DELAY_GUARD:
        case DELAY_CHECK:
        case DELAY_SPREAD:
                break;
        }
        return NULL;
}

/* ---- what happens when ---- */

static int add_step(Json *list, const char *what, int64_t at, const char *why) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        if (at <= 0)
                return 0;
        j = json_object_new();
        r = j ? json_set_string(j, "what", what) : -ENOMEM;
        if (r >= 0)
                r = json_set_int64(j, "at", at);
        if (r >= 0)
                r = json_set_string(j, "why", why ? why : "");
        return r < 0 ? r : json_append(list, TAKE_PTR(j));
}

static int add_order(const Cert *c, Json *list) {
        _cleanup_free_ char *what = NULL, *why = NULL;
        bool due = cert_is_due(c);
        int64_t at = c->phase != CERT_IDLE ? cert_now(c) : due ? c->planned : c->plan.at;
        int r;

        if (c->config->broken || !c->ca.session)
                return 0;
        r = str_printf(&what, "%s from %s",
                       !c->present                       ? "first certificate"
                       : c->plan.reason == RENEW_CHANGED ? "changed certificate"
                       : due && cert_is_asking_again(c)  ? "certificate with all names"
                                                         : "renewal",
                       c->ca.name);
        if (r >= 0)
                r = cert_why(c, &why);
        return r < 0 ? r : add_step(list, what, at, why);
}

static int add_import(const Cert *c, Json *list) {
        _cleanup_free_ char *way = NULL;
        int r;

        if (!c->config->elsewhere || c->config->broken)
                return 0;
        r = cert_elsewhere_way(c, &way);
        return r < 0 ? r
                     : add_step(list, "another certificate is wanted",
                                c->present ? c->plan.at : cert_now(c), way);
}

static int add_optional(const Cert *c, Json *list) {
        _cleanup_free_ char *why = NULL;
        int r;

        if (cert_optional_at(c) == 0 || cert_optional_at(c) <= cert_now(c))
                return 0;
        r = cert_optional_trouble(c, &why);
        return r < 0 ? r : add_step(list, "ask for the left-out names", cert_optional_at(c), why);
}

static int add_rehearsal(const Cert *c, Json *list) {
        int64_t at = cert_rehearsal_at(c);
        _cleanup_free_ char *what = NULL;
        int r;

        if (at == 0)
                return 0;
        r = str_printf(&what, "rehearsal at %s", c->rehearsal->ca.name);
        return r < 0 ? r
                     : add_step(list, what, MAX(at, cert_now(c)),
                                cert_rehearsal_failed_last(c) ? "the last one failed" : NULL);
}

static int why_target(const Target *t, char **ret) {
        const char *trouble = target_trouble(t), *hold = target_hold_words(t);

        if (!trouble && !hold)
                return 0;
        return str_printf(
                        ret, "%s%s%s", trouble ? trouble : "", trouble && hold ? "; " : "",
                        hold ? hold : "");
}

static int add_targets(const Cert *c, Json *list) {
        int r = 0;

        for (size_t i = 0; i < c->target_count && r >= 0; i++) {
                _cleanup_free_ char *what = NULL, *why = NULL;

                r = str_printf(&what, "install at %s", target_config(c->targets[i])->name);
                if (r >= 0)
                        r = why_target(c->targets[i], &why);
                if (r >= 0)
                        r = add_step(list, what, target_next_attempt(c->targets[i]), why);
        }
        return r;
}

int cert_plan_json(const Cert *c, Json **ret) {
        _cleanup_(json_freep) Json *list = json_array_new();
        int r = list ? add_order(c, list) : -ENOMEM;

        if (r >= 0)
                r = add_import(c, list);
        if (r >= 0)
                r = add_optional(c, list);
        if (r >= 0)
                r = add_rehearsal(c, list);
        if (r >= 0)
                r = add_targets(c, list);
        if (r >= 0 && c->present)
                r = add_step(list, "the present certificate expires", c->info.not_after, NULL);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}
