#pragma once

/* Signed requests: flattened JSON JWS (RFC 7515, RFC 8555 §6.2; C-01 … C-10, C-15). */

#include "acme/key.h"
#include "base/json.h"

#define JWS_BODY_MAX ((size_t) 50000) /* C-15 */

typedef struct JwsHeader {
        const char *nonce; /* NULL, only without kid: the inner JWS of a key change (F-11) */
        const char *url;
        const char *kid; /* NULL: the jwk is put in instead (newAccount, a certificate's own key) */
} JwsHeader;

/* Signs. `payload` NULL is the empty payload of POST-as-GET (C-07). ret: malloc'ed text. */
int jws_sign(EVP_PKEY *k, const JwsHeader *header, const char *payload, char **ret);

/* "ES256", "ES384", "RS256", "EdDSA"; NULL for a key that no CA takes for accounts. */
const char *jws_algorithm(EVP_PKEY *k);
