#pragma once

/* The payloads of RFC 8555 that the signer signs, each built from typed values. There are no
 * others; the empty one and "{}" need no building. All malloc'ed JSON text. */

#include "acme/key.h"
#include "base/json.h"
#include "config/config.h"

#define PAYLOAD_EMPTY_OBJECT "{}" /* a challenge (J-07) */

/* {"onlyReturnExisting":true} */
int payload_find_account(char **ret);

/* {"termsOfServiceAgreed":true,"contact":["mailto:…"],"externalAccountBinding":{…}} (F-01); without contacts
 * none is sent. Takes `binding`, which may be NULL. */
int payload_new_account(const StringList *contact, Json *binding, char **ret);

/* Only what is to change (F-08): `contact` NULL: not; an empty one: none any more. */
int payload_account_update(const StringList *contact, bool terms_agreed, char **ret);

/* {"status":"deactivated"} (F-10) */
int payload_deactivate(char **ret);

/* The inner one of a key change: {"account":URL,"oldKey":JWK} (F-11). */
int payload_key_change(const char *account, EVP_PKEY *old, char **ret);

/* {"certificate":…,"reason":…}; `leaf` is base64url; reason 0 is left out. */
int payload_revoke(const char *leaf, int64_t reason, char **ret);

/* What an order may ask for besides its names; all checked, NULL: not asked for. */
typedef struct OrderWishes {
        const char *profile, *replaces, *not_before, *not_after;
} OrderWishes;

/* {"identifiers":[{"type":"dns","value":…},…],"profile":…,"replaces":…,"notBefore":…,"notAfter":…} (H-01) */
int payload_new_order(const StringList *names, const OrderWishes *wishes, char **ret);

/* {"csr":…}; `csr` is base64url (O-01). */
int payload_finalize(const char *csr, char **ret);
