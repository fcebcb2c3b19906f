/* Facts of a chain. Whatever a certificate says in words was written by strangers: it leaves here
 * escaped. */

#include "acme/certinfo.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#include "acme/chain.h"
#include "acme/san.h"

#define NAME_TEXT_MAX STR_ESCAPE_MAX

void certinfo_done(CertInfo *c) {
        string_list_done(&c->names);
        free(c->serial);
        free(c->subject);
        free(c->issuer);
        free(c->cert_id);
        *c = (CertInfo){};
}

int certificate_names(X509 *c, StringList *ret) {
        int critical, r;

        GENERAL_NAMES *san = X509_get_ext_d2i(c, NID_subject_alt_name, &critical, NULL);
        if (!san) {
                ERR_clear_error();
                return critical == -1 ? 0 : -EBADMSG; /* -1: there is none */
        }
        r = san_to_names(san, ret);
        GENERAL_NAMES_free(san);
        return r;
}

static int time_to_unix(const ASN1_TIME *t, int64_t *ret) {
        struct tm tm = {};

        if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
                return -EBADMSG;
        *ret = timegm(&tm);
        return 0;
}

int certificate_dates(X509 *c, int64_t *ret_not_before, int64_t *ret_not_after) {
        int r;

        r = time_to_unix(X509_get0_notBefore(c), ret_not_before);
        if (r < 0)
                return r;
        return time_to_unix(X509_get0_notAfter(c), ret_not_after);
}

/* ---- words ---- */

/* A whole name on one line; "" if empty. */
static int name_to_line(const X509_NAME *name, char **ret) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;
        int r = 0;

        if (!bio)
                return -ENOMEM;
        unsigned long flags = XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB;
        if (X509_NAME_print_ex(bio, name, 0, flags) < 0 || BIO_write(bio, "", 1) != 1)
                r = -EIO;
        else {
                (void) BIO_get_mem_data(bio, &text);
                *ret = str_escape(text, NAME_TEXT_MAX);
                if (!*ret)
                        r = -ENOMEM;
        }
        (void) BIO_free(bio);
        return r;
}

/* The common name; -ENOENT if there is none that can be shown. */
static int name_to_common(const X509_NAME *name, char **ret) {
        int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1), r = -ENOENT;
        unsigned char *text = NULL;

        if (i < 0)
                return -ENOENT;
        int size = ASN1_STRING_to_UTF8(
                        &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
        if (size > 0 && strlen((const char *) text) == (size_t) size) {
                *ret = str_escape((const char *) text, NAME_TEXT_MAX);
                r = *ret ? 0 : -ENOMEM;
        }
        if (size >= 0)
                OPENSSL_free(text);
        return r;
}

int certificate_issuer_name(X509 *c, char **ret) {
        return name_to_common(X509_get_issuer_name(c), ret);
}

int certificate_subject_name(X509 *c, char **ret) {
        return name_to_common(X509_get_subject_name(c), ret);
}

int certificate_serial(X509 *c, char **ret) {
        BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(c), NULL);
        char *hex = n ? BN_bn2hex(n) : NULL;
        int r;

        r = hex ? str_replace(ret, hex) : -ENOMEM;
        OPENSSL_free(hex);
        BN_free(n);
        return r;
}

/* ---- the leaf ---- */

int certificate_digest(X509 *c, char ret[SHA256_HEX_SIZE]) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        _cleanup_free_ char *hex = NULL;
        unsigned size;
        int r;

        if (X509_digest(c, EVP_sha256(), digest, &size) != 1)
                return -EIO;
        r = hex_encode(digest, size, &hex);
        if (r < 0)
                return r;
        memcpy(ret, hex, SHA256_HEX_SIZE);
        return 0;
}

static int read_words(X509 *leaf, CertInfo *info) {
        int r;

        r = certificate_serial(leaf, &info->serial);
        if (r >= 0)
                r = name_to_line(X509_get_subject_name(leaf), &info->subject);
        if (r >= 0)
                r = certificate_issuer_name(leaf, &info->issuer);
        if (r == -ENOENT)
                r = name_to_line(X509_get_issuer_name(leaf), &info->issuer);
        if (r >= 0)
                r = certificate_cert_id(leaf, &info->cert_id);
        return r == -ENOENT ? 0 : r;
}

static int read_leaf(X509 *leaf, CertInfo *info, const char **ret_reason) {
        EVP_PKEY *public = X509_get0_pubkey(leaf);
        int r;

        if (!public) {
                ERR_clear_error();
                return chain_refuse(ret_reason, "its public key cannot be read");
        }
        info->key_type = key_type_of(public);
        r = key_spki_sha256(public, info->spki_sha256);
        if (r >= 0)
                r = certificate_digest(leaf, info->leaf_sha256);
        if (r < 0)
                return r;
        if (certificate_dates(leaf, &info->not_before, &info->not_after) < 0)
                return chain_refuse(ret_reason, "its dates cannot be read");
        r = certificate_names(leaf, &info->names);
        if (r == -EBADMSG)
                return chain_refuse(ret_reason, "its names cannot be read");
        if (r < 0)
                return r;
        return read_words(leaf, info);
}

int certinfo_parse(const void *pem, size_t size, CertInfo *ret, const char **ret_reason) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        _cleanup_(certinfo_done) CertInfo info = {};
        int r;

        r = chain_load(pem, size, &s, ret_reason);
        if (r < 0)
                return r;
        info.count = (size_t) sk_X509_num(s);
        r = read_leaf(sk_X509_value(s, 0), &info, ret_reason);
        if (r < 0)
                return r;
        *ret = info;
        info = (CertInfo){};
        return 0;
}
