#pragma once

/* Our names and the subjectAltName of X.509, both ways. For acme/ only. */

#include <openssl/x509v3.h>

#include "base/strings.h"

/* DNS names and literal IP addresses to general names (N-03). -EINVAL: empty list, or a name that
 * cannot stand in one. */
int san_from_names(const StringList *names, GENERAL_NAMES **ret);

/* dNSName in lower case, iPAddress as text; sorted, unique; other kinds are passed over. Appended.
 * -EBADMSG: an embedded NUL, octets that are no visible ASCII, an address of odd length. */
int san_to_names(const GENERAL_NAMES *san, StringList *ret);
