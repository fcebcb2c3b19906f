/* Two extensions and no more: validators refuse duplicates and trailing octets, and take everything else for granted (M-05).
 * The subject is a constant: a long name does not fit into a common name (M-03, R2.6.3). */

#include "acme/alpn-certificate.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "acme/chain.h"
#include "acme/san.h"

#define ACME_IDENTIFIER_OID "1.3.6.1.5.5.7.1.31"
#define COMMON_NAME         "ACME validation"
#define VALID_BEFORE_SEC    SEC_PER_DAY /* for clocks that are slow */
#define VALID_AFTER_SEC     (6 * SEC_PER_DAY)

static void general_names_freep(GENERAL_NAMES **n) {
        GENERAL_NAMES_free(*n);
}

static void object_freep(ASN1_OBJECT **o) {
        ASN1_OBJECT_free(*o);
}

static void octets_freep(ASN1_OCTET_STRING **o) {
        ASN1_OCTET_STRING_free(*o);
}

static void extension_freep(X509_EXTENSION **e) {
        X509_EXTENSION_free(*e);
}

int alpn_digest(const char *authorization, uint8_t ret[ALPN_DIGEST_SIZE]) {
        size_t size;

        if (!EVP_Q_digest(NULL, "SHA256", NULL, authorization, strlen(authorization), ret, &size))
                return -EIO;
        return size == ALPN_DIGEST_SIZE ? 0 : -EIO;
}

/* The value is an OCTET STRING inside the OCTET STRING that every extension's value is. */
static X509_EXTENSION *extension_new(const uint8_t digest[ALPN_DIGEST_SIZE]) {
        uint8_t value[2 + ALPN_DIGEST_SIZE] = { V_ASN1_OCTET_STRING, ALPN_DIGEST_SIZE };
        _cleanup_(object_freep) ASN1_OBJECT *oid = OBJ_txt2obj(ACME_IDENTIFIER_OID, 1);
        _cleanup_(octets_freep) ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

        memcpy(value + 2, digest, ALPN_DIGEST_SIZE);
        if (!oid || !octets || ASN1_OCTET_STRING_set(octets, value, sizeof(value)) != 1)
                return NULL;
        return X509_EXTENSION_create_by_OBJ(NULL, oid, 1, octets);
}

int alpn_extension_build(const uint8_t digest[ALPN_DIGEST_SIZE], Bytes *ret) {
        _cleanup_(extension_freep) X509_EXTENSION *e = extension_new(digest);
        unsigned char *der = NULL;
        int size = e ? i2d_X509_EXTENSION(e, &der) : -1;
        int r;

        if (size <= 0)
                return -ENOMEM;
        r = bytes_append(ret, der, (size_t) size);
        OPENSSL_free(der);
        return r;
}

static int add_extensions(X509 *x, const char *identifier, const uint8_t digest[ALPN_DIGEST_SIZE]) {
        _cleanup_(extension_freep) X509_EXTENSION *e = extension_new(digest);
        _cleanup_(general_names_freep) GENERAL_NAMES *san = NULL;
        char *items[] = { (char *) identifier };
        const StringList names = { .items = items, .count = 1 };
        int r;

        r = san_from_names(&names, &san);
        if (r < 0)
                return r;
        if (!e || X509_add1_ext_i2d(x, NID_subject_alt_name, san, 0, X509V3_ADD_DEFAULT) != 1 ||
            X509_add_ext(x, e, -1) != 1)
                return -ENOMEM;
        return 0;
}

static int set_subject(X509 *x) {
        X509_NAME *name = X509_get_subject_name(x);

        if (X509_NAME_add_entry_by_txt(
                            name, "CN", MBSTRING_ASC, (const unsigned char *) COMMON_NAME, -1, -1,
                            0) != 1 ||
            X509_set_issuer_name(x, name) != 1)
                return -ENOMEM;
        return 0;
}

static int set_facts(X509 *x, EVP_PKEY *k, int64_t now) {
        uint8_t serial[8];

        if (RAND_bytes(serial, sizeof(serial)) != 1)
                return -EIO;
        serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and of full length */
        uint64_t number = 0;
        for (size_t i = 0; i < sizeof(serial); i++)
                number = number << 8 | serial[i];
        if (X509_set_version(x, X509_VERSION_3) != 1 || X509_set_pubkey(x, k) != 1 ||
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), number) != 1 ||
            !ASN1_TIME_set(X509_getm_notBefore(x), (time_t) (now - VALID_BEFORE_SEC)) ||
            !ASN1_TIME_set(X509_getm_notAfter(x), (time_t) (now + VALID_AFTER_SEC)))
                return -EIO;
        return set_subject(x);
}

int alpn_certificate_new(
                const char *identifier,
                const uint8_t digest[ALPN_DIGEST_SIZE],
                int64_t now,
                EVP_PKEY **ret_key,
                X509 **ret_certificate) {
        _cleanup_(x509_freep) X509 *x = X509_new();
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        int r;

        if (!x)
                return -ENOMEM;
        if (identifier[0] == '*')
                return -EINVAL;
        r = key_generate(KEY_ECDSA_P256, &k);
        if (r >= 0)
                r = set_facts(x, k, now);
        if (r >= 0)
                r = add_extensions(x, identifier, digest);
        if (r < 0)
                return r;
        if (X509_sign(x, k, EVP_sha256()) <= 0) {
                ERR_clear_error();
                return -EIO;
        }
        *ret_key = TAKE_PTR(k);
        *ret_certificate = TAKE_PTR(x);
        return 0;
}

bool alpn_certificate_answers(const char *pem, const char *authorization) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        _cleanup_(object_freep) ASN1_OBJECT *oid = OBJ_txt2obj(ACME_IDENTIFIER_OID, 1);
        uint8_t wanted[2 + ALPN_DIGEST_SIZE] = { V_ASN1_OCTET_STRING, ALPN_DIGEST_SIZE };

        if (!oid || alpn_digest(authorization, wanted + 2) < 0 ||
            pem_read_certificates(pem, strlen(pem), &s, NULL) < 0)
                return false;
        X509 *leaf = sk_X509_value(s, 0);
        X509_EXTENSION *extension = X509_get_ext(leaf, X509_get_ext_by_OBJ(leaf, oid, -1));
        const ASN1_OCTET_STRING *value = extension ? X509_EXTENSION_get_data(extension) : NULL;

        return value && ASN1_STRING_length(value) == (int) sizeof wanted &&
               memcmp(ASN1_STRING_get0_data(value), wanted, sizeof wanted) == 0;
}
