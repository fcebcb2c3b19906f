#include <openssl/x509v3.h>

#include "acme/csr.h"
#include "tests/unit/test.h"

static void add(StringList *l, const char *name) {
        CHECK_INT(string_list_add(l, name), 0);
}

static X509_REQ *decode(const Bytes *der) {
        const unsigned char *p = der->data;

        return d2i_X509_REQ(NULL, &p, (long) der->size);
}

static void built(void) {
        static const struct {
                KeyType type;
                int signature;
        } cases[] = {
                { KEY_ECDSA_P256, NID_ecdsa_with_SHA256 },
                { KEY_ECDSA_P384, NID_ecdsa_with_SHA384 },
                { KEY_RSA_2048, NID_sha256WithRSAEncryption },
                { KEY_ED25519, NID_ED25519 },
        };
        _cleanup_(string_list_done) StringList names = {};

        add(&names, "a.example");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(key_freep) EVP_PKEY *k = NULL;
                _cleanup_(bytes_done) Bytes der = {};

                REQUIRE(key_generate(cases[i].type, &k) == 0 && csr_build(k, &names, &der) == 0);
                X509_REQ *q = decode(&der);
                REQUIRE(q);
                CHECK_INT(X509_REQ_get_version(q), 0);
                CHECK_INT(X509_NAME_entry_count(X509_REQ_get_subject_name(q)), 0);
                CHECK_INT(X509_REQ_get_signature_nid(q), cases[i].signature);
                CHECK_INT(X509_REQ_verify(q, k), 1);
                STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(q);
                CHECK_INT(X509v3_get_ext_count(extensions), 1);
                sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
                X509_REQ_free(q);
                CHECK_INT(csr_check(der.data, der.size, k, &names), 0);
        }
}

static void addresses(void) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        _cleanup_(bytes_done) Bytes der = {};
        int critical;

        add(&names, "192.0.2.1");
        add(&names, "2001:db8::1");
        add(&names, "*.a.example");
        REQUIRE(key_generate(KEY_ECDSA_P256, &k) == 0 && csr_build(k, &names, &der) == 0);
        X509_REQ *q = decode(&der);
        REQUIRE(q);
        STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(q);
        GENERAL_NAMES *san = X509V3_get_d2i(extensions, NID_subject_alt_name, &critical, NULL);
        REQUIRE(san && sk_GENERAL_NAME_num(san) == 3);
        const GENERAL_NAME *v4 = sk_GENERAL_NAME_value(san, 0), *v6 = sk_GENERAL_NAME_value(san, 1);
        CHECK_INT(v4->type, GEN_IPADD);
        CHECK_INT(ASN1_STRING_length(v4->d.iPAddress), 4);
        CHECK_INT(v6->type, GEN_IPADD);
        CHECK_INT(ASN1_STRING_length(v6->d.iPAddress), 16);
        CHECK_INT(sk_GENERAL_NAME_value(san, 2)->type, GEN_DNS);
        GENERAL_NAMES_free(san);
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
        X509_REQ_free(q);
        CHECK_INT(csr_check(der.data, der.size, k, &names), 0);
}

static void other_names(void) {
        _cleanup_(string_list_done) StringList names = {}, fewer = {}, more = {}, shuffled = {};
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        _cleanup_(bytes_done) Bytes der = {};

        add(&names, "a.example");
        add(&names, "b.example");
        add(&fewer, "a.example");
        add(&more, "a.example");
        add(&more, "b.example");
        add(&more, "c.example");
        add(&shuffled, "b.example");
        add(&shuffled, "a.example");
        REQUIRE(key_generate(KEY_ECDSA_P256, &k) == 0 && csr_build(k, &names, &der) == 0);
        CHECK_INT(csr_check(der.data, der.size, k, &shuffled), 0);
        CHECK_INT(csr_check(der.data, der.size, k, &fewer), -EINVAL);
        CHECK_INT(csr_check(der.data, der.size, k, &more), -EINVAL);
}

static void other_key(void) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(key_freep) EVP_PKEY *k = NULL, *other = NULL;
        _cleanup_(bytes_done) Bytes der = {};

        add(&names, "a.example");
        REQUIRE(key_generate(KEY_ECDSA_P256, &k) == 0 && key_generate(KEY_ECDSA_P256, &other) == 0);
        REQUIRE(csr_build(k, &names, &der) == 0);
        CHECK_INT(csr_check(der.data, der.size, other, &names), -EKEYREJECTED);
}

/* One flipped bit anywhere, or one octet more or less: never taken. */
static void damaged(void) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        _cleanup_(bytes_done) Bytes der = {};

        add(&names, "a.example");
        REQUIRE(key_generate(KEY_ECDSA_P256, &k) == 0 && csr_build(k, &names, &der) == 0);
        for (size_t i = 0; i < der.size; i++) {
                der.data[i] ^= 1;
                CHECK(csr_check(der.data, der.size, k, &names) < 0);
                der.data[i] ^= 1;
        }
        for (size_t size = 0; size < der.size; size++)
                CHECK(csr_check(der.data, size, k, &names) == -EBADMSG);
        CHECK_INT(bytes_append(&der, "", 1), 0);
        CHECK_INT(csr_check(der.data, der.size, k, &names), -EBADMSG);
}

static void without_names(void) {
        _cleanup_(string_list_done) StringList none = {}, empty = {}, names = {};
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        _cleanup_(bytes_done) Bytes der = {};
        unsigned char *out = NULL;

        REQUIRE(key_generate(KEY_ECDSA_P256, &k) == 0);
        add(&empty, "");
        CHECK_INT(csr_build(k, &none, &der), -EINVAL);
        CHECK_INT(csr_build(k, &empty, &der), -EINVAL);
        CHECK_INT(der.size, 0);

        add(&names, "a.example");
        X509_REQ *q = X509_REQ_new();
        REQUIRE(q && X509_REQ_set_pubkey(q, k) == 1 && X509_REQ_sign(q, k, EVP_sha256()) > 0);
        int size = i2d_X509_REQ(q, &out);
        CHECK_INT(csr_check(out, (size_t) size, k, &names), -EBADMSG);
        OPENSSL_free(out);
        X509_REQ_free(q);
}

TEST_MAIN({ "O-03 version 0, empty subject, SAN only, SHA-256 or SHA-384", built },
          { "N-03 addresses are iPAddress names", addresses },
          { "O-02 the names must be exactly those", other_names },
          { "O-02 R2.7.5 a request of another key is refused", other_key },
          { "O-03 a damaged request is refused", damaged },
          { "O-02 a request without names is refused", without_names })
