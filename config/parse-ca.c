/* Value types of the CAs: which ones, in which order, and what they allow. */

#include <string.h>

#include "base/conf-file.h"
#include "config/value.h"

#define LIMIT_COUNT_MAX  100000
#define LIMIT_PERIOD_MAX ((int64_t) 366 * SEC_PER_DAY)
#define MAX_NAMES_MAX    NAMES_MAX

static const char *const limit_names[CA_LIMIT_MAX] = {
        [CA_LIMIT_DUPLICATES] = "duplicates",
        [CA_LIMIT_FAILURES] = "failures",
};

const char *ca_limit_to_string(CaLimitKind k) {
        return limit_names[k];
}

/* ---- CA= ---- */

static int check_ca_name(const char *word, const char *first, const StringList *rest, char **why) {
        if (!config_item_name_is_valid(word))
                return value_refuse(
                                why,
                                "not a name of a file without .conf (letters, digits and '._@-', at "
                                "most %d)",
                                CERTIFICATE_NAME_MAX);
        if (str_equal(word, first) || string_list_contains(rest, word))
                return value_refuse(why, "'%s' is given twice", word);
        if (rest->count + 1 >= CERTIFICATE_CAS_MAX)
                return value_refuse(why, "more than %d CAs", CERTIFICATE_CAS_MAX);
        return 0;
}

/* The value as a whole: a second CA= replaces the first. */
static int parse_cas(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {}, rest = {};
        int r;

        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        for (size_t i = 0; i < words.count; i++) {
                r = check_ca_name(words.items[i], i > 0 ? words.items[0] : NULL, &rest, ret_reason);
                if (r >= 0 && i > 0)
                        r = string_list_add(&rest, words.items[i]);
                if (r < 0)
                        return r;
        }
        r = value_parse_text(words.count > 0 ? words.items[0] : "", field);
        if (r < 0)
                return r;
        string_list_done(second);
        *(StringList *) second = rest;
        rest = (StringList){};
        return 0;
}

static int format_cas(const char *key, const void *field, const void *second, Bytes *ret) {
        const char *first = *(const char *const *) field;
        const StringList *rest = second;
        int r;

        if (!first)
                return 0;
        r = bytes_printf(ret, "%s=%s", key, first);
        for (size_t i = 0; i < rest->count && r >= 0; i++)
                r = bytes_printf(ret, " %s", rest->items[i]);
        return r < 0 ? r : bytes_append_string(ret, "\n");
}

/* ---- Limit= ---- */

static int read_count(const char *text, CaLimit *ret, char **ret_reason) {
        const char *slash = strchr(text, '/');
        char number[24] = "";

        if (slash && (size_t) (slash - text) < sizeof number)
                memcpy(number, text, (size_t) (slash - text));
        if (!slash || str_to_int64(number, 1, LIMIT_COUNT_MAX, &ret->count) < 0 ||
            conf_parse_seconds(slash + 1, &ret->period_sec) < 0)
                return value_refuse(ret_reason, "not a number and a span; write for example 5/7d");
        if (ret->period_sec < 1 || ret->period_sec > LIMIT_PERIOD_MAX)
                return value_refuse(ret_reason, "a span not between one second and a year");
        return 0;
}

static int parse_limit(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        CaLimit *limits = field, limit = {};
        int r;

        (void) second;
        if (!*text) {
                memset(limits, 0, CA_LIMIT_MAX * sizeof *limits);
                return 0;
        }
        r = conf_split_words(text, &words);
        if (r < 0 && r != -EINVAL)
                return r;
        for (size_t k = 0; k < CA_LIMIT_MAX && r >= 0 && words.count == 2; k++) {
                if (!str_equal(words.items[0], limit_names[k]))
                        continue;
                r = read_count(words.items[1], &limit, ret_reason);
                if (r >= 0)
                        limits[k] = limit;
                return r;
        }
        return value_refuse(ret_reason, "not a limit; write 'duplicates 5/7d' or 'failures 5/1h'");
}

static int format_limits(const char *key, const void *field, const void *second, Bytes *ret) {
        const CaLimit *limits = field;
        int r = 0;

        (void) second;
        for (size_t k = 0; k < CA_LIMIT_MAX && r >= 0; k++)
                if (limits[k].count > 0)
                        r =
                                        bytes_printf(ret, "%s=%s %lld/%llds\n", key, limit_names[k],
                                                     (long long) limits[k].count,
                                                     (long long) limits[k].period_sec);
        return r;
}

/* ---- MaxNames=, CaaIdentity= ---- */

static int parse_max_names(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (str_to_int64(text, 1, MAX_NAMES_MAX, field) < 0)
                return value_refuse(ret_reason, "not a number between 1 and %d", MAX_NAMES_MAX);
        return 0;
}

static int format_max_names(const char *key, const void *field, const void *second, Bytes *ret) {
        (void) second;
        return bytes_printf(ret, "%s=%lld\n", key, (long long) *(const int64_t *) field);
}

static int parse_domains(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        StringList *list = field;
        int r;

        (void) second;
        if (!*text) {
                string_list_done(list);
                return 0;
        }
        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        for (size_t i = 0; i < words.count; i++) {
                _cleanup_free_ char *name = NULL;
                const char *fault = NULL;

                r = identifier_normalize(words.items[i], &name, &fault);
                if (r == -EINVAL || (r >= 0 && identifier_is_ip(name)))
                        return value_refuse(
                                        ret_reason, "not a domain; write for example ca.example");
                if (r >= 0 && list->count >= LIST_MAX)
                        return value_refuse(ret_reason, "more than %d values", LIST_MAX);
                if (r >= 0)
                        r = string_list_add(list, name);
                if (r < 0)
                        return r;
        }
        return 0;
}

const ValueType value_cas = { "NAME...", parse_cas, format_cas };
const ValueType value_limits = { "WHAT NUMBER/SPAN", parse_limit, format_limits };
const ValueType value_max_names = { "NUMBER", parse_max_names, format_max_names };
const ValueType value_domains = { "DOMAIN...", parse_domains, value_format_lines };
