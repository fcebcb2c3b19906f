/* The checks before anything is signed. Everything is compared with root's configuration, which is
 * read anew for each call: a taken-over engine can only ask for what is configured anyway (DESIGN:
 * "The signer builds every payload itself"). */

#include "signer/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "acme/csr.h"
#include "acme/url.h"
#include "base/log.h"
#include "signer/keystore.h"
#include "systemd/serve.h"

void request_done(Request *q) {
        q->config = config_free(q->config);
        q->store_fd = close_fd(q->store_fd);
        string_list_done(&q->names);
        q->account = key_free(q->account);
        q->key = key_free(q->key);
}

/* ---- answers ---- */

int request_refuse(Request *q, const char *name, const char *format, ...) {
        LogFields fields = {
                .certificate = q->certificate ? q->certificate->name : NULL,
                .ca = q->ca ? q->ca->name : NULL,
        };
        char message[STR_ESCAPE_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void) vsnprintf(message, sizeof(message), format, arguments); /* cut is fine */
        va_end(arguments);
        log_message(LOG_WARNING, &fields, "%s of user %u refused (%s): %s", q->method,
                    (unsigned) varlink_call_peer(q->call)->uid, name, message);
        return varlink_fail(q->call, name, "%s", message);
}

static int refuse_storage(Request *q, const char *what, int error) {
        return request_refuse(q, "Storage", "%s: %s", what, errno_text(error));
}

/* With a value of the peer's, escaped. */
static int refuse_value(Request *q, const char *name, const char *format, const char *value) {
        _cleanup_free_ char *escaped = str_escape(value, 200);
        _cleanup_free_ char *text = NULL;
        int r;

        if (!escaped)
                return -ENOMEM;
        r = str_printf(&text, "'%s' %s", escaped, format);
        return r < 0 ? r : request_refuse(q, name, "%s", text);
}

int request_admit(Request *q) {
        const VarlinkPeer *peer = varlink_call_peer(q->call);

        if (peer_may_ask(peer))
                return 1;
        log_warning("%s: user %u may not ask the signer", q->method, (unsigned) peer->uid);
        return varlink_error(q->call, "org.varlink.service.PermissionDenied", NULL);
}

/* ---- CA ---- */

/* `certificate` NULL: only what belongs to none. */
static int load_config(Request *q, const char *certificate) {
        int r;

        q->ca = NULL;
        q->certificate = NULL;
        q->config = config_free(q->config);
        r = config_load(q->service->paths, certificate ? certificate : "", &q->config);
        return r < 0 ? refuse_storage(q, "the configuration cannot be read", r) : 1;
}

static int find_ca(Request *q, const Json *holder) {
        const char *name;
        int r;

        if (json_get_string(holder, "ca", &name) < 0)
                return varlink_invalid_parameter(q->call, "ca");
        if (!q->config) {
                r = load_config(q, NULL);
                if (r <= 0)
                        return r;
        }
        q->ca = config_ca(q->config, name);
        if (!q->ca)
                return refuse_value(q, "UnknownCa", "is not a configured CA: see ca/", name);
        return 1;
}

int request_find_ca(Request *q) {
        return find_ca(q, q->parameters);
}

/* ---- what every signed request has ---- */

static int check_origin(Request *q, const char *url) {
        int r;

        r = url_check(url, &q->ca->origins);
        if (r == -EACCES)
                return refuse_value(q, "Refused", "is not of an origin of this CA (Origins=)", url);
        if (r == -EBADMSG)
                return refuse_value(q, "Refused", "is not an absolute https URL", url);
        return r < 0 ? r : 1;
}

static int check_members(Request *q, const Json *request) {
        static const char *const known[] = { "ca", "url", "nonce", "kid" };

        for (size_t i = 0; i < json_count(request); i++) {
                bool found = false;
                for (size_t k = 0; k < ELEMENTSOF(known) && !found; k++)
                        found = str_equal(json_key_at(request, i), known[k]);
                if (!found)
                        return varlink_invalid_parameter(q->call, "request");
        }
        return 1;
}

static int check_kid(Request *q, const Json *request, bool with_kid) {
        int r;

        r = json_get_string(request, "kid", &q->kid);
        if (r == -EBADMSG || (r == -ENOENT) == with_kid)
                return varlink_invalid_parameter(q->call, "kid");
        return with_kid ? check_origin(q, q->kid) : 1;
}

int request_find_signing(Request *q, bool with_kid) {
        const Json *request;
        int r;

        if (json_get_object(q->parameters, "request", &request) < 0)
                return varlink_invalid_parameter(q->call, "request");
        r = check_members(q, request);
        if (r > 0)
                r = find_ca(q, request);
        if (r <= 0)
                return r;
        if (json_get_string(request, "url", &q->url) < 0)
                return varlink_invalid_parameter(q->call, "url");
        if (json_get_string(request, "nonce", &q->nonce) < 0 || !str_is_base64url(q->nonce) ||
            strlen(q->nonce) > SIGNER_NONCE_MAX)
                return varlink_invalid_parameter(q->call, "nonce");
        r = check_origin(q, q->url);
        return r <= 0 ? r : check_kid(q, request, with_kid);
}

/* ---- certificate ---- */

int request_find_certificate(Request *q) {
        _cleanup_free_ char *ca = NULL;
        const char *name;
        int r;

        if (json_get_string(q->parameters, "certificate", &name) < 0)
                return varlink_invalid_parameter(q->call, "certificate");
        if (!certificate_name_is_valid(name))
                return refuse_value(q, "UnknownCertificate", "is no certificate's name", name);
        r = q->ca ? str_replace(&ca, q->ca->name) : 0;
        if (r >= 0)
                r = load_config(q, name);
        if (r <= 0)
                return r;
        q->certificate = config_certificate(q->config, name);
        if (!q->certificate)
                return refuse_value(
                                q, "UnknownCertificate", "is not configured: see certificates/",
                                name);
        if (q->certificate->broken)
                return request_refuse(
                                q, "NotConfigured", "'%s': its configuration has an error",
                                q->certificate->name);
        if (!ca)
                return 1;
        q->ca = config_ca(q->config, ca);
        if (!q->ca || (!certificate_has_ca(q->certificate, ca) &&
                       !certificate_rehearses_at(q->certificate, ca)))
                return request_refuse(
                                q, "NotConfigured", "'%s' is not to be had from CA '%s'",
                                q->certificate->name, ca);
        return 1;
}

int request_check_names(Request *q) {
        const Json *list;
        int r;

        if (json_get_array(q->parameters, "names", &list) < 0 || json_count(list) == 0 ||
            json_count(list) > NAMES_MAX)
                return varlink_invalid_parameter(q->call, "names");
        for (size_t i = 0; i < json_count(list); i++) {
                const char *name = json_string_value(json_at(list, i));
                if (!name)
                        return varlink_invalid_parameter(q->call, "names");
                if (!string_list_contains(&q->certificate->names, name))
                        return refuse_value(
                                        q, "NotConfigured",
                                        "is not among the certificate's Names=", name);
                r = string_list_add(&q->names, name);
                if (r < 0)
                        return r;
        }
        string_list_sort_unique(&q->names);
        if (!certificate_accepts_names(q->certificate, &q->names))
                return request_refuse(
                                q, "NotConfigured", "'%s': a configured name is missing",
                                q->certificate->name);
        return 1;
}

int request_find_attempt(Request *q) {
        if (json_get_string(q->parameters, "attempt", &q->attempt) < 0 ||
            !attempt_is_valid(q->attempt))
                return varlink_invalid_parameter(q->call, "attempt");
        /* A key that a staging CA has seen is not for a real certificate, nor the other way round. */
        if (q->ca && certificate_has_ca(q->certificate, q->ca->name) ==
                                     (str_skip_prefix(q->attempt, ATTEMPT_OF_REHEARSAL) != NULL))
                return request_refuse(
                                q, "NotConfigured", "'%s': the attempt does not belong to CA '%s'",
                                q->certificate->name, q->ca->name);
        return 1;
}

/* ---- keys ---- */

static int open_store(Request *q) {
        if (q->store_fd < 0)
                q->store_fd = keystore_open(q->service->paths);
        return q->store_fd;
}

int request_open_store(Request *q) {
        int r = open_store(q);

        return r < 0 ? refuse_storage(q, "the keys", r) : 1;
}

static int answer_key(Request *q, int r, const char *what) {
        if (r >= 0)
                return 1;
        if (r == -ENOKEY)
                return request_refuse(q, "KeyMissing", "%s is not here", what);
        if (r == -EKEYREVOKED)
                return request_refuse(q, "KeyMissing", "%s is compromised, and blocked", what);
        if (r == -EKEYREJECTED)
                return request_refuse(q, "Refused", "%s is an account key", what);
        if (r == -EDQUOT)
                return request_refuse(q, "Storage", "there are too many keys of this certificate");
        if (r == -EBADMSG)
                return request_refuse(
                                q, "Storage",
                                "%s is damaged: bring its file back from a backup, or remove it",
                                what);
        return refuse_storage(q, what, r);
}

int request_find_account_key(Request *q, bool create) {
        int r;

        r = open_store(q);
        if (r >= 0)
                r = keystore_account(
                                q->store_fd, q->ca->name, q->ca->account_key_type, create,
                                &q->account);
        return answer_key(q, r, "the account key");
}

int request_find_certificate_key(Request *q, bool create) {
        int r;

        r = open_store(q);
        if (r >= 0)
                r = keystore_certificate(
                                q->store_fd, q->certificate->name, q->attempt,
                                q->certificate->key_type, create, &q->key);
        return answer_key(q, r, "the certificate's key");
}

int request_reuse_key(Request *q, const char *spki_sha256) {
        int r;

        r = open_store(q);
        if (r >= 0)
                r =
                                keystore_reuse(q->store_fd, q->certificate->name, q->attempt,
                                               q->certificate->key_type, spki_sha256);
        return answer_key(q, r, "the certificate's present key");
}

int request_check_configured(Request *q) {
        const Bytes *der = &q->certificate->request;
        _cleanup_(key_freep) EVP_PKEY *public = NULL;
        int r;

        r = csr_public_key(der->data, der->size, &public);
        if (r >= 0)
                r = open_store(q);
        if (r >= 0)
                r = keystore_is_account_key(q->store_fd, public);
        return answer_key(q, r > 0 ? -EKEYREJECTED : r, "the key of CertificateRequest=");
}

static int check_csr(const Request *q, const Bytes *der, StringList *ret_names) {
        const Bytes *own = &q->certificate->request;
        int r;

        r = csr_names(der->data, der->size, ret_names);
        if (r < 0)
                return r;
        if (!q->certificate->request_path)
                return csr_check(der->data, der->size, q->key, ret_names);
        return own->size == der->size && memcmp(own->data, der->data, der->size) == 0 ? 0 : -ESTALE;
}

int request_check_csr(Request *q, const char **ret) {
        _cleanup_(bytes_done) Bytes der = { .limit = SIGNER_CSR_MAX };
        _cleanup_(string_list_done) StringList asked = {};
        const char *text;
        int r;

        if (json_get_string(q->parameters, "csr", &text) < 0 || strlen(text) > SIGNER_CSR_MAX ||
            base64url_decode(text, strlen(text), &der) < 0)
                return varlink_invalid_parameter(q->call, "csr");
        r = check_csr(q, &der, &asked);
        if (r == -ESTALE)
                return request_refuse(q, "Refused", "the CSR is not that of CertificateRequest=");
        if (r == -EKEYREJECTED)
                return request_refuse(
                                q, "Refused", "the CSR is for another key than this attempt's");
        if (r == -EBADMSG)
                return request_refuse(q, "Refused", "the CSR cannot be read, or nobody signed it");
        if (r < 0)
                return r;
        if (!certificate_accepts_names(q->certificate, &asked))
                return request_refuse(q, "NotConfigured", "the CSR has other names than Names=");
        *ret = text;
        return 1;
}
