/* Value types of [Service] and [Challenge]. Find= and FindUnit= are looked up as they are read: every program that
 * reads the configuration looks at the same machine, so all come to the same. */

#include <string.h>

#include "base/conf-file.h"
#include "config/service.h"
#include "config/value.h"

#define VARIABLE_NAME_MAX ((size_t) 32)
#define FIND_WORDS_MAX    32
#define VARIABLES_MAX     32

static const char *const tested_names[SERVICE_TESTED_MAX] = {
        [SERVICE_TESTED_UNSAID] = "",
        [SERVICE_TESTED_REAL] = "real",
        [SERVICE_TESTED_STAND_IN] = "stand-in",
        [SERVICE_TESTED_DOCUMENTATION] = "documentation",
};

const char *service_tested_to_string(ServiceTested t) {
        return t > SERVICE_TESTED_UNSAID && t < SERVICE_TESTED_MAX ? tested_names[t] : NULL;
}

static int parse_tested(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        for (int i = 0; i < SERVICE_TESTED_MAX; i++)
                if (str_equal(text, tested_names[i])) {
                        *(ServiceTested *) field = (ServiceTested) i;
                        return 0;
                }
        return value_refuse(ret_reason, "not one of real, stand-in, documentation");
}

static int format_tested(const char *key, const void *field, const void *second, Bytes *ret) {
        const char *name = service_tested_to_string(*(const ServiceTested *) field);

        (void) second;
        return name ? bytes_printf(ret, "%s=%s\n", key, name) : 0;
}

/* ---- lines ---- */

static int parse_lines(const char *text, void *field, void *second, char **ret_reason) {
        StringList *list = field;

        (void) second;
        if (!*text) {
                string_list_done(list);
                return 0;
        }
        if (list->count >= LINES_MAX)
                return value_refuse(ret_reason, "more than %d lines", LINES_MAX);
        return string_list_add(list, *text == '|' ? text + 1 : text);
}

static int format_lines(const char *key, const void *field, const void *second, Bytes *ret) {
        const StringList *list = field;
        int r = 0;

        (void) second;
        for (size_t i = 0; i < list->count && r >= 0; i++)
                r = bytes_printf(ret, "%s=|%s\n", key, list->items[i]);
        return r;
}

/* ---- Find= ---- */

/* [A-Z][A-Z0-9_]*: so that it is seen in a text that has other '$' */
static bool variable_name_is_valid(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= VARIABLE_NAME_MAX && name[0] >= 'A' && name[0] <= 'Z' &&
               strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

static int split_find(const char *text, const char *usage, StringList *ret, char **ret_reason) {
        int r = conf_split_words(text, ret);

        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        if (ret->count < 2 || !variable_name_is_valid(ret->items[0]))
                return value_refuse(ret_reason, "%s", usage);
        if (ret->count > FIND_WORDS_MAX)
                return value_refuse(ret_reason, "more than %d words", FIND_WORDS_MAX);
        return 0;
}

static int set_variable(
                ServiceVariables *v,
                const char *name,
                const char *value,
                bool found,
                char **ret_reason) {
        if (v->count >= VARIABLES_MAX && !service_variable(v, name))
                return value_refuse(ret_reason, "more than %d names", VARIABLES_MAX);
        return service_variable_set(v, name, value, found);
}

/* "PATH" or "VALUE=PATH", where both may be paths; *ret_value is malloc'ed. */
static int split_word(
                const char *word, char **ret_value, const char **ret_path, char **ret_reason) {
        const char *equals = strstr(word, "=/"), *path = equals ? equals + 1 : word;

        if (!path_is_normal(path, ret_reason))
                return *ret_reason ? -EINVAL : -ENOMEM;
        *ret_value = equals ? strndup(word, (size_t) (equals - word)) : strdup(word);
        *ret_path = path;
        return *ret_value ? 0 : -ENOMEM;
}

static int parse_find(const char *text, void *field, void *second, char **ret_reason) {
        static const char usage[] =
                        "write: NAME PATH... (NAME of capital letters, digits and '_'; PATH or VALUE=PATH)";
        _cleanup_(string_list_done) StringList words = {};
        _cleanup_free_ char *first = NULL;
        int r;

        (void) second;
        if (!*text) {
                service_variables_done(field);
                return 0;
        }
        r = split_find(text, usage, &words, ret_reason);
        if (r < 0)
                return r;
        for (size_t i = 1; i < words.count; i++) {
                _cleanup_free_ char *value = NULL;
                const char *path;

                r = split_word(words.items[i], &value, &path, ret_reason);
                if (r < 0)
                        return r;
                if (access(path, F_OK) == 0)
                        return set_variable(field, words.items[0], value, true, ret_reason);
                if (!first)
                        first = TAKE_PTR(value);
        }
        return set_variable(field, words.items[0], first, false, ret_reason);
}

/* ---- FindUnit= ---- */

/* "name@instance.service" is there if "name@.service" is. */
static int unit_file_of(const char *unit, char **ret) {
        const char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');

        if (!at || !dot || dot < at)
                return str_printf(ret, "%s", unit);
        return str_printf(ret, "%.*s%s", (int) (at + 1 - unit), unit, dot);
}

static int unit_is_installed(const char *unit, bool *ret) {
        static const char *const dirs[] = { "/etc/systemd/system", "/run/systemd/system",
                                            "/usr/lib/systemd/system", "/lib/systemd/system" };
        _cleanup_free_ char *file = NULL, *script = NULL;
        int r = unit_file_of(unit, &file);

        *ret = false;
        for (size_t i = 0; i < ELEMENTSOF(dirs) && r >= 0 && !*ret; i++) {
                _cleanup_free_ char *path = NULL;

                r = path_join(dirs[i], file, &path);
                *ret = r >= 0 && access(path, F_OK) == 0;
        }
        if (r < 0 || *ret || !str_ends_with(unit, ".service"))
                return r;
        r = str_printf(&script, "/etc/init.d/%.*s", (int) (strlen(unit) - strlen(".service")),
                       unit);
        *ret = r >= 0 && access(script, F_OK) == 0;
        return r;
}

static int parse_find_unit(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        _cleanup_free_ char *first = NULL;
        bool found = false;
        int r;

        (void) second;
        if (!*text)
                return 0; /* Find= empties both */
        r = split_find(text, "write: NAME UNIT... (NAME of capital letters, digits and '_')",
                       &words, ret_reason);
        for (size_t i = 1; i < words.count && r >= 0 && !found; i++) {
                _cleanup_free_ char *unit = NULL;

                r = value_unit.parse(words.items[i], &unit, &unit, ret_reason);
                if (r >= 0)
                        r = unit_is_installed(unit, &found);
                if (r >= 0 && found)
                        return set_variable(field, words.items[0], unit, true, ret_reason);
                if (!first)
                        first = TAKE_PTR(unit);
        }
        return r < 0 ? r : set_variable(field, words.items[0], first, false, ret_reason);
}

static int format_variables(const char *key, const void *field, const void *second, Bytes *ret) {
        const ServiceVariables *v = field;
        int r = 0;

        (void) second;
        for (size_t i = 0; i < v->count && r >= 0; i++)
                r = bytes_printf(ret, "%s=%s %s\n", key, v->items[i].name, v->items[i].value);
        return r;
}

const ValueType value_tested = { "real|stand-in|documentation", parse_tested, format_tested };
const ValueType value_lines = { "TEXT", parse_lines, format_lines };
const ValueType value_find = { "NAME PATH...", parse_find, format_variables };
const ValueType value_find_unit = { "NAME UNIT...", parse_find_unit, format_variables };
