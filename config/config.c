/* Loading as a whole, and what is asked of a loaded configuration. */

#include "config/config.h"

#include <fcntl.h>

#include "base/log.h"
#include "config/load.h"

void ca_config_done(CaConfig *c) {
        free(c->name);
        free(c->directory);
        free(c->bundle);
        free(c->external_account);
        free(c->proxy);
        free(c->staging);
        string_list_done(&c->contact);
        string_list_done(&c->origins);
        string_list_done(&c->caa_identities);
        *c = (CaConfig){};
}

void target_config_done(TargetConfig *t) {
        char *reason = NULL;

        free(t->name);
        free(t->service);
        (void) value_files.parse("", &t->files, &t->file_count, &reason); /* "" only frees */
        string_list_done(&t->twin_files);
        string_list_done(&t->check);
        free(t->reload);
        free(t->restart);
        free(t->unit);
        string_list_done(&t->command);
        free(t->command_user);
        string_list_done(&t->fallback_command);
        string_list_done(&t->hook);
        string_list_done(&t->prove);
        free(t->take_over);
        string_list_done(&t->setup);
        string_list_done(&t->options);
        probe_configs_done(&t->probes, &t->probe_count);
        free(t->probe_name);
        free(t->pin);
        (void) value_windows.parse("", &t->windows, &t->window_count, &reason); /* the same */
        free(t->group);
        *t = (TargetConfig){};
}

DnsConfig *dns_config_free(DnsConfig *d) {
        if (!d)
                return NULL;
        free(d->name);
        string_list_done(&d->program);
        string_list_done(&d->cleanup);
        string_list_done(&d->credentials);
        string_list_done(&d->environment);
        string_list_done(&d->servers);
        free(d->resolver);
        free(d);
        return NULL;
}

void certificate_config_done(CertificateConfig *c) {
        free(c->name);
        free(c->path);
        string_list_done(&c->names);
        string_list_done(&c->optional_names);
        free(c->ca);
        free(c->first_name);
        free(c->profile);
        free(c->require_profile);
        free(c->preferred_chain);
        free(c->twin);
        free(c->twin_of);
        free(c->request_path);
        bytes_done(&c->request);
        string_list_done(&c->fallback_cas);
        string_list_done(&c->challenge_hook);
        free(c->dns_name);
        free(c->staging);
        (void) dns_config_free(c->dns);
        for (size_t i = 0; i < c->target_count; i++)
                target_config_done(&c->targets[i]);
        free(c->targets);
        *c = (CertificateConfig){};
}

Config *config_free(Config *c) {
        if (!c)
                return NULL;
        free(c->email);
        free(c->proxy);
        string_list_done(&c->http_listen);
        string_list_done(&c->tls_listen);
        free(c->challenge_directory);
        free(c->default_ca);
        free(c->default_profile);
        free(c->default_require_profile);
        free(c->default_preferred_chain);
        string_list_done(&c->default_fallback_cas);
        string_list_done(&c->default_challenge_hook);
        free(c->default_dns);
        free(c->default_rehearse);
        for (size_t i = 0; i < c->ca_count; i++)
                ca_config_done(&c->cas[i]);
        free(c->cas);
        for (size_t i = 0; i < c->certificate_count; i++)
                certificate_config_done(&c->certificates[i]);
        free(c->certificates);
        for (size_t i = 0; i < c->watch_count; i++)
                watch_config_done(&c->watches[i]);
        free(c->watches);
        for (size_t i = 0; i < c->message_count; i++) {
                free(c->messages[i].certificate);
                free(c->messages[i].text);
        }
        free(c->messages);
        free(c);
        return NULL;
}

void loader_done(Loader *l) {
        for (size_t i = 0; i < l->broken_ca_count; i++) {
                free(l->broken_cas[i].name);
                (void) config_free(l->broken_cas[i].messages);
        }
        free(l->broken_cas);
        (void) config_free(l->config);
        *l = (Loader){};
}

static int load_main(Loader *l) {
        static const char *const sections[] = { "Account", "Defaults", "HTTP", "TLS" };
        Config *c = l->config;
        _cleanup_(source_done) Source s = {};
        Report report = { .config = c, .broken = &c->broken };
        int r;

        r = source_read(&report, l->paths, CONFIG_MAIN, "renewd", &s);
        if (r >= 0)
                r = source_check_known(&report, &s, CONFIG_MAIN);
        for (size_t i = 0; i < ELEMENTSOF(sections) && r >= 0; i++) {
                r = section_init(CONFIG_MAIN, sections[i], c);
                if (r >= 0)
                        r =
                                        section_apply(&report, &s, CONFIG_MAIN, sections[i],
                                                      sections[i], NULL, c);
        }
        return r;
}

/* A CA in error that nobody uses harms nobody, but somebody meant it. */
static int warn_of_unused(Loader *l) {
        Report report = { .config = l->config };
        int r = 0;

        for (size_t i = 0; i < l->broken_ca_count; i++) {
                const Config *m = l->broken_cas[i].messages;

                if (l->broken_cas[i].used)
                        continue;
                for (size_t k = 0; k < m->message_count && r >= 0; k++)
                        if (m->messages[k].error)
                                r = report_warning(
                                                &report, "CA '%s' cannot be used: %s",
                                                l->broken_cas[i].name, m->messages[k].text);
        }
        return r;
}

static int check_directory(Loader *l) {
        _cleanup_close_ int fd = open(l->paths->config, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Report report = { .config = l->config };

        if (fd >= 0)
                return 0;
        if (errno != ENOENT)
                return -errno;
        return report_warning(
                        &report, "%s: there is no such directory; nothing is configured",
                        l->paths->config);
}

int config_load(const Paths *paths, const char *only, Config **ret) {
        _cleanup_(loader_done) Loader l = { .paths = paths };
        int r;

        l.config = calloc(1, sizeof *l.config);
        if (!l.config)
                return -ENOMEM;
        r = check_directory(&l);
        if (r >= 0)
                r = load_main(&l);
        if (r >= 0)
                r = load_cas(&l);
        if (r >= 0)
                r = load_certificates(&l, only);
        if (r >= 0 && !only)
                r = load_watches(&l);
        if (r >= 0)
                r = check_destinations(l.config);
        if (r >= 0 && !only)
                r = warn_of_unused(&l);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l.config);
        return 0;
}

const CertificateConfig *config_certificate(const Config *c, const char *name) {
        for (size_t i = 0; i < c->certificate_count; i++)
                if (str_equal(c->certificates[i].name, name))
                        return &c->certificates[i];
        return NULL;
}

const CaConfig *config_ca(const Config *c, const char *name) {
        for (size_t i = 0; i < c->ca_count; i++)
                if (str_equal(c->cas[i].name, name))
                        return &c->cas[i];
        return NULL;
}
