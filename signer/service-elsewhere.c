/* Keys and requests of certificates that are not ordered by ACME. What is here changes nothing at any CA, but gives root
 * alone a certificate's key to use elsewhere: the engine has no part in it. */

#include <string.h>

#include "acme/subject.h"
#include "base/log.h"
#include "signer/blocked.h"
#include "signer/keystore.h"
#include "signer/manual.h"
#include "signer/service-internal.h"

#define RSA_BITS_MIN 2048

static bool is_spki(const char *text) {
        return strlen(text) == SHA256_HEX_SIZE - 1 &&
               strspn(text, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}

/* 1: the certificate is configured, and its key is ours to make. */
static int find_own(Request *q) {
        int r;

        r = request_admit(q);
        if (r > 0)
                r = request_find_certificate(q);
        if (r > 0 && q->certificate->request_path)
                return request_refuse(
                                q, "NotConfigured",
                                "'%s' has CertificateRequest=: its key and request are elsewhere",
                                q->certificate->name);
        return r <= 0 ? r : request_open_store(q);
}

/* ---- requests ---- */

/* 1; *ret_given: there was one. */
static int read_subject(Request *q, Subject *ret, bool *ret_given) {
        const Json *fields;
        int r;

        r = json_get_object(q->parameters, "subject", &fields);
        *ret_given = r >= 0;
        if (r == -ENOENT)
                return 1;
        if (r < 0)
                return varlink_invalid_parameter(q->call, "subject");
        for (size_t i = 0; i < json_count(fields); i++) {
                SubjectField f = subject_field_from_string(json_key_at(fields, i));
                const char *value = json_string_value(json_at(fields, i)), *reason;

                if (f < 0 || !value)
                        return varlink_invalid_parameter(q->call, "subject");
                r = subject_set(ret, f, value, &reason);
                if (r == -EINVAL)
                        return request_refuse(
                                        q, "Refused", "%s=: %s", subject_field_to_string(f),
                                        reason);
                if (r < 0)
                        return r;
        }
        return 1;
}

static int read_wish(Request *q, ManualWish *w) {
        const char *type = NULL;
        int r;

        r = json_get_string(q->parameters, "keyType", &type);
        w->type = r == -ENOENT ? KEY_TYPE_INVALID : key_type_from_string(type ? type : "");
        if (r == -EBADMSG || (r >= 0 && w->type < 0))
                return varlink_invalid_parameter(q->call, "keyType");
        if (json_get_bool(q->parameters, "create", &w->create) < 0)
                return varlink_invalid_parameter(q->call, "create");
        r = json_get_string(q->parameters, "other", &w->other);
        if (r == -EBADMSG || (r >= 0 && !is_spki(w->other)))
                return varlink_invalid_parameter(q->call, "other");
        return 1;
}

static int refuse_request(Request *q, int r) {
        if (r == -ENOKEY) /* nothing is wrong: not for the log */
                return varlink_fail(q->call, "KeyMissing", "there is no request yet");
        if (r == -EEXIST)
                return request_refuse(
                                q, "Refused",
                                "the key of the request is of another type; --new-key makes another one");
        if (r == -EDQUOT)
                return request_refuse(q, "Storage", "there are too many keys of this certificate");
        if (r == -EBADMSG)
                return request_refuse(
                                q, "Storage",
                                "the last request, requests/%s.json, is damaged: remove it",
                                q->certificate->name);
        return request_refuse(q, "Storage", "the request cannot be made: %s", errno_text(r));
}

static int answer_request(Request *q, const ManualRequest *m) {
        _cleanup_(json_freep) Json *reply = json_object_new();
        _cleanup_free_ char *csr = NULL;
        int r;

        r = reply ? base64url_encode(m->der.data, m->der.size, &csr) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(reply, "csr", csr);
        if (r >= 0)
                r = json_set_string(reply, "spki", m->spki_sha256);
        if (r >= 0)
                r = json_set_string(reply, "keyType", key_type_to_string(m->type));
        return r < 0 ? r : varlink_reply(q->call, TAKE_PTR(reply));
}

int method_manual_request(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("ManualRequest", call, parameters, userdata);
        _cleanup_(manual_request_done) ManualRequest m = {};
        _cleanup_(subject_done) Subject subject = {};
        ManualWish w = {};
        bool given = false;
        int r;

        r = find_own(&q);
        if (r > 0)
                r = read_subject(&q, &subject, &given);
        if (r > 0)
                r = read_wish(&q, &w);
        if (r <= 0)
                return r;
        w.names = &q.certificate->names;
        w.common_name = q.certificate->first_name;
        w.standard = q.certificate->key_type;
        w.subject = given ? &subject : NULL;
        r = manual_request(q.store_fd, q.certificate->name, &w, &m);
        return r < 0 ? refuse_request(&q, r) : answer_request(&q, &m);
}

/* ---- keys ---- */

/* Whether a certificate that root has was asked for with a key of this one's. */
int method_find_key(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = request_init("FindKey", call, parameters, userdata);
        _cleanup_(json_freep) Json *reply = json_object_new();
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        const char *spki;
        int r;

        if (!reply)
                return -ENOMEM;
        r = find_own(&q);
        if (r > 0 && (json_get_string(parameters, "spki", &spki) < 0 || !is_spki(spki)))
                return varlink_invalid_parameter(call, "spki");
        if (r <= 0)
                return r;
        r = keystore_find(q.store_fd, q.certificate->name, spki, &key);
        if (r >= 0)
                r = blocked_has(q.store_fd, key) == 0 ? 0 : -ENOKEY;
        if (r < 0 && r != -ENOKEY)
                return request_refuse(&q, "Storage", "the keys: %s", errno_text(r));
        r = json_set_bool(reply, "found", r >= 0);
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(reply));
}

/* 1: *ret is a key that may be a certificate's. */
static int read_key(Request *q, EVP_PKEY **ret) {
        const char *pem;
        int r;

        if (json_get_string(q->parameters, "key", &pem) < 0 ||
            key_from_pem(pem, strlen(pem), ret) < 0)
                return varlink_invalid_parameter(q->call, "key");
        if (EVP_PKEY_is_a(*ret, "RSA") && EVP_PKEY_get_bits(*ret) < RSA_BITS_MIN)
                return request_refuse(
                                q, "Refused", "an RSA key of less than %d bits is of no use",
                                RSA_BITS_MIN);
        r = keystore_is_account_key(q->store_fd, *ret);
        if (r > 0)
                return request_refuse(q, "Refused", "it is an account key"); /* C-13 */
        if (r >= 0)
                r = blocked_has(q->store_fd, *ret);
        if (r > 0)
                return request_refuse(
                                q, "Refused", "this key is compromised, and blocked"); /* */
        return r < 0 ? request_refuse(q, "Storage", "the keys: %s", errno_text(r)) : 1;
}

int grant_import(Request *q) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        int r;

        r = find_own(q);
        if (r > 0)
                r = read_key(q, &key);
        if (r <= 0)
                return r;
        r = keystore_import(q->store_fd, q->certificate->name, key);
        if (r == -EDQUOT)
                return request_refuse(q, "Storage", "there are too many keys of this certificate");
        if (r < 0)
                return request_refuse(q, "Storage", "the key is not kept: %s", errno_text(r));
        log_message(LOG_NOTICE, &(LogFields){ .certificate = q->certificate->name },
                    "%s: a key from elsewhere is kept", q->certificate->name);
        return varlink_reply(q->call, NULL);
}
