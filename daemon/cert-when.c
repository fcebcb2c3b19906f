/* When the due order may begin, and what holds it up until then: the latest of all reasons, each of which has words in
 * cert-why.c. */

#include "base/log.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-words.h"
#include "daemon/words.h"

#define NEXT_MAX_SEC     ((int64_t) 8 * SEC_PER_DAY) /* no retry is further away (S-04) */
#define URGENT_GUARD_SEC ((int64_t) 7 * SEC_PER_DAY)

bool cert_is_urgent(const Cert *c) {
        return c->plan.reason == RENEW_EMERGENCY || c->plan.reason == RENEW_EXPIRED;
}

/* Instants that cannot be right (the clock was set back, the file was edited) do not hold anything up for years. */
static int64_t plausible(int64_t at, int64_t now) {
        return at > now + NEXT_MAX_SEC ? now + SEC_PER_HOUR : at;
}

static void fix_tries(RecordTries *t, int64_t now) {
        t->next_attempt = plausible(t->next_attempt, now);
        t->retry_after = plausible(t->retry_after, now);
        t->since = MIN(t->since, now);
}

void cert_fix_instants(Cert *c, int64_t now) {
        fix_tries(&c->record.tries, now);
        for (size_t i = 0; i < c->record.fallback_count; i++)
                fix_tries(&c->record.fallbacks[i].tries, now);
        for (size_t i = 0; i < ELEMENTSOF(c->reach); i++)
                c->reach[i].soon = plausible(c->reach[i].soon, now);
        c->check_again = plausible(c->check_again, now);
        c->record.left_out.ask_at = plausible(c->record.left_out.ask_at, now);
        c->spread_until = c->spread_until > now + SEC_PER_HOUR ? 0 : c->spread_until;
}

/* S-08; 0: it does not hold. When little time is left, only what was issued lately counts: certificates that were no
 * good must not keep the next one away until the present one has expired (T-13). */
int64_t cert_guard(const Cert *c, const StringList *names, int64_t now) {
        int64_t times[RECORD_ISSUED_MAX], set, lately;
        size_t count, old = 0;

        set = record_set_of(names, cert_key_type(c));
        count = record_issues_of(&c->record, set, times);
        lately = now - MIN(URGENT_GUARD_SEC, cert_lifetime(c) / 2);
        while ((cert_is_urgent(c) || cert_is_late(c)) && old < count && times[old] < lately)
                old++;
        return renew_guard(times + old, count - old, cert_lifetime(c), now);
}

static void tell_guard(Cert *c, int64_t now) {
        LogFields fields = { .certificate = c->config->name, .ca = c->ca.name };
        char date[WORDS_SIZE];

        if (c->guard_until <= now) {
                c->guard_told = false;
                return;
        }
        if (c->guard_told)
                return;
        c->guard_told = true;
        log_message(LOG_ERR, &fields,
                    "%s: issued too often lately, no new order before %s: something keeps asking "
                    "for certificates",
                    c->config->name, words_date(c->guard_until, now, date));
}

static void hold(Cert *c, CertDelay why, int64_t until) {
        if (until <= c->delay_until)
                return;
        c->delay_until = until;
        c->delay = why;
}

/* What the CA allows for these names. */
static void hold_by_budget(Cert *c, const StringList *names, int64_t now) {
        BudgetWish wish = {
                .names = names,
                .extra = cert_is_extra(c),
                .urgent = cert_is_urgent(c),
                .exempt = cert_is_in_window(c, now) && cert_predecessor(c),
        };
        const char *name = NULL;
        BudgetReason reason;
        int64_t until;

        if (!c->ca.budget)
                return;
        until = budget_until(c->ca.budget, &wish, now, &reason, &name);
        if (until <= c->delay_until)
                return;
        hold(c, DELAY_BUDGET, until);
        c->delay_budget = reason;
        (void) str_replace(&c->delay_name, name); /* without memory the words lack the name */
}

static void hold_by_round(Cert *c, int64_t now) {
        RecordTries t = cert_tries(c);

        hold(c,
             t.retry_after > 0 && t.retry_after >= t.next_attempt ? DELAY_RETRY_AFTER
                                                                  : DELAY_FAILED,
             t.next_attempt);
        hold(c, DELAY_UNREACHABLE, cert_reach(c)->soon);
        if (!c->wanted && c->plan.reason != RENEW_NONE)
                hold(c, DELAY_QUOTA,
                     retry_quota_until(
                                     &c->record.quota, cert_lifetime(c),
                                     c->present ? c->info.not_after : 0, now));
}

int64_t cert_asked_until(const Cert *c, const StringList *names, int64_t now) {
        BudgetWish wish = { .names = names, .asked = true };
        int64_t until = MAX(cert_tries(c).retry_after, pacer_asked_until(c->ca.pacer));

        return c->ca.budget ? MAX(until, budget_until(c->ca.budget, &wish, now, NULL, NULL))
                            : until;
}

/* By somebody: a start, which many machines may have at once, does not spread it. */
static bool is_waited_for(RenewReason reason) {
        return reason == RENEW_MISSING || reason == RENEW_CHANGED || reason == RENEW_RECALLED;
}

int64_t cert_due_at(Cert *c, int64_t now) {
        _cleanup_(string_list_done) StringList names = {};
        int64_t until;

        c->guard_until = 0;
        c->delay = DELAY_NONE;
        c->delay_until = now;
        hold_by_round(c, now);
        /* The order exists: following it costs the CA nothing new. Or a person says so, twice. */
        if (c->record.attempt.order || c->insisted)
                return c->delay_until;
        if (cert_wanted_names(c, now, &names) < 0)
                return now + SEC_PER_MIN; /* no memory */
        if (c->forced) {
                hold(c, DELAY_RETRY_AFTER, cert_asked_until(c, &names, now));
                return c->delay_until;
        }
        c->guard_until = cert_guard(c, &names, now);
        tell_guard(c, now);
        hold(c, DELAY_GUARD, c->guard_until);
        hold(c, DELAY_RETRY_AFTER, cert_tries(c).retry_after);
        hold_by_budget(c, &names, now);
        hold(c, DELAY_CHECK, cert_preflight_holds_until(c));
        until = c->cas.count > 1 ? pacer_held_until(c->ca.pacer) : 0;
        hold(c, DELAY_HELD, until); /* else the pacer's line is where one waits */
        if (!c->wanted && !cert_is_urgent(c) && !is_waited_for(c->plan.reason))
                hold(c, DELAY_SPREAD, c->spread_until);
        return c->delay_until;
}
