#pragma once

/* Identifiers as values: DNS names in lower-case A-label form and IP addresses in the text form of RFC 5952 (H-02, N-01).
 * Pure. */

#include "base/base.h"

bool identifier_is_ip(const char *text);

/* The octets of an address in network order: returns 4, 16, or 0 if it is none. */
size_t identifier_octets(const char *text, uint8_t ret[16]);

/* An address in canonical text, malloc'ed. -EINVAL: it is none. */
int identifier_canonical_ip(const char *text, char **ret);

/* The name that a ClientHello names for it: itself, for an address the reverse name without final dot (M-06, RFC 8738 §6);
 * malloc'ed. */
int identifier_server_name(const char *identifier, char **ret);
