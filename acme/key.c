/* Private keys. They come from OpenSSL's generator alone, and every refusal of it ends here
 * (R2.14.6); their text form passes only through buffers that are cleansed. */

#include "acme/key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/strings.h"

#define PEM_SIZE_MAX ((size_t) 16 * 1024)

static const struct {
        const char *name;
        const char *algorithm, *curve; /* as OpenSSL says them */
        unsigned bits;                 /* of RSA */
} TYPES[KEY_TYPE_MAX] = {
        [KEY_ECDSA_P256] = { "ecdsa-p256", "EC", "prime256v1", 0 },
        [KEY_ECDSA_P384] = { "ecdsa-p384", "EC", "secp384r1", 0 },
        [KEY_RSA_2048] = { "rsa-2048", "RSA", NULL, 2048 },
        [KEY_RSA_3072] = { "rsa-3072", "RSA", NULL, 3072 },
        [KEY_RSA_4096] = { "rsa-4096", "RSA", NULL, 4096 },
        [KEY_ED25519] = { "ed25519", "ED25519", NULL, 0 },
};

KeyType key_type_from_string(const char *text) {
        for (KeyType t = 0; t < KEY_TYPE_MAX; t++)
                if (str_equal(text, TYPES[t].name))
                        return t;
        return KEY_TYPE_INVALID;
}

const char *key_type_to_string(KeyType t) {
        return t >= 0 && t < KEY_TYPE_MAX ? TYPES[t].name : "unknown";
}

KeyFamily key_family(KeyType t) {
        if (t < 0 || t >= KEY_TYPE_MAX)
                return KEY_FAMILY_ANY;
        if (TYPES[t].curve)
                return KEY_FAMILY_ECDSA;
        return TYPES[t].bits > 0 ? KEY_FAMILY_RSA : KEY_FAMILY_ED25519;
}

int key_generate(KeyType type, EVP_PKEY **ret) {
        EVP_PKEY *k;

        assert(type >= 0 && type < KEY_TYPE_MAX);
        if (TYPES[type].curve)
                k = EVP_EC_gen(TYPES[type].curve);
        else if (TYPES[type].bits > 0)
                k = EVP_RSA_gen(TYPES[type].bits);
        else
                k = EVP_PKEY_Q_keygen(NULL, NULL, TYPES[type].algorithm);
        if (!k) {
                ERR_clear_error();
                return -EIO;
        }
        *ret = k;
        return 0;
}

EVP_PKEY *key_free(EVP_PKEY *k) {
        EVP_PKEY_free(k);
        return NULL;
}

static bool is_of_type(EVP_PKEY *k, KeyType t) {
        char name[64];
        size_t size;

        if (!EVP_PKEY_is_a(k, TYPES[t].algorithm))
                return false;
        if (TYPES[t].curve)
                return EVP_PKEY_get_group_name(k, name, sizeof(name), &size) == 1 &&
                       str_equal(name, TYPES[t].curve);
        return TYPES[t].bits == 0 || EVP_PKEY_get_bits(k) == (int) TYPES[t].bits;
}

KeyType key_type_of(EVP_PKEY *k) {
        for (KeyType t = 0; t < KEY_TYPE_MAX; t++)
                if (is_of_type(k, t))
                        return t;
        return KEY_TYPE_INVALID;
}

const EVP_MD *key_digest(EVP_PKEY *k) {
        KeyType type = key_type_of(k);

        if (type == KEY_ED25519)
                return NULL;
        return type == KEY_ECDSA_P384 ? EVP_sha384() : EVP_sha256();
}

static void bio_freep(BIO **b) {
        (void) BIO_free(*b); /* memory only; it is cleansed */
}

int key_to_pem(EVP_PKEY *k, Bytes *ret) {
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_secmem());
        char *text;

        assert(ret->secret);
        if (!bio)
                return -ENOMEM;
        if (PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL) != 1) {
                ERR_clear_error();
                return -EIO;
        }
        long size = BIO_get_mem_data(bio, &text);
        if (size <= 0)
                return -EIO;
        return bytes_append(ret, text, (size_t) size);
}

/* An encrypted key is refused instead of asking at a terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *userdata) {
        (void) buffer;
        (void) size;
        (void) writing;
        (void) userdata;
        return -1;
}

int key_from_pem(const void *pem, size_t size, EVP_PKEY **ret) {
        if (size == 0 || size > PEM_SIZE_MAX)
                return -EBADMSG;
        _cleanup_(bio_freep) BIO *bio = BIO_new_mem_buf(pem, (int) size);
        if (!bio)
                return -ENOMEM;
        EVP_PKEY *k = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
        if (!k) {
                ERR_clear_error();
                return -EBADMSG;
        }
        *ret = k;
        return 0;
}

int key_spki_sha256(EVP_PKEY *k, char ret[SHA256_HEX_SIZE]) {
        unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
        _cleanup_free_ char *hex = NULL;
        size_t digest_size;
        int r;

        int size = i2d_PUBKEY(k, &der);
        if (size <= 0)
                return -EIO;
        bool done = EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t) size, digest, &digest_size);
        OPENSSL_free(der);
        if (!done)
                return -EIO;
        r = hex_encode(digest, digest_size, &hex);
        if (r < 0)
                return r;
        memcpy(ret, hex, SHA256_HEX_SIZE);
        return 0;
}
