#pragma once

/* The keys on disk, below STATE/signer (0700):
 *
 *   accounts/CA/THUMBPRINT.pem   the account key of a CA, and while it is being rolled over the next one
 *   keys/NAME/ATTEMPT.pem        one key per certificate and attempt
 *   keys/NAME/import-SPKI.pem    one that root brought (the first 16 digits)
 *   keys/NAME/SPKI.retired       this key is never used for another attempt
 *   requests/NAME.json           the last request to a CA without ACME (signer/manual.h)
 *   stand-ins/NAME.pem           key and self-signed certificate (signer/stand-in.h)
 *   blocked/SPKI                 compromised keys (signer/blocked.h)
 *   grants/ACTION.NAME           what root allowed lately (signer/grant.h)
 *
 * A key is durable before anybody hears of it, and is never made twice: asked again, the answer is the
 * same key (F-03). Several processes may work here at once; a lock on the directory keeps them
 * apart. */

#include "acme/key.h"
#include "config/paths.h"

/* STATE/signer as a descriptor; made when missing. */
int keystore_open(const Paths *paths);

/* [a-z0-9-]{1,64} */
bool attempt_is_valid(const char *attempt);

/* The account key of this CA, made of kind `type`. -ENOKEY if it is missing and `create` is not given; -EBADMSG if its
 * file is damaged: then nothing is made, since a second account would break what hangs on the
 * first. */
int keystore_account(int store_fd, const char *ca, KeyType type, bool create, EVP_PKEY **ret);

/* The key that shall replace it; -ENOKEY: none (F-12). */
int keystore_account_pending(int store_fd, const char *ca, EVP_PKEY **ret);
/* There is one: the one that was there, else `given` (may be NULL), else a new one of kind `type`. */
int keystore_account_prepare(
                int store_fd, const char *ca, KeyType type, EVP_PKEY *given, EVP_PKEY **ret);
/* The pending key of this thumbprint is the account's; all others are destroyed, and remembered as former ones (C-13).
 * -ENOKEY: it is neither pending nor current. */
int keystore_account_promote(int store_fd, const char *ca, const char *thumbprint);
/* None is pending; the key itself stays, in case the CA thinks otherwise. */
int keystore_account_abandon(int store_fd, const char *ca);
/* A new key is the account's; the one before stays beside it. */
int keystore_account_replace(int store_fd, const char *ca, KeyType type, EVP_PKEY **ret);

/* The key of (certificate, attempt); `type` counts only for a new one. Errors as above; -EDQUOT:
 * too many keys of this certificate; -EKEYREJECTED: it is an account key (C-13); -EKEYREVOKED: it is blocked. */
int keystore_certificate(
                int store_fd,
                const char *certificate,
                const char *attempt,
                KeyType type,
                bool create,
                EVP_PKEY **ret);

/* Keeps a key that was made elsewhere, durable, if the certificate has not got it yet. -EDQUOT. */
int keystore_import(int store_fd, const char *certificate, EVP_PKEY *key);

/* The attempt gets the certificate's key with this SPKI, if it is here, of kind `type` and not retired, and the attempt
 * has none yet (O-05); else nothing happens. */
int keystore_reuse(
                int store_fd,
                const char *certificate,
                const char *attempt,
                KeyType type,
                const char *spki_sha256);

/* The key with this SPKI, wherever it is, is known to be no good (revoked, compromised, refused): keystore_reuse() never
 * takes it again. */
int keystore_retire(int store_fd, const char *certificate, const char *spki_sha256);

/* Is it, or was it, that of an account at any CA (C-13)? 1 yes, 0 no. */
int keystore_is_account_key(int store_fd, EVP_PKEY *key);
/* The certificate's key with this public half, also a blocked one; -ENOKEY. */
int keystore_find(int store_fd, const char *certificate, const char *spki_sha256, EVP_PKEY **ret);

/* What must stay, however old. */
typedef struct KeystoreKept {
        const char *spki_sha256; /* of the live certificate; NULL: none */
        const char *attempt;     /* of the open order; NULL: none */
} KeystoreKept;

/* Removes the keys of the certificate that are neither kept nor younger than 30 days (those of rehearsals: at any age; of
 * requests that a person carries to a CA: than 400 days), and what interrupted writes left. A file that cannot be read as a key is left alone. */
#define KEYSTORE_KEEP_SEC         ((int64_t) 30 * SEC_PER_DAY)
#define KEYSTORE_KEEP_REQUEST_SEC ((int64_t) 400 * SEC_PER_DAY)
int keystore_prune(
                int store_fd,
                const char *certificate,
                const KeystoreKept *kept,
                int64_t now,
                size_t *ret_removed);
