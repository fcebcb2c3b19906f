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
        int r = section_read(report, s, CONFIG_WATCH, "Watch", w);

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

static int load_watch(Loader *l, const char *name) {
        _cleanup_(config_freep) Config *messages = calloc(1, sizeof *messages);
        _cleanup_(watch_config_done) WatchConfig w = {};
        _cleanup_(source_done) Source s = {};
        bool broken = false;
        Report report = { .config = messages, .broken = &broken };
        int r;

        if (!config_item_name_is_valid(name) || l->config->watch_count >= WATCHES_MAX)
                return warn_of_name(
                                l, CONFIG_WATCH, name,
                                "not a name for a watch, or too many of them");
        if (!messages)
                return -ENOMEM;
        r = source_read(&report, l->paths, CONFIG_WATCH, name, &s);
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
        return load_each(l, CONFIG_WATCH, load_watch);
}
