/* JSON Web Keys. The members stand in the order of RFC 7638, so that the text of the object is also
 * what the thumbprint is made of. */

#include "acme/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#define NUMBER_MAX 512 /* octets: RSA 4096 */

static void bn_freep(BIGNUM **n) {
        BN_free(*n);
}

/* Sets a member to the number `parameter` of the key, big-endian, left-padded to `width` octets (0:
 * without leading zeros, C-10). */
static int set_number(Json *j, const char *member, EVP_PKEY *k, const char *parameter, int width) {
        _cleanup_(bn_freep) BIGNUM *n = NULL;
        _cleanup_free_ char *text = NULL;
        unsigned char octets[NUMBER_MAX];
        int r;

        if (EVP_PKEY_get_bn_param(k, parameter, &n) != 1) {
                ERR_clear_error();
                return -EIO;
        }
        int size = width > 0 ? width : BN_num_bytes(n);
        if (size > (int) sizeof(octets) || BN_bn2binpad(n, octets, size) != size)
                return -EINVAL;
        r = base64url_encode(octets, (size_t) size, &text);
        if (r < 0)
                return r;
        return json_set_string(j, member, text);
}

static int build_ec(Json *j, EVP_PKEY *k, const char *curve, int width) {
        int r;

        r = json_set_string(j, "crv", curve);
        if (r >= 0)
                r = json_set_string(j, "kty", "EC");
        if (r >= 0)
                r = set_number(j, "x", k, OSSL_PKEY_PARAM_EC_PUB_X, width);
        if (r >= 0)
                r = set_number(j, "y", k, OSSL_PKEY_PARAM_EC_PUB_Y, width);
        return r;
}

static int build_rsa(Json *j, EVP_PKEY *k) {
        int r;

        r = set_number(j, "e", k, OSSL_PKEY_PARAM_RSA_E, 0);
        if (r >= 0)
                r = json_set_string(j, "kty", "RSA");
        if (r >= 0)
                r = set_number(j, "n", k, OSSL_PKEY_PARAM_RSA_N, 0);
        return r;
}

static int build_ed25519(Json *j, EVP_PKEY *k) {
        _cleanup_free_ char *x = NULL;
        unsigned char octets[32];
        size_t size = sizeof(octets);
        int r;

        if (EVP_PKEY_get_raw_public_key(k, octets, &size) != 1)
                return -EIO;
        r = base64url_encode(octets, size, &x);
        if (r >= 0)
                r = json_set_string(j, "crv", "Ed25519");
        if (r >= 0)
                r = json_set_string(j, "kty", "OKP");
        if (r >= 0)
                r = json_set_string(j, "x", x);
        return r;
}

static int build_members(Json *j, EVP_PKEY *k) {
        if (EVP_PKEY_is_a(k, "RSA"))
                return build_rsa(j, k);
        if (key_type_of(k) == KEY_ED25519)
                return build_ed25519(j, k);
        if (key_type_of(k) == KEY_ECDSA_P256)
                return build_ec(j, k, "P-256", 32);
        if (key_type_of(k) == KEY_ECDSA_P384)
                return build_ec(j, k, "P-384", 48);
        return -EINVAL;
}

int jwk_build(EVP_PKEY *k, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        if (!j)
                return -ENOMEM;
        r = build_members(j, k);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

int jwk_thumbprint(EVP_PKEY *k, char **ret) {
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *text = NULL;
        unsigned char digest[EVP_MAX_MD_SIZE];
        size_t size;
        int r;

        r = jwk_build(k, &j);
        if (r >= 0)
                r = json_to_string(j, &text);
        if (r < 0)
                return r;
        if (!EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), digest, &size))
                return -EIO;
        return base64url_encode(digest, size, ret);
}
