/* The grammar is that of systemd's calendarspec.c, with its corners ("Mon," is Monday, "5..6/9" is 5, of "~" at most
 * the 28th day from the end), so that what works in a timer works here, and what is refused there is refused here. Two
 * accidents are not copied: in a list of days from the end systemd takes the second only up to the 25th and the third up
 * to the 22nd, and of an open repetition like "*:8/21" it skips the first of the next round. */

#include <string.h>

#include "base/calendar.h"
#include "base/strings.h"

#define NUMBER_MAX        99999
#define PARTS_MAX         240 /* of one comma list; systemd's limit */
#define DAYS_FROM_END_MAX 28

/* One member of a date or time, as the parser wants it. */
typedef struct Field {
        int64_t min, max;
        bool from_end; /* days are counted backwards, and so go repetitions */
        bool year;     /* two digits mean 1970 to 2069 */
        bool second;   /* a range needs two ends that differ */
        uint64_t bits[4];
} Field;

static const char not_time[] =
                "the time is not HOUR:MINUTE or HOUR:MINUTE:SECOND; write for example 03:00";
static const char not_date[] =
                "the date is not YEAR-MONTH-DAY or MONTH-DAY; write for example *-*-1..7";
static const char not_day[] = "the weekdays are not Mon, Mon..Fri or Sat,Sun";
static const char not_range[] =
                "a range or repetition has nothing to match; write for example 1..7, 2..8/2 or 0/15";
static const char out_of_range[] = "a number is too small or too large for its place";

static int refuse(const char **ret_reason, const char *reason) {
        *ret_reason = reason;
        return -EINVAL;
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static int parse_number(const char **p, int64_t *ret) {
        int64_t value = 0;

        if (!is_digit(**p))
                return -EINVAL;
        for (; is_digit(**p); (*p)++)
                value = MIN(value * 10 + (**p - '0'), (int64_t) NUMBER_MAX);
        *ret = value;
        return 0;
}

static void set_bit(Field *f, int64_t value) {
        uint64_t bit = (uint64_t) (value - f->min);

        f->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static void set_all(Field *f) {
        for (int64_t v = f->min; v <= f->max; v++)
                set_bit(f, v);
}

static int64_t full_year(const Field *f, int64_t value) {
        if (!f->year || value >= 100)
                return value;
        return value + (value < 70 ? 2000 : 1900);
}

/* "5", "5/2" (5, 7, 9 …), "5..9", "5..9/2". `stop` and `step` are -1 when not there. */
static int set_part(Field *f, int64_t start, int64_t stop, int64_t step, const char **ret_reason) {
        bool open = stop < 0 && step > 0, backwards = open && f->from_end;

        start = full_year(f, start);
        stop = stop < 0 ? -1 : full_year(f, stop);
        if (start < f->min || start > f->max || stop > f->max)
                return refuse(ret_reason, out_of_range);
        if (step == 0 || (stop >= 0 && stop < start) || (f->second && step < 0 && stop == start))
                return refuse(ret_reason, not_range);
        if (open && (backwards ? start - step < f->min : start + step > f->max))
                return refuse(ret_reason, not_range);
        if (stop < 0)
                stop = !open ? start : backwards ? f->min : f->max;
        step = MAX(step, (int64_t) 1);
        for (int64_t v = start; backwards ? v >= stop : v <= stop; v += backwards ? -step : step)
                set_bit(f, v);
        return 0;
}

static int parse_part(const char **p, Field *f, const char *usage, const char **ret_reason) {
        int64_t start, stop = -1, step = -1;

        if (parse_number(p, &start) < 0)
                return refuse(ret_reason, usage);
        if ((*p)[0] == '.' && (*p)[1] == '.') {
                *p += 2;
                if (parse_number(p, &stop) < 0)
                        return refuse(ret_reason, usage);
        } else if ((*p)[0] == '.')
                return refuse(ret_reason,
                              "fractions of a second are not supported; write whole ones");
        if (**p == '/') {
                (*p)++;
                if (parse_number(p, &step) < 0)
                        return refuse(ret_reason, usage);
        }
        if (**p && !strchr(" ,-~:", **p))
                return refuse(ret_reason, usage);
        return set_part(f, start, stop, step, ret_reason);
}

/* "*", or a comma list. */
static int parse_field(const char **p, Field *f, const char *usage, const char **ret_reason) {
        int r = 0;

        memset(f->bits, 0, sizeof f->bits);
        if (**p == '*') {
                (*p)++;
                set_all(f);
                return 0;
        }
        for (int n = 0; r >= 0; n++) {
                if (n == PARTS_MAX)
                        return refuse(ret_reason, "too many numbers in one list");
                r = parse_part(p, f, usage, ret_reason);
                if (r < 0 || **p != ',')
                        return r;
                (*p)++;
        }
        return r;
}

/* ---- weekdays ---- */

static const char *const weekday_names[] = { "monday", "tuesday",  "wednesday", "thursday",
                                             "friday", "saturday", "sunday" };

static size_t common_prefix(const char *text, const char *lower) {
        size_t n = 0;

        while (lower[n] && (text[n] | 0x20) == lower[n])
                n++;
        return n;
}

/* The day in full or its first three letters. -ENOENT: it is no day; -EINVAL: it only begins like one. */
static int parse_weekday(const char **p, int *ret) {
        for (int day = 0; day < (int) ELEMENTSOF(weekday_names); day++) {
                size_t n = common_prefix(*p, weekday_names[day]);

                if (n < 3)
                        continue;
                n = weekday_names[day][n] == '\0' ? n : 3;
                if ((*p)[n] && !strchr("-., ", (*p)[n]))
                        return -EINVAL;
                *p += n;
                *ret = day;
                return 0;
        }
        return -ENOENT;
}

/* Steps over what joins two days: 1 "..", 2 ",", 0 the end. */
static int parse_joint(const char **p, bool in_range) {
        if (**p == ',') {
                (*p)++;
                return 2;
        }
        if (**p == '\0' || **p == ' ')
                return 0;
        if (in_range || (**p == '.' && (*p)[1] != '.'))
                return -EINVAL;
        *p += **p == '.' ? 2 : 1;
        return 1;
}

static int parse_weekdays(const char **p, Calendar *c, const char **ret_reason) {
        int day, first = -1, joint = 2, r;

        for (bool begun = false; joint != 0; begun = true) {
                r = parse_weekday(p, &day);
                if (r == -ENOENT && !begun) {
                        c->weekdays = 0x7f; /* none is named */
                        return 0;
                }
                if (r < 0 || (first >= 0 && day < first))
                        return refuse(ret_reason, not_day);
                for (int d = first >= 0 ? first : day; d <= day; d++)
                        c->weekdays |= (uint8_t) (1U << d);
                joint = parse_joint(p, first >= 0);
                if (joint < 0)
                        return refuse(ret_reason, not_day);
                first = joint == 1 ? day : -1;
                if (**p == '\0' || **p == ' ') { /* "Mon," is Monday; "Mon.." is nothing */
                        if (joint == 1)
                                return refuse(ret_reason, not_day);
                        joint = 0;
                }
        }
        *p += strspn(*p, " ");
        return 0;
}

/* ---- date and time ---- */

static Field day_field(bool from_end) {
        return (Field){ .min = 1, .max = from_end ? DAYS_FROM_END_MAX : 31, .from_end = from_end };
}

/* Is there a date, and has it a year? It ends before a blank or the end, the time has a ':' first. */
static int count_date_parts(const char *p) {
        int parts = 1;

        for (; *p && *p != ' '; p++) {
                if (*p == ':')
                        return 0;
                parts += *p == '-' || *p == '~';
        }
        return parts;
}

static int parse_date_parts(
                const char **p,
                int parts,
                Field *year,
                Field *month,
                Field *day,
                const char **ret_reason) {
        int r = 0;

        if (parts == 3) {
                r = parse_field(p, year, not_date, ret_reason);
                if (r < 0)
                        return r;
                if (*(*p)++ != '-')
                        return refuse(ret_reason, not_date);
        }
        r = parse_field(p, month, not_date, ret_reason);
        if (r < 0)
                return r;
        if (**p != '-' && **p != '~')
                return refuse(ret_reason, not_date);
        *day = day_field(**p == '~' && (*p)[1] != '*'); /* of all days the order is no matter */
        (*p)++;
        r = parse_field(p, day, not_date, ret_reason);
        if (r < 0)
                return r;
        if (**p && **p != ' ')
                return refuse(ret_reason, not_date);
        *p += strspn(*p, " ");
        return 0;
}

static int parse_date(const char **p, Calendar *c, const char **ret_reason) {
        Field year = { .min = CALENDAR_YEAR_MIN, .max = CALENDAR_YEAR_MAX, .year = true };
        Field month = { .min = 1, .max = 12 }, day = day_field(false);
        int parts = **p ? count_date_parts(*p) : 0, r = 0;

        set_all(&year);
        set_all(&month);
        set_all(&day);
        if (parts == 1 || parts > 3)
                return refuse(ret_reason, parts == 1 ? not_time : not_date);
        if (parts > 0)
                r = parse_date_parts(p, parts, &year, &month, &day, ret_reason);
        memcpy(c->years, year.bits, sizeof c->years);
        c->months = (uint16_t) month.bits[0];
        c->days = (uint32_t) day.bits[0];
        c->days_from_end = day.from_end;
        return r;
}

static int parse_time(const char **p, Calendar *c, const char **ret_reason) {
        Field hour = { .max = 23 }, minute = { .max = 59 }, second = { .max = 59, .second = true };
        int r;

        c->hours = c->minutes = c->seconds = 1; /* 00:00:00 */
        if (**p == '\0')
                return 0;
        r = parse_field(p, &hour, not_time, ret_reason);
        if (r < 0)
                return r;
        if (*(*p)++ != ':')
                return refuse(ret_reason, not_time);
        r = parse_field(p, &minute, not_time, ret_reason);
        if (r < 0)
                return r;
        c->hours = (uint32_t) hour.bits[0];
        c->minutes = minute.bits[0];
        if (**p == '\0')
                return 0;
        if (*(*p)++ != ':')
                return refuse(ret_reason, not_time);
        r = parse_field(p, &second, not_time, ret_reason);
        c->seconds = second.bits[0];
        return r < 0 ? r : **p ? refuse(ret_reason, not_time) : 0;
}

/* ---- the whole ---- */

static const struct {
        const char *name, *meaning;
} shorthands[] = {
        { "minutely", "*-*-* *:*:00" },
        { "hourly", "*-*-* *:00:00" },
        { "daily", "*-*-* 00:00:00" },
        { "weekly", "Mon *-*-* 00:00:00" },
        { "monthly", "*-*-01 00:00:00" },
        { "quarterly", "*-01,04,07,10-01 00:00:00" },
        { "annually", "*-01-01 00:00:00" },
        { "yearly", "*-01-01 00:00:00" },
        { "anually", "*-01-01 00:00:00" }, /* systemd takes it */
        { "biannually", "*-01,07-01 00:00:00" },
        { "bi-annually", "*-01,07-01 00:00:00" },
        { "semiannually", "*-01,07-01 00:00:00" },
        { "semi-annually", "*-01,07-01 00:00:00" },
};

static const char *without_shorthand(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(shorthands); i++)
                if (str_equal_ignore_case(text, shorthands[i].name))
                        return shorthands[i].meaning;
        return text;
}

/* Cuts " UTC" off. Another word of letters at the end can only be meant as a zone. */
static int take_zone(char *text, Calendar *c, const char **ret_reason) {
        char *space = strrchr(text, ' ');

        if (!space || space == text)
                return 0;
        if (str_equal_ignore_case(space, " UTC")) {
                c->utc = true;
                *space = '\0';
                return 0;
        }
        if (((space[1] | 0x20) >= 'a' && (space[1] | 0x20) <= 'z'))
                return refuse(ret_reason,
                              "of zones only UTC is supported; times without one are of this machine's zone");
        return 0;
}

int calendar_parse(const char *text, Calendar *ret, const char **ret_reason) {
        char copy[CALENDAR_TEXT_MAX + 1];
        Calendar c = {};
        const char *p;
        int r;

        if (!*text || strlen(text) > CALENDAR_TEXT_MAX)
                return refuse(ret_reason,
                              "not a calendar expression; write for example Sun 03:00 or *-*-* 04:30");
        if (*text == '@')
                return refuse(ret_reason, "one single instant is no time for every renewal");
        (void) strcpy(copy, text); /* fits: looked at above */
        r = take_zone(copy, &c, ret_reason);
        if (r < 0)
                return r;
        p = without_shorthand(copy);
        r = parse_weekdays(&p, &c, ret_reason);
        if (r >= 0)
                r = parse_date(&p, &c, ret_reason);
        if (r >= 0)
                r = parse_time(&p, &c, ret_reason);
        if (r < 0)
                return r;
        *ret = c;
        return 0;
}
