/* Value types of what is ordered: names, keys, challenges, and where the CA is. */

#include <string.h>

#include "acme/url.h"
#include "base/conf-file.h"
#include "config/value.h"

static int parse_item_name(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (*text && !config_item_name_is_valid(text))
                return value_refuse(
                                ret_reason,
                                "not a name of a file without .conf (letters, digits and '._@-', at "
                                "most %d)",
                                CERTIFICATE_NAME_MAX);
        return value_parse_text(text, field);
}

static int parse_profile(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (*text && !profile_is_valid(text))
                return value_refuse(
                                ret_reason,
                                "not a profile's name; at most %d printable ASCII characters",
                                PROFILE_MAX);
        return value_parse_text(text, field);
}

/* The value as a whole: a second Challenge= replaces the first. */
static int parse_challenges(const char *text, void *field, void *second, char **ret_reason) {
        ChallengeType parsed[CHALLENGE_TYPE_MAX];
        _cleanup_(string_list_done) StringList words = {};
        size_t count = 0;
        int r;

        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        for (size_t i = 0; i < words.count; i++) {
                ChallengeType type = challenge_type_from_string(words.items[i]);

                if (type == CHALLENGE_TYPE_MAX)
                        return value_refuse(
                                        ret_reason,
                                        "not a challenge type; use http-01, tls-alpn-01, dns-01, "
                                        "dns-account-01 or dns-persist-01");
                for (size_t k = 0; k < count; k++)
                        if (parsed[k] == type)
                                return value_refuse(
                                                ret_reason, "%s is given twice",
                                                challenge_type_to_string(type));
                parsed[count++] = type;
        }
        memcpy(field, parsed, count * sizeof parsed[0]);
        *(size_t *) second = count;
        return 0;
}

static int format_challenges(const char *key, const void *field, const void *second, Bytes *ret) {
        const ChallengeType *types = field;
        size_t count = *(const size_t *) second;
        int r = 0;

        for (size_t i = 0; i < count && r >= 0; i++)
                r =
                                bytes_printf(ret, "%s%s%s", i > 0 ? " " : key, i > 0 ? "" : "=",
                                             challenge_type_to_string(types[i]));
        return r < 0 || count == 0 ? r : bytes_append_string(ret, "\n");
}

static int add_name(const char *word, StringList *names, char **first_name, char **ret_reason) {
        _cleanup_free_ char *name = NULL, *shown = NULL;
        const char *fault = NULL;
        int r;

        r = identifier_normalize(word, &name, &fault);
        if (r == -EINVAL) {
                shown = str_escape(word, VALUE_SHOWN_MAX);
                return value_refuse(
                                ret_reason, "'%s' %s", shown ? shown : "",
                                fault ? fault : "is no name");
        }
        if (r < 0)
                return r;
        if (!*first_name) {
                r = str_replace(first_name, name);
                if (r < 0)
                        return r;
        }
        if (string_list_contains(names, name))
                return 0;
        if (names->count >= NAMES_MAX)
                return value_refuse(ret_reason, "more than %d names", NAMES_MAX);
        return string_list_add(names, name);
}

static int parse_names(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        int r;

        if (!*text) {
                string_list_done(field);
                return str_replace(second, NULL);
        }
        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        for (size_t i = 0; i < words.count; i++) {
                r = add_name(words.items[i], field, second, ret_reason);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int format_names(const char *key, const void *field, const void *second, Bytes *ret) {
        const StringList *names = field;
        int r = 0;

        (void) second;
        for (size_t i = 0; i < names->count && r >= 0; i++)
                r =
                                bytes_printf(ret, "%s%s%s", i > 0 ? " " : key, i > 0 ? "" : "=",
                                             names->items[i]);
        return r < 0 || names->count == 0 ? r : bytes_append_string(ret, "\n");
}

static int parse_url(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_free_ char *origin = NULL;
        int r;

        (void) second;
        if (*text) {
                r = url_origin(text, &origin);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        return value_refuse(ret_reason, "not a URL; write https://HOST/PATH");
        }
        return value_parse_text(text, field);
}

/* An origin has no path; a single '/' behind it is forgiven. */
static int parse_origins(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        StringList *origins = field;
        int r;

        (void) second;
        if (!*text) {
                string_list_done(origins);
                return 0;
        }
        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        for (size_t i = 0; i < words.count; i++) {
                _cleanup_free_ char *origin = NULL;
                const char *path = strstr(words.items[i], "://");

                path = path ? strchr(path + 3, '/') : NULL;
                r = url_origin(words.items[i], &origin);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || (path && path[1]))
                        return value_refuse(
                                        ret_reason,
                                        "not an origin; write https://HOST or https://HOST:PORT");
                if (origins->count >= LIST_MAX)
                        return value_refuse(ret_reason, "more than %d origins", LIST_MAX);
                r = string_list_contains(origins, origin) ? 0 : string_list_add(origins, origin);
                if (r < 0)
                        return r;
        }
        return 0;
}

const ValueType value_item_name = { "NAME", parse_item_name, value_format_text };
const ValueType value_profile = { "NAME", parse_profile, value_format_text };
const ValueType value_challenges = { "TYPE...", parse_challenges, format_challenges };
const ValueType value_names = { "NAME...", parse_names, format_names };
const ValueType value_url = { "URL", parse_url, value_format_text };
const ValueType value_origins = { "URL...", parse_origins, value_format_lines };
