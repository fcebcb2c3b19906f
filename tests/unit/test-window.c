/* Restart windows and their deadline (S6.5), without clock and zone. */

#include "daemon/window.h"
#include "tests/unit/test.h"

#define T0   INT64_C(1798761600) /* 2027-01-01 00:00:00 UTC, a Friday */
#define HOUR ((int64_t) SEC_PER_HOUR)
#define DAY  ((int64_t) SEC_PER_DAY)
#define SUN3 (T0 + 2 * DAY + 3 * HOUR)

static int64_t utc(int64_t at) {
        (void) at;
        return 0;
}

static RestartWindow windows[2];
static TargetConfig config;

static void configure(const char *first, int64_t length, const char *second) {
        const char *reason = NULL;

        config = (TargetConfig){ .windows = windows,
                                 .window_count = second ? 2 : 1,
                                 .timeout_sec = 90 };
        windows[0].length_sec = windows[1].length_sec = length;
        CHECK_INT(calendar_parse(first, &windows[0].begin, &reason), 0);
        if (second)
                CHECK_INT(calendar_parse(second, &windows[1].begin, &reason), 0);
}

static WindowFacts facts(int64_t now) {
        return (WindowFacts){ .config = &config,
                              .not_after = T0 + 30 * DAY,
                              .lifetime_sec = 90 * DAY,
                              .now = now,
                              .offset = utc };
}

static void opens_and_closes(void) {
        static const int64_t inside[] = { SUN3, SUN3 + 1, SUN3 + 2 * HOUR - 1 };
        static const int64_t outside[] = { SUN3 - 1, SUN3 + 2 * HOUR, SUN3 + DAY };

        configure("Sun 03:00", 2 * HOUR, NULL);
        for (size_t i = 0; i < ELEMENTSOF(inside); i++) {
                WindowFacts f = facts(inside[i]);

                CHECK(window_plan(&f).open);
        }
        for (size_t i = 0; i < ELEMENTSOF(outside); i++) {
                WindowFacts f = facts(outside[i]);
                WindowPlan plan = window_plan(&f);

                CHECK(!plan.open && plan.window == &windows[0]);
                CHECK_INT(plan.at, outside[i] < SUN3 ? SUN3 : SUN3 + 7 * DAY);
        }
}

static void the_nearest_of_several(void) {
        WindowFacts f = facts(T0 + 12 * HOUR);
        WindowPlan plan;

        configure("Sun 03:00", HOUR, "Sat 22:00");
        plan = window_plan(&f);
        CHECK(plan.window == &windows[1]);
        CHECK_INT(plan.at, T0 + DAY + 22 * HOUR);
}

static void none_is_always(void) {
        WindowFacts f = facts(T0);

        configure("Sun 03:00", HOUR, NULL);
        config.window_count = 0;
        CHECK(window_plan(&f).open);
}

static void deadline_wins(void) {
        int64_t deadline = T0 + 30 * DAY - 90 * DAY / 20;
        WindowFacts f = facts(T0);
        WindowPlan plan;

        configure("*-06-01 03:00", HOUR, NULL); /* long after the end */
        CHECK_INT(window_deadline(&f), deadline);
        plan = window_plan(&f);
        CHECK(!plan.open && !plan.window);
        CHECK_INT(plan.at, deadline);
        f.now = deadline;
        CHECK(window_plan(&f).open);
        f.now = f.not_after + DAY;
        CHECK(window_plan(&f).open);
        f.now = T0;
        config.deadline_sec = 29 * DAY;
        CHECK_INT(window_plan(&f).at, T0 + DAY);
        configure("2020-01-01", HOUR, NULL); /* never again */
        CHECK_INT(window_plan(&f).at, deadline);
}

static void a_restart_fits(void) {
        WindowFacts f = facts(T0);

        configure("daily", HOUR, NULL);
        config.timeout_sec = HOUR;
        config.deadline_sec = 1;
        CHECK_INT(window_deadline(&f), f.not_after - 3 * HOUR - 5 * SEC_PER_MIN);
        f.lifetime_sec = 6 * HOUR; /* but never more than a share of a short life */
        CHECK_INT(window_deadline(&f), f.not_after - 6 * HOUR / 4);
        f.lifetime_sec = 160 * HOUR;
        config.deadline_sec = 0;
        CHECK_INT(window_deadline(&f), f.not_after - 160 * HOUR / 20);
}

static void unknown_does_not_wait(void) {
        WindowFacts f = facts(T0);

        configure("Sun 03:00", HOUR, NULL);
        f.not_after = 0;
        CHECK_INT(window_deadline(&f), 0);
        CHECK(window_plan(&f).open);
        f.not_after = 1; /* as the engine says of what is revoked */
        CHECK(window_plan(&f).open);
}

TEST_MAIN({ "S6.5 a window opens, lasts and closes", opens_and_closes },
          { "S6.5 of several windows the nearest counts", the_nearest_of_several },
          { "S6.5 without a window it is always open", none_is_always },
          { "S6.5 the deadline wins over the window", deadline_wins },
          { "S6.5 the deadline leaves time for a restart", a_restart_fits },
          { "S6.5 where nobody knows what expires nothing waits", unknown_does_not_wait })
