/* certificates/NAME.conf. Whatever is wrong with one file, its certificate is listed, as broken: what
 * is installed stays, is watched and shown (R2.8.2). */

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/load.h"

static void certificate_draft_done(CertificateDraft *d) {
        certificate_config_done(&d->certificate);
        free(d->first_name);
        free(d->first_optional);
        free(d->preflight);
        free(d->rehearse);
        free(d->reuse_key);
        free(d->strict_names);
        *d = (CertificateDraft){};
}

static BrokenCa *find_broken_ca(Loader *l, const char *name) {
        for (size_t i = 0; i < l->broken_ca_count; i++)
                if (str_equal(l->broken_cas[i].name, name))
                        return &l->broken_cas[i];
        return NULL;
}

static int check_ca(Loader *l, const Report *report, const CertificateConfig *c, const char *ca) {
        BrokenCa *broken = find_broken_ca(l, ca);
        _cleanup_(bytes_done) Bytes known = {};
        int r = 0;

        if (config_ca(l->config, ca))
                return 0;
        if (broken) {
                broken->used = true;
                for (size_t i = 0; i < broken->messages->message_count && r >= 0; i++)
                        if (broken->messages->messages[i].error)
                                r = report_error(
                                                report, "CA '%s' cannot be used: %s", ca,
                                                broken->messages->messages[i].text);
                return r;
        }
        for (size_t i = 0; i < l->config->ca_count && r >= 0; i++)
                r = bytes_printf(&known, "%s%s", i > 0 ? ", " : "", l->config->cas[i].name);
        if (r < 0)
                return r;
        return report_error(
                        report, "%s: CA=%s: there is no such CA; there are: %s", c->path, ca,
                        known.size ? bytes_text(&known) : "none");
}

/* A definition of this name would never be asked. */
static int check_elsewhere(Loader *l, const Report *report, const CertificateConfig *c) {
        if (c->fallback_cas.count > 0)
                return report_error(
                                report,
                                "%s: CA=: '" CA_NONE
                                "' means that the certificate is imported, and stands alone",
                                c->path);
        if (config_ca(l->config, CA_NONE) || find_broken_ca(l, CA_NONE))
                return report_error(
                                report,
                                "%s: CA=" CA_NONE ": means that there is no CA; give ca/" CA_NONE
                                ".conf another name",
                                c->path);
        return 0;
}

static int check_cas(Loader *l, const Report *report, const CertificateConfig *c) {
        int r = c->elsewhere ? check_elsewhere(l, report, c) : check_ca(l, report, c, c->ca);

        for (size_t i = 0; i < c->fallback_cas.count && r >= 0 && !c->elsewhere; i++)
                r = check_ca(l, report, c, c->fallback_cas.items[i]);
        return r;
}

/* The optional names are names, too; at least one must be more than that. */
static int add_optional_names(const Report *report, CertificateConfig *c) {
        int r = 0;

        string_list_sort_unique(&c->optional_names);
        for (size_t i = 0; i < c->optional_names.count && r >= 0; i++)
                if (!string_list_contains(&c->names, c->optional_names.items[i]))
                        r = string_list_add(&c->names, c->optional_names.items[i]);
        string_list_sort_unique(&c->names);
        if (r < 0 || c->names.count == 0 || c->names.count > c->optional_names.count || c->broken)
                return r;
        return report_error(
                        report,
                        "%s: [Certificate] all names are optional; write at least one in Names= alone",
                        c->path);
}

/* The two keys say one thing: whichever the certificate has, the defaults of both give way to it. */
static int fill_profile(const Config *config, CertificateConfig *c) {
        int r;

        if (c->profile || c->require_profile)
                return 0;
        r = str_replace(&c->profile, config->default_profile);
        return r < 0 ? r : str_replace(&c->require_profile, config->default_require_profile);
}

static void fill_key(const Config *config, CertificateDraft *d) {
        CertificateConfig *c = &d->certificate;

        if (d->key_type_count == 0) {
                memcpy(d->key_types, config->default_key_types, sizeof d->key_types);
                d->key_type_count = config->default_key_type_count;
        }
        c->key_type = d->key_types[d->twin_index];
        c->reuse_key = !c->request_path &&
                       (d->reuse_key ? str_equal(d->reuse_key, "yes") : config->default_reuse_key);
}

static int fill_rehearse(Loader *l, const Report *report, CertificateDraft *d) {
        const Config *config = l->config;
        const char *said = d->rehearse ? d->rehearse : config->default_rehearse;
        CertificateConfig *c = &d->certificate;
        const CaConfig *ca = config_ca(config, c->ca);

        c->rehearse = !said ? REHEARSE_AUTO : str_equal(said, "yes") ? REHEARSE_YES : REHEARSE_NO;
        /* Twins take the same way: once is enough. */
        if (!ca || c->twin_of)
                return 0;
        if (config_ca(config, ca->staging) && !certificate_has_ca(c, ca->staging))
                return str_replace(&c->staging, ca->staging);
        if (!d->rehearse || c->rehearse != REHEARSE_YES)
                return 0;
        return report_warning(
                        report,
                        "%s: Rehearse=yes: nothing is rehearsed, as CA '%s' has no Staging= that can be used; set "
                        "it in ca/%s.conf to a CA to try things out at",
                        c->path, ca->name, ca->name);
}

/* What the certificate leaves open is as [Defaults] says. */
static int fill_defaults(Loader *l, CertificateDraft *d) {
        const Config *config = l->config;
        CertificateConfig *c = &d->certificate;
        int r;

        c->preflight = d->preflight ? str_equal(d->preflight, "yes") : config->default_preflight;
        c->strict_names = d->strict_names ? str_equal(d->strict_names, "yes")
                                          : config->default_strict_names;
        fill_key(config, d);
        if (c->challenge_count == 0) {
                memcpy(c->challenges, config->default_challenges, sizeof c->challenges);
                c->challenge_count = config->default_challenge_count;
        }
        if (c->lifetime_sec == 0)
                c->lifetime_sec = config->default_lifetime_sec;
        r = fill_profile(config, c);
        if (r >= 0 && !c->preferred_chain)
                r = str_replace(&c->preferred_chain, config->default_preferred_chain);
        if (r >= 0 && !c->dns_name)
                r = str_replace(&c->dns_name, config->default_dns);
        if (r >= 0 && c->challenge_hook.count == 0)
                r = string_list_copy(&config->default_challenge_hook, &c->challenge_hook);
        if (r < 0 || c->ca)
                return r;
        r = string_list_copy(&config->default_fallback_cas, &c->fallback_cas);
        return r < 0 ? r : str_replace(&c->ca, config->default_ca);
}

static int read_certificate(Loader *l, const Report *report, const Source *s, CertificateDraft *d) {
        CertificateConfig *c = &d->certificate;
        int r = section_read(report, s, CONFIG_CERTIFICATE, "Certificate", d);

        if (r >= 0)
                r = load_request(report, d);
        if (r >= 0)
                r = fill_defaults(l, d);
        c->elsewhere = str_equal(c->ca, CA_NONE);
        if (r >= 0)
                r = check_cas(l, report, c);
        if (r >= 0)
                r = fill_rehearse(l, report, d);
        if (r >= 0)
                r = load_dns(l, report, c);
        if (r >= 0)
                r = load_targets(l, report, s, d);
        if (r >= 0)
                r = str_replace(&c->first_name, d->first_name);
        if (r < 0)
                return r;
        r = add_optional_names(report, c);
        if (r < 0)
                return r;
        if (c->names.count == 0 && !c->broken) {
                r = report_error(
                                report,
                                "%s: [Certificate] Names= is missing; write the names of the certificate",
                                c->path);
                return r;
        }
        return check_certificate(report, c);
}

static int keep_certificate(Config *config, CertificateConfig *taken) {
        CertificateConfig *grown = reallocarray(
                        config->certificates, config->certificate_count + 1, sizeof *grown);

        if (!grown)
                return -ENOMEM;
        config->certificates = grown;
        grown[config->certificate_count++] = *taken;
        *taken = (CertificateConfig){};
        return 0;
}

/* The second of KeyType=A B. Its mistakes are those of the file, and told under the file's name. */
static int load_twin(Loader *l, const Source *s, CertificateDraft *first) {
        _cleanup_(certificate_draft_done) CertificateDraft d = { .twin_index = 1 };
        CertificateConfig *c = &d.certificate, *one = &first->certificate;
        Report report = { .config = l->config, .certificate = one->name, .broken = &c->broken };
        int r;

        r = twin_name(one->name, first->key_types[1], &c->name);
        if (r >= 0)
                r = check_twin_name(l, &report, one, c->name);
        if (r < 0 || c->broken) { /* it cannot be: the first is told so */
                one->broken = one->broken || c->broken;
                return r;
        }
        r = str_replace(&c->path, one->path);
        if (r >= 0)
                r = str_replace(&c->twin_of, one->name);
        if (r >= 0)
                r = str_replace(&c->twin, one->name);
        if (r >= 0)
                r = str_replace(&one->twin, c->name);
        if (r >= 0)
                r = read_certificate(l, &report, s, &d);
        return r < 0 ? r : keep_certificate(l->config, c);
}

int load_certificate(Loader *l, const char *name) {
        _cleanup_(certificate_draft_done) CertificateDraft d = {};
        CertificateConfig *c = &d.certificate;
        _cleanup_(source_done) Source s = {};
        Report report = { .config = l->config, .certificate = name, .broken = &c->broken };
        int r = source_read(&report, l->paths, CONFIG_CERTIFICATE, name, &s);

        if (r < 0 || (!s.path && !s.refused)) /* nothing, or masked */
                return r;
        r = str_replace(&c->name, name);
        if (r >= 0)
                r = config_path(l->paths, CONFIG_CERTIFICATE, name, &c->path);
        if (r >= 0)
                r = read_certificate(l, &report, &s, &d);
        if (r >= 0 && d.key_type_count > 1)
                r = load_twin(l, &s, &d);
        return r < 0 ? r : keep_certificate(l->config, c);
}

/* A twin has no file of its own. */
static int load_only(Loader *l, const char *name) {
        _cleanup_free_ char *base = NULL;
        int r;

        if (!certificate_name_is_valid(name))
                return 0;
        r = load_certificate(l, name);
        if (r < 0 || config_certificate(l->config, name))
                return r;
        r = twin_base_name(name, &base);
        return r < 0 || !base ? r : load_certificate(l, base);
}

static int compare_certificates(const void *a, const void *b) {
        const CertificateConfig *x = a, *y = b;

        return strcmp(x->name, y->name);
}

/* The file gets an error of its own; as no certificate has this name, nothing else is broken. */
static int report_bad_name(Loader *l, const char *name) {
        _cleanup_free_ char *shown = str_escape(name, VALUE_SHOWN_MAX), *path = NULL;
        Report report = { .config = l->config, .certificate = shown };
        int r;

        if (!shown)
                return -ENOMEM;
        r = config_path(l->paths, CONFIG_CERTIFICATE, shown, &path);
        if (r < 0)
                return r;
        return report_error(
                        &report,
                        "%s: ignored: not a certificate name; use a-z, 0-9, '.', '_' and '-', at most "
                        "%d, no '..', for a wildcard '_wildcard.' in front",
                        path, CERTIFICATE_NAME_MAX);
}

static int load_named(Loader *l, const char *name) {
        return certificate_name_is_valid(name) ? load_certificate(l, name)
                                               : report_bad_name(l, name);
}

int load_certificates(Loader *l, const char *only) {
        int r;

        if (only)
                return load_only(l, only);
        r = load_each(l, CONFIG_CERTIFICATE, load_named);
        if (r >= 0 && l->config->certificate_count > 0)
                qsort(l->config->certificates, l->config->certificate_count,
                      sizeof l->config->certificates[0], compare_certificates);
        return r;
}
