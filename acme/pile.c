/* Reading what a person hands in. The files are root's own choice; all the same nothing is asked at a terminal, and each
 * form is tried by OpenSSL's own decoder. */

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/provider.h>
#include <string.h>

#include "acme/pile-internal.h"
#include "acme/stand-in-internal.h"

typedef struct Reader {
        Pile *pile;
        const char *password; /* NULL: none */
        size_t found;
        const char *reason;
} Reader;

int pile_new(Pile **ret) {
        _cleanup_(pile_freep) Pile *p = calloc(1, sizeof *p);

        if (p)
                p->certificates = sk_X509_new_null();
        if (!p || !p->certificates)
                return -ENOMEM;
        *ret = TAKE_PTR(p);
        return 0;
}

Pile *pile_free(Pile *p) {
        if (!p)
                return NULL;
        certificate_stack_free(p->certificates);
        (void) key_free(p->key);
        free(p);
        return NULL;
}

EVP_PKEY *pile_key(const Pile *p) {
        return p->key;
}

size_t pile_count(const Pile *p) {
        return (size_t) sk_X509_num(p->certificates);
}

bool pile_has_pair(const Pile *p) {
        bool has = false;

        for (int i = 0; p->key && i < sk_X509_num(p->certificates) && !has; i++) {
                EVP_PKEY *public = X509_get0_pubkey(sk_X509_value(p->certificates, i));

                has = public && EVP_PKEY_eq(public, p->key) == 1;
        }
        ERR_clear_error();
        return has;
}

bool pile_has_stand_in(const Pile *p) {
        for (int i = 0; i < sk_X509_num(p->certificates); i++)
                if (certificate_is_stand_in(sk_X509_value(p->certificates, i)))
                        return true;
        return false;
}

static int bad(Reader *r, const char *reason) {
        r->reason = reason;
        return -EBADMSG;
}

/* Takes `c`. */
static int add_certificate(Reader *r, X509 *c) {
        CertificateStack *all = r->pile->certificates;

        r->found++;
        for (int i = 0; i < sk_X509_num(all); i++)
                if (X509_cmp(sk_X509_value(all, i), c) == 0) {
                        X509_free(c);
                        return 0;
                }
        if (sk_X509_num(all) >= PILE_CERTIFICATES_MAX) {
                X509_free(c);
                return bad(r, "there are too many certificates");
        }
        if (sk_X509_push(all, c) > 0)
                return 0;
        X509_free(c);
        return -ENOMEM;
}

/* Takes `key`; NULL: it could not be read. */
static int add_key(Reader *r, EVP_PKEY *key) {
        bool same;

        if (!key) {
                ERR_clear_error();
                return bad(r, "a private key in it cannot be read");
        }
        r->found++;
        if (!r->pile->key) {
                r->pile->key = key;
                return 0;
        }
        same = EVP_PKEY_eq(r->pile->key, key) == 1;
        EVP_PKEY_free(key);
        return same ? 0
                    : bad(r,
                          "there are two different private keys; give the one that belongs to the certificate");
}

static int need_password(Reader *r) {
        ERR_clear_error();
        r->reason = r->password ? "the password is wrong" : "it needs a password";
        return -ENOKEY;
}

/* ---- forms ---- */

/* 1: it is none of this form, try the next. */
static int read_certificate(Reader *r, const unsigned char *der, long size) {
        const unsigned char *p = der;
        X509 *c = d2i_X509(NULL, &p, size);

        if (c && p == der + size)
                return add_certificate(r, c);
        X509_free(c);
        ERR_clear_error();
        return 1;
}

static int read_pkcs7(Reader *r, const unsigned char *der, long size) {
        PKCS7 *bag = d2i_PKCS7(NULL, &der, size);
        CertificateStack *list = NULL;
        int e = 1;

        if (bag && PKCS7_type_is_signed(bag) && bag->d.sign)
                list = bag->d.sign->cert;
        if (list)
                e = 0;
        for (int i = 0; e >= 0 && list && i < sk_X509_num(list); i++) {
                X509 *c = sk_X509_value(list, i);

                e = X509_up_ref(c) == 1 ? add_certificate(r, c) : -ENOMEM;
        }
        PKCS7_free(bag);
        ERR_clear_error();
        return e;
}

static int read_key(Reader *r, const unsigned char *der, long size) {
        EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &der, size);

        ERR_clear_error();
        return key ? add_key(r, key) : 1;
}

static int read_encrypted_key(Reader *r, const unsigned char *der, long size) {
        X509_SIG *sealed = d2i_X509_SIG(NULL, &der, size);
        PKCS8_PRIV_KEY_INFO *info = NULL;
        int e = 1;

        if (sealed && r->password)
                info = PKCS8_decrypt(sealed, r->password, (int) strlen(r->password));
        if (info)
                e = add_key(r, EVP_PKCS82PKEY(info));
        else if (sealed)
                e = need_password(r);
        PKCS8_PRIV_KEY_INFO_free(info);
        X509_SIG_free(sealed);
        ERR_clear_error();
        return e;
}

/* RC2 and the like of older exports live in a provider of their own. */
static int unpack(
                PKCS12 *box,
                const char *password,
                EVP_PKEY **key,
                X509 **c,
                CertificateStack **more) {
        if (PKCS12_parse(box, password, key, c, more) == 1)
                return 0;
        ERR_clear_error();
        if (!OSSL_PROVIDER_try_load(NULL, "legacy", 1) ||
            PKCS12_parse(box, password, key, c, more) != 1) {
                ERR_clear_error();
                return -EBADMSG;
        }
        return 0;
}

static int take_box(Reader *r, PKCS12 *box, const char *password) {
        CertificateStack *more = NULL;
        EVP_PKEY *key = NULL;
        X509 *c = NULL;
        int e = unpack(box, password, &key, &c, &more);

        if (e < 0)
                return bad(r, "it is a PKCS#12 file that cannot be unpacked");
        if (key)
                e = add_key(r, key);
        if (c && e >= 0)
                e = add_certificate(r, c);
        else
                X509_free(c);
        while (e >= 0 && more && sk_X509_num(more) > 0)
                e = add_certificate(r, sk_X509_shift(more));
        certificate_stack_free(more);
        return e;
}

static int read_pkcs12(Reader *r, const unsigned char *der, long size) {
        PKCS12 *box = d2i_PKCS12(NULL, &der, size);
        const char *password = r->password;
        int e;

        if (!box) {
                ERR_clear_error();
                return 1;
        }
        /* "No password" is written in two ways. */
        if (!password && PKCS12_verify_mac(box, "", 0) == 1)
                password = "";
        e = PKCS12_mac_present(box) && PKCS12_verify_mac(box, password, password ? -1 : 0) != 1
                            ? need_password(r)
                            : take_box(r, box, password);
        PKCS12_free(box);
        ERR_clear_error();
        return e;
}

static int read_der(Reader *r, const unsigned char *der, long size) {
        static int (*const forms[])(Reader *, const unsigned char *, long) = {
                read_certificate, read_pkcs12, read_pkcs7, read_key, read_encrypted_key,
        };
        int e = 1;

        for (size_t i = 0; i < ELEMENTSOF(forms) && e == 1; i++)
                e = forms[i](r, der, size);
        return e == 1 ? bad(r,
                            "it holds neither certificate nor key in PEM, DER, PKCS#7 or PKCS#12")
                      : e;
}

/* ---- PEM ---- */

static int give_password(char *buffer, int size, int writing, void *userdata) {
        const char *password = userdata;
        size_t length = password ? strlen(password) : 0;

        (void) writing;
        if (!password || length >= (size_t) size)
                return -1;
        memcpy(buffer, password, length);
        return (int) length;
}

/* What a reader says of a form that it must be. */
static int settle(Reader *r, int e, const char *otherwise) {
        ERR_clear_error();
        return e == 1 ? bad(r, otherwise) : e;
}

static int read_block(Reader *r, const char *name, char *header, unsigned char *data, long size) {
        static const char bad_key[] = "a private key in it cannot be read";
        EVP_CIPHER_INFO cipher = {};

        if (str_equal(name, PEM_STRING_X509) || str_equal(name, PEM_STRING_X509_OLD))
                return settle(r, read_certificate(r, data, size),
                              "a certificate in it cannot be decoded");
        if (str_equal(name, PEM_STRING_PKCS7) || str_equal(name, PEM_STRING_PKCS7_SIGNED))
                return settle(r, read_pkcs7(r, data, size), "its PKCS#7 block cannot be read");
        if (str_equal(name, PEM_STRING_PKCS8))
                return settle(r, read_encrypted_key(r, data, size), bad_key);
        if (!str_ends_with(name, "PRIVATE KEY"))
                return 0; /* parameters, a request */
        if (PEM_get_EVP_CIPHER_INFO(header, &cipher) != 1 ||
            PEM_do_header(&cipher, data, &size, give_password, (void *) r->password) != 1)
                return need_password(r);
        return settle(r, read_key(r, data, size), bad_key);
}

static int read_pem(Reader *r, const void *text, size_t size) {
        BIO *bio = BIO_new_mem_buf(text, (int) size);
        int e = bio ? 0 : -ENOMEM;

        while (e >= 0) {
                char *name = NULL, *header = NULL;
                unsigned char *data = NULL;
                long length = 0;

                if (PEM_read_bio(bio, &name, &header, &data, &length) != 1)
                        break;
                e = read_block(r, name, header, data, length);
                OPENSSL_free(name);
                OPENSSL_free(header);
                OPENSSL_clear_free(data, (size_t) length);
        }
        if (e >= 0 && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
                e = bad(r, "a block in it is damaged");
        ERR_clear_error();
        (void) BIO_free(bio);
        if (e >= 0 && r->found == 0)
                return bad(r, "there is neither certificate nor key in it");
        return e;
}

int pile_add(Pile *p,
             const void *data,
             size_t size,
             const char *password,
             const char **ret_reason) {
        Reader r = { .pile = p, .password = password };
        int e;

        if (size == 0 || size > PILE_FILE_MAX)
                e = bad(&r, "it is empty, or too large");
        else if (memmem(data, size, "-----BEGIN ", strlen("-----BEGIN ")))
                e = read_pem(&r, data, size);
        else
                e = read_der(&r, data, (long) size);
        if (e < 0)
                *ret_reason = r.reason;
        return e < 0 ? e : 0;
}
