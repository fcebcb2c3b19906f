/* The account of a CA. What a new one says (contacts, agreement, external binding) comes from the configuration and the
 * credentials alone. */

#include "acme/jwk.h"
#include "base/log.h"
#include "signer/external-account.h"
#include "signer/keystore.h"
#include "signer/payload.h"
#include "signer/service-internal.h"

/* ---- what there is ---- */

static int put_thumbprint(Json *j, const char *member, EVP_PKEY *key) {
        _cleanup_free_ char *thumbprint = NULL;
        int r;

        r = jwk_thumbprint(key, &thumbprint);
        return r < 0 ? r : json_set_string(j, member, thumbprint);
}

static int put_pending(Request *q, Json *j) {
        _cleanup_(key_freep) EVP_PKEY *pending = NULL;
        int r;

        r = keystore_account_pending(q->store_fd, q->ca->name, &pending);
        if (r == -ENOKEY)
                return 0;
        return r < 0 ? r : put_thumbprint(j, "pending", pending);
}

/* The kid is no secret; without it the engine could not know whether there is a binding (E-08, G-07). */
static int put_external_account(const Request *q, Json *j) {
        _cleanup_(external_account_done) ExternalAccount e = {};
        const char *reason = NULL;
        int r;

        r = external_account_load(q->service, q->ca->external_account, &e, &reason);
        if (r == -ENOENT)
                return 0;
        if (r == -EBADMSG)
                return json_set_string(j, "externalAccountError", reason);
        return r < 0 ? r : json_set_string(j, "externalAccount", e.kid);
}

static int account_facts(Request *q, Json *j) {
        int r;

        r = json_set_string(j, "algorithm", jws_algorithm(q->account));
        if (r >= 0)
                r = put_thumbprint(j, "thumbprint", q->account);
        if (r >= 0)
                r = put_pending(q, j);
        return r < 0 ? r : put_external_account(q, j);
}

int method_account(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = request_init("Account", call, parameters, userdata);
        _cleanup_(json_freep) Json *reply = json_object_new();
        int r;

        r = reply ? request_admit(&q) : -ENOMEM;
        if (r > 0)
                r = request_find_ca(&q);
        if (r > 0)
                r = request_find_account_key(&q, true);
        if (r <= 0)
                return r;
        if (!jws_algorithm(q.account))
                return request_refuse(&q, "Storage", "the account key is of no usable kind");
        r = account_facts(&q, reply);
        if (r < 0)
                return request_refuse(&q, "Storage", "the account: %s", errno_text(r));
        return varlink_reply(call, TAKE_PTR(reply));
}

/* ---- a new one ---- */

/* 1 and the binding, or NULL without a credential. */
static int bind(Request *q, Json **ret) {
        _cleanup_(external_account_done) ExternalAccount e = {};
        const char *reason = NULL;
        int r;

        *ret = NULL;
        r = external_account_load(q->service, q->ca->external_account, &e, &reason);
        if (r == -ENOENT)
                return 1;
        if (r == -EBADMSG)
                return request_refuse(
                                q, "NotConfigured",
                                "the external account key '%s' cannot be used: %s",
                                q->ca->external_account, reason);
        if (r >= 0)
                r = external_account_bind(&e, q->account, q->url, ret);
        return r < 0 ? r : 1;
}

static int sign_new_account(Request *q) {
        _cleanup_(json_freep) Json *binding = NULL;
        _cleanup_free_ char *payload = NULL;
        int r;

        r = bind(q, &binding);
        if (r <= 0)
                return r;
        r = payload_new_account(&q->ca->contact, TAKE_PTR(binding), &payload);
        return r < 0 ? r : answer_signed(q, payload);
}

static int find_agreement(Request *q) {
        if (q->ca->terms_agreed)
                return 1;
        return request_refuse(
                        q, "NotConfigured",
                        "the CA's terms of service are not agreed to (AgreeToTerms=yes)");
}

int method_sign_new_account(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("SignNewAccount", call, parameters, userdata);
        _cleanup_free_ char *payload = NULL;
        bool find = false;
        int r;

        r = request_admit(&q);
        if (r > 0 && json_get_bool(parameters, "onlyReturnExisting", &find) == -EBADMSG)
                return varlink_invalid_parameter(call, "onlyReturnExisting");
        if (r > 0)
                r = request_find_signing(&q, false);
        if (r > 0 && !find)
                r = find_agreement(&q);
        if (r > 0)
                r = request_find_account_key(&q, true);
        if (r <= 0)
                return r;
        if (!find)
                return sign_new_account(&q);
        r = payload_find_account(&payload);
        return r < 0 ? r : answer_signed(&q, payload);
}

/* ---- an update ---- */

int method_sign_account_update(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("SignAccountUpdate", call, parameters, userdata);
        _cleanup_free_ char *payload = NULL;
        bool contact = false, terms = false;
        int r;

        r = request_admit(&q);
        if (r > 0 && json_get_bool(parameters, "contact", &contact) == -EBADMSG)
                return varlink_invalid_parameter(call, "contact");
        if (r > 0 && json_get_bool(parameters, "termsAgreed", &terms) == -EBADMSG)
                return varlink_invalid_parameter(call, "termsAgreed");
        if (r > 0 && !contact && !terms) /* F-08: "{}" is no update */
                return varlink_invalid_parameter(call, "contact");
        if (r > 0)
                r = request_find_signing(&q, true);
        if (r > 0 && terms)
                r = find_agreement(&q);
        if (r > 0)
                r = request_find_account_key(&q, false);
        if (r <= 0)
                return r;
        r = payload_account_update(contact ? &q.ca->contact : NULL, terms, &payload);
        return r < 0 ? r : answer_signed(&q, payload);
}
