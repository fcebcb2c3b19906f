/* What cannot be taken back needs a grant of root's: another account key, the end of an account, a revocation. */

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "acme/jwk.h"
#include "base/log.h"
#include "signer/blocked.h"
#include "signer/grant.h"
#include "signer/keystore.h"
#include "signer/payload.h"
#include "signer/service-internal.h"

#define REASON_KEY_COMPROMISE 1

/* 0: it has none, and was told so; 1: go on. */
static int judge_grant(Request *q, int r) {
        if (r == -EPERM)
                return request_refuse(
                                q, "NotGranted",
                                "root has not allowed this within the last ten minutes; ask by renewctl");
        if (r < 0)
                return request_refuse(q, "Storage", "the grant: %s", errno_text(r));
        return 1;
}

static bool is_digest(const char *text) {
        return strlen(text) == SHA256_HEX_SIZE - 1 &&
               strspn(text, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}

/* ---- giving ---- */

/* 1 and what is granted. */
static int read_grant(Request *q, Grant *g) {
        const char *action, *certificate;
        int r;

        if (json_get_string(q->parameters, "action", &action) < 0)
                return varlink_invalid_parameter(q->call, "action");
        g->action = grant_action_from_string(action);
        if (g->action < 0)
                return varlink_invalid_parameter(q->call, "action");
        if (g->action != GRANT_REVOKE) {
                r = request_find_ca(q);
                if (r > 0)
                        g->name = q->ca->name;
                return r;
        }
        if (json_get_string(q->parameters, "certificate", &certificate) < 0 ||
            !certificate_name_is_valid(certificate))
                return varlink_invalid_parameter(q->call, "certificate");
        if (json_get_string(q->parameters, "leaf", &g->leaf) < 0 || !is_digest(g->leaf))
                return varlink_invalid_parameter(q->call, "leaf");
        g->name = certificate;
        return 1;
}

/* 1 if the parameter "key" is absent, or a key that a CA takes for an account. */
static int read_given_key(Request *q, const Grant *g, const char **ret) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        int r;

        *ret = NULL;
        r = json_get_string(q->parameters, "key", ret);
        if (r == -ENOENT)
                return 1;
        if (r < 0 || g->action != GRANT_ROLLOVER || key_from_pem(*ret, strlen(*ret), &key) < 0 ||
            !jws_algorithm(key))
                return varlink_invalid_parameter(q->call, "key");
        return 1;
}

int method_grant(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = request_init("Grant", call, parameters, userdata);
        const char *key = NULL, *action = NULL;
        Grant g = {};
        int r;

        (void) json_get_string(parameters, "action", &action); /* read_grant() judges it */
        if (str_equal(action, "import"))
                return grant_import(&q);
        r = read_grant(&q, &g);
        if (r > 0)
                r = read_given_key(&q, &g, &key);
        if (r > 0)
                r = request_open_store(&q);
        if (r <= 0)
                return r;
        r = grant_give(q.store_fd, &g, key, time(NULL));
        if (r < 0)
                return request_refuse(&q, "Storage", "the grant: %s", errno_text(r));
        return varlink_reply(call, NULL);
}

/* ---- other account keys ---- */

static int find_ca_and_key(Request *q) {
        int r;

        r = request_admit(q);
        if (r > 0)
                r = request_find_ca(q);
        return r <= 0 ? r : request_find_account_key(q, false);
}

static int answer_thumbprint(Request *q, EVP_PKEY *key) {
        _cleanup_free_ char *thumbprint = NULL;
        int r;

        r = jwk_thumbprint(key, &thumbprint);
        return r < 0 ? r : answer_pair(q, "thumbprint", thumbprint, "algorithm", NULL);
}

static int refuse_key(Request *q, int r) {
        if (r == -ENOKEY)
                return request_refuse(q, "KeyMissing", "there is no such account key");
        return request_refuse(q, "Storage", "the account key: %s", errno_text(r));
}

/* A pending key is there already: no grant is needed to hear of it again. */
int method_prepare_account_key(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("PrepareAccountKey", call, parameters, userdata);
        _cleanup_(key_freep) EVP_PKEY *pending = NULL, *given = NULL;
        Grant g = { .action = GRANT_ROLLOVER };
        int r;

        r = find_ca_and_key(&q);
        if (r <= 0)
                return r;
        g.name = q.ca->name;
        r = keystore_account_pending(q.store_fd, g.name, &pending);
        if (r >= 0)
                return answer_thumbprint(&q, pending);
        r = judge_grant(&q, grant_check(q.store_fd, &g, time(NULL), &given));
        if (r <= 0)
                return r;
        r = keystore_account_prepare(q.store_fd, g.name, q.ca->account_key_type, given, &pending);
        if (r >= 0)
                r = grant_drop(q.store_fd, &g);
        return r < 0 ? refuse_key(&q, r) : answer_thumbprint(&q, pending);
}

int method_promote_account_key(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("PromoteAccountKey", call, parameters, userdata);
        const char *thumbprint;
        int r;

        r = find_ca_and_key(&q);
        if (r <= 0)
                return r;
        if (json_get_string(parameters, "thumbprint", &thumbprint) < 0 ||
            !str_is_base64url(thumbprint))
                return varlink_invalid_parameter(call, "thumbprint");
        r = keystore_account_promote(q.store_fd, q.ca->name, thumbprint);
        if (r < 0)
                return refuse_key(&q, r);
        log_message(LOG_NOTICE, &(LogFields){ .ca = q.ca->name },
                    "%s: the account has a new key, the old one is destroyed", q.ca->name);
        return varlink_reply(call, NULL);
}

int method_abandon_account_key(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("AbandonAccountKey", call, parameters, userdata);
        int r;

        r = find_ca_and_key(&q);
        if (r <= 0)
                return r;
        r = keystore_account_abandon(q.store_fd, q.ca->name);
        return r < 0 ? refuse_key(&q, r) : varlink_reply(call, NULL);
}

int method_replace_account_key(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("ReplaceAccountKey", call, parameters, userdata);
        _cleanup_(key_freep) EVP_PKEY *key = NULL, *unused = NULL;
        Grant g = { .action = GRANT_NEW_KEY };
        int r;

        r = find_ca_and_key(&q);
        if (r <= 0)
                return r;
        g.name = q.ca->name;
        r = judge_grant(&q, grant_check(q.store_fd, &g, time(NULL), &unused));
        if (r <= 0)
                return r;
        r = keystore_account_replace(q.store_fd, g.name, q.ca->account_key_type, &key);
        if (r >= 0)
                r = grant_drop(q.store_fd, &g);
        return r < 0 ? refuse_key(&q, r) : answer_thumbprint(&q, key);
}

/* F-11: the inner JWS is by the new key, the outer one by the old. */
int method_sign_key_change(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("SignKeyChange", call, parameters, userdata);
        _cleanup_(key_freep) EVP_PKEY *pending = NULL;
        _cleanup_free_ char *inner = NULL, *payload = NULL;
        int r;

        r = request_admit(&q);
        if (r > 0)
                r = request_find_signing(&q, true);
        if (r > 0)
                r = request_find_account_key(&q, false);
        if (r <= 0)
                return r;
        r = keystore_account_pending(q.store_fd, q.ca->name, &pending);
        if (r < 0)
                return refuse_key(&q, r);
        r = payload_key_change(q.kid, q.account, &payload);
        if (r >= 0)
                r = jws_sign(pending, &(JwsHeader){ .url = q.url }, payload, &inner);
        return r < 0 ? r : answer_signed(&q, inner);
}

/* ---- ends ---- */

int method_sign_deactivate(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q =
                        request_init("SignDeactivate", call, parameters, userdata);
        _cleanup_free_ char *payload = NULL;
        Grant g = { .action = GRANT_DEACTIVATE };
        int r;

        r = request_admit(&q);
        if (r > 0)
                r = request_find_signing(&q, true);
        if (r > 0)
                r = request_find_account_key(&q, false);
        if (r <= 0)
                return r;
        r = payload_deactivate(&payload);
        if (r < 0)
                return r;
        g.name = q.ca->name;
        r = judge_grant(&q, grant_use(q.store_fd, &g, q.url, payload, time(NULL)));
        return r <= 0 ? r : answer_signed(&q, payload);
}

typedef struct Leaf {
        const char *text; /* base64url, of the parameters */
        char sha256[SHA256_HEX_SIZE], spki[SHA256_HEX_SIZE];
} Leaf;

static int read_leaf_key(const Bytes *der, char spki[SHA256_HEX_SIZE]) {
        const unsigned char *p = der->data;
        X509 *x = d2i_X509(NULL, &p, (long) der->size);
        EVP_PKEY *key = x ? X509_get0_pubkey(x) : NULL;
        int r = key ? key_spki_sha256(key, spki) : -EBADMSG;

        X509_free(x);
        ERR_clear_error();
        return r;
}

/* 1 if "leaf" is a certificate. */
static int find_leaf(Request *q, Leaf *ret) {
        _cleanup_(bytes_done) Bytes der = { .limit = SIGNER_CSR_MAX };
        _cleanup_free_ char *hex = NULL;
        unsigned char octets[EVP_MAX_MD_SIZE];
        size_t size;
        int r;

        if (json_get_string(q->parameters, "leaf", &ret->text) < 0 ||
            base64url_decode(ret->text, strlen(ret->text), &der) < 0 ||
            read_leaf_key(&der, ret->spki) < 0)
                return varlink_invalid_parameter(q->call, "leaf");
        if (!EVP_Q_digest(NULL, "SHA256", NULL, der.data, der.size, octets, &size))
                return -EIO;
        r = hex_encode(octets, size, &hex);
        if (r < 0)
                return r;
        memcpy(ret->sha256, hex, sizeof ret->sha256);
        return 1;
}

static int find_reason(Request *q, int64_t *ret) {
        int r;

        *ret = 0;
        r = json_get_int64(q->parameters, "reason", ret);
        if (r == -EBADMSG || *ret < 0 || *ret > 10 || *ret == 7) /* */
                return varlink_invalid_parameter(q->call, "reason");
        return 1;
}

static int refuse_revocation_key(Request *q, int r) {
        if (r == -ENOKEY)
                return request_refuse(
                                q, "KeyMissing",
                                "the certificate's key is not here (any more); revoke with the account");
        return request_refuse(q, "Storage", "the certificate's key: %s", errno_text(r));
}

/* Durable before the CA hears of it. Whatever the reason, the next certificate has another key (ReuseKey=); with this one
 * no certificate at all is made any more when it is compromised, and CAs think so when it signs. */
static int end_key(const Request *q, const char *name, const char *spki, bool compromised) {
        int r = keystore_retire(q->store_fd, name, spki);

        return r < 0 || !compromised ? r : blocked_add(q->store_fd, spki);
}

static int sign_revocation(
                Request *q, const Leaf *leaf, const char *name, int64_t reason, bool with_key) {
        Grant g = { .action = GRANT_REVOKE, .name = name, .leaf = leaf->sha256 };
        _cleanup_free_ char *payload = NULL;
        int r;

        r = payload_revoke(leaf->text, reason, &payload);
        if (r < 0)
                return r;
        r = judge_grant(q, grant_use(q->store_fd, &g, q->url, leaf->text, time(NULL)));
        if (r <= 0)
                return r;
        if (with_key) {
                r = keystore_find(q->store_fd, name, leaf->spki, &q->key);
                if (r < 0)
                        return refuse_revocation_key(q, r);
        }
        r = end_key(q, name, leaf->spki, reason == REASON_KEY_COMPROMISE || with_key);
        if (r < 0)
                return request_refuse(q, "Storage", "the key is not retired: %s", errno_text(r));
        return answer_signed_by(q, with_key ? q->key : q->account, payload);
}

/* The certificate need not be configured any more. */
int method_sign_revoke(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = request_init("SignRevoke", call, parameters, userdata);
        bool with_key = false;
        const char *name;
        int64_t reason;
        Leaf leaf = {};
        int r;

        r = request_admit(&q);
        if (r > 0 && json_get_bool(parameters, "withKey", &with_key) == -EBADMSG)
                return varlink_invalid_parameter(call, "withKey");
        if (r > 0 && (json_get_string(parameters, "certificate", &name) < 0 ||
                      !certificate_name_is_valid(name)))
                return varlink_invalid_parameter(call, "certificate");
        if (r > 0)
                r = request_find_signing(&q, !with_key);
        if (r > 0)
                r = find_leaf(&q, &leaf);
        if (r > 0)
                r = find_reason(&q, &reason);
        if (r > 0)
                r = with_key ? request_open_store(&q) : request_find_account_key(&q, false);
        return r <= 0 ? r : sign_revocation(&q, &leaf, name, reason, with_key);
}
