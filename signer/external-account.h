#pragma once

/* Where the secrets of external account bindings come from: credentials of this process, never a path of its own choosing
 * (G-06). Under systemd they are the files eab_NAME of $CREDENTIALS_DIRECTORY; renewd's own parent opens the files as root and
 * hands them in as descriptors of that name. */

#include "acme/external-account.h"
#include "signer/service.h"

/* The credential `name`. -ENOENT: there is none; -EBADMSG with *ret_reason (static): it cannot be used. */
int external_account_load(
                const SignerService *service,
                const char *name,
                ExternalAccount *ret,
                const char **ret_reason);
