#pragma once

/* External account binding (RFC 8555 §7.3.4; G-01 … G-03): a MAC, with a key that the CA gave to its customer, over the
 * public half of the account key. */

#include "acme/key.h"
#include "base/json.h"

#define EXTERNAL_ACCOUNT_FILE_MAX ((size_t) 4096)

typedef struct ExternalAccount {
        char *kid;             /* any text of the CA's (G-01) */
        Bytes mac;             /* secret; the decoded key */
        const char *algorithm; /* static: "HS256", "HS384", "HS512" */
} ExternalAccount;

void external_account_done(ExternalAccount *e);

/* Reads "kid=…", "hmac=…" and perhaps "alg=…", a line each; '#' begins a comment. -EBADMSG with *ret_reason (static). */
int external_account_parse(
                const char *text, size_t size, ExternalAccount *ret, const char **ret_reason);

/* base64url or base64, padded or not, with white space around; strict otherwise, and hex is never guessed (G-03). Appended.
 * -EBADMSG. */
int external_account_decode(const char *text, Bytes *ret);

/* The object "externalAccountBinding" for this account key and newAccount URL. */
int external_account_bind(const ExternalAccount *e, EVP_PKEY *account, const char *url, Json **ret);
