/* One profile in words, and as JSON. */

#include <stdio.h>
#include <string.h>

#include "ctl/services.h"

/* How a setting is said; one that is not here is shown as it is written. */
static const struct {
        const char *key, *title;
} titles[] = {
        { "File", "Files" },
        { "Setup", "Set up by" },
        { "Check", "Checked by, or the former files come back" },
        { "Command", "Told by the command" },
        { "Signal", "Told by the signal" },
        { "Reload", "Reloaded" },
        { "Restart", "Restarted" },
        { "Hook", "Then run" },
        { "Probe", "Seen at" },
};

static int print_line(const char *before, const char *text) {
        _cleanup_free_ char *shown = str_escape(text, STR_ESCAPE_MAX);

        if (!shown)
                return -ENOMEM;
        (void) printf("%s%s\n", before, shown);
        return 0;
}

static int print_list(const char *title, const StringList *list, const char *before) {
        int r = 0;

        if (list->count > 0)
                (void) printf("\n%s:\n", title);
        for (size_t i = 0; i < list->count && r >= 0; i++)
                r = print_line(before, list->items[i]);
        return r;
}

/* ---- [Deploy] ---- */

/* Calls `fn` with each "Key=value" of the text. */
static int each_setting(
                char *text,
                int (*fn)(const char *key, const char *value, void *userdata),
                void *userdata) {
        char *save = NULL;
        int r = 0;

        for (char *line = strtok_r(text, "\n", &save); line && r >= 0;
             line = strtok_r(NULL, "\n", &save)) {
                char *equals = strchr(line, '=');

                if (!equals)
                        continue;
                *equals = '\0';
                r = fn(line, equals + 1, userdata);
        }
        return r;
}

static int settings_of(const ServiceProfile *p, char **ret) {
        _cleanup_(bytes_done) Bytes text = {};
        int r = config_describe_target(&p->target, &text);

        if (r < 0)
                return r;
        *ret = bytes_take_text(&text);
        return *ret ? 0 : -ENOMEM;
}

typedef struct Wanted {
        const char *key; /* NULL: those without a title */
        const char *title;
        bool titled;
} Wanted;

static bool has_title(const char *key) {
        for (size_t i = 0; i < ELEMENTSOF(titles); i++)
                if (str_equal(key, titles[i].key))
                        return true;
        return false;
}

static int print_setting(const char *key, const char *value, void *userdata) {
        Wanted *wanted = userdata;

        if (wanted->key ? !str_equal(key, wanted->key) : has_title(key))
                return 0;
        if (!wanted->titled)
                (void) printf("%s:\n", wanted->title);
        wanted->titled = true;
        (void) printf("  %s%s", wanted->key ? "" : key, wanted->key ? "" : "=");
        return print_line("", value);
}

static int print_settings(const ServiceProfile *p) {
        int r = 0;

        for (size_t i = 0; i <= ELEMENTSOF(titles) && r >= 0; i++) {
                bool rest = i == ELEMENTSOF(titles);
                Wanted wanted = { rest ? NULL : titles[i].key, rest ? "Besides" : titles[i].title,
                                  false };
                _cleanup_free_ char *text = NULL;

                r = settings_of(p, &text);
                if (r >= 0)
                        r = each_setting(text, print_setting, &wanted);
        }
        return r;
}

/* ---- the rest ---- */

static int print_found(const ServiceConfig *s) {
        int r = 0;

        (void) puts(service_is_here(s) ? "Is on this machine."
                                       : "Is not on this machine; there is none of");
        for (size_t i = 0; i < s->detect.count && r >= 0 && !service_is_here(s); i++)
                r = print_line("  ", s->detect.items[i]);
        return r;
}

static void print_tested(ServiceTested t) {
        static const char *const words[SERVICE_TESTED_MAX] = {
                [SERVICE_TESTED_REAL] = "Proved with the service itself.",
                [SERVICE_TESTED_STAND_IN] =
                                "Proved with a stand-in that has the service's paths, unit and contract, not with the service itself.",
                [SERVICE_TESTED_DOCUMENTATION] =
                                "Not tried with the service: written by its makers' documentation.",
        };

        if (words[t])
                (void) puts(words[t]);
}

static void print_certificate(const ServiceConfig *s) {
        if (s->key_type_count == 0 && !s->reuse_key && !s->profile)
                return;
        (void) fputs("Certificates for it, as 'renewctl add' writes them:", stdout);
        for (size_t i = 0; i < s->key_type_count; i++)
                (void) printf("%s%s",
                              i > 0 ? " " : " KeyType=", key_type_to_string(s->key_types[i]));
        if (s->reuse_key)
                (void) printf(" ReuseKey=%s", s->reuse_key);
        if (s->profile)
                (void) printf(" Profile=%s", s->profile);
        (void) puts("");
}

static int print_messages(const Config *c) {
        int r = 0;

        for (size_t i = 0; i < c->message_count && r >= 0; i++)
                r = print_line(c->messages[i].error ? "error: " : "warning: ", c->messages[i].text);
        return r;
}

static int print_challenge(const ServiceConfig *s) {
        int r;

        if (!s->snippet)
                return 0;
        (void) puts("\nHands challenges over to renewd, if you allow it, by");
        r = print_line("  ", s->snippet);
        for (size_t i = 0; i < s->lines.count && r >= 0; i++)
                r = print_line("    ", s->lines.items[i]);
        return r < 0 ? r : print_list("Where that cannot work", &s->otherwise, "  ");
}

int services_print(const ServiceProfile *p) {
        const ServiceConfig *s = &p->service;
        StringList overrides = { p->paths.items + 1, p->paths.count > 0 ? p->paths.count - 1 : 0 };
        int r;

        (void) printf("%s: ", p->name);
        r = print_line("", s->description ? s->description : "");
        if (r >= 0)
                r = print_found(s);
        print_tested(s->tested);
        if (r >= 0 && p->paths.count > 0)
                r = print_line("From ", p->paths.items[0]);
        if (r >= 0)
                r = print_messages(p->messages);
        (void) puts("\n"
                    "NAME stands for the certificate's name.");
        print_certificate(s);
        (void) puts("");
        if (r >= 0)
                r = print_settings(p);
        if (r >= 0)
                r = print_list("Write into the service's configuration, once", &s->configure,
                               "    ");
        if (r >= 0)
                r = print_list("To know", &s->notes, "- ");
        if (r >= 0)
                r = print_challenge(s);
        return r < 0 ? r : print_list("Overridden by", &overrides, "  ");
}

/* ---- JSON ---- */

static int collect_setting(const char *key, const char *value, void *userdata) {
        Json *settings = userdata;
        const Json *present = json_get(settings, key);
        Json *values = present ? json_copy(present) : json_array_new();

        if (!values || json_append_string(values, value) < 0) {
                (void) json_free(values);
                return -ENOMEM;
        }
        return json_set(settings, key, values);
}

static int set_settings(const ServiceProfile *p, Json *answer) {
        _cleanup_(json_freep) Json *settings = json_object_new();
        _cleanup_free_ char *text = NULL;
        int r;

        r = settings ? settings_of(p, &text) : -ENOMEM;
        if (r >= 0)
                r = each_setting(text, collect_setting, settings);
        return r < 0 ? r : json_set(answer, "deploy", TAKE_PTR(settings));
}

static int set_variables(const ServiceVariables *v, Json *answer) {
        _cleanup_(json_freep) Json *all = json_object_new();
        int r = all ? 0 : -ENOMEM;

        for (size_t i = 0; i < v->count && r >= 0; i++)
                r = json_set_string(all, v->items[i].name, v->items[i].value);
        return r < 0 ? r : json_set(answer, "variables", TAKE_PTR(all));
}

static int set_messages(const Config *c, Json *answer) {
        Json *array = json_array_new();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < c->message_count && r >= 0; i++)
                r = json_append_string(array, c->messages[i].text);
        if (r < 0) {
                (void) json_free(array);
                return r;
        }
        return json_set(answer, "messages", array);
}

static int set_certificate(const ServiceConfig *s, Json *answer) {
        _cleanup_(bytes_done) Bytes types = {};
        int r = 0;

        for (size_t i = 0; i < s->key_type_count && r >= 0; i++)
                r =
                                bytes_printf(&types, "%s%s", i > 0 ? " " : "",
                                             key_type_to_string(s->key_types[i]));
        if (r >= 0 && types.size > 0)
                r = json_set_string(answer, "key_type", bytes_text(&types));
        if (r >= 0 && s->reuse_key)
                r = json_set_bool(answer, "reuse_key", str_equal(s->reuse_key, "yes"));
        return r < 0 || !s->profile ? r : json_set_string(answer, "profile", s->profile);
}

static int set_challenge(const ServiceConfig *s, Json *answer) {
        _cleanup_(json_freep) Json *challenge = json_object_new();
        int r = challenge ? 0 : -ENOMEM;

        if (!s->snippet)
                return r;
        if (r >= 0)
                r = json_set_string(challenge, "snippet", s->snippet);
        if (r >= 0)
                r = json_set_strings(challenge, "lines", &s->lines);
        if (r >= 0)
                r = json_set_strings(challenge, "otherwise", &s->otherwise);
        return r < 0 ? r : json_set(answer, "challenge", TAKE_PTR(challenge));
}

int services_json(const ServiceProfile *p, Json *answer) {
        const ServiceConfig *s = &p->service;
        const char *tested = service_tested_to_string(s->tested);
        int r;

        r = json_set_string(answer, "name", p->name);
        if (r >= 0)
                r = json_set_string(answer, "description", s->description);
        if (r >= 0)
                r = json_set_bool(answer, "found", service_is_here(s));
        if (r >= 0 && tested)
                r = json_set_string(answer, "tested", tested);
        if (r >= 0)
                r = set_certificate(s, answer);
        if (r >= 0)
                r = json_set_strings(answer, "paths", &p->paths);
        if (r >= 0)
                r = set_settings(p, answer);
        if (r >= 0)
                r = json_set_strings(answer, "configure", &s->configure);
        if (r >= 0)
                r = json_set_strings(answer, "notes", &s->notes);
        if (r >= 0)
                r = set_variables(&s->variables, answer);
        if (r >= 0)
                r = set_challenge(s, answer);
        return r < 0 ? r : set_messages(p->messages, answer);
}
