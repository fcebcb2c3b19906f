#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "acme/jwk.h"
#include "acme/jws.h"
#include "acme/key.h"
#include "base/strings.h"
#include "tests/unit/test.h"

#define P256_JWK                                                                                   \
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"AFVDiUrz0A7X10Cr29dclrBod7eH219w7qeLkKjXwAo\"," \
        "\"y\":\"u0yFo9jqKe-q-iRAaRLdhNWxTcMr9lbvbGvVil2UP5I\"}"

/* The key with this private number. */
static EVP_PKEY *ec_key(const char *curve, int curve_nid, unsigned d, size_t width) {
        EC_GROUP *group = EC_GROUP_new_by_curve_name(curve_nid);
        EC_POINT *point = EC_POINT_new(group);
        BIGNUM *number = BN_new();
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        unsigned char octets[200];
        EVP_PKEY *k = NULL;

        (void) BN_set_word(number, d);
        (void) EC_POINT_mul(group, point, number, NULL, NULL, NULL);
        size_t size = EC_POINT_point2oct(
                        group, point, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof(octets), NULL);
        CHECK_INT(size, 2 * width + 1);
        (void) OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
        (void) OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, octets, size);
        (void) OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
        OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
        CHECK_INT(EVP_PKEY_fromdata_init(ctx), 1);
        CHECK_INT(EVP_PKEY_fromdata(ctx, &k, EVP_PKEY_KEYPAIR, params), 1);

        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        EVP_PKEY_CTX_free(ctx);
        BN_free(number);
        EC_POINT_free(point);
        EC_GROUP_free(group);
        return k;
}

/* ---- key ---- */

static void types(void) {
        for (KeyType t = 0; t < KEY_TYPE_MAX; t++)
                CHECK_INT(key_type_from_string(key_type_to_string(t)), t);
        CHECK_INT(key_type_from_string("rsa-1024"), KEY_TYPE_INVALID);
        CHECK_INT(key_type_from_string(""), KEY_TYPE_INVALID);
        CHECK_INT(key_type_from_string("ECDSA-P256"), KEY_TYPE_INVALID);
}

static void round_trip(void) {
        for (KeyType type = 0; type < KEY_TYPE_MAX; type++) {
                _cleanup_(key_freep) EVP_PKEY *k = NULL, *back = NULL;
                _cleanup_(bytes_done) Bytes pem = { .secret = true };
                char spki[SHA256_HEX_SIZE], spki_back[SHA256_HEX_SIZE];

                REQUIRE(key_generate(type, &k) == 0);
                CHECK_INT(key_type_of(k), type);
                REQUIRE(key_to_pem(k, &pem) == 0);
                CHECK(str_skip_prefix(bytes_text(&pem), "-----BEGIN PRIVATE KEY-----\n"));
                REQUIRE(key_from_pem(pem.data, pem.size, &back) == 0);
                CHECK_INT(EVP_PKEY_eq(k, back), 1);
                CHECK_INT(key_spki_sha256(k, spki), 0);
                CHECK_INT(key_spki_sha256(back, spki_back), 0);
                CHECK_STR(spki, spki_back);
                CHECK_INT(strlen(spki), 64);
        }
}

static void keys_differ(void) {
        _cleanup_(key_freep) EVP_PKEY *a = NULL, *b = NULL;

        REQUIRE(key_generate(KEY_ECDSA_P256, &a) == 0 && key_generate(KEY_ECDSA_P256, &b) == 0);
        CHECK_INT(EVP_PKEY_eq(a, b), 0);
}

static void bad_pem(void) {
        static char large[20 * 1024];
        static const char *const texts[] = {
                "",
                "x",
                "-----BEGIN PRIVATE KEY-----\n",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(key_freep) EVP_PKEY *k = NULL;
                CHECK_INT(key_from_pem(texts[i], strlen(texts[i]), &k), -EBADMSG);
        }
        memset(large, '-', sizeof(large));
        _cleanup_(key_freep) EVP_PKEY *none = NULL;
        CHECK_INT(key_from_pem(large, sizeof(large), &none), -EBADMSG);
}

static void encrypted_pem(void) {
        _cleanup_(key_freep) EVP_PKEY *k = NULL, *back = NULL;
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;

        REQUIRE(bio && key_generate(KEY_ECDSA_P256, &k) == 0);
        CHECK_INT(PEM_write_bio_PKCS8PrivateKey(bio, k, EVP_aes_128_cbc(), "secret", 6, NULL, NULL),
                  1);
        long size = BIO_get_mem_data(bio, &text);
        CHECK_INT(key_from_pem(text, (size_t) size, &back), -EBADMSG);
        (void) BIO_free(bio);
}

static void other_kinds(void) {
        _cleanup_(key_freep) EVP_PKEY *p521 = EVP_EC_gen("secp521r1"), *rsa = EVP_RSA_gen(1024);

        CHECK_INT(key_type_of(p521), KEY_TYPE_INVALID);
        CHECK_INT(key_type_of(rsa), KEY_TYPE_INVALID);
        CHECK(!jws_algorithm(p521));
        CHECK(!jws_algorithm(rsa));
}

/* ---- jwk: appendix A ---- */

static void check_thumbprint(EVP_PKEY *k, const char *expected) {
        _cleanup_free_ char *thumbprint = NULL;

        REQUIRE(k);
        CHECK_INT(jwk_thumbprint(k, &thumbprint), 0);
        CHECK_STR(thumbprint, expected);
}

static void jwk_p256(void) {
        _cleanup_(key_freep) EVP_PKEY *k = ec_key("P-256", NID_X9_62_prime256v1, 379, 32);
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *text = NULL;

        REQUIRE(k && jwk_build(k, &j) == 0 && json_to_string(j, &text) == 0);
        CHECK_STR(text, P256_JWK);
        check_thumbprint(k, "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E");
}

static void jwk_p384(void) {
        _cleanup_(key_freep) EVP_PKEY *k = ec_key("P-384", NID_secp384r1, 2, 48);

        check_thumbprint(k, "RJeIyeZx-uMuuFmPQfS7sxrKAPa7I7moF1bysQHuh5s");
}

static void jwk_ed25519(void) {
        unsigned char seed[32];
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *text = NULL;

        for (unsigned char i = 0; i < sizeof(seed); i++)
                seed[i] = i;
        _cleanup_(key_freep) EVP_PKEY *k =
                        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
        REQUIRE(k && jwk_build(k, &j) == 0 && json_to_string(j, &text) == 0);
        CHECK_STR(text,
                  "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg\"}");
        check_thumbprint(k, "1IG2tMH7J2wbJZnOf8LJzQitKf7LMvoAElsuDMVM54Y");
}

/* RFC 8037 appendix A.4: the seed of A.1, its header and its payload; Ed25519 signs the same text
 * the same way each time. */
static void eddsa_vector(void) {
        static const char input[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        static const char d[] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
        _cleanup_(bytes_done) Bytes seed = {};
        _cleanup_free_ char *signature = NULL;
        unsigned char octets[64];
        size_t size = sizeof(octets);

        REQUIRE(base64url_decode(d, strlen(d), &seed) == 0);
        _cleanup_(key_freep) EVP_PKEY *k =
                        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed.data, seed.size);
        check_thumbprint(k, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        CHECK_INT(EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, k, NULL), 1);
        CHECK_INT(EVP_DigestSign(ctx, octets, &size, (const unsigned char *) input, strlen(input)),
                  1);
        EVP_MD_CTX_free(ctx);
        CHECK_INT(base64url_encode(octets, size, &signature), 0);
        CHECK_STR(signature,
                  "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

/* RFC 7638 §3.1 */
static void jwk_rsa(void) {
        static const char n[] =
                        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
                        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL"
                        "5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        _cleanup_(bytes_done) Bytes octets = {};
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        BIGNUM *e = BN_new();

        REQUIRE(base64url_decode(n, strlen(n), &octets) == 0);
        BIGNUM *modulus = BN_bin2bn(octets.data, (int) octets.size, NULL);
        (void) BN_set_word(e, 65537);
        (void) OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
        (void) OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
        OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
        CHECK_INT(EVP_PKEY_fromdata_init(ctx), 1);
        CHECK_INT(EVP_PKEY_fromdata(ctx, &k, EVP_PKEY_PUBLIC_KEY, params), 1);
        check_thumbprint(k, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");

        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        EVP_PKEY_CTX_free(ctx);
        BN_free(modulus);
        BN_free(e);
}

/* ---- jws ---- */

static const JwsHeader HEADER = {
        .nonce = "oFvnlFP1wIhRlYS2jTaXbA",
        .url = "https://ca.example/acme/order/1=?x&y",
        .kid = "https://ca.example/acme/acct/A=",
};

/* The decoded member of a JWS body, as text. */
static char *decoded(const Json *j, const char *member) {
        Bytes octets = {};
        const char *text = NULL;

        CHECK_INT(json_get_string(j, member, &text), 0);
        CHECK(!text || !strchr(text, '='));
        CHECK_INT(text ? base64url_decode(text, strlen(text), &octets) : -1, 0);
        return bytes_take_text(&octets);
}

static Json *sign(EVP_PKEY *k, const JwsHeader *header, const char *payload) {
        _cleanup_free_ char *body = NULL;
        Json *j = NULL;

        CHECK_INT(jws_sign(k, header, payload, &body), 0);
        CHECK_INT(body ? json_parse(body, strlen(body), &j) : -1, 0);
        return j;
}

static void flattened(void) {
        _cleanup_(key_freep) EVP_PKEY *k = ec_key("P-256", NID_X9_62_prime256v1, 379, 32);
        _cleanup_(json_freep) Json *j = sign(k, &HEADER, "{\"a\":1}");
        _cleanup_free_ char *protected = decoded(j, "protected"), *payload = decoded(j, "payload");

        CHECK_INT(json_count(j), 3);
        CHECK_STR(json_key_at(j, 0), "protected");
        CHECK_STR(json_key_at(j, 1), "payload");
        CHECK_STR(json_key_at(j, 2), "signature");
        CHECK_STR(payload, "{\"a\":1}");
        CHECK_STR(protected,
                  "{\"alg\":\"ES256\",\"kid\":\"https://ca.example/acme/acct/A=\",\"nonce\":\"oFvnlFP1wIhRlYS2jTaXbA\","
                  "\"url\":\"https://ca.example/acme/order/1=?x&y\"}");
}

static void with_jwk(void) {
        _cleanup_(key_freep) EVP_PKEY *k = ec_key("P-256", NID_X9_62_prime256v1, 379, 32);
        JwsHeader header = { .nonce = "abc", .url = "https://ca.example/new-acct" };
        _cleanup_(json_freep) Json *j = sign(k, &header, "{}");
        _cleanup_free_ char *protected = decoded(j, "protected");

        CHECK_STR(protected, "{\"alg\":\"ES256\",\"jwk\":" P256_JWK
                             ",\"nonce\":\"abc\",\"url\":\"https://ca.example/new-acct\"}");
}

static void post_as_get(void) {
        _cleanup_(key_freep) EVP_PKEY *k = ec_key("P-256", NID_X9_62_prime256v1, 379, 32);
        _cleanup_(json_freep) Json *j = sign(k, &HEADER, NULL);
        const char *payload = NULL;

        CHECK_INT(json_get_string(j, "payload", &payload), 0);
        CHECK_STR(payload, "");
}

/* Does the body's signature hold, by OpenSSL's own view? */
static bool verifies(EVP_PKEY *k, const Json *j, const char *digest, size_t width) {
        _cleanup_(bytes_done) Bytes raw = {};
        _cleanup_free_ char *input = NULL;
        const char *protected = "", *payload = "", *signature = "";
        unsigned char *der = NULL;

        (void) json_get_string(j, "protected", &protected);
        (void) json_get_string(j, "payload", &payload);
        (void) json_get_string(j, "signature", &signature);
        if (base64url_decode(signature, strlen(signature), &raw) < 0 ||
            str_printf(&input, "%s.%s", protected, payload) < 0)
                return false;
        int size = (int) raw.size;
        if (width > 0) {
                ECDSA_SIG *s = ECDSA_SIG_new();
                CHECK_INT(raw.size, 2 * width);
                (void) ECDSA_SIG_set0(
                                s, BN_bin2bn(raw.data, (int) width, NULL),
                                BN_bin2bn(raw.data + width, (int) width, NULL));
                size = i2d_ECDSA_SIG(s, &der);
                ECDSA_SIG_free(s);
        }
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        bool good = EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, k, NULL) == 1 &&
                    EVP_DigestVerify(
                                    ctx, der ? der : raw.data, (size_t) size,
                                    (const unsigned char *) input, strlen(input)) == 1;
        EVP_MD_CTX_free(ctx);
        OPENSSL_free(der);
        return good;
}

static const struct Algorithm {
        const char *name, *digest;
        size_t width;   /* of r and s; 0: no ECDSA */
        unsigned times; /* a key of 4096 bits takes its time */
} ALGORITHMS[KEY_TYPE_MAX] = {
        [KEY_ECDSA_P256] = { "ES256", "SHA256", 32, 2000 },
        [KEY_ECDSA_P384] = { "ES384", "SHA384", 48, 2000 },
        [KEY_RSA_2048] = { "RS256", "SHA256", 0, 500 },
        [KEY_RSA_3072] = { "RS256", "SHA256", 0, 500 },
        [KEY_RSA_4096] = { "RS256", "SHA256", 0, 500 },
        [KEY_ED25519] = { "EdDSA", NULL, 0, 500 },
};

/* Each over another text, as each request has another nonce. */
static void sign_often(KeyType type, EVP_PKEY *k) {
        const struct Algorithm *a = &ALGORITHMS[type];
        size_t size = a->width > 0 ? 2 * a->width : (size_t) EVP_PKEY_get_size(k);
        unsigned leading_zeros = 0;

        for (unsigned i = 0; i < a->times; i++) {
                char nonce[32];
                JwsHeader header = { .nonce = nonce, .url = HEADER.url, .kid = HEADER.kid };
                _cleanup_(bytes_done) Bytes raw = {};
                const char *signature = "";

                (void) snprintf(nonce, sizeof(nonce), "nonce-%u", i);
                _cleanup_(json_freep) Json *j = sign(k, &header, i % 2 ? "{}" : NULL);
                (void) json_get_string(j, "signature", &signature);
                REQUIRE(base64url_decode(signature, strlen(signature), &raw) == 0);
                REQUIRE(raw.size == size);
                REQUIRE(verifies(k, j, a->digest, a->width));
                leading_zeros += raw.data[0] == 0 || raw.data[a->width] == 0;
        }
        if (a->width > 0)
                CHECK(leading_zeros > 0); /* 2000 without one: once in 6 million runs */
}

static void signatures_hold(void) {
        for (KeyType type = 0; type < KEY_TYPE_MAX; type++) {
                _cleanup_(key_freep) EVP_PKEY *k = NULL;

                REQUIRE(key_generate(type, &k) == 0);
                CHECK_STR(jws_algorithm(k), ALGORITHMS[type].name);
                sign_often(type, k);
        }
}

static void limits(void) {
        _cleanup_(key_freep) EVP_PKEY *k = ec_key("P-256", NID_X9_62_prime256v1, 379, 32);
        _cleanup_free_ char *fits = NULL, *over = NULL, *huge = NULL, *nonce = NULL;
        JwsHeader bad_nonce = { .nonce = "a\"b", .url = "https://ca.example/", .kid = "x" };
        static char payload[60000];

        memset(payload, 'a', sizeof(payload));
        payload[36000] = 0;
        CHECK_INT(jws_sign(k, &HEADER, payload, &fits), 0);
        CHECK(fits && strlen(fits) < JWS_BODY_MAX);
        payload[36000] = 'a';
        payload[37500] = 0;
        CHECK_INT(jws_sign(k, &HEADER, payload, &over), -E2BIG);
        payload[37500] = 'a';
        payload[59999] = 0;
        CHECK_INT(jws_sign(k, &HEADER, payload, &huge), -E2BIG);
        CHECK_INT(jws_sign(k, &bad_nonce, NULL, &nonce), -EINVAL);
}

TEST_MAIN({ "C-01 key types by name", types },
          { "C-14 a key survives the way to PEM and back", round_trip },
          { "C-14 R2.14.6 two keys differ", keys_differ },
          { "C-14 what is no private key is refused", bad_pem },
          { "C-14 an encrypted key is refused without asking", encrypted_pem },
          { "C-01 other kinds of keys sign nothing", other_kinds },
          { "C-10 C-11 JWK of P-256 with a leading zero octet (appendix A)", jwk_p256 },
          { "C-11 thumbprint of P-384 (appendix A)", jwk_p384 },
          { "C-10 C-11 JWK of Ed25519 (appendix A)", jwk_ed25519 },
          { "C-09 C-11 signature and thumbprint of Ed25519 (RFC 8037 A)", eddsa_vector },
          { "C-10 C-11 thumbprint of RSA (RFC 7638 3.1)", jwk_rsa },
          { "C-02 C-03 C-04 C-05 C-06 B-05 flattened JSON, exact members", flattened },
          { "C-03 C-04 without kid the jwk is put in", with_jwk },
          { "C-07 POST-as-GET has the empty payload", post_as_get },
          { "C-01 C-08 C-09 500 signatures of each kind, 2000 of ECDSA, hold and have their length",
            signatures_hold },
          { "C-15 a body stays below 50000 octets", limits })
