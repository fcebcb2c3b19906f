/* The key in other forms than the PKCS#8 of the live version. Its text passes only through buffers that are cleansed. */

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "acme/key.h"
#include "hooks/bundle.h"

static void bio_freep(BIO **b) {
        (void) BIO_free(*b); /* memory only; it is cleansed */
}

/* PKCS#1 is of RSA and SEC1 of elliptic curves; the younger kinds have PKCS#8 alone. */
static bool has_traditional_form(EVP_PKEY *k) {
        return EVP_PKEY_is_a(k, "RSA") || EVP_PKEY_is_a(k, "EC");
}

static int write_key(BIO *bio, EVP_PKEY *k, const FileForm *form) {
        bool der = form->format == FILE_FORMAT_DER;

        if (form->traditional)
                return der ? i2d_PrivateKey_bio(bio, k)
                           : PEM_write_bio_PrivateKey_traditional(
                                             bio, k, NULL, NULL, 0, NULL, NULL);
        return der ? i2d_PKCS8PrivateKeyInfo_bio(bio, k)
                   : PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL);
}

int bundle_key(const Bundle *b, const FileForm *form, Bytes *ret) {
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_secmem());
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        char *octets;
        long size;
        int r;

        assert(ret->secret);
        if (!bio)
                return -ENOMEM;
        r = key_from_pem(b->key.data, b->key.size, &k);
        if (r < 0)
                return r;
        if (form->traditional && !has_traditional_form(k))
                return -EOPNOTSUPP;
        r = write_key(bio, k, form);
        ERR_clear_error();
        size = BIO_get_mem_data(bio, &octets);
        return r != 1 || size <= 0 ? -EIO : bytes_append(ret, octets, (size_t) size);
}
