/* [Deploy TARGET]: the profile's [Deploy] first, the certificate's own settings over it. */

#include <string.h>

#include "config/load.h"

/* The last Service= of the section; NULL if none. */
static const char *wanted_service(const Source *s, const char *header) {
        const char *service = NULL;

        for (size_t i = 0; i < s->count; i++)
                if (str_equal(s->items[i].section, header) && str_equal(s->items[i].key, "Service"))
                        service = *s->items[i].value ? s->items[i].value : NULL;
        return service;
}

static const SourceItem *first_of_section(const Source *s, const char *header) {
        for (size_t i = 0; i < s->count; i++)
                if (str_equal(s->items[i].section, header))
                        return &s->items[i];
        return NULL;
}

static int list_services(const Paths *paths, Bytes *ret) {
        _cleanup_(string_list_done) StringList names = {};
        int r;

        r = config_service_names(paths, &names);
        for (size_t i = 0; i < names.count && r >= 0; i++) {
                _cleanup_free_ char *shown = str_escape(names.items[i], VALUE_SHOWN_MAX);

                r = shown ? bytes_printf(ret, "%s%s", i > 0 ? ", " : "", shown) : -ENOMEM;
        }
        return r == -ENOMEM ? r : 0; /* the list is only help */
}

static int report_no_profile(
                Loader *l, const Report *report, const SourceItem *at, const char *service) {
        _cleanup_(bytes_done) Bytes known = {};
        int r = list_services(l->paths, &known);

        if (r < 0)
                return r;
        return report_error(
                        report, "%s:%u: [%s]: there is no service profile '%s'%s%s%s", at->path,
                        at->line, at->section, service, known.size ? "; there are: " : "",
                        bytes_text(&known), known.size ? "" : ", and none at all is installed");
}

/* The name to ask a server for when nothing is configured: that which the person wrote first. A
 * wildcard stands for any label. */
static int default_probe_name(const char *first_name, TargetConfig *t) {
        const char *rest;

        if (t->probe_count == 0 || t->probe_name || !first_name || identifier_is_ip(first_name))
                return 0;
        rest = str_skip_prefix(first_name, "*.");
        if (rest)
                return str_printf(&t->probe_name, "www.%s", rest);
        return str_replace(&t->probe_name, first_name);
}

static int check_telling(const Report *report, const SourceItem *at, const TargetConfig *t) {
        if (t->reload && t->restart)
                return report_error(
                                report,
                                "%s:%u: [%s]: both Reload=%s and Restart=%s; empty the one that is not wanted, for "
                                "example with a line 'Reload='",
                                at->path, at->line, at->section, t->reload, t->restart);
        if (t->signal_number > 0 && (t->reload || t->restart))
                return report_error(
                                report,
                                "%s:%u: [%s]: both Signal= and %s=%s; empty the one that is not wanted, for "
                                "example with a line 'Signal='",
                                at->path, at->line, at->section, t->reload ? "Reload" : "Restart",
                                t->reload ? t->reload : t->restart);
        if (t->signal_number > 0 && !t->unit)
                return report_error(
                                report,
                                "%s:%u: [%s]: Signal= needs the unit whose main process gets it; write Unit=NAME",
                                at->path, at->line, at->section);
        return 0;
}

static int check_target(
                const Report *report,
                const SourceItem *at,
                size_t stage_length,
                const TargetConfig *t) {
        int r = check_telling(report, at, t);

        if (r < 0)
                return r;
        for (size_t i = 0; i < t->file_count; i++)
                if (t->files[i].staged && strchr(t->files[i].path + stage_length + 1, '/'))
                        return report_error(
                                        report,
                                        "%s:%u: [%s]: File= '%s': a file of the stage directory %%s "
                                        "stands in it directly, without a directory between",
                                        at->path, at->line, at->section, t->files[i].path);
        for (size_t i = 0; i < t->file_count; i++)
                for (size_t k = 0; k < i; k++)
                        if (str_equal(t->files[i].path, t->files[k].path))
                                return report_error(
                                                report, "%s:%u: [%s]: File= names '%s' twice",
                                                at->path, at->line, at->section, t->files[i].path);
        return 0;
}

static void mark_staged(const char *stage, TargetConfig *t) {
        for (size_t i = 0; i < t->file_count; i++) {
                const char *rest = str_skip_prefix(t->files[i].path, stage);

                t->files[i].staged = rest && *rest == '/';
        }
}

static bool does_nothing(const TargetConfig *t) {
        return t->file_count == 0 && t->hook.count == 0 && t->command.count == 0 &&
               t->setup.count == 0 && !t->reload && !t->restart && t->signal_number == 0;
}

static int load_target(
                Loader *l,
                const Report *report,
                const Source *s,
                const SourceItem *at,
                const CertificateDraft *d,
                TargetConfig *t) {
        _cleanup_(service_config_done) ServiceConfig described = {};
        _cleanup_(source_done) Source profile = {};
        const char *service = wanted_service(s, at->section);
        _cleanup_free_ char *stage = NULL;
        Specifiers specifiers = { .certificate = report->certificate, .target = t->name };
        bool found = false, said = service != NULL;
        int r;

        r = paths_stage(l->paths, d->certificate.name, t->name, &stage); /* a twin has its own */
        if (r < 0)
                return r;
        specifiers.stage = stage;

        if (!service)
                service = t->name;
        r = section_init(CONFIG_CERTIFICATE, "Deploy", t);
        if (r >= 0 && config_item_name_is_valid(service)) {
                r = load_service(l->paths, report, service, &specifiers, &profile, &described, t);
                found = profile.path || profile.refused;
        }
        if (r >= 0 && profile.path)
                r = str_replace(&t->service, service);
        if (r >= 0)
                r =
                                section_apply(report, s, CONFIG_CERTIFICATE, at->section, "Deploy",
                                              &specifiers, t);
        if (r < 0)
                return r;
        mark_staged(stage, t);
        if (!found) {
                free(t->service);
                t->service = NULL;
        }
        if (!found && config_item_name_is_valid(service) &&
            (said || (does_nothing(t) && !*report->broken))) /* else a mistake is the cause */
                r = report_no_profile(l, report, at, service);
        if (r >= 0)
                r = check_target(report, at, strlen(stage), t);
        return r < 0 ? r : default_probe_name(d->first_name, t);
}

static int add_target(
                Loader *l,
                const Report *report,
                const Source *s,
                const SourceItem *at,
                CertificateDraft *d) {
        _cleanup_(target_config_done) TargetConfig t = {};
        CertificateConfig *c = &d->certificate;
        TargetConfig *grown;
        bool belongs = true;
        int r;

        r = str_replace(&t.name, deploy_target_of(at->section));
        if (r >= 0)
                r = load_target(l, report, s, at, d, &t);
        if (r >= 0)
                r = select_files(report, s, at, d, &t, &belongs);
        if (r < 0 || !belongs)
                return r;
        grown = reallocarray(c->targets, c->target_count + 1, sizeof *grown);
        if (!grown)
                return -ENOMEM;
        c->targets = grown;
        grown[c->target_count++] = t;
        t = (TargetConfig){};
        return 0;
}

int load_targets(Loader *l, const Report *report, const Source *s, CertificateDraft *d) {
        const CertificateConfig *c = &d->certificate;
        int r = 0;

        for (size_t i = 0; i < s->count && r >= 0; i++) {
                const SourceItem *at = &s->items[i];
                const char *name = deploy_target_of(at->section);
                _cleanup_free_ char *shown = NULL;

                if (!name || at != first_of_section(s, at->section))
                        continue;
                if (config_item_name_is_valid(name) && c->target_count < TARGETS_MAX &&
                    !certificate_target(c, name)) {
                        r = add_target(l, report, s, at, d);
                        continue;
                }
                shown = str_escape(name, VALUE_SHOWN_MAX);
                r = report_error(
                                report, "%s:%u: [Deploy %s]: %s", at->path, at->line,
                                shown ? shown : "?",
                                !config_item_name_is_valid(name)
                                                ? "not a name for a target (letters, digits and '._@-')"
                                                : "too many targets, or one of this name already");
        }
        return r;
}
