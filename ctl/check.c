/* check: the configuration, read here as every program reads it; no engine is asked. */

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "ctl/ctl.h"

static int message_json(const ConfigMessage *m, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();

        if (!j || json_set_bool(j, "error", m->error) < 0 ||
            json_set_string(j, "certificate", m->certificate) < 0 ||
            json_set_string(j, "text", m->text) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(j);
        return 0;
}

static int certificate_json(const CertificateConfig *c, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();

        if (!j || json_set_string(j, "name", c->name) < 0 ||
            json_set_bool(j, "broken", c->broken) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(j);
        return 0;
}

static int answer_json(Ctl *ctl, const Config *c, bool ok) {
        _cleanup_(json_freep) Json *messages = json_array_new(), *certificates = json_array_new();
        int r = messages && certificates ? 0 : -ENOMEM;

        for (size_t i = 0; i < c->message_count && r >= 0; i++) {
                Json *j = NULL;

                r = message_json(&c->messages[i], &j);
                if (r >= 0)
                        r = json_append(messages, j);
        }
        for (size_t i = 0; i < c->certificate_count && r >= 0; i++) {
                Json *j = NULL;

                r = certificate_json(&c->certificates[i], &j);
                if (r >= 0)
                        r = json_append(certificates, j);
        }
        if (r >= 0)
                r = json_set_bool(ctl->answer, "ok", ok);
        if (r >= 0)
                r = json_set(ctl->answer, "messages", TAKE_PTR(messages));
        return r < 0 ? r : json_set(ctl->answer, "certificates", TAKE_PTR(certificates));
}

static void print_check(const Config *c, size_t errors) {
        size_t warnings = c->message_count - errors;

        for (size_t i = 0; i < c->message_count; i++)
                (void) printf("%s: %s\n", c->messages[i].error ? "error" : "warning",
                              c->messages[i].text);
        (void) printf("%zu certificate%s, %zu error%s, %zu warning%s\n", c->certificate_count,
                      c->certificate_count == 1 ? "" : "s", errors, errors == 1 ? "" : "s",
                      warnings, warnings == 1 ? "" : "s");
}

int verb_check(Ctl *ctl, char *names[], int count) {
        _cleanup_(config_freep) Config *c = NULL;
        size_t errors = 0;
        int r;

        (void) names;
        (void) count;
        r = config_load(&ctl->paths, NULL, &c);
        if (r == -EACCES || r == -EPERM)
                return ctl_fail(ctl, CTL_NO_RIGHT, "%s cannot be read; use sudo",
                                ctl->paths.config);
        if (r < 0)
                return ctl_fail(ctl, CTL_PROBLEM, "%s cannot be read: %s", ctl->paths.config,
                                errno_text(r));
        for (size_t i = 0; i < c->message_count; i++)
                errors += c->messages[i].error ? 1 : 0;
        if (ctl->json)
                r = answer_json(ctl, c, errors == 0);
        else
                print_check(c, errors);
        if (r < 0)
                return ctl_no_memory(ctl);
        return errors == 0 ? CTL_FINE : CTL_PROBLEM;
}

int verb_version(Ctl *ctl, char *names[], int count) {
        (void) names;
        (void) count;
        if (ctl->json)
                return json_set_string(ctl->answer, "version", RENEWD_VERSION) < 0
                                       ? ctl_no_memory(ctl)
                                       : CTL_FINE;
        (void) puts("renewctl " RENEWD_VERSION);
        return CTL_FINE;
}
