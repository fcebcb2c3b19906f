/* Items into objects, by the table: defaults first, then each assignment in order, so that the last
 * one counts and an empty one resets. */

#include <string.h>

#include "config/load.h"

static void *field_at(void *object, size_t offset) {
        return (char *) object + offset;
}

static int parse_value(const ConfigKey *k, const char *text, void *object, char **ret_reason) {
        if (!*text && k->standard)
                text = k->standard;
        return k->type->parse(
                        text, field_at(object, k->field), field_at(object, k->second), ret_reason);
}

int section_init(ConfigKind kind, const char *section, void *object) {
        for (size_t i = 0; i < config_key_count; i++) {
                const ConfigKey *k = &config_keys[i];
                _cleanup_free_ char *reason = NULL;
                int r;

                if (!(k->kinds & (unsigned) kind) || !str_equal(k->section, section))
                        continue;
                r = parse_value(k, "", object, &reason);
                assert(r !=
                       -EINVAL); /* a default that its own type refuses is a bug of the table */
                if (r < 0)
                        return r;
        }
        return 0;
}

const char *deploy_target_of(const char *section) {
        const char *name = str_skip_prefix(section, "Deploy ");

        if (!name)
                return NULL;
        return name + strspn(name, " ");
}

int item_apply(const Report *report,
               const SourceItem *item,
               const ConfigKey *k,
               const Specifiers *specifiers,
               void *object) {
        _cleanup_free_ char *reason = NULL, *shown = NULL, *expanded = NULL;
        int r = 0;

        if (specifiers)
                r = specifiers_expand(item->value, specifiers, &expanded, &reason);
        if (r >= 0)
                r = parse_value(k, expanded ? expanded : item->value, object, &reason);
        if (r != -EINVAL)
                return r;
        shown = str_escape(item->value, VALUE_SHOWN_MAX);
        if (!shown || !reason)
                return -ENOMEM;
        return report_error(
                        report, "%s:%u: %s=%s: %s", item->path, item->line, item->key, shown,
                        reason);
}

int section_apply(
                const Report *report,
                const Source *s,
                ConfigKind kind,
                const char *header,
                const char *section,
                const Specifiers *specifiers,
                void *object) {
        for (size_t i = 0; i < s->count; i++) {
                const SourceItem *item = &s->items[i];
                const ConfigKey *k;
                int r;

                if (!item->key || !str_equal(item->section, header))
                        continue;
                k = config_key_find(kind, section, item->key, NULL);
                if (!k)
                        continue; /* source_check_known() warned */
                r = item_apply(report, item, k, specifiers, object);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_key(
                const Report *report,
                const SourceItem *item,
                ConfigKind kind,
                const char *section) {
        _cleanup_free_ char *key = NULL, *shown = NULL;
        const char *near;

        if (str_skip_prefix(item->key, "X-") || config_key_find(kind, section, item->key, &near))
                return 0;
        key = str_escape(item->key, VALUE_SHOWN_MAX);
        shown = str_escape(item->section, VALUE_SHOWN_MAX);
        if (!key || !shown)
                return -ENOMEM;
        return report_warning(
                        report, "%s:%u: unknown key '%s' in [%s] is ignored%s%s%s", item->path,
                        item->line, key, shown, near ? "; it is written '" : "", near ? near : "",
                        near ? "'" : "");
}

static int warn_of_section(const Report *report, const SourceItem *item, const char *hint) {
        _cleanup_free_ char *shown = str_escape(item->section, VALUE_SHOWN_MAX);

        if (!shown)
                return -ENOMEM;
        return report_warning(
                        report, "%s:%u: unknown section [%s] is ignored%s", item->path, item->line,
                        shown, hint);
}

/* X- names are for other programs' use, as in systemd.syntax(7). */
static int check_item(const Report *report, const SourceItem *item, ConfigKind kind) {
        const char *section = item->section, *hint = "";

        if (str_skip_prefix(section, "X-"))
                return 0;
        if (kind == CONFIG_CERTIFICATE && deploy_target_of(section))
                section = "Deploy";
        else if (kind == CONFIG_CERTIFICATE && str_equal(section, "Deploy")) {
                section = "";
                hint = "; it needs a name: [Deploy NAME]";
        }
        if (config_section_exists(kind, section))
                return item->key ? check_key(report, item, kind, section) : 0;
        return item->key ? 0 : warn_of_section(report, item, hint); /* once, at its header */
}

int source_check_known(const Report *report, const Source *s, ConfigKind kind) {
        int r = 0;

        for (size_t i = 0; i < s->count && r >= 0; i++)
                r = check_item(report, &s->items[i], kind);
        return r;
}

int section_read(
                const Report *report,
                const Source *s,
                ConfigKind kind,
                const char *section,
                void *object) {
        int r = section_init(kind, section, object);

        if (r >= 0)
                r = source_check_known(report, s, kind);
        return r < 0 ? r : section_apply(report, s, kind, section, section, NULL, object);
}
