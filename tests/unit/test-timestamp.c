#include "acme/timestamp.h"
#include "tests/unit/test.h"

static void rfc3339(void) {
        static const struct {
                const char *text;
                int64_t expected;
        } cases[] = {
                { "1970-01-01T00:00:00Z", 0 },
                { "2027-01-03T12:00:00Z", 1798977600 },
                { "2027-01-03t12:00:00z", 1798977600 },
                { "2027-01-03T14:00:00+02:00", 1798977600 },
                { "2027-01-03T06:30:00-05:30", 1798977600 },
                { "2027-01-03T12:00:00.1Z", 1798977600 },
                { "2027-01-03T12:00:00.123456789Z", 1798977600 },
                { "2027-01-03T12:00:00.999999999+00:00", 1798977600 },
                { "2024-02-29T00:00:00Z", 1709164800 },
                { "2000-02-29T23:59:59Z", 951868799 },
                { "2016-12-31T23:59:60Z", 1483228800 },
                { "1969-12-31T23:59:59Z", -1 },
                { "0001-01-01T00:00:00Z", -62135596800 },
                { "9999-12-31T23:59:59Z", 253402300799 },
                { "2040-01-01T00:00:00Z", 2208988800 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t t = -7;

                CHECK_INT(rfc3339_parse(cases[i].text, &t), 0);
                CHECK_INT(t, cases[i].expected);
        }
}

static void rfc3339_bad(void) {
        static const char *const bad[] = {
                "",
                "2027-01-03",
                "2027-01-03T12:00:00",
                "2027-01-03 12:00:00Z",
                "2027-1-3T12:00:00Z",
                "2027-02-29T12:00:00Z",
                "1900-02-29T12:00:00Z",
                "2027-13-01T12:00:00Z",
                "2027-00-01T12:00:00Z",
                "2027-01-00T12:00:00Z",
                "2027-01-32T12:00:00Z",
                "2027-01-03T24:00:00Z",
                "2027-01-03T12:60:00Z",
                "2027-01-03T12:00:61Z",
                "2027-01-03T12:00:00.Z",
                "2027-01-03T12:00:00.1234567890Z",
                "2027-01-03T12:00:00+2:00",
                "2027-01-03T12:00:00+0200",
                "2027-01-03T12:00:00+24:00",
                "2027-01-03T12:00:00+02:60",
                "2027-01-03T12:00:00Zx",
                "2027-01-03T12:00:00Z ",
                "-027-01-03T12:00:00Z",
                "+2027-01-03T12:00:00Z",
                "20270103T120000Z",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                int64_t t = -7;

                if (rfc3339_parse(bad[i], &t) != -EBADMSG || t != -7) {
                        printf("# taken: '%s'\n", bad[i]);
                        CHECK(false);
                }
        }
}

static void rfc3339_out(void) {
        char buffer[RFC3339_SIZE];

        CHECK_STR(rfc3339_format(1798977600, buffer), "2027-01-03T12:00:00Z");
        CHECK_STR(rfc3339_format(0, buffer), "1970-01-01T00:00:00Z");
        CHECK_STR(rfc3339_format(253402300799, buffer), "9999-12-31T23:59:59Z");
        (void) rfc3339_format(INT64_MAX, buffer);
        CHECK(strlen(buffer) < sizeof(buffer));
}

/* Each day of four centuries, forth and back. */
static void round_trip(void) {
        for (int64_t t = -86400LL * 366 * 200; t < 86400LL * 366 * 200; t += 86400 + 3601) {
                char buffer[RFC3339_SIZE];
                int64_t back = 0;

                if (rfc3339_parse(rfc3339_format(t, buffer), &back) != 0 || back != t) {
                        CHECK_STR(buffer, "");
                        CHECK_INT(back, t);
                        return;
                }
        }
}

static void http_dates(void) {
        static const char *const good[] = {
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "Sunday, 06-Nov-94 08:49:37 GMT",
                "Sun Nov  6 08:49:37 1994",
                "Sun Nov 06 08:49:37 1994",
        };
        static const char *const bad[] = {
                "",
                "Sun, 06 Nov 1994 08:49:37",
                "Sun, 06 Nov 1994 08:49:37 UTC",
                "Sun, 06 Nov 1994 08:49:37 GMT ",
                "Sun, 6 Nov 1994 08:49:37 GMT",
                "Sun, 31 Nov 1994 08:49:37 GMT",
                "So, 06 Nov 1994 08:49:37 GMT",
                "Sun, 06 nov 1994 08:49:37 GMT",
                "Sun, 06 Nov 94 08:49:37 GMT",
                "784111777",
                "1994-11-06T08:49:37Z",
        };
        int64_t t;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                t = 0;
                CHECK_INT(http_date_parse(good[i], &t), 0);
                CHECK_INT(t, 784111777);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (http_date_parse(bad[i], &t) != -EBADMSG) {
                        printf("# taken: '%s'\n", bad[i]);
                        CHECK(false);
                }
        CHECK_INT(http_date_parse("Tuesday, 01-Jan-30 00:00:00 GMT", &t), 0);
        CHECK_INT(t, 1893456000);
}

static void retry_after(void) {
        static const struct {
                const char *text;
                int64_t expected; /* 0: counts as absent */
        } cases[] = {
                { "1", 1 },
                { "120", 120 },
                { " 120\t", 120 },
                { "122400", 122400 },
                { "2147483648", 2147483648 },
                { "2147483649", 0 },
                { "99999999999999999999", 0 },
                { "0", 0 },
                { "-5", 0 },
                { "+5", 0 },
                { "1.5", 0 },
                { "120 s", 0 },
                { "1e3", 0 },
                { "0x10", 0 },
                { "", 0 },
                { "soon", 0 },
                { "Sun, 06 Nov 1994 08:50:37 GMT", 60 },
                { "Sunday, 06-Nov-94 08:50:37 GMT", 60 },
                { "Sun Nov  6 08:50:37 1994", 60 },
                { "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
                { "Sun, 06 Nov 1994 08:49:36 GMT", 0 },
                { "Fri, 31 Dec 9999 23:59:59 GMT", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t delay = 0;
                int r = retry_after_parse(cases[i].text, 784111777, &delay);

                CHECK_INT(r, cases[i].expected > 0 ? 0 : -ENOENT);
                CHECK_INT(delay, cases[i].expected);
        }
}

static void max_age(void) {
        static const struct {
                const char *text;
                int64_t age;
        } cases[] = {
                { "max-age=600", 600 },
                { "public, Max-Age=3600", 3600 },
                { "no-cache,max-age=\"7\" , public", 7 },
                { "max-age=0", 0 },
                { "", -1 },
                { "public, max-age=0, no-cache", 0 },
                { "s-maxage=600", -1 },
                { "max-age=", -1 },
                { "max-age=-5", -1 },
                { "max-age=99999999999999999999", -1 },
                { ",,,", -1 },
                { "max-age", -1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t age = -1;
                int r = max_age_parse(cases[i].text, &age);

                CHECK_INT(r, cases[i].age < 0 ? -ENOENT : 0);
                CHECK_INT(age, cases[i].age);
        }
}

TEST_MAIN({ "B-06 RFC 3339 in all its spellings", rfc3339 },
          { "B-06 what is no RFC 3339 time is refused", rfc3339_bad },
          { "B-06 times are written with Z, without fraction", rfc3339_out },
          { "B-06 days survive the way there and back", round_trip },
          { "S-01 HTTP-date in three forms", http_dates },
          { "S-01 S-03 Retry-After: seconds or date, else absent", retry_after },
          { "E-04 max-age among the directives of Cache-Control", max_age })
