/* ca/NAME.conf. A CA file with an error breaks the certificates that use it; one that nobody uses is
 * only warned of. A trust file that cannot be used is such an error: falling back to the system's
 * store would trust more than was asked for (R1.12). */

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>

#include "acme/url.h"
#include "base/file.h"
#include "base/log.h"
#include "config/load.h"

#define BUNDLE_MAX ((size_t) 4 * 1024 * 1024)

/* Certificates in a PEM text; -EBADMSG if one of them does not parse. */
static int count_certificates(const Bytes *pem) {
        BIO *bio = BIO_new_mem_buf(pem->data, (int) pem->size);
        unsigned long e;
        int count = 0;
        X509 *x;

        if (!bio)
                return -ENOMEM;
        ERR_clear_error();
        while ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
                X509_free(x);
                count++;
        }
        e = ERR_peek_last_error();
        BIO_free(bio);
        ERR_clear_error();
        if (ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
                return count;
        return -EBADMSG;
}

int check_bundle(const Report *report, const char *bundle) {
        _cleanup_(bytes_done) Bytes pem = {};
        _cleanup_free_ char *why = NULL;
        struct stat st;
        int r;

        r = trust_check(bundle, &why);
        if (r == -EPERM && why)
                return report_error(report, "Bundle=%s: not used: %s", bundle, why);
        if (r >= 0)
                r = file_read(bundle, BUNDLE_MAX, &pem);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return report_error(
                                report,
                                "Bundle=%s: cannot be read: %s; it must be readable by the engine's user '%s'",
                                bundle, errno_text(r), RENEWD_ENGINE_USER);
        r = pem.size > 0 ? count_certificates(&pem) : 0;
        if (r == -ENOMEM)
                return r;
        if (r <= 0)
                return report_error(
                                report, "Bundle=%s: %s; it must hold certificates in PEM", bundle,
                                r < 0 ? "is damaged" : "holds no certificate");
        if (geteuid() == 0 && stat(bundle, &st) == 0 && !(st.st_mode & S_IROTH))
                return report_warning(
                                report,
                                "Bundle=%s: not readable by everybody; the engine runs as '%s' and must read it",
                                bundle, RENEWD_ENGINE_USER);
        return 0;
}

/* The directory's own origin comes first. */
static int finish_origins(CaConfig *ca) {
        _cleanup_(string_list_done) StringList more = ca->origins;
        _cleanup_free_ char *origin = NULL;
        int r;

        ca->origins = (StringList){};
        r = url_origin(ca->directory, &origin);
        if (r >= 0)
                r = string_list_add(&ca->origins, origin);
        for (size_t i = 0; i < more.count && r >= 0; i++)
                if (!string_list_contains(&ca->origins, more.items[i]))
                        r = string_list_add(&ca->origins, more.items[i]);
        return r;
}

static void ca_draft_done(CaDraft *d) {
        ca_config_done(&d->ca);
        free(d->agree);
        d->agree = NULL;
}

static int read_ca(const Loader *l, const Report *report, const Source *s, CaDraft *d) {
        int r;

        r = section_init(CONFIG_CA, "CA", d);
        d->contact_given = d->proxy_given = false; /* a default says nothing */
        if (r >= 0)
                r = source_check_known(report, s, CONFIG_CA);
        if (r >= 0)
                r = section_apply(report, s, CONFIG_CA, "CA", "CA", NULL, d);
        if (r < 0)
                return r;
        if (!d->ca.directory && !*report->broken)
                r = report_error(
                                report,
                                "%s: [CA] Directory= is missing; write the https URL of the ACME directory",
                                s->path);
        if (r >= 0 && d->ca.bundle)
                r = check_bundle(report, d->ca.bundle);
        if (r < 0 || *report->broken)
                return r;
        d->ca.terms_agreed = d->agree ? str_equal(d->agree, "yes") : l->config->agree_to_terms;
        if (!d->contact_given && l->config->email)
                r = string_list_add(&d->ca.contact, l->config->email);
        if (r >= 0 && !d->proxy_given)
                r = str_replace(&d->ca.proxy, l->config->proxy);
        return r < 0 ? r : finish_origins(&d->ca);
}

static int keep_ca(Config *c, CaConfig *taken) {
        CaConfig *grown = reallocarray(c->cas, c->ca_count + 1, sizeof *grown);

        if (!grown)
                return -ENOMEM;
        c->cas = grown;
        grown[c->ca_count++] = *taken;
        *taken = (CaConfig){};
        return 0;
}

static int keep_broken(Loader *l, const char *name, Config **messages) {
        BrokenCa *grown = reallocarray(l->broken_cas, l->broken_ca_count + 1, sizeof *grown);
        char *copy;

        if (!grown)
                return -ENOMEM;
        l->broken_cas = grown;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        grown[l->broken_ca_count++] = (BrokenCa){ .name = copy, .messages = TAKE_PTR(*messages) };
        return 0;
}

static int load_ca(Loader *l, const char *name) {
        _cleanup_(config_freep) Config *messages = calloc(1, sizeof *messages);
        _cleanup_(ca_draft_done) CaDraft d = {};
        _cleanup_(source_done) Source s = {};
        bool broken = false;
        Report report = { .config = messages, .broken = &broken };
        Report warnings = { .config = l->config };
        int r;

        if (!config_item_name_is_valid(name))
                return warn_of_name(l, CONFIG_CA, name, "not a name for a CA");
        if (!messages)
                return -ENOMEM;
        r = source_read(&report, l->paths, CONFIG_CA, name, &s);
        if (r < 0 || (!s.path && !s.refused)) /* nothing, or masked */
                return r;
        r = broken ? 0 : read_ca(l, &report, &s, &d);
        if (r < 0)
                return r;
        for (size_t i = 0; i < messages->message_count && r >= 0; i++)
                if (!messages->messages[i].error)
                        r = report_warning(&warnings, "%s", messages->messages[i].text);
        if (r < 0)
                return r;
        if (broken)
                return keep_broken(l, name, &messages);
        r = str_replace(&d.ca.name, name);
        if (r >= 0 && !d.ca.external_account)
                r = str_replace(&d.ca.external_account, name);
        return r < 0 ? r : keep_ca(l->config, &d.ca);
}

/* Without it everything but rehearsals is as it should be. */
static int check_staging(const Loader *l) {
        Report report = { .config = l->config };
        int r = 0;

        for (size_t i = 0; i < l->config->ca_count && r >= 0; i++) {
                const CaConfig *ca = &l->config->cas[i];

                if (!ca->staging)
                        continue;
                if (str_equal(ca->staging, ca->name))
                        r = report_warning(
                                        &report,
                                        "CA '%s': Staging=%s: is this CA itself; name its test service",
                                        ca->name, ca->staging);
                else if (!config_ca(l->config, ca->staging))
                        r = report_warning(
                                        &report,
                                        "CA '%s': Staging=%s: there is no such CA below ca/; nothing is "
                                        "rehearsed",
                                        ca->name, ca->staging);
        }
        return r;
}

int load_cas(Loader *l) {
        int r = load_each(l, CONFIG_CA, load_ca);

        return r < 0 ? r : check_staging(l);
}
