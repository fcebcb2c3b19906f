#pragma once

/* Private keys: making, reading, writing as PEM, and which kinds there are. */

#include <openssl/evp.h>

#include "base/bytes.h"

typedef enum KeyType {
        KEY_ECDSA_P256, /* default for certificates; ES256 for accounts */
        KEY_ECDSA_P384, /* ES384 */
        KEY_RSA_2048,   /* RS256 */
        KEY_RSA_3072,
        KEY_RSA_4096,
        KEY_ED25519, /* EdDSA; no public CA takes it (C-01) */
        KEY_TYPE_MAX,
        KEY_TYPE_INVALID = -EINVAL,
} KeyType;

KeyType key_type_from_string(const char *text); /* "ecdsa-p256", "rsa-2048", "ed25519" … */
const char *key_type_to_string(KeyType t);

/* What a TLS client can ask a server for. */
typedef enum KeyFamily {
        KEY_FAMILY_ANY, /* also of KEY_TYPE_INVALID */
        KEY_FAMILY_RSA,
        KEY_FAMILY_ECDSA,
        KEY_FAMILY_ED25519,
        KEY_FAMILY_MAX,
} KeyFamily;
KeyFamily key_family(KeyType t);

int key_generate(KeyType type, EVP_PKEY **ret); /* -EIO when the DRBG or the library fails */
EVP_PKEY *key_free(EVP_PKEY *k);
DEFINE_CLEANUP(EVP_PKEY *, key_free)

/* What a CSR of such a key is signed with; NULL: the key's algorithm has its own (Ed25519). */
const EVP_MD *key_digest(EVP_PKEY *k);

/* Of which of our kinds is it; KEY_TYPE_INVALID if none. */
KeyType key_type_of(EVP_PKEY *k);

/* PKCS#8, unencrypted. `ret` must be secret; appended. */
int key_to_pem(EVP_PKEY *k, Bytes *ret);
int key_from_pem(const void *pem, size_t size, EVP_PKEY **ret); /* -EBADMSG */

/* Lower-case hex SHA-256 of the SubjectPublicKeyInfo. */
#define SHA256_HEX_SIZE 65
int key_spki_sha256(EVP_PKEY *k, char ret[SHA256_HEX_SIZE]);
