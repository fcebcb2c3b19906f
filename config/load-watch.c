/* watch/NAME.conf: what is wrong with one leaves that one out, with a warning, and breaks nothing. */

#include <string.h>

#include "config/load.h"

#define WATCHES_MAX 200

void watch_config_done(WatchConfig *w) {
        free(w->name);
        probe_configs_done(&w->probes, &w->probe_count);
        free(w->server_name);
        free(w->pin);
        free(w->bundle);
        *w = (WatchConfig){};
}

static int read_watch(const Report *report, const Source *s, WatchConfig *w) {
        int r;

        r = section_init(CONFIG_WATCH, "Watch", w);
        if (r >= 0)
                r = source_check_known(report, s, CONFIG_WATCH);
        if (r >= 0)
                r = section_apply(report, s, CONFIG_WATCH, "Watch", "Watch", NULL, w);
        if (r < 0 || *report->broken)
                return r;
        if (w->probe_count == 0)
                return report_error(
                                report,
                                "%s: [Watch] Endpoint= is missing; write for example Endpoint=www.example.org:443",
                                s->path);
        if (w->bundle)
                r = check_bundle(report, w->bundle);
        if (r >= 0 && w->validation == VALIDATION_RECOMMENDED && !w->pin)
                r = report_warning(
                                report,
                                "%s: Validation=recommended without Pin=: only certificates of trusted CAs are good; "
                                "renewctl inspect shows the pin",
                                s->path);
        return r;
}

static int keep_watch(Config *c, WatchConfig *taken) {
        WatchConfig *grown = reallocarray(c->watches, c->watch_count + 1, sizeof *grown);

        if (!grown)
                return -ENOMEM;
        c->watches = grown;
        grown[c->watch_count++] = *taken;
        *taken = (WatchConfig){};
        return 0;
}

static int warn_of_all(Loader *l, const Config *messages, bool broken, const char *name) {
        Report warnings = { .config = l->config };
        int r = 0;

        for (size_t i = 0; i < messages->message_count && r >= 0; i++)
                r = report_warning(
                                &warnings, broken ? "'%s' is not watched: %s" : "watch '%s': %s",
                                name, messages->messages[i].text);
        return r;
}

static int load_watch(Loader *l, const char *const dirs[], const char *name) {
        _cleanup_(config_freep) Config *messages = calloc(1, sizeof *messages);
        _cleanup_(watch_config_done) WatchConfig w = {};
        _cleanup_(source_done) Source s = {};
        _cleanup_free_ char *file = NULL;
        bool broken = false;
        Report report = { .config = messages, .broken = &broken };
        int r;

        if (!messages)
                return -ENOMEM;
        r = str_printf(&file, "%s.conf", name);
        if (r >= 0)
                r = source_read(&report, dirs, file, &s);
        if (r >= 0 && s.path && !broken)
                r = read_watch(&report, &s, &w);
        if (r >= 0)
                r = warn_of_all(l, messages, broken, name);
        if (r < 0 || broken || !s.path)
                return r;
        r = str_replace(&w.name, name);
        return r < 0 ? r : keep_watch(l->config, &w);
}

int load_watches(Loader *l) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_directories_ char *dirs[3] = {};
        Report report = { .config = l->config };
        int r;

        r = config_directories(l->paths, "watch", false, dirs);
        if (r >= 0)
                r = config_list(&report, (const char *const *) dirs, &names);
        for (size_t i = 0; i < names.count && r >= 0; i++) {
                _cleanup_free_ char *shown = str_escape(names.items[i], VALUE_SHOWN_MAX);

                if (config_item_name_is_valid(names.items[i]) &&
                    l->config->watch_count < WATCHES_MAX)
                        r = load_watch(l, (const char *const *) dirs, names.items[i]);
                else
                        r = report_warning(
                                        &report,
                                        "watch/%s.conf: ignored: not a name for a watch, or too many of them",
                                        shown ? shown : "?");
        }
        return r;
}
