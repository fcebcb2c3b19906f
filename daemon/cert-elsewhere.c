/* Certificates that are not ordered here (CA=none), and those that a person brings although they are: a bridge until the
 * next renewal. What comes is checked as a CA's answer is, saved, and from there on it is a certificate as any other: its key
 * is the signer's, publication and targets are the same. Nothing is ever ordered for CA=none, since such a certificate has
 * no session; what is left of its plan is to say early that another one is wanted. */

#include "acme/elsewhere.h"
#include "base/log.h"
#include "base/message-id.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-install.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/words.h"

#define LONG_LEAD_SEC ((int64_t) 30 * SEC_PER_DAY)
#define TELL_SEC      ((int64_t) SEC_PER_DAY)

/* ---- when another one is wanted ---- */

int64_t cert_renew_before(const Cert *c) {
        int64_t lifetime = cert_lifetime(c);

        if (!c->config->elsewhere || c->config->renew_before_sec > 0)
                return c->config->renew_before_sec;
        return MAX(lifetime / 5, MIN(LONG_LEAD_SEC, lifetime / 3));
}

/* Names that a wildcard covers are there, and the kind of key is the person's choice. */
bool cert_elsewhere_fits(const Cert *c) {
        const CertificateConfig *config = c->config;

        if (c->record.current.unwanted && str_equal(c->record.current.leaf, c->info.leaf_sha256))
                return false;
        if (config->request_path && !str_equal(c->info.spki_sha256, config->request_spki))
                return false;
        for (size_t i = 0; i < config->names.count; i++)
                if (!names_cover(&c->info.names, config->names.items[i]) &&
                    !string_list_contains(&config->optional_names, config->names.items[i]))
                        return false;
        return true;
}

bool cert_elsewhere_is_late(const Cert *c) {
        return c->present && c->plan.reason != RENEW_NONE && c->plan.reason != RENEW_CLOCK &&
               c->info.not_after - cert_now(c) < cert_renew_before(c) / 3;
}

/* ---- words ---- */

int cert_elsewhere_way(const Cert *c, char **ret) {
        const char *name = c->config->name;

        if (c->config->request_path)
                return str_printf(
                                ret,
                                "have the request of CertificateRequest= signed, then renewctl import %s",
                                name);
        return str_printf(ret, "renewctl csr %s, then renewctl import %s", name, name);
}

int cert_elsewhere_trouble(const Cert *c, char **ret) {
        _cleanup_free_ char *way = NULL;
        const char *what;
        int r;

        *ret = NULL;
        if (!c->config->elsewhere || c->config->broken ||
            (c->present && c->plan.reason == RENEW_NONE))
                return 0;
        what = !c->present                     ? "waits for a certificate"
               : c->plan.reason == RENEW_CLOCK ? NULL /* cannot be told */
               : c->plan.reason == RENEW_CHANGED
                               ? "waits for another certificate, as this one is not as configured"
               : c->plan.reason == RENEW_EXPIRED ? "has expired and waits for another certificate"
                                                 : "waits for the next certificate";
        if (!what)
                return 0;
        r = cert_elsewhere_way(c, &way);
        return r < 0 ? r : str_printf(ret, "%s: %s", what, way);
}

void cert_elsewhere_tell(Cert *c) {
        LogFields fields = { .certificate = c->config->name, .message_id = MESSAGE_IMPORT_WANTED };
        _cleanup_free_ char *trouble = NULL;
        int64_t now = cert_now(c);
        char date[WORDS_SIZE];
        int r;

        if (cert_elsewhere_trouble(c, &trouble) < 0 || !trouble)
                return;
        /* Also over restarts. An instant in the future is that of a wrong clock. */
        if (c->record.import_told <= now && now - c->record.import_told < TELL_SEC)
                return;
        c->record.import_told = now;
        log_message(cert_elsewhere_is_late(c) || !c->present ? LOG_WARNING : LOG_NOTICE, &fields,
                    "%s: %s%s%s", c->config->name, trouble,
                    c->present ? "; the present one is valid until " : "",
                    c->present ? words_date(c->info.not_after, now, date) : "");
        r = cert_save(c);
        if (r < 0) /* told once more after a restart */
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

/* ---- import ---- */

static int refuse(char **ret_message, int error, const Cert *c, const char *text) {
        int r = str_printf(ret_message, "%s: %s", c->config->name, text);

        return r < 0 ? r : error;
}

/* May one be imported now? */
static int check_state(const Cert *c, bool force, char **ret_message) {
        if (c->config->broken)
                return -EUCLEAN;
        if (c->phase == CERT_ORDERING || c->phase == CERT_STORING)
                return refuse(ret_message, -EBUSY, c,
                              "an order is on its way; wait for its end ('renewctl status')");
        if (!c->config->elsewhere && !force)
                return refuse(ret_message, -EPERM, c,
                              "it is ordered from a CA (CA=); with --force the imported one serves until the "
                              "next renewal, with CA=none it is never ordered");
        return 0;
}

static int check_chain(const Cert *c, const Bytes *chain, CertInfo *ret, char **ret_message) {
        const CertificateConfig *config = c->config;
        ElsewhereExpectation e = {
                .names = &config->names,
                .optional_names = &config->optional_names,
                .spki_sha256 = config->request_path ? config->request_spki : NULL,
                .family = config->twin ? key_family(config->key_type) : KEY_FAMILY_ANY,
                .now = cert_now(c),
        };
        _cleanup_free_ char *why = NULL;
        int r;

        r = elsewhere_check(chain->data, chain->size, &e, ret, &why);
        if (r == -EKEYREJECTED)
                return refuse(ret_message, -EINVAL, c, why ? why : "it cannot be used");
        return r;
}

/* A mistaken file, most likely. */
static int check_gain(const Cert *c, const CertInfo *info, bool force, char **ret_message) {
        char date[WORDS_SIZE];
        int r;

        if (force || !c->present || !cert_fits(c) || info->not_after >= c->info.not_after)
                return 0;
        r = str_printf(ret_message,
                       "%s: the present certificate is valid longer, until %s; --force takes this one all the same",
                       c->config->name, words_date(c->info.not_after, cert_now(c), date));
        return r < 0 ? r : -EINVAL;
}

/* As after an order, with what was configured as what was asked for (cert_fits()). */
static int note(Cert *c, const CertInfo *info) {
        RecordCurrent new = { .at = cert_now(c), .imported = true };
        int r;

        new.oldest_not_after = cert_oldest_not_after(c);
        if (c->present)
                new.former_not_after = c->info.not_after;
        r = str_replace(&new.leaf, info->leaf_sha256);
        if (r >= 0)
                r = string_list_copy(&c->config->names, &new.names);
        if (r >= 0)
                r = str_replace(&new.key_type, cert_key_type(c));
        if (r >= 0 && c->config->request_path)
                r = str_replace(&new.request, c->config->request_sha256);
        if (r < 0) {
                record_current_done(&new);
                return r;
        }
        record_current_done(&c->record.current);
        c->record.current = new;
        record_renewal_done(&c->record.renewal);
        c->record.import_told = 0;
        return cert_save(c);
}

static void take_over(Cert *c, CertInfo *info) {
        char date[WORDS_SIZE];
        LogFields fields = {
                .certificate = c->config->name,
                .message_id = MESSAGE_CERTIFICATE_IMPORTED,
        };
        int r = note(c, info);

        if (r < 0) /* the chain on disk is what counts */
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
        cert_become(c, info);
        log_message(LOG_NOTICE, &fields, "%s: certificate of '%s' imported, valid until %s",
                    c->config->name, c->info.issuer ? c->info.issuer : "",
                    words_date(c->info.not_after, cert_now(c), date));
        cert_install(c);
        cert_info_stop(c);
        cert_info_plan(c);
        cert_plan(c);
        cert_changed(c);
}

int cert_import(Cert *c, const void *pem, size_t size, bool force, char **ret_message) {
        _cleanup_(bytes_done) Bytes chain = { .limit = CHAIN_MAX_SIZE };
        _cleanup_(certinfo_done) CertInfo info = {};
        const char *reason = NULL;
        int r;

        *ret_message = NULL;
        r = check_state(c, force, ret_message);
        if (r < 0)
                return r;
        r = chain_split(pem, size, NULL, NULL, &chain, &reason);
        if (r == -EBADMSG)
                return refuse(ret_message, -EINVAL, c, reason ? reason : "it cannot be read");
        if (r >= 0)
                r = check_chain(c, &chain, &info, ret_message);
        if (r < 0)
                return r;
        if (c->present && str_equal(info.leaf_sha256, c->info.leaf_sha256)) {
                c->live = false; /* asked once more, as somebody may wait for the answer */
                cert_install(c);
                return 0;
        }
        r = check_gain(c, &info, force, ret_message);
        if (r >= 0)
                r = store_save_chain(
                                c->context->engine->store, c->config->name, chain.data, chain.size);
        if (r < 0)
                return r;
        cert_rehearsal_yield(c, "a certificate was imported");
        cert_attempt_clear(c); /* leaves the line at the CA */
        take_over(c, &info);
        return 0;
}
