#include "tests/unit/test-chain.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "acme/key.h"

#define INTERMEDIATES_MAX 12
#define CHAIN_COUNT_MAX   (INTERMEDIATES_MAX + 2)

typedef struct Issuer {
        X509 *certificate; /* borrowed */
        EVP_PKEY *key;     /* borrowed */
} Issuer;

static int add_extension(X509 *c, const Issuer *issuer, int nid, const char *value) {
        X509V3_CTX ctx;

        X509V3_set_ctx_nodb(&ctx);
        X509V3_set_ctx(&ctx, issuer->certificate, c, NULL, NULL, 0);
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
        int r = e && X509_add_ext(c, e, -1) == 1 ? 0 : -EIO;
        X509_EXTENSION_free(e);
        return r;
}

static int add_names(X509 *c, const Issuer *issuer, const StringList *names) {
        _cleanup_(bytes_done) Bytes text = {};
        unsigned char address[16];
        int r;

        if (!names || names->count == 0)
                return 0;
        for (size_t i = 0; i < names->count; i++) {
                bool ip = inet_pton(AF_INET, names->items[i], address) == 1 ||
                          inet_pton(AF_INET6, names->items[i], address) == 1;
                r =
                                bytes_printf(&text, "%s%s:%s", i > 0 ? "," : "", ip ? "IP" : "DNS",
                                             names->items[i]);
                if (r < 0)
                        return r;
        }
        return add_extension(c, issuer, NID_subject_alt_name, bytes_text(&text));
}

static int set_serial(X509 *c) {
        uint64_t serial;

        if (RAND_bytes((unsigned char *) &serial, sizeof(serial)) != 1)
                return -EIO;
        return ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), serial >> 1) == 1 ? 0 : -EIO;
}

/* What leaf and issuers have in common, but the extensions and the signature. */
static X509 *certificate_new(
                const char *common_name,
                EVP_PKEY *key,
                X509 *issuer,
                int64_t not_before,
                int64_t not_after) {
        X509 *c = X509_new();

        if (!c || X509_set_version(c, 2) != 1 || set_serial(c) < 0 ||
            X509_NAME_add_entry_by_txt(
                            X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                            (const unsigned char *) common_name, -1, -1, 0) != 1 ||
            X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c)) != 1 ||
            !ASN1_TIME_set(X509_getm_notBefore(c), not_before) ||
            !ASN1_TIME_set(X509_getm_notAfter(c), not_after) || X509_set_pubkey(c, key) != 1) {
                X509_free(c);
                return NULL;
        }
        return c;
}

static int finish(X509 *c, const Issuer *issuer, bool ca, bool client_auth_only, bool leaf) {
        int r;

        r =
                        add_extension(c, issuer, NID_basic_constraints,
                                      ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
        if (r >= 0)
                r = add_extension(
                                c, issuer, NID_key_usage,
                                ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
        if (r >= 0 && leaf)
                r =
                                add_extension(c, issuer, NID_ext_key_usage,
                                              client_auth_only ? "clientAuth" : "serverAuth");
        if (r >= 0)
                r = add_extension(c, issuer, NID_subject_key_identifier, "hash");
        if (r >= 0)
                r = add_extension(c, issuer, NID_authority_key_identifier, "keyid:always");
        if (r >= 0 && X509_sign(c, issuer->key, EVP_sha256()) <= 0)
                r = -EIO;
        return r;
}

/* Root and intermediates into made[0 …]; keys beside them. */
static int make_issuers(
                const TestChainSpec *spec,
                size_t count,
                X509 *made[CHAIN_COUNT_MAX],
                EVP_PKEY *keys[CHAIN_COUNT_MAX]) {
        int r;

        for (size_t i = 0; i < count; i++) {
                char name[64];

                (void) snprintf(name, sizeof(name), i == 0 ? "Test Root" : "Test Issuer %zu", i);
                r = key_generate(KEY_ECDSA_P256, &keys[i]);
                if (r < 0)
                        return r;
                made[i] = certificate_new(
                                name, keys[i], i > 0 ? made[i - 1] : NULL,
                                spec->not_before - SEC_PER_DAY, spec->not_after + SEC_PER_DAY);
                if (!made[i])
                        return -EIO;
                Issuer issuer = { i > 0 ? made[i - 1] : made[i], i > 0 ? keys[i - 1] : keys[i] };
                r = finish(made[i], &issuer, true, false, false);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_pem(X509 *c, Bytes *ret) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;
        int r = -EIO;

        if (bio && PEM_write_bio_X509(bio, c) == 1) {
                long size = BIO_get_mem_data(bio, &text);
                r = bytes_append(ret, text, (size_t) size);
        }
        (void) BIO_free(bio);
        return r;
}

static int put_chain(const TestChainSpec *spec, X509 *made[], size_t count, Bytes *ret) {
        size_t first = spec->with_root || count == 1 ? 0 : 1;
        int r = 0;

        for (size_t i = first; i < count && r >= 0; i++)
                r = put_pem(made[spec->reversed ? i : first + count - 1 - i], ret);
        return r;
}

int test_chain_make(const TestChainSpec *spec, EVP_PKEY *leaf_key, Bytes *ret_pem) {
        X509 *made[CHAIN_COUNT_MAX] = {};
        EVP_PKEY *keys[CHAIN_COUNT_MAX] = {};
        size_t issuers = 1 + (size_t) spec->intermediates;
        int r;

        assert(spec->intermediates <= INTERMEDIATES_MAX);
        r = make_issuers(spec, issuers, made, keys);
        if (r >= 0) {
                Issuer issuer = { made[issuers - 1], keys[issuers - 1] };
                made[issuers] =
                                certificate_new("leaf", leaf_key, issuer.certificate,
                                                spec->not_before, spec->not_after);
                r = made[issuers] ? add_names(made[issuers], &issuer, spec->names) : -EIO;
                if (r >= 0)
                        r = finish(made[issuers], &issuer, spec->ca, spec->client_auth_only, true);
        }
        if (r >= 0)
                r = put_chain(spec, made, issuers + 1, ret_pem);
        for (size_t i = 0; i < CHAIN_COUNT_MAX; i++) {
                X509_free(made[i]);
                EVP_PKEY_free(keys[i]);
        }
        return r;
}
