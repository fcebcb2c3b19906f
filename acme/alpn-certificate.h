#pragma once

/* What a CA is shown for tls-alpn-01: a self-signed certificate with the digest of the key authorization in it
 * (RFC 8737 §3, RFC 8738 §6). Its key signs nothing but this one certificate and its handshakes. */

#include <openssl/x509.h>

#include "acme/key.h"

#define ALPN_PROTOCOL       "acme-tls/1"
#define ALPN_DIGEST_SIZE    32
#define ALPN_EXTENSION_SIZE 51

int alpn_digest(const char *authorization, uint8_t ret[ALPN_DIGEST_SIZE]);

/* The extension acmeIdentifier as DER, ALPN_EXTENSION_SIZE octets (M-04); appended. */
int alpn_extension_build(const uint8_t digest[ALPN_DIGEST_SIZE], Bytes *ret);

/* `identifier`: DNS name or address, no wildcard (-EINVAL, M-07). A new P-256 key each time (M-03). */
int alpn_certificate_new(
                const char *identifier,
                const uint8_t digest[ALPN_DIGEST_SIZE],
                int64_t now,
                EVP_PKEY **ret_key,
                X509 **ret_certificate);

/* Is the first certificate of this PEM text one for this authorization? */
bool alpn_certificate_answers(const char *pem, const char *authorization);

static inline void x509_freep(X509 **x) {
        X509_free(*x);
}
