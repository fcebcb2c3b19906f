/* A profile. It is read in two passes, so that Find= in a drop-in also counts in the file's own texts. */

#include <string.h>

#include "config/load.h"

static bool is_find(const SourceItem *item) {
        return item->key && str_equal(item->section, "Service") &&
               (str_equal(item->key, "Find") || str_equal(item->key, "FindUnit"));
}

/* Texts in which specifiers stand for something; Detect= and the like are taken as they are. */
static bool is_text(const ConfigKey *k) {
        return str_equal(k->section, "Challenge") || k->type == &value_lines;
}

static int find_all(const Report *report, const Source *source, ServiceConfig *s) {
        int r = 0;

        for (size_t i = 0; i < source->count && r >= 0; i++) {
                const SourceItem *item = &source->items[i];
                const ConfigKey *k;

                if (!is_find(item))
                        continue;
                k = config_key_find(CONFIG_SERVICE, "Service", item->key, NULL);
                assert(k);
                r = item_apply(report, item, k, NULL, s);
        }
        return r;
}

/* "[NAME=VALUE] text": *ret_text is the text, or NULL where it is for another VALUE. Where nothing was found, it is for
 * somebody who is still to choose: it stays with its condition. Any other text is its own. */
static int take_condition(
                const Report *report,
                const SourceItem *item,
                const ServiceVariables *variables,
                const char **ret_text) {
        const char *text = item->value, *end = strstr(text, "] "), *equals = strchr(text, '=');
        _cleanup_free_ char *name = NULL, *value = NULL, *shown = NULL;
        const ServiceVariable *variable;

        *ret_text = text;
        if (text[0] != '[' || !end || !equals || equals > end)
                return 0;
        name = strndup(text + 1, (size_t) (equals - text - 1));
        value = strndup(equals + 1, (size_t) (end - equals - 1));
        if (!name || !value)
                return -ENOMEM;
        variable = service_variable(variables, name);
        if (!variable) {
                shown = str_escape(name, VALUE_SHOWN_MAX);
                if (!shown)
                        return -ENOMEM;
                return report_error(
                                report,
                                "%s:%u: %s=: '[%s=': nothing is called %s here; it needs a Find=%s",
                                item->path, item->line, item->key, shown, shown, shown);
        }
        if (variable->found)
                *ret_text = str_equal(variable->value, value) ? end + 2 : NULL;
        return 0;
}

static int apply_text(
                const Report *report,
                const SourceItem *item,
                const ConfigKey *k,
                const Specifiers *specifiers,
                ServiceConfig *s) {
        _cleanup_free_ char *value = NULL;
        SourceItem copy = *item;
        const char *text;
        int r;

        if (k->type != &value_lines || !*item->value)
                return item_apply(report, item, k, specifiers, s);
        r = take_condition(report, item, specifiers->variables, &text);
        if (r < 0 || !text)
                return r;
        r = str_replace(&value, text);
        if (r < 0)
                return r;
        copy.value = value;
        return item_apply(report, &copy, k, specifiers, s);
}

static int apply_service(
                const Report *report,
                const Source *source,
                const Specifiers *specifiers,
                ServiceConfig *s) {
        int r = 0;

        for (size_t i = 0; i < source->count && r >= 0; i++) {
                const SourceItem *item = &source->items[i];
                const ConfigKey *k;

                if (!item->key || is_find(item) || str_equal(item->section, "Deploy"))
                        continue;
                k = config_key_find(CONFIG_SERVICE, item->section, item->key, NULL);
                if (!k)
                        continue; /* source_check_known() warned */
                r = is_text(k) ? apply_text(report, item, k, specifiers, s)
                               : item_apply(report, item, k, NULL, s);
        }
        return r;
}

/* What every profile may use; a Find= of the same name goes before it. */
static int set_standard(const Paths *paths, ServiceVariables *v) {
        _cleanup_free_ char *socket = NULL, *challenges = NULL, *programs = NULL;
        int r;

        r = path_join(paths->runtime, "http", &socket);
        if (r >= 0)
                r = path_join(paths->runtime, "challenges", &challenges);
        if (r >= 0)
                r = path_join(paths->data, "hooks/services", &programs);
        if (r >= 0)
                r = service_variable_set(v, "PROGRAMS", programs, true);
        if (r >= 0)
                r = service_variable_set(v, "HTTP_SOCKET", socket, true);
        if (r >= 0)
                r = service_variable_set(v, "HTTP_LISTEN", SERVICE_HTTP_LISTEN, true);
        return r < 0 ? r : service_variable_set(v, "CHALLENGES", challenges, true);
}

/* A profile is also read for what its other sections say, so that their mistakes show. */
int load_service(
                const Paths *paths,
                const Report *report,
                const char *name,
                Specifiers *specifiers,
                Source *source,
                ServiceConfig *s,
                TargetConfig *t) {
        int r = source_read(report, paths, CONFIG_SERVICE, name, source);

        if (r < 0 || !source->path)
                return r;
        r = source_check_known(report, source, CONFIG_SERVICE);
        if (r >= 0)
                r = section_init(CONFIG_SERVICE, "Service", s);
        if (r >= 0)
                r = section_init(CONFIG_SERVICE, "Challenge", s);
        if (r >= 0)
                r = set_standard(paths, &s->variables);
        if (r >= 0 && !service_variable(&s->variables, "NAMES"))
                r = service_variable_set(&s->variables, "NAMES", specifiers->names, true);
        specifiers->variables = &s->variables;
        if (r >= 0)
                r = find_all(report, source, s);
        if (r >= 0)
                r = apply_service(report, source, specifiers, s);
        return r < 0 ? r
                     : section_apply(report, source, CONFIG_SERVICE, "Deploy", "Deploy", specifiers,
                                     t);
}
