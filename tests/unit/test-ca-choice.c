#include "daemon/ca-choice.h"
#include "tests/unit/test.h"

#define T0   INT64_C(1800000000)
#define HOUR ((int64_t) SEC_PER_HOUR)
#define DAY  ((int64_t) SEC_PER_DAY)

static CaChoice choose(const CaTries tries[3], bool missing, bool urgent) {
        CaChoiceFacts f = {
                .tries = tries,
                .count = 3,
                .missing = missing,
                .urgent = urgent,
                .lifetime_sec = missing ? 0 : 90 * DAY,
                .now = T0,
        };

        return ca_choose(&f);
}

static void first_while_it_is_not_given_up(void) {
        CaTries t[3] = {};

        CHECK_INT(choose(t, false, false).index, 0);
        CHECK_INT(choose(t, false, false).at, 0);
        CHECK_INT(choose(t, false, false).widen, 0);
        t[0] = (CaTries){ .failures = 2, .since = T0 - 700, .next_attempt = T0 + 6000 };
        CHECK_INT(choose(t, false, false).index, 0);
        CHECK_INT(choose(t, false, false).at, T0 + 6000);
        CHECK_INT(choose(t, false, false).widen, T0 - 700 + 6 * HOUR);
}

static void next_after_three_failures(void) {
        CaTries t[3] = { { .failures = 3, .since = T0 - 700, .next_attempt = T0 + 6000 } };

        CHECK_INT(choose(t, false, false).index, 1);
        CHECK_INT(choose(t, false, false).at, 0);
        t[1] = (CaTries){ .failures = 3, .since = T0 - 60, .next_attempt = T0 + 7000 };
        CHECK_INT(choose(t, false, false).index, 2);
        t[2] = (CaTries){ .failures = 9, .since = T0 - 60, .next_attempt = T0 + 7001 };
        CHECK_INT(choose(t, false, false).index, 0); /* whichever may first */
        CHECK_INT(choose(t, false, false).at, T0 + 6000);
        CHECK_INT(choose(t, false, false).widen, 0);
}

static void next_after_hours_of_silence(void) {
        CaTries t[3] = { { .since = T0 - 6 * HOUR + 1, .next_attempt = T0 + 30 } };

        CHECK_INT(choose(t, false, false).index, 0);
        CHECK_INT(choose(t, false, false).widen, T0 + 1);
        t[0].since = T0 - 6 * HOUR;
        CHECK_INT(choose(t, false, false).index, 1);
        t[0].since = T0 - 900;
        CHECK_INT(choose(t, true, false).index, 1); /* somebody waits */
        CHECK_INT(choose(t, false, false).index, 0);
}

static void long_holds_are_not_waited_for(void) {
        CaTries t[3] = { { .held_until = T0 + 5 * HOUR } };

        CHECK_INT(choose(t, false, false).index, 0);
        CHECK_INT(choose(t, false, false).at, T0 + 5 * HOUR);
        t[0].held_until = T0 + 34 * HOUR;
        CHECK_INT(choose(t, false, false).index, 1);
        CHECK_INT(choose(t, false, false).at, 0);
}

static void urgent(void) {
        CaTries t[3] = { { .failures = 1, .since = T0 - 1, .next_attempt = T0 + 60 } };

        CHECK_INT(choose(t, false, false).index, 0);
        CHECK_INT(choose(t, false, true).index, 1);
        t[0] = (CaTries){ .since = T0 - 300, .next_attempt = T0 + 60 };
        CHECK_INT(choose(t, false, true).index, 1);
}

static void short_lives(void) {
        CaTries t[2] = { { .since = T0 - 4 * HOUR, .next_attempt = T0 + 30 } };
        CaChoiceFacts f = { .tries = t, .count = 2, .lifetime_sec = 160 * HOUR, .now = T0 };

        CHECK_INT(ca_choose(&f).index, 1);
        f.lifetime_sec = 90 * DAY;
        CHECK_INT(ca_choose(&f).index, 0);
        f.count = 1;
        t[0].failures = 99;
        CHECK_INT(ca_choose(&f).index, 0);
        CHECK_INT(ca_choose(&f).at, T0 + 30);
}

TEST_MAIN({ "CA-03: the first is asked while it is not given up", first_while_it_is_not_given_up },
          { "CA-03: the next after three failures, then whichever may first",
            next_after_three_failures },
          { "CA-03: the next after hours of silence", next_after_hours_of_silence },
          { "S-09: a long hold is not waited for", long_holds_are_not_waited_for },
          { "T-13: the next at once when the end is near", urgent },
          { "short lives have less patience, and one CA is one CA", short_lives })
