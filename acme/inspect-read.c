/* What is in a file: PEM blocks of any kind in any order, or one DER object. Keys are read to be compared, and go. */

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <string.h>

#include "acme/inspect-internal.h"

#define BLOCKS_MAX 256

void material_done(Material *m) {
        certificate_stack_free(m->certificates);
        EVP_PKEY_free(m->key);
        *m = (Material){};
}

/* Takes `c`; NULL: it could not be read. */
static int add_certificate(Material *m, X509 *c) {
        if (!c) {
                m->unreadable++;
                return 0;
        }
        if (sk_X509_num(m->certificates) >= INSPECT_CERTIFICATES_MAX) {
                X509_free(c);
                m->unreadable++;
                return 0;
        }
        if (sk_X509_push(m->certificates, c) <= 0) {
                X509_free(c);
                return -ENOMEM;
        }
        return 0;
}

static void add_key(Material *m, EVP_PKEY *key) {
        m->key_unreadable = m->key_unreadable || !key;
        if (m->key)
                EVP_PKEY_free(key);
        else
                m->key = key;
}

static EVP_PKEY *key_from_der(const unsigned char *der, long size) {
        return d2i_AutoPrivateKey(NULL, &der, size);
}

/* Adds the certificates of a PKCS#7 bag. */
static int add_bag(Material *m, PKCS7 *p7) {
        STACK_OF(X509) *list = NULL;
        int r = 0;

        if (p7 && PKCS7_type_is_signed(p7) && p7->d.sign)
                list = p7->d.sign->cert;
        for (int i = 0; i < sk_X509_num(list) && r >= 0; i++) {
                X509 *c = sk_X509_value(list, i);

                r = X509_up_ref(c) == 1 ? add_certificate(m, c) : -ENOMEM;
        }
        if (!p7)
                m->unreadable++;
        m->ordered = false;
        PKCS7_free(p7);
        return r;
}

static int take_block(
                Material *m,
                const char *name,
                const char *header,
                const unsigned char *der,
                long size) {
        const unsigned char *p = der;

        if (str_equal(name, PEM_STRING_X509) || str_equal(name, PEM_STRING_X509_OLD))
                return add_certificate(m, d2i_X509(NULL, &p, size));
        if (str_equal(name, PEM_STRING_X509_TRUSTED))
                return add_certificate(m, d2i_X509_AUX(NULL, &p, size));
        if (str_equal(name, PEM_STRING_PKCS7) || str_equal(name, "CMS"))
                return add_bag(m, d2i_PKCS7(NULL, &p, size));
        if (str_equal(name, PEM_STRING_PKCS8) ||
            (str_ends_with(name, "PRIVATE KEY") && strstr(header, "ENCRYPTED")))
                m->key_encrypted = true;
        else if (str_ends_with(name, "PRIVATE KEY"))
                add_key(m, key_from_der(der, size));
        else if (str_ends_with(name, "CERTIFICATE REQUEST"))
                m->request = true;
        return 0;
}

/* A block whose base64 is broken ends the reading: what comes behind it cannot be told apart. */
static int read_pem(Material *m, const Bytes *data) {
        BIO *bio = BIO_new_mem_buf(data->data, (int) data->size);
        char *name = NULL, *header = NULL;
        unsigned char *der = NULL;
        long size = 0;
        int r = bio ? 0 : -ENOMEM;

        for (int i = 0; r >= 0 && i < BLOCKS_MAX; i++) {
                if (PEM_read_bio(bio, &name, &header, &der, &size) != 1) {
                        if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
                                m->unreadable++;
                        break;
                }
                r = take_block(m, name, header, der, size);
                OPENSSL_free(name);
                OPENSSL_free(header);
                OPENSSL_clear_free(der, (size_t) size);
        }
        (void) BIO_free(bio); /* memory only */
        return r;
}

static int read_pkcs12(Material *m, PKCS12 *p12) {
        STACK_OF(X509) *others = NULL;
        EVP_PKEY *key = NULL;
        X509 *leaf = NULL;
        int r = 0;

        m->ordered = false;
        if (PKCS12_parse(p12, "", &key, &leaf, &others) != 1 &&
            PKCS12_parse(p12, NULL, &key, &leaf, &others) != 1) {
                m->encrypted = true;
                return 0;
        }
        if (leaf)
                r = add_certificate(m, leaf);
        if (key)
                add_key(m, key);
        while (r >= 0 && sk_X509_num(others) > 0)
                r = add_certificate(m, sk_X509_shift(others));
        sk_X509_pop_free(others, X509_free);
        return r;
}

static int read_der(Material *m, const Bytes *data) {
        const unsigned char *p = data->data;
        long size = (long) data->size;
        X509 *c = d2i_X509(NULL, &p, size);
        PKCS12 *p12;
        PKCS7 *p7;
        int r;

        if (c)
                return add_certificate(m, c);
        p = data->data;
        p12 = d2i_PKCS12(NULL, &p, size);
        if (p12) {
                r = read_pkcs12(m, p12);
                PKCS12_free(p12);
                return r;
        }
        p = data->data;
        p7 = d2i_PKCS7(NULL, &p, size);
        if (p7)
                return add_bag(m, p7);
        EVP_PKEY *key = key_from_der(data->data, size);
        if (key)
                add_key(m, key);
        return 0;
}

int material_read(const Bytes *data, Material *ret) {
        int r;

        *ret = (Material){ .certificates = sk_X509_new_null(), .ordered = true };
        if (!ret->certificates)
                return -ENOMEM;
        if (data->size == 0)
                return 0;
        if (memmem(data->data, data->size, "-----BEGIN ", 11))
                r = read_pem(ret, data);
        else
                r = read_der(ret, data);
        ERR_clear_error();
        return r;
}
