/* Certificate signing requests: for ACME no subject, and no extension but the names. What else a request may
 * say, a CA overrides or refuses (O-03, O-04). */

#include "acme/csr.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

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

int csr_build_for(EVP_PKEY *k, const Subject *subject, const StringList *names, Bytes *ret) {
        _cleanup_(request_freep) X509_REQ *q = X509_REQ_new();
        unsigned char *der = NULL;
        int r;

        if (!q)
                return -ENOMEM;
        if (X509_REQ_set_version(q, 0) != 1 || X509_REQ_set_pubkey(q, k) != 1)
                return -EIO;
        r = subject ? subject_to_name(subject, X509_REQ_get_subject_name(q)) : 0;
        if (r >= 0)
                r = add_names(q, names);
        if (r < 0)
                return r;

        int size = X509_REQ_sign(q, k, key_digest(k)) > 0 ? i2d_X509_REQ(q, &der) : -1;
        if (size <= 0) {
                ERR_clear_error();
                return -EIO;
        }
        r = bytes_append(ret, der, (size_t) size);
        OPENSSL_free(der);
        return r;
}

int csr_build(EVP_PKEY *k, const StringList *names, Bytes *ret) {
        return csr_build_for(k, NULL, names, ret);
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

/* ---- requests of others ---- */

void csr_info_done(CsrInfo *c) {
        bytes_done(&c->der);
        string_list_done(&c->names);
        *c = (CsrInfo){};
}

static X509_REQ *decode(const void *text, size_t size) {
        const unsigned char *p = text;
        X509_REQ *q = d2i_X509_REQ(NULL, &p, (long) size);
        BIO *bio;

        if (q && p == (const unsigned char *) text + size)
                return q;
        X509_REQ_free(q);
        bio = BIO_new_mem_buf(text, (int) size);
        q = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
        BIO_free(bio);
        ERR_clear_error();
        return q;
}

static int digest_hex(const Bytes *data, char ret[SHA256_HEX_SIZE]) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        _cleanup_free_ char *hex = NULL;
        size_t size;
        int r;

        if (!EVP_Q_digest(NULL, "SHA256", NULL, data->data, data->size, digest, &size))
                return -EIO;
        r = hex_encode(digest, size, &hex);
        if (r >= 0)
                memcpy(ret, hex, SHA256_HEX_SIZE);
        return r;
}

static int encode(X509_REQ *q, Bytes *ret) {
        unsigned char *der = NULL;
        int size = i2d_X509_REQ(q, &der), r;

        if (size <= 0)
                return -EIO;
        r = bytes_append(ret, der, (size_t) size);
        OPENSSL_free(der);
        return r;
}

static int refuse(const char **ret_reason, const char *reason) {
        ERR_clear_error();
        if (ret_reason)
                *ret_reason = reason;
        return -EBADMSG;
}

int csr_parse(const void *text, size_t size, CsrInfo *ret, const char **ret_reason) {
        _cleanup_(csr_info_done) CsrInfo info = {};
        int r;

        if (size == 0 || size > 2 * CSR_MAX)
                return refuse(ret_reason, "it is empty, or too large for any CA");
        _cleanup_(request_freep) X509_REQ *q = decode(text, size);
        EVP_PKEY *public = q ? X509_REQ_get0_pubkey(q) : NULL;
        if (!public)
                return refuse(ret_reason, "it is no certificate request in PEM or DER");
        if (X509_REQ_verify(q, public) != 1)
                return refuse(ret_reason, "its signature does not hold");
        r = read_names(q, &info.names);
        if (r == -EBADMSG || (r >= 0 && info.names.count == 0))
                return refuse(ret_reason, "it asks for no names (subjectAltName)");
        if (r >= 0)
                r = encode(q, &info.der);
        if (r >= 0)
                r = digest_hex(&info.der, info.sha256);
        if (r >= 0)
                r = key_spki_sha256(public, info.spki_sha256);
        if (r < 0)
                return r;
        if (info.der.size > CSR_MAX)
                return refuse(ret_reason, "it is too large for any CA");
        info.key_type = key_type_of(public);
        *ret = info;
        info = (CsrInfo){};
        return 0;
}

int csr_public_key(const void *der, size_t size, EVP_PKEY **ret) {
        _cleanup_(request_freep) X509_REQ *q = size <= CSR_MAX ? decode(der, size) : NULL;

        if (!q)
                return -EBADMSG;
        *ret = X509_REQ_get_pubkey(q);
        ERR_clear_error();
        return *ret ? 0 : -EBADMSG;
}

int csr_to_pem(const void *der, size_t size, Bytes *ret) {
        _cleanup_(request_freep) X509_REQ *q = NULL;
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;
        int r = bio ? parse(der, size, &q) : -ENOMEM;

        if (r >= 0 && PEM_write_bio_X509_REQ(bio, q) != 1)
                r = -ENOMEM;
        if (r >= 0) {
                long length = BIO_get_mem_data(bio, &text);

                r = length > 0 ? bytes_append(ret, text, (size_t) length) : -EIO;
        }
        (void) BIO_free(bio);
        ERR_clear_error();
        return r;
}
