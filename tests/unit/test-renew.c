#include "daemon/renew.h"
#include "tests/unit/test.h"

#define T0  INT64_C(1800000000)
#define DAY ((int64_t) SEC_PER_DAY)

static RenewFacts facts(int64_t lifetime, int64_t age) {
        return (RenewFacts){
                .present = true,
                .fits = true,
                .not_before = T0,
                .not_after = T0 + lifetime,
                .now = T0 + age,
        };
}

static void by_lifetime(void) {
        static const struct {
                int64_t lifetime, at;
        } rows[] = {
                { 90 * DAY, 60 * DAY },
                { 90 * DAY + 1, 60 * DAY + 1 },
                { 45 * DAY, 30 * DAY },
                { 398 * DAY, 398 * DAY - 398 * DAY / 3 },
                { 160 * 3600, 80 * 3600 },
                { 10 * DAY, 10 * DAY - 10 * DAY / 3 },
                { 10 * DAY - 1, 5 * DAY },
                { 6 * DAY, 3 * DAY },
                { 60, 30 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                RenewFacts f = facts(rows[i].lifetime, 0);
                RenewPlan p = renew_plan(&f);

                CHECK_INT(p.reason, RENEW_NONE);
                CHECK_INT(p.at, T0 + rows[i].at);
                CHECK(p.look_again > f.now && p.look_again <= p.at);
                f.now = p.at - 1;
                CHECK_INT(renew_plan(&f).reason, RENEW_NONE);
                f.now = p.at;
                CHECK_INT(renew_plan(&f).reason, RENEW_DUE);
                CHECK_INT(renew_plan(&f).at, p.at);
                CHECK(renew_plan(&f).look_again > f.now);
        }
}

static void jitter(void) {
        RenewFacts f = facts(90 * DAY, 0);
        int64_t plain = renew_plan(&f).at;

        f.jitter = UINT32_MAX;
        CHECK(plain - renew_plan(&f).at <= 90 * DAY / 20);
        CHECK(plain - renew_plan(&f).at >= 90 * DAY / 20 - 1);
        f.jitter = UINT32_MAX / 2;
        CHECK(plain - renew_plan(&f).at >= 90 * DAY / 40 - 2);
        CHECK(plain - renew_plan(&f).at <= 90 * DAY / 40 + 2);
        CHECK_INT(renew_plan(&f).at, renew_plan(&f).at);
}

static void configured(void) {
        static const struct {
                int64_t before, left;
        } rows[] = {
                { 30 * DAY, 30 * DAY }, { 59 * DAY, 59 * DAY },  { 60 * DAY, 45 * DAY },
                { 90 * DAY, 45 * DAY }, { INT64_MAX, 45 * DAY }, { 1, 18 * DAY }, /* T-12 */
                { 18 * DAY, 18 * DAY },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                RenewFacts f = facts(90 * DAY, 0);

                f.renew_before_sec = rows[i].before;
                CHECK_INT(renew_plan(&f).at, T0 + 90 * DAY - rows[i].left);
        }
}

static void suggested(void) {
        RenewFacts f = facts(90 * DAY, 0);

        f.suggested = T0 + 50 * DAY;
        CHECK_INT(renew_plan(&f).at, T0 + 50 * DAY);
        f.suggested = T0 + 89 * DAY;
        CHECK_INT(renew_plan(&f).at, T0 + 72 * DAY);
        f.suggested = T0 - 1; /* revoked: at once (T-18) */
        CHECK_INT(renew_plan(&f).reason, RENEW_DUE);
        f.recalled = true;
        f.started = T0; /* T-18: not spread as what was merely missed */
        CHECK_INT(renew_plan(&f).reason, RENEW_RECALLED);
        CHECK_INT(renew_plan(&f).at, T0 - 1);
        f.suggested = T0 + 70 * DAY; /* what is configured is "at the latest" */
        f.recalled = false;
        f.renew_before_sec = 45 * DAY;
        CHECK_INT(renew_plan(&f).at, T0 + 45 * DAY);
}

static void reasons(void) {
        RenewFacts f = facts(90 * DAY, 1 * DAY);

        f.fits = false;
        CHECK_INT(renew_plan(&f).reason, RENEW_CHANGED);
        CHECK_INT(renew_plan(&f).at, f.now);
        f = facts(90 * DAY, 1 * DAY);
        f.present = false;
        CHECK_INT(renew_plan(&f).reason, RENEW_MISSING);
        f = facts(90 * DAY, 89 * DAY - 1);
        CHECK_INT(renew_plan(&f).reason, RENEW_DUE);
        f = facts(90 * DAY, 89 * DAY);
        CHECK_INT(renew_plan(&f).reason, RENEW_EMERGENCY);
        f = facts(100, 89);
        CHECK_INT(renew_plan(&f).reason, RENEW_DUE);
        f = facts(100, 90);
        CHECK_INT(renew_plan(&f).reason, RENEW_EMERGENCY);
        f = facts(90 * DAY, 90 * DAY - 1);
        CHECK_INT(renew_plan(&f).reason, RENEW_EMERGENCY);
        f = facts(90 * DAY, 90 * DAY);
        CHECK_INT(renew_plan(&f).reason, RENEW_EMERGENCY);
        f = facts(90 * DAY, 90 * DAY + 1);
        CHECK_INT(renew_plan(&f).reason, RENEW_EXPIRED);
        f = facts(-5, -10);
        CHECK_INT(renew_plan(&f).reason, RENEW_EXPIRED);
        f = facts(0, 0);
        CHECK_INT(renew_plan(&f).reason, RENEW_EXPIRED);
        for (RenewReason r = 0; r < RENEW_REASON_MAX; r++)
                CHECK(renew_reason_to_string(r) != NULL);
        CHECK_STR(renew_reason_to_string(RENEW_DUE), "due");
}

static void wrong_clock(void) {
        RenewFacts f = facts(90 * DAY, 0);

        f.now = 86400; /* 1970 */
        f.clock_floor = T0 - DAY;
        CHECK_INT(renew_plan(&f).reason, RENEW_CLOCK);
        CHECK(renew_plan(&f).look_again > f.now);
        f.present = false;
        CHECK_INT(renew_plan(&f).reason, RENEW_CLOCK);
        f.now = T0 - DAY;
        f.present = true;
        CHECK_INT(renew_plan(&f).reason, RENEW_NONE);
}

static void missed(void) {
        RenewFacts f = facts(90 * DAY, 70 * DAY);

        f.started = f.now;
        f.jitter = UINT32_MAX;
        CHECK_INT(renew_plan(&f).reason, RENEW_NONE);
        CHECK(renew_plan(&f).at > f.now);
        CHECK(renew_plan(&f).at <= f.now + 15 * 60);
        f.now = f.started + 15 * 60;
        CHECK_INT(renew_plan(&f).reason, RENEW_DUE);
        f = facts(3600, 3000); /* 1/100 of the lifetime */
        f.started = f.now;
        f.jitter = UINT32_MAX;
        CHECK(renew_plan(&f).at <= f.now + 36);
        f = facts(90 * DAY, 85 * DAY); /* less than a tenth left */
        f.started = f.now;
        f.jitter = UINT32_MAX;
        CHECK_INT(renew_plan(&f).reason, RENEW_DUE);
        f = facts(90 * DAY, 10 * DAY); /* not missed */
        f.started = f.now;
        CHECK_INT(renew_plan(&f).at, T0 + 60 * DAY);
}

static uint64_t state = UINT64_C(0x20270115);

static uint64_t next_random(void) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
}

static void random_pairs(void) {
        const char *given = getenv("RENEWD_TEST_SEED");

        if (given)
                state = strtoull(given, NULL, 10) | 1;
        printf("# RENEWD_TEST_SEED=%llu\n", (unsigned long long) state);
        for (unsigned i = 0; i < 1000000; i++) {
                RenewFacts f = { .present = true, .fits = true };
                RenewPlan p;

                f.not_before = (int64_t) next_random() >> (next_random() % 63);
                f.not_after = next_random() % 2 ? (int64_t) next_random() >> (next_random() % 63)
                                                : f.not_before / 2 + (int64_t) (next_random() %
                                                                                34387200);
                f.now = f.not_before;
                f.clock_floor = INT64_MIN;
                f.jitter = (uint32_t) next_random();
                f.renew_before_sec = next_random() % 2 ? 0 : (int64_t) (next_random() >> 1);
                p = renew_plan(&f);
                if (f.not_after <= f.not_before)
                        CHECK_INT(p.reason, RENEW_EXPIRED);
                else if (f.not_after >= 2 && f.not_before <= f.not_after - 2) {
                        CHECK(p.at > f.not_before);
                        CHECK(p.at < f.not_after);
                }
                (void) renew_is_alarming(f.not_before, f.not_after, (int64_t) next_random());
                if (test_failures > 0)
                        return;
        }
}

static void alarming(void) {
        CHECK(!renew_is_alarming(T0, T0 + 60 * DAY, T0));
        CHECK(!renew_is_alarming(T0, T0 + 60 * DAY, T0 + 50 * DAY));
        CHECK(renew_is_alarming(T0, T0 + 60 * DAY, T0 + 50 * DAY + 1));
        CHECK(renew_is_alarming(T0, T0 + 60 * DAY, T0 + 61 * DAY));
        CHECK(renew_is_alarming(T0, T0, T0 - 5));
}

static void guard(void) {
        int64_t times[8] = {};

        CHECK_INT(renew_guard(NULL, 0, 90 * DAY, T0), 0);
        times[0] = T0;
        CHECK_INT(renew_guard(times, 1, 90 * DAY, T0), 0);
        times[1] = T0 + 10; /* the second in 24 h */
        CHECK_INT(renew_guard(times, 2, 90 * DAY, T0 + 20), T0 + DAY);
        CHECK_INT(renew_guard(times, 2, 90 * DAY, T0 + DAY), 0);
        times[2] = T0 + 2 * DAY; /* the third in one lifetime */
        CHECK_INT(renew_guard(times, 3, 90 * DAY, T0 + 4 * DAY), T0 + 90 * DAY);
        CHECK_INT(renew_guard(times, 3, 90 * DAY, T0 + 90 * DAY), 0);
        for (size_t i = 0; i < 4; i++)
                times[i] = T0 + (int64_t) i * 36 * 3600 / 10;
        CHECK(renew_guard(times, 4, 6 * DAY, T0 + 5 * DAY) > T0 + 5 * DAY);
        times[0] = T0; /* four in a week: the fifth waits for the first to leave it */
        times[1] = T0 + 2 * DAY;
        times[2] = T0 + 4 * DAY - 1;
        times[3] = T0 + 6 * DAY;
        CHECK_INT(renew_guard(times, 4, 6 * DAY, T0 + 6 * DAY + DAY / 2), T0 + 8 * DAY);
        for (size_t i = 0; i < 3; i++)
                times[i] = T0 + (int64_t) i * 20; /* a minute's lifetime */
        CHECK_INT(renew_guard(times, 3, 60, T0 + 50), T0 + 60);
        CHECK_INT(renew_guard(times, 3, 60, T0 + 60), 0);
        times[0] = times[1] = times[2] = T0 + 4000 * DAY; /* the clock was wrong */
        CHECK_INT(renew_guard(times, 3, 90 * DAY, T0), 0);
        times[0] = times[1] = times[2] = INT64_MAX;
        CHECK_INT(renew_guard(times, 3, 90 * DAY, T0), 0);
}

/* With the guard in the loop no rule of S-08 can be broken, however often it is asked. */
static void guard_stops_loops(void) {
        static int64_t times[1000];
        size_t count = 0;

        for (int64_t now = T0; now < T0 + 60 * DAY; now += 600)
                if (renew_guard(times, count, 6 * DAY, now) == 0)
                        times[count++] = now;
        CHECK(count >= 27 && count <= 33); /* three in each six days */
        for (size_t i = 0; i + 3 < count; i++)
                CHECK(times[i + 3] - times[i] >= 6 * DAY);
        for (size_t i = 0; i + 2 < count; i++)
                CHECK(times[i + 2] - times[i] >= DAY);
        for (size_t i = 0; i + 4 < count; i++)
                CHECK(times[i + 4] - times[i] >= 7 * DAY);
}

TEST_MAIN({ "one third of the lifetime left, half of a short one (T-01, R3.5.6)", by_lifetime },
          { "jitter is earlier by at most a twentieth (T-01)", jitter },
          { "a renew-before is clamped to half, and to the backstop (T-02, T-12)", configured },
          { "the CA's window rules up to the backstop (T-12, T-18)", suggested },
          { "each reason at its boundary (T-13, R1.51)", reasons },
          { "with a clock that cannot be right nothing is due (T-21)", wrong_clock },
          { "what was missed is spread (T-20)", missed },
          { "10^6 random pairs: the point is inside (R3.5.6)", random_pairs },
          { "alarm in the last sixth", alarming },
          { "the issuance guard counts (S-08)", guard },
          { "the issuance guard stops a loop (S-08)", guard_stops_loops }, )
