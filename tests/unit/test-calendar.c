/* Calendar expressions (S6.5). What systemd makes of the same expressions is compared in tests/unit/compare-calendar.py;
 * for that the program, called with "--next BASE COUNT", answers expressions from its standard input. */

#include <time.h>

#include "base/calendar.h"
#include "tests/unit/test.h"

#define T0 INT64_C(1798761600) /* 2027-01-01 00:00:00 UTC, a Friday */

static int64_t utc(int64_t at) {
        (void) at;
        return 0;
}

/* As Europe/Berlin in 2027: summer from 2027-03-28 01:00 UTC to 2027-10-31 01:00 UTC. */
static int64_t berlin(int64_t at) {
        return at >= INT64_C(1806195600) && at < INT64_C(1824944400) ? 7200 : 3600;
}

static int64_t next(const char *text, int64_t after, calendar_offset_fn offset) {
        const char *reason = NULL;
        Calendar c;
        int64_t at = -1;

        if (calendar_parse(text, &c, &reason) < 0) {
                printf("# '%s': %s\n", text, reason ? reason : "no reason");
                return -2;
        }
        return calendar_next(&c, after, offset, &at) < 0 ? -1 : at;
}

static int64_t at(const char *text) {
        struct tm tm = {};

        return strptime(text, "%Y-%m-%d %H:%M:%S", &tm) ? (int64_t) timegm(&tm) : -3;
}

static void expressions(void) {
        static const struct {
                const char *text, *next; /* after T0 */
        } table[] = {
                { "Sun 03:00", "2027-01-03 03:00:00" },
                { "sunday 3:0", "2027-01-03 03:00:00" },
                { "Mon..Wed,Sat 3:00", "2027-01-02 03:00:00" },
                { "Mon-Wed *-*-* 3:00:30", "2027-01-04 03:00:30" },
                { "Mon,", "2027-01-04 00:00:00" },
                { "*-*-* 2,14:30", "2027-01-01 02:30:00" },
                { "20/3:00", "2027-01-01 20:00:00" },
                { "*:0/20", "2027-01-01 00:20:00" },
                { "*-*-1..7 04:00", "2027-01-01 04:00:00" },
                { "Tue *-*-1..7", "2027-01-05 00:00:00" },
                { "02-29 12:00", "2028-02-29 12:00:00" },
                { "Sun 02-29", "2032-02-29 00:00:00" },
                { "*-02~1 1:00", "2027-02-28 01:00:00" },
                { "Sun *-*~7/1", "2027-01-31 00:00:00" },
                { "*-*~6/5", "2027-01-26 00:00:00" },
                { "*-2~* 9:00", "2027-02-01 09:00:00" },
                { "*-*~9,26", "2027-01-06 00:00:00" },
                { "2027/7-7-7", "2027-07-07 00:00:00" },
                { "30-1-1", "2030-01-01 00:00:00" },
                { "Mon 2199-12-30", "2199-12-30 00:00:00" },
                { "hourly", "2027-01-01 01:00:00" },
                { "Daily", "2027-01-02 00:00:00" },
                { "weekly UTC", "2027-01-04 00:00:00" },
                { "monthly", "2027-02-01 00:00:00" },
                { "quarterly", "2027-04-01 00:00:00" },
                { "semi-annually", "2027-07-01 00:00:00" },
                { "yearly", "2028-01-01 00:00:00" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int64_t got = next(table[i].text, T0, utc);

                if (got != at(table[i].next))
                        printf("# '%s'\n", table[i].text);
                CHECK_INT(got, at(table[i].next));
        }
}

static void never(void) {
        CHECK_INT(next("*-02-30", T0, utc), -1);
        CHECK_INT(next("2026-*-*", T0, utc), -1);
        CHECK_INT(next("Mon 2027-01-03", T0, utc), -1);
        CHECK_INT(next("daily", INT64_MAX, utc), -1);
        CHECK_INT(next("2199-12-31 23:59:59", at("2199-12-31 23:59:59"), utc), -1);
        CHECK_INT(next("daily", INT64_MIN, utc), SEC_PER_DAY);
}

static void refused(void) {
        static const char *const table[] = {
                "",         "never",      "*",         "12",          "5/0:00",
                "20/4:00",  "5..4:00",    "24:00",     "3:60",        "3:0:60",
                "3:0:5.5",  "*-0-1",      "*-13-1",    "*-1-32",      "*-*~29",
                "*-*~7..1", "2200-1-1",   "1969-1-1",  "Mon..",       "Mon..Wed..Fri",
                "Sat..Mon", "Mon3:00",    "Mo",        ",Mon",        "Mon,,Tue",
                "3:+5",     "3:-5",       "2:3:4:5",   "@1800000000", "Sun 3:00 Europe/Berlin",
                " 3:00",    "3:00 ",      "10-10 5",   "*,3:00",      "2147483648:00",
                "1-2-3-4",  "2026-1~1-1", "Sun\t3:00", "*/5:00",      "99999999999999999999:00",
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const char *reason = NULL;
                Calendar c;

                if (calendar_parse(table[i], &c, &reason) != -EINVAL)
                        printf("# '%s' is taken\n", table[i]);
                CHECK_INT(calendar_parse(table[i], &c, &reason), -EINVAL);
                CHECK(reason && *reason);
        }
}

static void spring(void) {
        int64_t before = at("2027-03-27 12:00:00");

        /* 02:30 is no time on that Sunday: the next one is a day later, in summer time. */
        CHECK_INT(next("*-*-* 02:30", at("2027-03-27 02:00:00"), berlin),
                  at("2027-03-29 00:30:00"));
        CHECK_INT(next("*-*-* 01:59", before, berlin), at("2027-03-28 00:59:00"));
        CHECK_INT(next("*-*-* 03:00", before, berlin), at("2027-03-28 01:00:00"));
        CHECK_INT(next("*-*-* *:0/30", at("2027-03-28 00:30:00"), berlin),
                  at("2027-03-28 01:00:00"));
        CHECK_INT(next("*-*-* 02:30 UTC", before, berlin), at("2027-03-28 02:30:00"));
}

static void autumn(void) {
        int64_t first = at("2027-10-31 00:30:00"); /* 02:30 summer time */

        CHECK_INT(next("*-*-* 02:30", at("2027-10-30 12:00:00"), berlin), first);
        CHECK_INT(next("*-*-* 02:30", first, berlin), at("2027-11-01 01:30:00"));
        /* From the first 02:59 on, the second 02:15 is still to come. */
        CHECK_INT(next("*-*-* 02:15", at("2027-10-31 01:05:00"), berlin),
                  at("2027-10-31 01:15:00"));
}

/* A zone that skips a whole day, as Samoa did; and one that never makes sense. */
static int64_t samoa(int64_t when) {
        return when < T0 ? -11 * 3600 : 13 * 3600;
}

static int64_t mad(int64_t when) {
        return (int64_t) ((uint64_t) when * UINT64_C(2654435761) % 100000);
}

static void strange_zones(void) {
        CHECK_INT(next("*-*-* 12:00", T0 - 13 * 3600, samoa), T0 - 3600);
        CHECK_INT(next("*-*-* 12:00", T0 - 3600, samoa), T0 + 23 * 3600);
        (void) next("*-*-* *:*:*", T0, mad); /* ends */
        (void) next("*-02-29", T0, mad);
}

/* Each answer matches and is later, whatever the expression, and the next but one is reached by two steps. */
static void always_later(void) {
        static const char *const table[] = { "*:*:*", "Mon..Fri *-*-* 9..17:0/15",
                                             "*-*~1..5/2 3:3:3", "*-1/3-1..7/3 *:*:0/7" };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int64_t now = T0;

                for (int n = 0; n < 1000; n++) {
                        int64_t then = next(table[i], now, berlin);

                        REQUIRE(then > now);
                        CHECK_INT(next(table[i], then - 1, berlin), then);
                        now = then;
                }
        }
}

static const TestCase cases[] = {
        { "S6.5 expressions as systemd.time(7) has them", expressions },
        { "S6.5 what never comes is said", never },
        { "S6.5 what systemd refuses is refused", refused },
        { "S6.5 a time that the clock skips is left out", spring },
        { "S6.5 a time that comes twice is met once", autumn },
        { "S6.5 strange zones end the search", strange_zones },
        { "S6.5 the next instant is later and the nearest", always_later },
};

/* One line per expression: its next instants, "never" or "refused". */
static int answer(int64_t base, int count) {
        char line[300];

        while (fgets(line, sizeof line, stdin)) {
                const char *reason;
                int64_t now = base;
                Calendar c;

                line[strcspn(line, "\n")] = '\0';
                if (calendar_parse(line, &c, &reason) < 0) {
                        printf("refused\n");
                        continue;
                }
                for (int i = 0;
                     i < count && calendar_next(&c, now, calendar_local_offset, &now) >= 0; i++)
                        printf("%lld ", (long long) now);
                printf("%s\n", now == base ? "never" : "");
        }
        return EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        if (argc == 4 && strcmp(argv[1], "--next") == 0)
                return answer(atoll(argv[2]), atoi(argv[3]));
        return test_run(argc, argv, cases, ELEMENTSOF(cases));
}
