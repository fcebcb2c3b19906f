#pragma once

/* The payloads of RFC 8555 that the signer signs, each built from typed values. There are no
 * others; the empty one and "{}" need no building. All malloc'ed JSON text. */

#include "config/config.h"

#define PAYLOAD_EMPTY_OBJECT "{}" /* a challenge (J-07) */

/* {"onlyReturnExisting":true} */
int payload_find_account(char **ret);

/* {"termsOfServiceAgreed":true,"contact":["mailto:…"]}; `email` may be NULL (F-01). */
int payload_new_account(const char *email, char **ret);

/* What an order may ask for besides its names; all checked, NULL: not asked for. */
typedef struct OrderWishes {
        const char *profile, *replaces, *not_before, *not_after;
} OrderWishes;

/* {"identifiers":[{"type":"dns","value":…},…],"profile":…,"replaces":…,"notBefore":…,"notAfter":…} (H-01) */
int payload_new_order(const StringList *names, const OrderWishes *wishes, char **ret);

/* {"csr":…}; `csr` is base64url (O-01). */
int payload_finalize(const char *csr, char **ret);
