/* Value types of restart windows: when a service may be interrupted, and how late at the latest. */

#include <string.h>

#include "base/conf-file.h"
#include "config/value.h"

#define LENGTH_DEFAULT_SEC SEC_PER_HOUR
#define LENGTH_MIN_SEC     SEC_PER_MIN
#define LENGTH_MAX_SEC     ((int64_t) 28 * SEC_PER_DAY)
#define DEADLINE_MAX_SEC   RENEW_BEFORE_MAX

void restart_window_done(RestartWindow *w) {
        free(w->text);
        free(w->begin_text);
        *w = (RestartWindow){};
}

/* Where " /2h" begins; a repetition inside the expression has no blank before it. The end if there is none. */
static const char *find_length(const char *text) {
        const char *slash = strrchr(text, '/');

        return slash && slash > text && slash[-1] == ' ' ? slash - 1 : text + strlen(text);
}

static int parse_length(const char *text, int64_t *ret, char **ret_reason) {
        int64_t seconds;

        if (!*text) {
                *ret = LENGTH_DEFAULT_SEC;
                return 0;
        }
        if (conf_parse_seconds(text + strlen(" /"), &seconds) < 0)
                return value_refuse(
                                ret_reason, "'%s' is not a length; write for example Sun 03:00 /2h",
                                text + strlen(" /"));
        if (seconds < LENGTH_MIN_SEC || seconds > LENGTH_MAX_SEC)
                return value_refuse(ret_reason, "a window is one minute to four weeks long");
        *ret = seconds;
        return 0;
}

static int parse_window(const char *text, RestartWindow *w, char **ret_reason) {
        const char *length = find_length(text), *reason;
        int r;

        r = parse_length(length, &w->length_sec, ret_reason);
        if (r < 0)
                return r;
        w->begin_text = strndup(text, (size_t) (length - text));
        w->text = strdup(text);
        if (!w->begin_text || !w->text)
                return -ENOMEM;
        if (calendar_parse(w->begin_text, &w->begin, &reason) < 0)
                return value_refuse(ret_reason, "%s", reason);
        return 0;
}

static void clear_windows(RestartWindow **windows, size_t *count) {
        for (size_t i = 0; i < *count; i++)
                restart_window_done(&(*windows)[i]);
        free(*windows);
        *windows = NULL;
        *count = 0;
}

static int parse_windows(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(restart_window_done) RestartWindow parsed = {};
        RestartWindow **windows = field, *grown;
        size_t *count = second;
        int r;

        if (!*text) {
                clear_windows(windows, count);
                return 0;
        }
        r = parse_window(text, &parsed, ret_reason);
        if (r < 0)
                return r;
        if (*count >= WINDOWS_MAX)
                return value_refuse(ret_reason, "more than %d windows", WINDOWS_MAX);
        grown = reallocarray(*windows, *count + 1, sizeof **windows);
        if (!grown)
                return -ENOMEM;
        *windows = grown;
        grown[(*count)++] = parsed;
        parsed = (RestartWindow){};
        return 0;
}

static int format_windows(const char *key, const void *field, const void *second, Bytes *ret) {
        const RestartWindow *windows = *(RestartWindow *const *) field;
        int r = 0;

        for (size_t i = 0; i < *(const size_t *) second && r >= 0; i++)
                r = bytes_printf(ret, "%s=%s\n", key, windows[i].text);
        return r;
}

/* Zero is "auto". */
static int parse_deadline(const char *text, void *field, void *second, char **ret_reason) {
        int64_t seconds;

        (void) second;
        if (!*text || str_equal(text, "auto")) {
                *(int64_t *) field = 0;
                return 0;
        }
        if (conf_parse_seconds(text, &seconds) < 0)
                return value_refuse(
                                ret_reason, "not a span of time; write for example 5d, or auto");
        if (seconds < 1 || seconds > DEADLINE_MAX_SEC)
                return value_refuse(
                                ret_reason, "not between one second and %lld days",
                                (long long) (DEADLINE_MAX_SEC / SEC_PER_DAY));
        *(int64_t *) field = seconds;
        return 0;
}

static int format_deadline(const char *key, const void *field, const void *second, Bytes *ret) {
        int64_t seconds = *(const int64_t *) field;

        (void) second;
        return seconds > 0 ? bytes_printf(ret, "%s=%llds\n", key, (long long) seconds)
                           : bytes_printf(ret, "%s=auto\n", key);
}

const ValueType value_windows = { "CALENDAR [/SPAN]", parse_windows, format_windows };
const ValueType value_deadline = { "SPAN|auto", parse_deadline, format_deadline };
