/* Instants are shown in UTC, as logs and certificates have them, with the distance a person wants. */

#include "ctl/when.h"

#include <stdio.h>
#include <time.h>

static void span_format(int64_t seconds, char *buffer, size_t size) {
        static const struct {
                int64_t seconds;
                const char *name;
        } units[] = {
                { SEC_PER_DAY, "d" },
                { SEC_PER_HOUR, "h" },
                { SEC_PER_MIN, "min" },
                { 1, "s" },
        };
        int64_t s = seconds < 0 ? -seconds : seconds;
        size_t i = 0;

        while (i < ELEMENTSOF(units) - 1 && s < 2 * units[i].seconds)
                i++;
        (void) snprintf(buffer, size, "%lld %s", (long long) (s / units[i].seconds), units[i].name);
}

static bool date_format(int64_t unix_sec, bool with_time, char *buffer, size_t size) {
        time_t t = (time_t) unix_sec;
        struct tm tm;

        if (unix_sec <= 0 || !gmtime_r(&t, &tm))
                return false;
        return strftime(buffer, size, with_time ? "%Y-%m-%d %H:%M" : "%Y-%m-%d", &tm) > 0;
}

/* An instant that a peer made up may be of any size; the difference must not overflow. */
static int64_t difference(int64_t unix_sec, int64_t now) {
        int64_t d;

        return __builtin_sub_overflow(unix_sec, now, &d) ? 0 : d;
}

const char *when_format(int64_t unix_sec, int64_t now, char buffer[WHEN_SIZE]) {
        int64_t d = difference(unix_sec, now);
        char date[24], span[32];

        if (!date_format(unix_sec, true, date, sizeof date)) {
                (void) snprintf(buffer, WHEN_SIZE, "-");
                return buffer;
        }
        span_format(d, span, sizeof span);
        (void) snprintf(buffer, WHEN_SIZE, d < 0 ? "%s UTC (%s ago)" : "%s UTC (in %s)", date,
                        span);
        return buffer;
}

const char *when_format_short(int64_t unix_sec, int64_t now, char buffer[WHEN_SIZE]) {
        int64_t d = difference(unix_sec, now);
        bool near = d < 2 * SEC_PER_DAY && d > -2 * SEC_PER_DAY;
        char date[24], span[32];

        if (!date_format(unix_sec, near, date, sizeof date)) {
                (void) snprintf(buffer, WHEN_SIZE, "-");
                return buffer;
        }
        span_format(d, span, sizeof span);
        (void) snprintf(buffer, WHEN_SIZE, d < 0 ? "%s (%s ago)" : "%s (%s)", date, span);
        return buffer;
}
