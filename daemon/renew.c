/* When to renew. Everything is a share of the certificate's own lifetime: lifetimes reach from a minute to
 * 398 days, and a constant in days is wrong for most of them (T-01). */

#include "daemon/renew.h"

#define SHORT_LIFETIME_SEC   ((int64_t) 10 * SEC_PER_DAY)
#define LOOK_AGAIN_SEC       ((int64_t) 6 * SEC_PER_HOUR)
#define LOOK_AGAIN_CLOCK_SEC ((int64_t) 5 * SEC_PER_MIN)
#define LOOK_AGAIN_DUE_SEC   ((int64_t) SEC_PER_HOUR)
#define MISSED_SPREAD_SEC    ((int64_t) 15 * SEC_PER_MIN) /* T-20 */

#define GUARD_LIFETIME_COUNT 3 /* S-08 */
#define GUARD_DAY_COUNT      2
#define GUARD_WEEK_COUNT     4
#define GUARD_MIN_LIFETIME   ((int64_t) 6 * SEC_PER_DAY)
#define DEFAULT_LIFETIME_SEC ((int64_t) 90 * SEC_PER_DAY)

static const char *const reason_names[RENEW_REASON_MAX] = {
        [RENEW_NONE] = "none",       [RENEW_MISSING] = "missing",   [RENEW_CHANGED] = "changed",
        [RENEW_DUE] = "due",         [RENEW_RECALLED] = "recalled", [RENEW_EMERGENCY] = "emergency",
        [RENEW_EXPIRED] = "expired", [RENEW_CLOCK] = "clock",
};

const char *renew_reason_to_string(RenewReason r) {
        return (unsigned) r < RENEW_REASON_MAX ? reason_names[r] : "unknown";
}

/* Dates come from outside; no pair of them may overflow. */
static int64_t saturating_sub(int64_t a, int64_t b) {
        int64_t d;

        if (__builtin_sub_overflow(a, b, &d))
                return b > 0 ? INT64_MIN : INT64_MAX;
        return d;
}

static int64_t saturating_add(int64_t a, int64_t b) {
        int64_t s;

        if (__builtin_add_overflow(a, b, &s))
                return b > 0 ? INT64_MAX : INT64_MIN;
        return s;
}

/* The share `part` / 2^32 of `span`, without overflow. */
static int64_t scale(int64_t span, uint32_t part) {
        const uint64_t unit = (uint64_t) UINT32_MAX + 1, s = (uint64_t) span;

        return (int64_t) (s / unit * part + s % unit * part / unit);
}

/* T-01, T-02: how long before the end. */
static int64_t lead_time(const RenewFacts *f, int64_t lifetime) {
        if (f->renew_before_sec <= 0)
                return lifetime < SHORT_LIFETIME_SEC ? lifetime / 2 : lifetime / 3;
        if (f->renew_before_sec >= lifetime - lifetime / 3)
                return lifetime / 2; /* it would renew for ever */
        return f->renew_before_sec;
}

static int64_t renewal_point(const RenewFacts *f, int64_t lifetime) {
        int64_t backstop = f->not_after - lifetime / 5; /* T-12 */
        int64_t point;

        if (f->suggested != 0) {
                if (f->renew_before_sec > 0) /* "at the latest" */
                        backstop = MIN(backstop, f->not_after - lead_time(f, lifetime));
                return MIN(f->suggested, backstop);
        }
        point = f->not_after - lead_time(f, lifetime) - scale(lifetime / 20, f->jitter);
        point = MIN(point, backstop);
        /* Strictly inside, for the shortest of lives too (R3.5.6). */
        return MAX(MIN(point, f->not_after - 1), f->not_before + 1);
}

/* T-20: what became due while the machine was off need not start all at once. */
static int64_t spread_missed(const RenewFacts *f, int64_t point, int64_t lifetime) {
        if (f->started == 0 || point >= f->started)
                return point;
        return saturating_add(f->started, scale(MIN(MISSED_SPREAD_SEC, lifetime / 100), f->jitter));
}

static RenewPlan due(const RenewFacts *f, RenewReason reason, int64_t at, int64_t lifetime) {
        int64_t wait = MAX(MIN(LOOK_AGAIN_DUE_SEC, lifetime / 100), 1);

        return (RenewPlan){
                .reason = reason,
                .at = at,
                .look_again = saturating_add(f->now, wait),
        };
}

RenewPlan renew_plan(const RenewFacts *f) {
        int64_t lifetime, left, point, at;

        if (f->now < f->clock_floor) /* T-21 */
                return (RenewPlan){
                        .reason = RENEW_CLOCK,
                        .at = f->clock_floor,
                        .look_again = saturating_add(f->now, LOOK_AGAIN_CLOCK_SEC),
                };
        if (!f->present)
                return due(f, RENEW_MISSING, f->now, DEFAULT_LIFETIME_SEC);
        lifetime = saturating_sub(f->not_after, f->not_before);
        if (lifetime <= 0) /* valid at no time */
                return due(f, RENEW_EXPIRED, f->now, DEFAULT_LIFETIME_SEC);
        point = renewal_point(f, lifetime);
        if (f->now > f->not_after) /* notAfter itself is still valid (R1.51) */
                return due(f, RENEW_EXPIRED, point, lifetime);
        if (!f->fits)
                return due(f, RENEW_CHANGED, f->now, lifetime);
        left = saturating_sub(f->not_after, f->now);
        if (left <= MIN(lifetime / 10, SEC_PER_DAY)) /* T-13 */
                return due(f, RENEW_EMERGENCY, point, lifetime);
        if (f->recalled && f->now >= point)
                return due(f, RENEW_RECALLED, point, lifetime);
        at = left > lifetime / 10 ? spread_missed(f, point, lifetime) : point;
        if (f->now >= at)
                return due(f, RENEW_DUE, at, lifetime);
        return (RenewPlan){
                .reason = RENEW_NONE,
                .at = at,
                .look_again = MIN(at, saturating_add(f->now, LOOK_AGAIN_SEC)),
        };
}

bool renew_is_alarming(int64_t not_before, int64_t not_after, int64_t now) {
        int64_t lifetime = saturating_sub(not_after, not_before);

        return lifetime <= 0 || saturating_sub(not_after, now) < lifetime / 6;
}

/* At most `allowed` in `window` seconds: 0, or the instant from which one more fits. */
static int64_t guard_rule(
                const int64_t *issued, size_t count, size_t allowed, int64_t window, int64_t now) {
        int64_t until;

        if (count < allowed)
                return 0;
        until = saturating_add(issued[count - allowed], window);
        return until > now ? until : 0;
}

int64_t renew_guard(const int64_t *issued, size_t count, int64_t lifetime_sec, int64_t now) {
        int64_t until;

        if (lifetime_sec <= 0)
                lifetime_sec = DEFAULT_LIFETIME_SEC;
        /* Written while the clock was wrong: such an entry must not block for years. */
        while (count > 0 && issued[count - 1] > saturating_add(now, SEC_PER_DAY))
                count--;
        until = guard_rule(issued, count, GUARD_LIFETIME_COUNT, lifetime_sec, now);
        if (lifetime_sec >= GUARD_MIN_LIFETIME) {
                until = MAX(until, guard_rule(issued, count, GUARD_DAY_COUNT, SEC_PER_DAY, now));
                until = MAX(until, guard_rule(issued, count, GUARD_WEEK_COUNT,
                                              (int64_t) 7 * SEC_PER_DAY, now));
        }
        return until;
}
