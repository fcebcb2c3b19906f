#pragma once

/* The validation certificates that are shown now, one of each name (R2.6.2). */

#include <openssl/x509.h>

#include "base/base.h"

typedef struct AlpnShown AlpnShown;

int alpn_shown_new(AlpnShown **ret);
AlpnShown *alpn_shown_free(AlpnShown *s);
DEFINE_CLEANUP(AlpnShown *, alpn_shown_free)

/* Twice is once. -EBUSY: the name has another token now; whoever comes first is validated first. -EINVAL: a wildcard, or no
 * name. */
int alpn_shown_add(
                AlpnShown *s,
                const char *identifier,
                const char *token,
                const char *authorization,
                int64_t now);
void alpn_shown_remove(AlpnShown *s, const char *identifier, const char *token);

/* `server_name`: as alpn_hello_server_name() gives it. False: nothing is shown under it. Borrowed. */
bool alpn_shown_find(
                const AlpnShown *s,
                const char *server_name,
                EVP_PKEY **ret_key,
                X509 **ret_certificate);
