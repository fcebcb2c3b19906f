/* Certificate signing requests: no subject, no extension but the names. What else a request may
 * say, a CA overrides or refuses (O-03, O-04). */

#include "acme/csr.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "acme/san.h"

#define CSR_MAX ((size_t) 32 * 1024)

static void request_freep(X509_REQ **q) {
        X509_REQ_free(*q);
}

static void general_names_freep(GENERAL_NAMES **n) {
        GENERAL_NAMES_free(*n);
}

static void extensions_free(STACK_OF(X509_EXTENSION) * list) {
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

static void extensions_freep(STACK_OF(X509_EXTENSION) * *list) {
        extensions_free(*list);
}

static int add_names(X509_REQ *q, const StringList *names) {
        _cleanup_(general_names_freep) GENERAL_NAMES *san = NULL;
        _cleanup_(extensions_freep) STACK_OF(X509_EXTENSION) *extensions = NULL;
        int r;

        r = san_from_names(names, &san);
        if (r < 0)
                return r;
        if (X509V3_add1_i2d(&extensions, NID_subject_alt_name, san, 0, X509V3_ADD_DEFAULT) != 1 ||
            X509_REQ_add_extensions(q, extensions) != 1)
                return -ENOMEM;
        return 0;
}

int csr_build(EVP_PKEY *k, const StringList *names, Bytes *ret) {
        _cleanup_(request_freep) X509_REQ *q = X509_REQ_new();
        unsigned char *der = NULL;
        int r;

        if (!q)
                return -ENOMEM;
        if (X509_REQ_set_version(q, 0) != 1 || X509_REQ_set_pubkey(q, k) != 1)
                return -EIO;
        r = add_names(q, names);
        if (r < 0)
                return r;

        const EVP_MD *digest = key_type_of(k) == KEY_ECDSA_P384 ? EVP_sha384() : EVP_sha256();
        int size = X509_REQ_sign(q, k, digest) > 0 ? i2d_X509_REQ(q, &der) : -1;
        if (size <= 0) {
                ERR_clear_error();
                return -EIO;
        }
        r = bytes_append(ret, der, (size_t) size);
        OPENSSL_free(der);
        return r;
}

/* The names that a request asks for; sorted, unique. */
static int read_names(X509_REQ *q, StringList *ret) {
        _cleanup_(extensions_freep) STACK_OF(X509_EXTENSION) *extensions =
                        X509_REQ_get_extensions(q);
        int critical;

        _cleanup_(general_names_freep) GENERAL_NAMES *san =
                        X509V3_get_d2i(extensions, NID_subject_alt_name, &critical, NULL);
        if (!san)
                return -EBADMSG; /* none, or twice */
        return san_to_names(san, ret);
}

static int parse(const void *der, size_t size, X509_REQ **ret) {
        const unsigned char *p = der;
        X509_REQ *q = size > 0 && size <= CSR_MAX ? d2i_X509_REQ(NULL, &p, (long) size) : NULL;

        if (q && p == (const unsigned char *) der + size) {
                *ret = q;
                return 0;
        }
        X509_REQ_free(q);
        ERR_clear_error();
        return -EBADMSG;
}

int csr_names(const void *der, size_t size, StringList *ret) {
        _cleanup_(request_freep) X509_REQ *q = NULL;
        int r;

        r = parse(der, size, &q);
        return r < 0 ? r : read_names(q, ret);
}

int csr_check(const void *der, size_t size, EVP_PKEY *k, const StringList *names) {
        _cleanup_(string_list_done) StringList asked = {};
        _cleanup_(request_freep) X509_REQ *q = NULL;
        int r;

        r = parse(der, size, &q);
        if (r < 0)
                return r;
        EVP_PKEY *public = X509_REQ_get0_pubkey(q);
        if (!public)
                return -EBADMSG;
        if (EVP_PKEY_eq(public, k) != 1)
                return -EKEYREJECTED;
        if (X509_REQ_verify(q, public) != 1) {
                ERR_clear_error();
                return -EBADMSG;
        }
        r = read_names(q, &asked);
        if (r < 0)
                return r;
        return string_list_same_set(&asked, names) ? 0 : -EINVAL;
}
