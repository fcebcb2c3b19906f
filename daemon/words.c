#include "daemon/words.h"

#include <stdio.h>
#include <string.h>

#include "acme/timestamp.h"

#define DATE_LENGTH   10 /* "2027-01-03" */
#define MINUTE_LENGTH 16 /* "2027-01-03T12:00" */

static int64_t rounded(int64_t value, int64_t unit) {
        return (value + unit / 2) / unit;
}

const char *words_duration(int64_t sec, char buffer[WORDS_SIZE]) {
        long long n;
        const char *unit;

        if (sec < 0)
                sec = 0;
        if (sec < 100) {
                n = MAX(sec, 1);
                unit = "s";
        } else if (sec < 100 * SEC_PER_MIN) {
                n = rounded(sec, SEC_PER_MIN);
                unit = "min";
        } else if (sec < 36 * SEC_PER_HOUR) {
                n = rounded(sec, SEC_PER_HOUR);
                unit = "h";
        } else {
                n = rounded(sec, SEC_PER_DAY);
                unit = n == 1 ? "day" : "days";
        }
        (void) snprintf(buffer, WORDS_SIZE, "%lld %s", n, unit); /* fits: 20 digits and a unit */
        return buffer;
}

const char *words_date(int64_t unix_sec, int64_t now, char buffer[WORDS_SIZE]) {
        char text[RFC3339_SIZE];
        int64_t distance = unix_sec > now ? unix_sec - now : now - unix_sec;

        (void) rfc3339_format(unix_sec, text);
        if (strlen(text) < MINUTE_LENGTH || distance > 2 * SEC_PER_DAY)
                (void) snprintf(buffer, WORDS_SIZE, "%.*s", DATE_LENGTH, text);
        else
                (void) snprintf(buffer, WORDS_SIZE, "%.*s %.5s UTC", DATE_LENGTH, text,
                                text + DATE_LENGTH + 1);
        return buffer;
}
