/* The methods about orders and certificates. Each reads: admit the peer, find what the parameters name, take the key, build the
 * payload, sign, answer. Whatever a finder refuses, it has answered. */

#include "signer/service.h"

#include <string.h>
#include <time.h>

#include "acme/csr.h"
#include "base/log.h"
#include "signer/keystore.h"
#include "signer/payload.h"
#include "signer/service-internal.h"
#include "signer/stand-in.h"

static const char description[] =
#include "io.renewd.Signer.varlink.inc"
                ;

Request request_init(
                const char *method, VarlinkCall *call, const Json *parameters, void *userdata) {
        return (Request){
                .method = method,
                .service = userdata,
                .call = call,
                .parameters = parameters,
                .store_fd = -1,
        };
}

/* ---- answers ---- */

int answer_pair(Request *q,
                const char *key1,
                const char *value1,
                const char *key2,
                const char *value2) {
        _cleanup_(json_freep) Json *reply = json_object_new();
        int r;

        r = reply ? json_set_string(reply, key1, value1) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(reply, key2, value2);
        return r < 0 ? r : varlink_reply(q->call, TAKE_PTR(reply));
}

int answer_signed_by(Request *q, EVP_PKEY *key, const char *payload) {
        JwsHeader header = { .nonce = q->nonce, .url = q->url, .kid = q->kid };
        _cleanup_free_ char *body = NULL;
        int r;

        r = jws_sign(key, &header, payload, &body);
        if (r == -E2BIG)
                return request_refuse(q, "Refused", "the request is too large for any CA");
        if (r < 0)
                return request_refuse(q, "Storage", "signing failed: %s", errno_text(r));
        return answer_pair(q, "body", body, "algorithm", NULL);
}

int answer_signed(Request *q, const char *payload) {
        return answer_signed_by(q, q->account, payload);
}

/* ---- requests of an account ---- */

static int method_sign_new_order(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("SignNewOrder", call, parameters, userdata);
        _cleanup_free_ char *payload = NULL;
        OrderWishes wishes = {};
        int r;

        r = request_admit(&q);
        if (r > 0)
                r = request_find_signing(&q, true);
        if (r > 0)
                r = request_find_certificate(&q);
        if (r > 0)
                r = request_check_names(&q);
        if (r > 0)
                r = request_check_wishes(&q, &wishes);
        if (r > 0)
                r = request_find_account_key(&q, false);
        if (r <= 0)
                return r;
        r = payload_new_order(&q.names, &wishes, &payload);
        return r < 0 ? r : answer_signed(&q, payload);
}

static int find_signer(Request *q) {
        int r;

        r = request_admit(q);
        if (r > 0)
                r = request_find_signing(q, true);
        return r <= 0 ? r : request_find_account_key(q, false);
}

/* With the key that shall replace the account's: to see whether the CA has changed it (F-12). */
static int sign_with_pending(Request *q) {
        _cleanup_(key_freep) EVP_PKEY *pending = NULL;
        int r;

        r = keystore_account_pending(q->store_fd, q->ca->name, &pending);
        if (r == -ENOKEY)
                return request_refuse(q, "KeyMissing", "no account key is pending");
        if (r < 0)
                return request_refuse(q, "Storage", "the pending key: %s", errno_text(r));
        return answer_signed_by(q, pending, NULL);
}

static int method_sign_post_as_get(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("SignPostAsGet", call, parameters, userdata);
        bool pending = false;
        int r;

        if (json_get_bool(parameters, "pending", &pending) == -EBADMSG)
                return varlink_invalid_parameter(call, "pending");
        r = find_signer(&q);
        if (r <= 0)
                return r;
        return pending ? sign_with_pending(&q) : answer_signed(&q, NULL);
}

static int method_sign_challenge(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("SignChallenge", call, parameters, userdata);
        int r = find_signer(&q);

        return r <= 0 ? r : answer_signed(&q, PAYLOAD_EMPTY_OBJECT);
}

static int method_sign_finalize(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("SignFinalize", call, parameters, userdata);
        _cleanup_free_ char *payload = NULL;
        const char *csr;
        int r;

        r = request_admit(&q);
        if (r > 0)
                r = request_find_signing(&q, true);
        if (r > 0)
                r = request_find_certificate(&q);
        if (r > 0)
                r = request_find_attempt(&q);
        if (r > 0 && !q.certificate->request_path)
                r = request_find_certificate_key(&q, false);
        if (r > 0)
                r = request_check_csr(&q, &csr);
        if (r > 0)
                r = request_find_account_key(&q, false);
        if (r <= 0)
                return r;
        r = payload_finalize(csr, &payload);
        return r < 0 ? r : answer_signed(&q, payload);
}

/* ---- keys of certificates ---- */

static bool is_spki(const char *text) {
        return strlen(text) == SHA256_HEX_SIZE - 1 &&
               strspn(text, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}

static int answer_csr(Request *q) {
        _cleanup_(bytes_done) Bytes der = {};
        _cleanup_free_ char *csr = NULL;
        char spki[SHA256_HEX_SIZE];
        int r;

        r = csr_build(q->key, &q->names, &der);
        if (r >= 0)
                r = key_spki_sha256(q->key, spki);
        if (r < 0)
                return request_refuse(q, "Storage", "the CSR cannot be made: %s", errno_text(r));
        r = base64url_encode(der.data, der.size, &csr);
        return r < 0 ? r : answer_pair(q, "csr", csr, "spki", spki);
}

/* The live key becomes the attempt's, if the configuration wants it so and it is any good. */
static int reuse_key(Request *q) {
        const char *spki;
        int r;

        r = json_get_string(q->parameters, "reuse", &spki);
        if (r == -EBADMSG || (r >= 0 && !is_spki(spki)))
                return varlink_invalid_parameter(q->call, "reuse");
        return r < 0 || !q->certificate->reuse_key ? 1 : request_reuse_key(q, spki);
}

/* The key is elsewhere: the request that root configured. */
static int answer_configured(Request *q) {
        const CertificateConfig *c = q->certificate;
        _cleanup_free_ char *csr = NULL;
        int r;

        r = request_check_configured(q);
        if (r <= 0)
                return r;
        r = base64url_encode(c->request.data, c->request.size, &csr);
        return r < 0 ? r : answer_pair(q, "csr", csr, "spki", c->request_spki);
}

static int method_certificate_request(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("CertificateRequest", call, parameters, userdata);
        bool create;
        int r;

        r = request_admit(&q);
        if (r > 0 && json_get_bool(parameters, "create", &create) < 0)
                return varlink_invalid_parameter(call, "create");
        if (r > 0)
                r = request_find_certificate(&q);
        if (r > 0)
                r = request_check_names(&q);
        if (r > 0)
                r = request_find_attempt(&q);
        if (r > 0 && q.certificate->request_path)
                return answer_configured(&q);
        if (r > 0 && create)
                r = reuse_key(&q);
        if (r > 0)
                r = request_find_certificate_key(&q, create);
        return r <= 0 ? r : answer_csr(&q);
}

/* 1 if both are absent or well-formed. */
static int find_kept(Request *q, KeystoreKept *kept) {
        int r;

        r = json_get_string(q->parameters, "spki", &kept->spki_sha256);
        if (r == -EBADMSG || (r >= 0 && !is_spki(kept->spki_sha256)))
                return varlink_invalid_parameter(q->call, "spki");
        r = json_get_string(q->parameters, "attempt", &kept->attempt);
        if (r == -EBADMSG || (r >= 0 && !attempt_is_valid(kept->attempt)))
                return varlink_invalid_parameter(q->call, "attempt");
        return 1;
}

static int prune(Request *q, const char *certificate, const KeystoreKept *kept) {
        _cleanup_(json_freep) Json *reply = json_object_new();
        size_t removed = 0;
        int r;

        if (!reply)
                return -ENOMEM;
        q->store_fd = keystore_open(q->service->paths);
        r = q->store_fd < 0 ? q->store_fd
                            : keystore_prune(q->store_fd, certificate, kept, time(NULL), &removed);
        if (r < 0)
                return request_refuse(
                                q, "Storage", "old keys cannot be removed: %s", errno_text(r));
        if (kept->spki_sha256) /* it is live: nothing stands in for it any more */
                (void) stand_in_drop(q->store_fd, certificate); /* else the next time */
        if (removed > 0)
                log_info("%s: %zu old keys removed", certificate, removed);
        r = json_set_int64(reply, "removed", (int64_t) removed);
        return r < 0 ? r : varlink_reply(q->call, TAKE_PTR(reply));
}

/* Needs no configuration: the keys of a certificate that is configured no more grow old as well. */
static int method_prune(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = request_init("Prune", call, parameters, userdata);
        KeystoreKept kept = {};
        const char *certificate;
        int r;

        r = request_admit(&q);
        if (r <= 0)
                return r;
        if (json_get_string(parameters, "certificate", &certificate) < 0 ||
            !certificate_name_is_valid(certificate))
                return varlink_invalid_parameter(call, "certificate");
        r = find_kept(&q, &kept);
        return r <= 0 ? r : prune(&q, certificate, &kept);
}

/* As Prune: whatever the configuration says by now. */
static int method_retire_key(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = request_init("RetireKey", call, parameters, userdata);
        const char *certificate, *spki;
        int r;

        r = request_admit(&q);
        if (r <= 0)
                return r;
        if (json_get_string(parameters, "certificate", &certificate) < 0 ||
            !certificate_name_is_valid(certificate))
                return varlink_invalid_parameter(call, "certificate");
        if (json_get_string(parameters, "spki", &spki) < 0 || !is_spki(spki))
                return varlink_invalid_parameter(call, "spki");
        q.store_fd = keystore_open(q.service->paths);
        r = q.store_fd < 0 ? q.store_fd : keystore_retire(q.store_fd, certificate, spki);
        if (r < 0)
                return request_refuse(&q, "Storage", "not noted: %s", errno_text(r));
        log_info("%s: the key with SPKI %.16s is not used again", certificate, spki);
        return varlink_reply(call, NULL);
}

/* ---- table ---- */

static const char *const account_parameters[] = { "ca", NULL };
static const char *const new_account_parameters[] = { "request", "onlyReturnExisting", NULL };
static const char *const new_order_parameters[] = { "request",  "certificate", "names",
                                                    "profile",  "replaces",    "notBefore",
                                                    "notAfter", NULL };
static const char *const update_parameters[] = { "request", "contact", "termsAgreed", NULL };
static const char *const request_parameters[] = { "request", NULL };
static const char *const get_parameters[] = { "request", "pending", NULL };
static const char *const promote_parameters[] = { "ca", "thumbprint", NULL };
static const char *const revoke_parameters[] = { "request", "certificate", "leaf",
                                                 "reason",  "withKey",     NULL };
static const char *const grant_parameters[] = {
        "action", "ca", "certificate", "leaf", "key", NULL
};
static const char *const finalize_parameters[] = { "request", "certificate", "attempt", "csr",
                                                   NULL };
static const char *const csr_parameters[] = { "certificate", "attempt", "names",
                                              "create",      "reuse",   NULL };
static const char *const retire_parameters[] = { "certificate", "spki", NULL };
static const char *const prune_parameters[] = { "certificate", "spki", "attempt", NULL };

static const char *const manual_parameters[] = { "certificate", "keyType", "subject",
                                                 "create",      "other",   NULL };

static const char *const stand_in_parameters[] = { "certificate", "names", "other", NULL };

static const VarlinkMethod methods[] = {
        { "Account", 0, account_parameters, method_account },
        { "SignNewAccount", 0, new_account_parameters, method_sign_new_account },
        { "SignNewOrder", 0, new_order_parameters, method_sign_new_order },
        { "SignAccountUpdate", 0, update_parameters, method_sign_account_update },
        { "SignPostAsGet", 0, get_parameters, method_sign_post_as_get },
        { "SignChallenge", 0, request_parameters, method_sign_challenge },
        { "SignFinalize", 0, finalize_parameters, method_sign_finalize },
        { "CertificateRequest", 0, csr_parameters, method_certificate_request },
        { "RetireKey", 0, retire_parameters, method_retire_key },
        { "Grant", VARLINK_ROOT_ONLY, grant_parameters, method_grant },
        { "PrepareAccountKey", 0, account_parameters, method_prepare_account_key },
        { "PromoteAccountKey", 0, promote_parameters, method_promote_account_key },
        { "AbandonAccountKey", 0, account_parameters, method_abandon_account_key },
        { "ReplaceAccountKey", 0, account_parameters, method_replace_account_key },
        { "SignKeyChange", 0, request_parameters, method_sign_key_change },
        { "SignDeactivate", 0, request_parameters, method_sign_deactivate },
        { "SignRevoke", 0, revoke_parameters, method_sign_revoke },
        { "Prune", 0, prune_parameters, method_prune },
        { "StandIn", 0, stand_in_parameters, method_stand_in },
        { "ManualRequest", VARLINK_ROOT_ONLY, manual_parameters, method_manual_request },
        { "FindKey", VARLINK_ROOT_ONLY, retire_parameters, method_find_key },
        {},
};

const VarlinkService signer_service = {
        .interface = "io.renewd.Signer",
        .description = description,
        .methods = methods,
};
