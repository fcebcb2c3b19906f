/* Value types of plain things: text, booleans, numbers, spans, paths. */

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/conf-file.h"
#include "config/value.h"

int value_refuse(char **ret_reason, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = vasprintf(ret_reason, format, arguments);
        va_end(arguments);
        if (r < 0) {
                *ret_reason = NULL;
                return -ENOMEM;
        }
        return -EINVAL;
}

int value_parse_text(const char *text, void *field) {
        return str_replace(field, *text ? text : NULL);
}

int value_format_text(const char *key, const void *field, const void *second, Bytes *ret) {
        const char *text = *(char *const *) field;

        (void) second;
        return text ? bytes_printf(ret, "%s=%s\n", key, text) : 0;
}

int value_format_lines(const char *key, const void *field, const void *second, Bytes *ret) {
        const StringList *list = field;
        int r;

        (void) second;
        for (size_t i = 0; i < list->count; i++) {
                r = bytes_printf(ret, "%s=%s\n", key, list->items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int parse_text(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        (void) ret_reason;
        return value_parse_text(text, field);
}

/* RFC 8555 §7.3: a mailto URL with one address and no header fields. */
static int check_email(const char *text, char **ret_reason) {
        const char *at = strchr(text, '@');

        for (const char *p = text; *p; p++)
                if (!isgraph((unsigned char) *p) || strchr(",?<>\"%", *p))
                        return value_refuse(
                                        ret_reason, "not one e-mail address; write NAME@DOMAIN");
        if (*text && (!at || at == text || !at[1] || strchr(at + 1, '@')))
                return value_refuse(ret_reason, "not an e-mail address; write NAME@DOMAIN");
        return 0;
}

static int parse_email(const char *text, void *field, void *second, char **ret_reason) {
        int r = check_email(text, ret_reason);

        (void) second;
        return r < 0 ? r : value_parse_text(text, field);
}

/* An empty value says that there is none, which is more than saying nothing: `second` notes it. */
static int parse_contact(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        StringList *contact = field;
        int r;

        *(bool *) second = true;
        string_list_done(contact);
        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        if (words.count > CONTACTS_MAX)
                return value_refuse(ret_reason, "more than %d addresses", CONTACTS_MAX);
        for (size_t i = 0; i < words.count && r >= 0; i++) {
                r = check_email(words.items[i], ret_reason);
                if (r >= 0)
                        r = string_list_add(contact, words.items[i]);
        }
        return r;
}

static int format_contact(const char *key, const void *field, const void *second, Bytes *ret) {
        const StringList *contact = field;
        int r = bytes_printf(ret, "%s=", key);

        (void) second;
        for (size_t i = 0; i < contact->count && r >= 0; i++)
                r = bytes_printf(ret, "%s%s", i > 0 ? " " : "", contact->items[i]);
        return r < 0 ? r : bytes_append_string(ret, "\n");
}

static int read_bool(const char *text, bool *ret, char **ret_reason) {
        if (conf_parse_bool(text, ret) < 0)
                return value_refuse(ret_reason, "not a boolean; write yes or no");
        return 0;
}

static int parse_bool(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (!*text) {
                *(bool *) field = false;
                return 0;
        }
        return read_bool(text, field, ret_reason);
}

static int format_bool(const char *key, const void *field, const void *second, Bytes *ret) {
        (void) second;
        return bytes_printf(ret, "%s=%s\n", key, *(const bool *) field ? "yes" : "no");
}

/* For a boolean whose third value is "not said". */
static int parse_bool_text(const char *text, void *field, void *second, char **ret_reason) {
        bool b;
        int r;

        (void) second;
        if (!*text)
                return str_replace(field, NULL);
        r = read_bool(text, &b, ret_reason);
        return r < 0 ? r : str_replace(field, b ? "yes" : "no");
}

static int parse_range(
                const char *text, int64_t min, int64_t max, int64_t *field, char **ret_reason) {
        if (str_to_int64(text, min, max, field) < 0)
                return value_refuse(
                                ret_reason, "not a number from %lld to %lld", (long long) min,
                                (long long) max);
        return 0;
}

static int parse_max_orders(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        return parse_range(text, 1, 1000, field, ret_reason);
}

static int parse_order_budget(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        return parse_range(text, 0, 1000000, field, ret_reason);
}

static int format_number(const char *key, const void *field, const void *second, Bytes *ret) {
        (void) second;
        return bytes_printf(ret, "%s=%lld\n", key, (long long) *(const int64_t *) field);
}

static int parse_span(
                const char *text,
                int64_t max,
                const char *example,
                int64_t *field,
                char **ret_reason) {
        int64_t seconds;

        if (conf_parse_seconds(text, &seconds) < 0)
                return value_refuse(
                                ret_reason, "not a span of time; write for example %s", example);
        if (seconds < 1 || seconds > max)
                return value_refuse(
                                ret_reason, "not between one second and %lld s", (long long) max);
        *field = seconds;
        return 0;
}

static int parse_renew_before(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (!*text) {
                *(int64_t *) field = 0;
                return 0;
        }
        return parse_span(text, RENEW_BEFORE_MAX, "30d", field, ret_reason);
}

static int parse_lifetime(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (!*text) {
                *(int64_t *) field = 0;
                return 0;
        }
        return parse_span(text, LIFETIME_MAX, "7d", field, ret_reason);
}

static int parse_timeout(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        return parse_span(text, TIMEOUT_MAX_SEC, "90s or 10min", field, ret_reason);
}

static int format_span(const char *key, const void *field, const void *second, Bytes *ret) {
        int64_t seconds = *(const int64_t *) field;

        (void) second;
        return seconds > 0 ? bytes_printf(ret, "%s=%llds\n", key, (long long) seconds) : 0;
}

static bool has_control(const char *text) {
        for (const char *p = text; *p; p++)
                if ((unsigned char) *p < ' ' || *p == 0x7f)
                        return true;
        return false;
}

bool path_is_normal(const char *path, char **ret_reason) {
        size_t size = strlen(path);
        const char *fault = NULL;

        if (path[0] != '/')
                fault = "not an absolute path; begin it with '/'";
        else if (size >= PATH_MAX)
                fault = "a path of more than 4095 characters";
        else if (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../"))
                fault = "a path with '//', '/./' or '/../'; write it without";
        else if (has_control(path))
                fault = "a path with a control character";
        else if (size == 1 || path[size - 1] == '/' || str_ends_with(path, "/.") ||
                 str_ends_with(path, "/.."))
                fault = "not a path that ends in a name";
        if (fault)
                (void) value_refuse(
                                ret_reason, "%s", fault); /* no memory: the caller sees no reason */
        return !fault;
}

static int parse_path(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (*text && !path_is_normal(text, ret_reason))
                return -EINVAL;
        return value_parse_text(text, field);
}

static int parse_paths(const char *text, void *field, void *second, char **ret_reason) {
        StringList *list = field;

        (void) second;
        if (!*text) {
                string_list_done(list);
                return 0;
        }
        if (!path_is_normal(text, ret_reason))
                return -EINVAL;
        if (list->count >= LIST_MAX)
                return value_refuse(ret_reason, "more than %d values", LIST_MAX);
        return string_list_add(list, text);
}

static int parse_max_labels(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        return parse_range(text, 0, MAX_LABELS_MAX, field, ret_reason);
}

const ValueType value_text = { "TEXT", parse_text, value_format_text };
const ValueType value_email = { "ADDRESS", parse_email, value_format_text };
const ValueType value_contact = { "ADDRESS...", parse_contact, format_contact };
const ValueType value_bool = { "BOOLEAN", parse_bool, format_bool };
const ValueType value_bool_text = { "BOOLEAN", parse_bool_text, value_format_text };
const ValueType value_path = { "PATH", parse_path, value_format_text };
const ValueType value_paths = { "PATH", parse_paths, value_format_lines };
const ValueType value_max_orders = { "NUMBER", parse_max_orders, format_number };
const ValueType value_order_budget = { "NUMBER", parse_order_budget, format_number };
const ValueType value_max_labels = { "NUMBER", parse_max_labels, format_number };
const ValueType value_renew_before = { "SPAN", parse_renew_before, format_span };
const ValueType value_lifetime = { "SPAN", parse_lifetime, format_span };
const ValueType value_timeout = { "SPAN", parse_timeout, format_span };
