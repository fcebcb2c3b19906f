/* Signed requests. The signature is over the encoded texts, so these are made once and used for
 * both (C-07); ECDSA signatures leave OpenSSL as DER and go out as r and s of fixed width (C-08). */

#include "acme/jws.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#include "acme/jwk.h"
#include "base/strings.h"

#define SIGNATURE_MAX 512 /* RSA 4096 */

typedef struct Algorithm {
        const char *name;
        const char *digest; /* NULL: the algorithm has its own */
        int width;          /* octets of r and of s; 0: the signature goes out as it is */
} Algorithm;

static const Algorithm ALGORITHMS[KEY_TYPE_MAX] = {
        [KEY_ECDSA_P256] = { "ES256", "SHA256", 32 }, [KEY_ECDSA_P384] = { "ES384", "SHA384", 48 },
        [KEY_RSA_2048] = { "RS256", "SHA256", 0 },    [KEY_RSA_3072] = { "RS256", "SHA256", 0 },
        [KEY_RSA_4096] = { "RS256", "SHA256", 0 },    [KEY_ED25519] = { "EdDSA", NULL, 0 },
};

static const Algorithm *algorithm_of(EVP_PKEY *k) {
        KeyType type = key_type_of(k);

        return type < 0 ? NULL : &ALGORITHMS[type];
}

const char *jws_algorithm(EVP_PKEY *k) {
        const Algorithm *a = algorithm_of(k);

        return a ? a->name : NULL;
}

/* ---- signature ---- */

static int ecdsa_to_raw(
                const unsigned char *der,
                size_t size,
                int width,
                unsigned char raw[SIGNATURE_MAX]) {
        ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long) size);

        if (!s)
                return -EIO;
        bool good = BN_bn2binpad(ECDSA_SIG_get0_r(s), raw, width) == width &&
                    BN_bn2binpad(ECDSA_SIG_get0_s(s), raw + width, width) == width;
        ECDSA_SIG_free(s);
        return good ? 2 * width : -EIO;
}

/* Signs the text; the size of the signature in `ret`. */
static int sign_text(
                EVP_PKEY *k,
                const Algorithm *a,
                const char *text,
                unsigned char ret[SIGNATURE_MAX]) {
        unsigned char signature[SIGNATURE_MAX];
        size_t size = sizeof(signature);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        if (!ctx)
                return -ENOMEM;
        bool signed_ = EVP_DigestSignInit_ex(ctx, NULL, a->digest, NULL, NULL, k, NULL) == 1 &&
                       EVP_DigestSign(ctx, signature, &size, (const unsigned char *) text,
                                      strlen(text)) == 1;
        EVP_MD_CTX_free(ctx);
        if (!signed_) {
                ERR_clear_error();
                return -EIO;
        }
        if (a->width > 0)
                return ecdsa_to_raw(signature, size, a->width, ret);
        memcpy(ret, signature, size);
        return (int) size;
}

/* ---- header and body ---- */

/* Exactly alg, nonce, url and one of jwk and kid (C-03); the inner one of a key change has no nonce (F-11). */
static int build_header(EVP_PKEY *k, const Algorithm *a, const JwsHeader *header, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        Json *jwk = NULL;
        int r;

        if (!j)
                return -ENOMEM;
        r = json_set_string(j, "alg", a->name);
        if (r >= 0 && header->kid)
                r = json_set_string(j, "kid", header->kid);
        if (r >= 0 && !header->kid) {
                r = jwk_build(k, &jwk);
                if (r >= 0)
                        r = json_set(j, "jwk", jwk);
        }
        if (r >= 0) /* NULL is left out */
                r = json_set_string(j, "nonce", header->nonce);
        if (r >= 0)
                r = json_set_string(j, "url", header->url);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

static int encode_header(EVP_PKEY *k, const Algorithm *a, const JwsHeader *header, char **ret) {
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = build_header(k, a, header, &j);
        if (r >= 0)
                r = json_to_string(j, &text);
        if (r < 0)
                return r;
        return base64url_encode(text, strlen(text), ret);
}

static int build_body(
                const char *protected, const char *payload, const char *signature, char **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        _cleanup_free_ char *text = NULL;
        int r;

        if (!j)
                return -ENOMEM;
        r = json_set_string(j, "protected", protected);
        if (r >= 0)
                r = json_set_string(j, "payload", payload);
        if (r >= 0)
                r = json_set_string(j, "signature", signature);
        if (r >= 0)
                r = json_to_string(j, &text);
        if (r < 0)
                return r;
        if (strlen(text) >= JWS_BODY_MAX)
                return -E2BIG;
        *ret = TAKE_PTR(text);
        return 0;
}

int jws_sign(EVP_PKEY *k, const JwsHeader *header, const char *payload, char **ret) {
        _cleanup_free_ char *protected = NULL, *body = NULL, *input = NULL, *signature = NULL;
        unsigned char octets[SIGNATURE_MAX];
        const Algorithm *a = algorithm_of(k);
        int r;

        if (!a || (header->nonce ? !str_is_base64url(header->nonce) : header->kid != NULL))
                return -EINVAL;
        if (payload && strlen(payload) >= JWS_BODY_MAX)
                return -E2BIG;
        r = encode_header(k, a, header, &protected);
        if (r >= 0)
                r = base64url_encode(payload ? payload : "", payload ? strlen(payload) : 0, &body);
        if (r >= 0)
                r = str_printf(&input, "%s.%s", protected, body);
        if (r < 0)
                return r;
        int size = sign_text(k, a, input, octets);
        if (size < 0)
                return size;
        r = base64url_encode(octets, (size_t) size, &signature);
        if (r < 0)
                return r;
        return build_body(protected, body, signature, ret);
}
