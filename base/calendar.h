#pragma once

/* Calendar expressions as systemd.time(7) has them: "Sun 03:00", "Mon..Fri *-*-1..7 02,14:30", "*-*~1 4:00 UTC", "weekly".
 * A plain value without memory of its own; what it means in a zone comes from a function, so that everything here is
 * pure. Not taken: zones other than UTC (times are of this machine's), and fractions of a second. */

#include "base/base.h"

#define CALENDAR_YEAR_MIN 1970
#define CALENDAR_YEAR_MAX 2199
#define CALENDAR_TEXT_MAX ((size_t) 256)

/* What matches, a bit for each; "*" is all of them. */
typedef struct Calendar {
        uint64_t years[4]; /* from CALENDAR_YEAR_MIN */
        uint64_t seconds;
        uint64_t minutes;
        uint32_t hours;
        uint32_t days;    /* from 1; of days_from_end: 1 is the last of the month */
        uint16_t months;  /* from 1 */
        uint8_t weekdays; /* Monday is bit 0 */
        bool days_from_end;
        bool utc;
} Calendar;

/* -EINVAL with *ret_reason (static): what is wrong and what would be right. */
int calendar_parse(const char *text, Calendar *ret, const char **ret_reason);

/* Seconds that local time is ahead of UTC at this instant. */
typedef int64_t (*calendar_offset_fn)(int64_t at_unix_sec);

/* Of this machine's zone. */
int64_t calendar_local_offset(int64_t at_unix_sec);

/* The first instant after `after` that matches. A local time that the clock skips in spring is left out, as systemd
 * does; of one that comes twice in autumn, the first. -ENOENT: never again. */
int calendar_next(const Calendar *c, int64_t after, calendar_offset_fn offset, int64_t *ret);
