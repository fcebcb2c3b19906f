#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "acme/alpn-certificate.h"
#include "acme/chain.h"
#include "base/strings.h"
#include "tests/unit/test.h"

#define NOW           ((int64_t) 1764000000)
#define AUTHORIZATION "DGyRejmCefe7v4NfDGDKfA.7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E"
#define EXTENSION_HEX                                                                        \
        "303106082b0601050507011f0101ff04220420083bcc44cf3cee25f64101bd607f010510d835a9463b" \
        "295ed4954aa7c1ddd02a"
#define OID "1.3.6.1.5.5.7.1.31"

static void to_hex(const uint8_t *data, size_t size, char *ret) {
        for (size_t i = 0; i < size; i++)
                (void) sprintf(ret + 2 * i, "%02x", data[i]);
}

static void extension(void) {
        char hex[2 * ALPN_EXTENSION_SIZE + 1] = "";
        _cleanup_(bytes_done) Bytes der = {};
        uint8_t digest[ALPN_DIGEST_SIZE];

        CHECK_INT(alpn_digest(AUTHORIZATION, digest), 0);
        CHECK_INT(alpn_extension_build(digest, &der), 0);
        REQUIRE(der.size == ALPN_EXTENSION_SIZE);
        to_hex(der.data, der.size, hex);
        CHECK_STR(hex, EXTENSION_HEX);
}

/* What a strict validator looks at, on the certificate as the library reads it back from DER. */
static void check_certificate(const char *identifier, int type, const void *value, int size) {
        static const uint8_t digest[ALPN_DIGEST_SIZE] = { 1, 2, 3 };
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_(x509_freep) X509 *made = NULL, *read = NULL;
        unsigned char *der = NULL;
        int64_t before, after;
        struct tm tm;

        REQUIRE(alpn_certificate_new(identifier, digest, NOW, &key, &made) == 0);
        int length = i2d_X509(made, &der);
        const unsigned char *p = der;
        read = d2i_X509(NULL, &p, length);
        OPENSSL_free(der);
        REQUIRE(read);
        CHECK_INT(X509_get_version(read), X509_VERSION_3);
        CHECK_INT(X509_verify(read, key), 1);
        CHECK_INT(X509_NAME_cmp(X509_get_subject_name(read), X509_get_issuer_name(read)), 0);
        CHECK_INT(X509_get_ext_count(read), 2);

        GENERAL_NAMES *san = X509_get_ext_d2i(read, NID_subject_alt_name, NULL, NULL);
        REQUIRE(san);
        CHECK_INT(sk_GENERAL_NAME_num(san), 1);
        int found;
        const ASN1_STRING *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(san, 0), &found);
        CHECK_INT(found, type);
        CHECK_INT(ASN1_STRING_length(name), size);
        CHECK(memcmp(ASN1_STRING_get0_data(name), value, (size_t) size) == 0);
        GENERAL_NAMES_free(san);

        ASN1_OBJECT *oid = OBJ_txt2obj(OID, 1);
        int at = X509_get_ext_by_OBJ(read, oid, -1);
        CHECK_INT(X509_get_ext_by_OBJ(read, oid, at), -1);
        X509_EXTENSION *e = X509_get_ext(read, at);
        ASN1_OBJECT_free(oid);
        REQUIRE(e);
        CHECK_INT(X509_EXTENSION_get_critical(e), 1);
        const ASN1_OCTET_STRING *octets = X509_EXTENSION_get_data(e);
        CHECK_INT(ASN1_STRING_length(octets), 34);
        CHECK(memcmp(ASN1_STRING_get0_data(octets) + 2, digest, sizeof(digest)) == 0);

        CHECK_INT(ASN1_TIME_to_tm(X509_get0_notBefore(read), &tm), 1);
        before = timegm(&tm);
        CHECK_INT(ASN1_TIME_to_tm(X509_get0_notAfter(read), &tm), 1);
        after = timegm(&tm);
        CHECK_INT(before, NOW - SEC_PER_DAY);
        CHECK_INT(after - before, 7 * SEC_PER_DAY);
}

static void addresses(void) {
        static const uint8_t v4[] = { 192, 0, 2, 7 };
        static const uint8_t v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };

        check_certificate("192.0.2.7", GEN_IPADD, v4, sizeof(v4));
        check_certificate("2001:db8::1", GEN_IPADD, v6, sizeof(v6));
}

/* Labels of up to 63 letters, up to the longest name there is. */
static void lengths(void) {
        static const int sizes[] = { 11, 63, 64, 65, 66, 100, 128, 200, 252, 253 };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                char name[256];

                for (int k = 0; k < sizes[i]; k++)
                        name[k] = k % 50 == 49 && k < sizes[i] - 8 ? '.' : 'a';
                memcpy(name + sizes[i] - 8, ".example", 8);
                name[sizes[i]] = 0;
                check_certificate(name, GEN_DNS, name, sizes[i]);
        }
}

static void keys(void) {
        static const uint8_t digest[ALPN_DIGEST_SIZE] = {};
        _cleanup_(x509_freep) X509 *a = NULL, *b = NULL, *none = NULL;
        _cleanup_(key_freep) EVP_PKEY *ka = NULL, *kb = NULL, *kn = NULL;

        REQUIRE(alpn_certificate_new("a.example", digest, NOW, &ka, &a) == 0);
        REQUIRE(alpn_certificate_new("a.example", digest, NOW, &kb, &b) == 0);
        CHECK(EVP_PKEY_eq(ka, kb) != 1);
        CHECK_INT(key_type_of(ka), KEY_ECDSA_P256);
        CHECK_INT(alpn_certificate_new("*.a.example", digest, NOW, &kn, &none), -EINVAL);
        CHECK_INT(alpn_certificate_new("", digest, NOW, &kn, &none), -EINVAL);
}

static void answers(void) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_(x509_freep) X509 *made = NULL;
        _cleanup_(bytes_done) Bytes pem = {};
        uint8_t digest[ALPN_DIGEST_SIZE];

        CHECK_INT(alpn_digest(AUTHORIZATION, digest), 0);
        REQUIRE(alpn_certificate_new("a.example.org", digest, NOW, &key, &made) == 0);
        CHECK_INT(certificate_to_pem(made, &pem), 0);
        CHECK(alpn_certificate_answers(bytes_text(&pem), AUTHORIZATION));
        CHECK(!alpn_certificate_answers(bytes_text(&pem), "x.y"));
        CHECK(!alpn_certificate_answers("", AUTHORIZATION));
        CHECK(!alpn_certificate_answers("-----BEGIN CERTIFICATE-----\n", AUTHORIZATION));
}

int main(int argc, char *argv[]) {
        static const TestCase cases[] = {
                { "which answer a certificate is (J-06)", answers },
                { "acmeIdentifier is the 51 octets of Appendix A (M-04)", extension },
                { "addresses stand as iPAddress, critical digest, seven days (M-03, M-05)",
                  addresses },
                { "names of every length give a valid certificate (R2.6.3)", lengths },
                { "a new key each time, and none for a wildcard (M-03, M-07)", keys },
        };

        return test_run(argc, argv, cases, ELEMENTSOF(cases));
}
