#pragma once

/* Certificate signing requests (RFC 8555 §7.4; O-01 … O-05). */

#include "acme/key.h"
#include "base/strings.h"

/* DER of a request with empty subject, the names (DNS names and literal IP addresses) as subjectAltName, SHA-256 (SHA-384 for
 * P-384). Appended to *ret. */
int csr_build(EVP_PKEY *k, const StringList *names, Bytes *ret);

/* The names that a request asks for, sorted and unique; nothing else of it is checked. -EBADMSG. */
int csr_names(const void *der, size_t size, StringList *ret);

/* Checks that the DER request is signed by `k` itself and asks for exactly `names`. -EBADMSG, -EKEYREJECTED (other
 * key), -EINVAL (other names). */
int csr_check(const void *der, size_t size, EVP_PKEY *k, const StringList *names);
