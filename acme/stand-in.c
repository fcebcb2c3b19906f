#include "acme/stand-in.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "acme/chain.h"
#include "acme/san.h"
#include "acme/stand-in-internal.h"
#include "acme/subject.h"

#define VALID_BEFORE_SEC SEC_PER_DAY /* for clocks that are slow */
#define COMMON_NAME_MAX  64

static void x509_freep(X509 **c) {
        X509_free(*c);
}

static void general_names_freep(GENERAL_NAMES **n) {
        GENERAL_NAMES_free(*n);
}

static int set_subject(X509 *c, const char *common_name) {
        _cleanup_(subject_done) Subject subject = {};
        const char *reason;
        int r;

        r = subject_set(&subject, SUBJECT_ORGANIZATION, STAND_IN_ORGANIZATION, &reason);
        if (r >= 0 && common_name && strlen(common_name) <= COMMON_NAME_MAX)
                r = subject_set(&subject, SUBJECT_COMMON_NAME, common_name, &reason);
        if (r >= 0)
                r = subject_to_name(&subject, X509_get_subject_name(c));
        if (r >= 0 && X509_set_issuer_name(c, X509_get_subject_name(c)) != 1)
                r = -ENOMEM;
        return r;
}

static int add_extension(X509 *c, int nid, const char *value) {
        X509V3_CTX context;
        X509_EXTENSION *e;
        int done;

        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, c, c, NULL, NULL, 0);
        e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        done = e && X509_add_ext(c, e, -1) == 1;
        X509_EXTENSION_free(e);
        return done ? 0 : -ENOMEM;
}

static int add_extensions(X509 *c, EVP_PKEY *k, const StringList *names) {
        bool rsa = key_family(key_type_of(k)) == KEY_FAMILY_RSA;
        _cleanup_(general_names_freep) GENERAL_NAMES *san = NULL;
        int r;

        r = san_from_names(names, &san);
        if (r >= 0)
                r = add_extension(c, NID_basic_constraints, "critical,CA:FALSE");
        if (r >= 0)
                r =
                                add_extension(c, NID_key_usage,
                                              rsa ? "critical,digitalSignature,keyEncipherment"
                                                  : "critical,digitalSignature");
        if (r >= 0)
                r = add_extension(c, NID_ext_key_usage, "serverAuth");
        if (r >= 0)
                r = add_extension(c, NID_subject_key_identifier, "hash");
        if (r >= 0 && X509_add1_ext_i2d(c, NID_subject_alt_name, san, 0, X509V3_ADD_DEFAULT) != 1)
                r = -ENOMEM;
        return r;
}

static int set_facts(X509 *c, EVP_PKEY *k, int64_t now) {
        uint64_t serial;

        if (RAND_bytes((unsigned char *) &serial, sizeof serial) != 1)
                return -EIO;
        if (X509_set_version(c, X509_VERSION_3) != 1 || X509_set_pubkey(c, k) != 1 ||
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), serial >> 1 | 1) != 1 ||
            !ASN1_TIME_set(X509_getm_notBefore(c), (time_t) (now - VALID_BEFORE_SEC)) ||
            !ASN1_TIME_set(X509_getm_notAfter(c), (time_t) (now + STAND_IN_LIFE_SEC)))
                return -EIO;
        return 0;
}

int stand_in_build(
                EVP_PKEY *k,
                const StringList *names,
                const char *common_name,
                int64_t now,
                Bytes *ret) {
        _cleanup_(x509_freep) X509 *c = X509_new();
        int r;

        if (!c)
                return -ENOMEM;
        r = set_facts(c, k, now);
        if (r >= 0)
                r = set_subject(c, common_name);
        if (r >= 0)
                r = add_extensions(c, k, names);
        if (r >= 0 && X509_sign(c, k, key_digest(k)) <= 0)
                r = -EIO;
        ERR_clear_error();
        return r < 0 ? r : certificate_to_pem(c, ret);
}

bool certificate_is_stand_in(X509 *c) {
        const X509_NAME *subject = X509_get_subject_name(c);
        int i = X509_NAME_get_index_by_NID(subject, NID_organizationName, -1);
        const ASN1_STRING *o =
                        i < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i));
        EVP_PKEY *key = X509_get0_pubkey(c);
        bool is;

        is = o && (size_t) ASN1_STRING_length(o) == strlen(STAND_IN_ORGANIZATION) &&
             memcmp(ASN1_STRING_get0_data(o), STAND_IN_ORGANIZATION,
                    strlen(STAND_IN_ORGANIZATION)) == 0 &&
             key && X509_NAME_cmp(subject, X509_get_issuer_name(c)) == 0 &&
             X509_verify(c, key) == 1;
        ERR_clear_error();
        return is;
}

bool stand_in_is(const void *pem, size_t size) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;

        return pem_read_certificates(pem, size, &s, NULL) >= 0 &&
               certificate_is_stand_in(sk_X509_value(s, 0));
}

int stand_in_parse(const Bytes *text, EVP_PKEY **ret_key, const char **ret_pem) {
        const char *pem = strstr(bytes_text(text), "-----BEGIN CERTIFICATE-----");
        _cleanup_(key_freep) EVP_PKEY *key = NULL;

        if (!pem || !stand_in_is(pem, strlen(pem)) ||
            key_from_pem(text->data, text->size, &key) < 0 ||
            chain_matches_key(pem, strlen(pem), key) <= 0)
                return -EBADMSG;
        *ret_key = TAKE_PTR(key);
        *ret_pem = pem;
        return 0;
}
