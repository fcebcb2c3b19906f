/* Times as protocols write them, read by hand: strptime() knows locales, and mktime() zones. Days
 * are counted in the proleptic Gregorian calendar. */

#include "acme/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/strings.h"

typedef struct CivilTime {
        unsigned year, month, day, hour, minute, second;
} CivilTime;

static const char *const MONTHS[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const DAYS[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const LONG_DAYS[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday" };

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_leap_year(unsigned year) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_month(unsigned year, unsigned month) {
        static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

        return days[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

/* Unix seconds. Second 60 (a leap second) is the first of the next minute. */
static int civil_to_unix(const CivilTime *t, int64_t *ret) {
        if (t->month < 1 || t->month > 12 || t->day < 1 ||
            t->day > days_of_month(t->year, t->month) || t->hour > 23 || t->minute > 59 ||
            t->second > 60)
                return -EBADMSG;

        /* Years that begin in March, in eras of 400 years. */
        int64_t year = (int64_t) t->year - (t->month <= 2 ? 1 : 0);
        int64_t era = (year >= 0 ? year : year - 399) / 400;
        int64_t year_of_era = year - era * 400;
        int64_t day_of_year = (153 * (t->month + (t->month > 2 ? -3 : 9)) + 2) / 5 + t->day - 1;
        int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        int64_t days = era * 146097 + day_of_era - 719468;

        *ret = days * SEC_PER_DAY + t->hour * SEC_PER_HOUR + t->minute * SEC_PER_MIN + t->second;
        return 0;
}

/* ---- a cursor over the text; each take_* returns false and stays when it does not fit ---- */

static bool take_char(const char **p, char c) {
        if (**p != c)
                return false;
        (*p)++;
        return true;
}

static bool take_digits(const char **p, unsigned count, unsigned *ret) {
        unsigned value = 0;

        for (unsigned i = 0; i < count; i++) {
                if (!is_digit((*p)[i]))
                        return false;
                value = value * 10 + (unsigned) ((*p)[i] - '0');
        }
        *p += count;
        *ret = value;
        return true;
}

static bool take_word(const char **p, const char *const words[], size_t count, unsigned *ret) {
        for (size_t i = 0; i < count; i++) {
                const char *rest = str_skip_prefix(*p, words[i]);
                if (rest) {
                        *p = rest;
                        *ret = (unsigned) i;
                        return true;
                }
        }
        return false;
}

static bool take_clock(const char **p, CivilTime *t) {
        return take_digits(p, 2, &t->hour) && take_char(p, ':') && take_digits(p, 2, &t->minute) &&
               take_char(p, ':') && take_digits(p, 2, &t->second);
}

static bool take_month(const char **p, CivilTime *t) {
        unsigned month;

        if (!take_word(p, MONTHS, ELEMENTSOF(MONTHS), &month))
                return false;
        t->month = month + 1;
        return true;
}

/* ---- RFC 3339 ---- */

static bool take_fraction(const char **p) {
        unsigned digits = 0;

        if (!take_char(p, '.'))
                return true;
        while (is_digit(**p)) {
                (*p)++;
                digits++;
        }
        return digits >= 1 && digits <= 9;
}

static bool take_offset(const char **p, int64_t *ret) {
        unsigned hours, minutes;
        bool west = **p == '-';

        if (take_char(p, 'Z') || take_char(p, 'z')) {
                *ret = 0;
                return true;
        }
        if (!take_char(p, west ? '-' : '+') || !take_digits(p, 2, &hours) || !take_char(p, ':') ||
            !take_digits(p, 2, &minutes) || hours > 23 || minutes > 59)
                return false;
        *ret = (int64_t) hours * SEC_PER_HOUR + (int64_t) minutes * SEC_PER_MIN;
        if (west)
                *ret = -*ret;
        return true;
}

int rfc3339_parse(const char *text, int64_t *ret) {
        CivilTime t = {};
        int64_t unix_sec, offset;
        int r;

        if (!take_digits(&text, 4, &t.year) || !take_char(&text, '-') ||
            !take_digits(&text, 2, &t.month) || !take_char(&text, '-') ||
            !take_digits(&text, 2, &t.day))
                return -EBADMSG;
        if (!take_char(&text, 'T') && !take_char(&text, 't'))
                return -EBADMSG;
        if (!take_clock(&text, &t) || !take_fraction(&text) || !take_offset(&text, &offset) ||
            *text)
                return -EBADMSG;
        r = civil_to_unix(&t, &unix_sec);
        if (r < 0)
                return r;
        *ret = unix_sec - offset;
        return 0;
}

const char *rfc3339_format(int64_t unix_sec, char buffer[RFC3339_SIZE]) {
        time_t t = unix_sec;
        struct tm tm = {};

        /* Only years that tm cannot hold fail; then the epoch is as good as anything. */
        if (!gmtime_r(&t, &tm) || strftime(buffer, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                (void) snprintf(buffer, RFC3339_SIZE, "1970-01-01T00:00:00Z");
        return buffer;
}

/* ---- HTTP-date ---- */

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_imf_fixdate(const char *p, CivilTime *t) {
        unsigned day;

        return take_word(&p, DAYS, ELEMENTSOF(DAYS), &day) && take_char(&p, ',') &&
               take_char(&p, ' ') && take_digits(&p, 2, &t->day) && take_char(&p, ' ') &&
               take_month(&p, t) && take_char(&p, ' ') && take_digits(&p, 4, &t->year) &&
               take_char(&p, ' ') && take_clock(&p, t) && str_equal(p, " GMT");
}

/* "Sunday, 06-Nov-94 08:49:37 GMT". Two digits of a year: 1970 … 2069, so that the meaning does not
 * hang on when it is read. */
static bool read_rfc850(const char *p, CivilTime *t) {
        unsigned day;

        if (!take_word(&p, LONG_DAYS, ELEMENTSOF(LONG_DAYS), &day) || !take_char(&p, ',') ||
            !take_char(&p, ' ') || !take_digits(&p, 2, &t->day) || !take_char(&p, '-') ||
            !take_month(&p, t) || !take_char(&p, '-') || !take_digits(&p, 2, &t->year))
                return false;
        t->year += t->year < 70 ? 2000 : 1900;
        return take_char(&p, ' ') && take_clock(&p, t) && str_equal(p, " GMT");
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(const char *p, CivilTime *t) {
        unsigned day;

        if (!take_word(&p, DAYS, ELEMENTSOF(DAYS), &day) || !take_char(&p, ' ') ||
            !take_month(&p, t) || !take_char(&p, ' '))
                return false;
        if (!take_digits(&p, 2, &t->day) && (!take_char(&p, ' ') || !take_digits(&p, 1, &t->day)))
                return false;
        return take_char(&p, ' ') && take_clock(&p, t) && take_char(&p, ' ') &&
               take_digits(&p, 4, &t->year) && *p == 0;
}

int http_date_parse(const char *text, int64_t *ret) {
        CivilTime t = {};

        if (!read_imf_fixdate(text, &t) && !read_rfc850(text, &t) && !read_asctime(text, &t))
                return -EBADMSG;
        return civil_to_unix(&t, ret);
}

/* ---- Retry-After ---- */

#define RETRY_AFTER_MAX ((int64_t) 1 << 31)

int retry_after_parse(const char *text, int64_t now, int64_t *ret) {
        _cleanup_free_ char *trimmed = NULL;
        int64_t value;
        int r;

        text += strspn(text, " \t");
        size_t size = strlen(text);
        while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
                size--;
        trimmed = strndup(text, size);
        if (!trimmed)
                return -ENOMEM;

        if (is_digit(trimmed[0])) {
                r = str_to_int64(trimmed, 1, RETRY_AFTER_MAX, &value);
                if (r < 0)
                        return -ENOENT;
        } else {
                r = http_date_parse(trimmed, &value);
                if (r < 0 || value <= now || value - now > RETRY_AFTER_MAX)
                        return -ENOENT;
                value -= now;
        }
        *ret = value;
        return 0;
}

int max_age_parse(const char *text, int64_t *ret) {
        static const char name[] = "max-age=";

        for (const char *at = text; *at; at += strcspn(at, ","), at += *at == ',') {
                char digits[12];
                size_t n;

                at += strspn(at, " \t");
                if (strncasecmp(at, name, strlen(name)) != 0)
                        continue;
                const char *value = at + strlen(name);
                value += *value == '"'; /* some write it so */
                n = strspn(value, "0123456789");
                if (n == 0 || n >= sizeof digits)
                        return -ENOENT;
                memcpy(digits, value, n);
                digits[n] = '\0';
                return str_to_int64(digits, 0, RETRY_AFTER_MAX, ret) < 0 ? -ENOENT : 0;
        }
        return -ENOENT;
}
