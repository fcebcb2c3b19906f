/* When a calendar expression matches next: days are tried one after the other, whole years and months that do not match
 * are stepped over, so that the search ends after at most the days of CALENDAR_YEAR_MAX - CALENDAR_YEAR_MIN years.
 * All of it is done in local time without knowing the zone; only the candidate becomes an instant. */

#include "base/calendar.h"

#include <time.h>

#define SKIPPED_MAX \
        (2 * SEC_PER_DAY) /* candidates that the clock skips; no zone skips more than a day */

/* ---- days; the algorithms are those of H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" ---- */

typedef struct Date {
        int64_t year, month, day; /* from 1 */
} Date;

static int64_t days_of_date(int64_t year, int64_t month, int64_t day) {
        int64_t y = year - (month <= 2), era = y / 400, year_of_era = y - era * 400;
        int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

        return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
               day_of_year - 719468;
}

/* Of days since 1970-01-01, not before. */
static Date date_of_days(int64_t days) {
        int64_t z = days + 719468, era = z / 146097, day_of_era = z - era * 146097;
        int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                               day_of_era / 146096) /
                              365;
        int64_t day_of_year =
                        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int64_t m = (5 * day_of_year + 2) / 153, month = m < 10 ? m + 3 : m - 9;

        return (Date){
                .year = year_of_era + era * 400 + (month <= 2),
                .month = month,
                .day = day_of_year - (153 * m + 2) / 5 + 1,
        };
}

static int64_t days_of_next_month(Date d) {
        return d.month == 12 ? days_of_date(d.year + 1, 1, 1)
                             : days_of_date(d.year, d.month + 1, 1);
}

/* ---- what matches ---- */

static bool has_bit(uint64_t bits, int64_t bit) {
        return bits >> bit & 1;
}

static bool year_matches(const Calendar *c, int64_t year) {
        int64_t bit = year - CALENDAR_YEAR_MIN;

        return has_bit(c->years[bit / 64], bit % 64);
}

static bool day_matches(const Calendar *c, Date d, int64_t days) {
        int64_t number = c->days_from_end ? days_of_next_month(d) - days : d.day;

        /* 1970-01-01 was a Thursday. */
        return has_bit(c->days, number - 1) && has_bit(c->weekdays, (days + 3) % 7);
}

/* The first matching second of a day from `from` on; -1: none. */
static int64_t time_in_day(const Calendar *c, int64_t from) {
        for (int64_t h = from / 3600; h < 24; h++) {
                if (!has_bit(c->hours, h))
                        continue;
                for (int64_t m = MAX(from - h * 3600, (int64_t) 0) / 60; m < 60; m++) {
                        int64_t minute = h * 3600 + m * 60;

                        if (!has_bit(c->minutes, m))
                                continue;
                        for (int64_t s = MAX(from - minute, (int64_t) 0); s < 60; s++)
                                if (has_bit(c->seconds, s))
                                        return minute + s;
                }
        }
        return -1;
}

/* The first matching local second from `from` on, both as if they were UTC. */
static int next_local(const Calendar *c, int64_t from, int64_t *ret) {
        int64_t days = from / SEC_PER_DAY, second = from % SEC_PER_DAY, at;

        for (;; second = 0) {
                Date d = date_of_days(days);

                if (d.year > CALENDAR_YEAR_MAX)
                        return -ENOENT;
                if (!year_matches(c, d.year)) {
                        days = days_of_date(d.year + 1, 1, 1);
                        continue;
                }
                if (!has_bit(c->months, d.month - 1)) {
                        days = days_of_next_month(d);
                        continue;
                }
                at = day_matches(c, d, days) ? time_in_day(c, second) : -1;
                if (at >= 0) {
                        *ret = days * SEC_PER_DAY + at;
                        return 0;
                }
                days++;
        }
}

/* ---- instants ---- */

/* The first instant after `after` with this local time; -ENOENT: there is none. */
static int instant_of(int64_t local, int64_t after, calendar_offset_fn offset, int64_t *ret) {
        /* Whatever the clock does that day, one of the two holds before it and one after it. */
        int64_t before = local - offset(local - SEC_PER_DAY);
        int64_t later = local - offset(local + SEC_PER_DAY);
        const int64_t candidates[] = { MIN(before, later), MAX(before, later) };

        for (size_t i = 0; i < ELEMENTSOF(candidates); i++)
                if (candidates[i] > after && candidates[i] + offset(candidates[i]) == local) {
                        *ret = candidates[i];
                        return 0;
                }
        return -ENOENT;
}

static int64_t no_offset(int64_t at_unix_sec) {
        (void) at_unix_sec;
        return 0;
}

int calendar_next(const Calendar *c, int64_t after, calendar_offset_fn offset, int64_t *ret) {
        int64_t local;
        int r;

        if (c->utc)
                offset = no_offset;
        after = MAX(after, (int64_t) 0);
        if (after / SEC_PER_DAY > days_of_date(CALENDAR_YEAR_MAX + 1, 1, 2))
                return -ENOENT;
        local = MAX(after + offset(after) + 1, (int64_t) 0);
        for (int64_t n = 0; n < SKIPPED_MAX; n++, local++) {
                r = next_local(c, local, &local);
                if (r < 0)
                        return r;
                r = instant_of(local, after, offset, ret);
                if (r >= 0)
                        return 0;
        }
        return -ENOENT;
}

int64_t calendar_local_offset(int64_t at_unix_sec) {
        time_t t = (time_t) at_unix_sec;
        struct tm tm;

        return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}
