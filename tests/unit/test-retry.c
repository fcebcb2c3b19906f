#include "daemon/retry.h"
#include "tests/unit/test.h"

#define T0  INT64_C(1800000000)
#define DAY ((int64_t) SEC_PER_DAY)

static int64_t delay_of(RetryFacts f) {
        f.now = T0;
        return retry_at(&f) - T0;
}

/* Within a tenth of `sec` for every jitter, and not always the same. */
static void check_about(RetryFacts f, int64_t sec) {
        int64_t least = INT64_MAX, most = 0;

        for (uint32_t i = 0; i < 1000; i++) {
                int64_t d;

                f.random = i * 7919;
                d = delay_of(f);
                least = MIN(least, d);
                most = MAX(most, d);
        }
        CHECK(least >= sec - sec / 10);
        CHECK(most <= sec + sec / 10);
        CHECK(most > least);
}

static void later(void) {
        static const int64_t steps[] = { 60, 600, 6000, 72000, 72000 };

        for (unsigned i = 0; i < ELEMENTSOF(steps); i++) {
                check_about((RetryFacts){ .class = CLASS_LATER, .failures = i + 1 }, steps[i]);
                check_about((RetryFacts){ .class = CLASS_ORDER, .failures = i + 1 }, steps[i]);
                check_about((RetryFacts){ .class = CLASS_BUG, .failures = i + 1 }, steps[i]);
                check_about((RetryFacts){ .class = CLASS_ACCOUNT, .failures = i + 1 }, steps[i]);
        }
        check_about((RetryFacts){ .class = CLASS_LATER, .failures = 0 }, 60);
}

static void validation(void) {
        RetryFacts f = { .class = CLASS_ORDER, .place = PLACE_CHALLENGE, .failures = 1 };

        for (uint32_t i = 0; i < 1000; i++) {
                f.random = i * 7919;
                CHECK(delay_of(f) >= 720);
                CHECK(delay_of(f) <= 800);
        }
        f.failures = 2;
        check_about(f, 6000);
        f.failures = 3;
        check_about(f, 72000);
}

static void unreachable(void) {
        for (unsigned n = 0; n < 2000; n++) {
                RetryFacts f = { .class = CLASS_UNREACHABLE, .failures = n, .random = n * 7919 };

                CHECK(delay_of(f) >= 30);
                CHECK(delay_of(f) <= 300);
                if (n >= 5)
                        CHECK(delay_of(f) >= 270);
        }
}

static void parked(void) {
        for (unsigned n = 1; n < 100; n++) {
                RetryFacts f = { .class = CLASS_PARK, .failures = n, .random = n * 7919 };

                CHECK(delay_of(f) <= DAY);
                CHECK(delay_of(f) >= DAY - DAY / 10);
                f.type = PROBLEM_CAA;
                if (n <= 3)
                        CHECK(delay_of(f) >= 3600 && delay_of(f) <= 4000);
                else
                        CHECK(delay_of(f) >= DAY - DAY / 10);
        }
}

static void types(void) {
        RetryFacts f = { .class = CLASS_LATER, .type = PROBLEM_RATE_LIMITED, .failures = 1 };

        CHECK(delay_of(f) >= 3600);
        f.retry_after_sec = 100;
        CHECK(delay_of(f) >= 100 && delay_of(f) < 3600);
}

static void retry_after(void) {
        static const ProblemClass classes[] = { CLASS_LATER, CLASS_ORDER, CLASS_PARK,
                                                CLASS_UNREACHABLE };

        for (size_t i = 0; i < ELEMENTSOF(classes); i++) {
                RetryFacts f = { .class = classes[i], .failures = 1, .retry_after_sec = 122400 };

                CHECK_INT(delay_of(f), 122400);
                f.retry_after_sec = INT64_MAX;
                CHECK_INT(delay_of(f), 7 * DAY);
                f.retry_after_sec = -5;
                CHECK(delay_of(f) > 0);
        }
}

static void short_lives(void) {
        static const int64_t lifetimes[] = { 1, 60, 3600, DAY, 160 * 3600 };
        static const ProblemClass classes[] = { CLASS_LATER, CLASS_UNREACHABLE, CLASS_PARK };

        for (size_t i = 0; i < ELEMENTSOF(lifetimes); i++)
                for (size_t c = 0; c < ELEMENTSOF(classes); c++)
                        for (unsigned n = 1; n < 10; n++) {
                                RetryFacts f = {
                                        .class = classes[c],
                                        .failures = n,
                                        .lifetime_sec = lifetimes[i],
                                        .random = n * 7919,
                                };

                                CHECK(delay_of(f) >= 1);
                                CHECK(delay_of(f) <= MAX(lifetimes[i] / 10, 1));
                        }
}

static void last_tenth(void) {
        RetryFacts f = {
                .class = CLASS_LATER,
                .failures = 9,
                .lifetime_sec = 90 * DAY,
                .not_after = T0 + 10 * DAY,
        };

        CHECK(delay_of(f) >= 64800);
        f.not_after = T0 + 9 * DAY;
        CHECK_INT(delay_of(f), 6 * 3600);
        f.not_after = T0 + 90 * DAY / 20;
        CHECK_INT(delay_of(f), 2 * 3600);
        f.type = PROBLEM_RATE_LIMITED;
        CHECK(delay_of(f) >= 3600);
        f.type = PROBLEM_NONE;
        f.retry_after_sec = 20000;
        CHECK_INT(delay_of(f), 20000);
        f.retry_after_sec = 0;
        f.not_after = T0; /* expired: no haste */
        CHECK(delay_of(f) >= 64800);
        f.not_after = INT64_MIN;
        CHECK(delay_of(f) >= 64800);
}

static void year_of_failure(void) {
        int64_t now = T0, end = T0 + 400 * DAY;
        unsigned failures = 0, today = 0;
        int64_t day = 0;
        uint32_t random = 1;

        while (now < end) {
                RetryFacts f = { .class = CLASS_LATER, .now = now };
                int64_t at;

                f.failures = ++failures;
                f.random = random = random * 1664525U + 1013904223U;
                at = retry_at(&f);
                CHECK(at - now >= 54);
                CHECK(at - now <= DAY);
                if ((at - T0) / DAY == day)
                        today++;
                else
                        today = 1;
                day = (at - T0) / DAY;
                if (day > 1)
                        CHECK(today <= 2);
                now = at;
        }
        CHECK(failures > 400 && failures < 600);
}

static void huge_counters(void) {
        static const unsigned counts[] = { 31, 32, 33, 63, 64, 65, 1U << 31, UINT32_MAX };

        for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
                check_about((RetryFacts){ .class = CLASS_LATER, .failures = counts[i] }, 72000);
                CHECK(retry_deploy_delay(counts[i], 0, 0) >= 19000);
        }
        CHECK_INT(retry_at(&(RetryFacts){ .class = CLASS_LATER, .failures = 1, .now = INT64_MAX }),
                  INT64_MAX);
}

static void deploy(void) {
        static const int64_t steps[] = { 60, 300, 900, 3600 };

        for (unsigned n = 1; n < 100; n++)
                for (uint32_t r = 0; r < 50; r++) {
                        int64_t d = retry_deploy_delay(n, 90 * DAY, r * 7919);

                        CHECK(d <= 6 * 3600);
                        if (n <= ELEMENTSOF(steps))
                                CHECK(d >= steps[n - 1] * 9 / 10 && d <= steps[n - 1] * 11 / 10);
                }
        CHECK(retry_deploy_delay(50, 600, 1) <= 12);
        CHECK(retry_deploy_delay(50, 1, 1) >= 1);
        CHECK(retry_deploy_delay(0, 0, 0) >= 54);
}

static void server_errors(void) {
        static const int64_t steps[] = { 60, 300, 900, 6000, 72000, 72000 };

        for (unsigned i = 0; i < ELEMENTSOF(steps); i++)
                check_about((RetryFacts){ .class = CLASS_LATER,
                                          .type = PROBLEM_SERVER_INTERNAL,
                                          .failures = i + 1 },
                            steps[i]);
}

static void nonces(void) {
        static const int64_t steps[] = { 60, 300, 900, 3600, 3600 };

        for (unsigned i = 0; i < ELEMENTSOF(steps); i++) {
                RetryFacts f = { .class = CLASS_UNREACHABLE,
                                 .type = PROBLEM_BAD_NONCE,
                                 .failures = i + 1,
                                 .random = i * 7919 };

                CHECK(delay_of(f) >= steps[i] - steps[i] / 10);
                CHECK(delay_of(f) <= MIN(steps[i] + steps[i] / 10, 3600));
        }
}

static void pauses(void) {
        RetryFacts f = { .class = CLASS_PARK, .type = PROBLEM_RATE_LIMITED, .failures = 1 };

        CHECK(delay_of(f) >= 3600 && delay_of(f) <= 3960);
        f.failures = 9;
        CHECK(delay_of(f) >= 64800);
        f = (RetryFacts){ .class = CLASS_ACCOUNT, .type = PROBLEM_UNAUTHORIZED, .failures = 1 };
        CHECK(delay_of(f) >= DAY - DAY / 10);
}

/* 90 days of life: the emergency is its last day. */
static void before_the_emergency(void) {
        RetryFacts f = {
                .class = CLASS_LATER,
                .failures = 1,
                .retry_after_sec = 7 * DAY,
                .lifetime_sec = 90 * DAY,
                .not_after = T0 + 4 * DAY,
        };

        CHECK_INT(delay_of(f), 3 * DAY - 3 * DAY / 10);
        f.retry_after_sec = DAY;
        CHECK_INT(delay_of(f), DAY);
        f.not_after = T0 + DAY / 2; /* it is there: the CA's word holds */
        CHECK_INT(delay_of(f), DAY);
}

static void quota(void) {
        RetryQuota q = {};
        int64_t life = 90 * DAY, end = T0 + 60 * DAY;

        CHECK_INT(retry_quota_until(&q, life, end, T0), 0);
        for (int i = 0; i < 5; i++)
                retry_quota_add(&q, T0 + i * 600);
        CHECK_INT(retry_quota_until(&q, life, end, T0 + 3600), 0); /* the first day */
        CHECK_INT(q.first, T0);
        CHECK_INT(retry_quota_until(&q, life, end, T0 + DAY), T0 + DAY + 1800);
        CHECK_INT(retry_quota_until(&q, life, end, T0 + DAY + 1800), 0);
        retry_quota_add(&q, T0 + 2 * DAY);
        CHECK_INT(retry_quota_until(&q, life, end, T0 + 2 * DAY + 1), 0);
        retry_quota_add(&q, T0 + 2 * DAY + 60);
        CHECK_INT(retry_quota_until(&q, life, end, T0 + 2 * DAY + 120), T0 + 3 * DAY);
        CHECK_INT(retry_quota_until(&q, life, T0 + 10 * DAY, T0 + 2 * DAY + 120),
                  0); /* last tenth */
        CHECK_INT(retry_quota_until(&q, 0, 0, T0 + 2 * DAY + 120), T0 + 3 * DAY);
        CHECK_INT(retry_quota_until(&q, 3600, end, T0 + 2 * DAY + 120), 0);
        CHECK_INT(retry_quota_until(&q, life, end, T0 - 99 * DAY), 0); /* the clock was set back */
}

TEST_MAIN({ "serverInternal: 1, 5, 15 min, then as all others (section Q)", server_errors },
          { "refused nonces: up to an hour (D-07)", nonces },
          { "a limit without an end: an hour, then daily; a dead account daily (Q, F-16)", pauses },
          { "Retry-After never outlasts the time before the emergency (S-04, T-13)",
            before_the_emergency },
          { "two a day after the first day, but in the last tenth (R1.59, S-06)", quota },
          { "1 min, 10 min, 100 min, then 20 h (S-06)", later },
          { "a failed validation waits 12 minutes (J-16)", validation },
          { "an unreachable CA is asked every 30 s to 5 min (S-06)", unreachable },
          { "what somebody must mend is probed daily (section Q)", parked },
          { "rate limits have a ladder of their own (section Q)", types },
          { "Retry-After is the earliest, up to 7 days (S-04)", retry_after },
          { "steps are a share of a short lifetime (S-06)", short_lives },
          { "faster in the last tenth, not after expiry (S-06)", last_tenth },
          { "400 days of failure: never fast, never over a day (R1.6)", year_of_failure },
          { "a counter of 2^31 is handled (R1.6)", huge_counters },
          { "deploys are retried within 6 h", deploy }, )
