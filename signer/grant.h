#pragma once

/* What only root may decide: it is granted on the signer's own socket, kept on disk for ten minutes, and used once, so that a
 * taken-over engine can neither roll a key over, nor close an account, nor revoke (DESIGN §2). STATE/signer/grants.
 *
 * "Once" is one request, however often a refused nonce makes it be signed anew: the first use binds the grant to what is
 * signed. */

#include "acme/key.h"
#include "base/strings.h"

#define GRANT_AGE_MAX_SEC ((int64_t) 10 * SEC_PER_MIN)

typedef enum GrantAction {
        GRANT_ROLLOVER,   /* of the account key of a CA */
        GRANT_NEW_KEY,    /* another account key, for another account */
        GRANT_DEACTIVATE, /* the account at a CA */
        GRANT_REVOKE,     /* one certificate, by its fingerprint */
        GRANT_ACTION_MAX,
        GRANT_ACTION_INVALID = -EINVAL,
} GrantAction;
GrantAction grant_action_from_string(
                const char *text); /* "rollover", "new-key", "deactivate", "revoke" */

typedef struct Grant {
        GrantAction action;
        const char *name; /* of the CA or the certificate */
        const char *leaf; /* of GRANT_REVOKE: its SHA-256 */
} Grant;

/* Durable; replaces one that was there. `key_pem` may be NULL: the key that a rollover shall use. */
int grant_give(int store_fd, const Grant *g, const char *key_pem, int64_t now);

/* 0 if it was given, is fresh and was not used for anything but `payload` at `url`; then it is bound to those, durably.
 * -EPERM. */
int grant_use(int store_fd, const Grant *g, const char *url, const char *payload, int64_t now);

/* 0 if it was given and is fresh; -EPERM. *ret_key: the key that came with it, or NULL. */
int grant_check(int store_fd, const Grant *g, int64_t now, EVP_PKEY **ret_key);

/* It is used up. */
int grant_drop(int store_fd, const Grant *g);
