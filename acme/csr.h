#pragma once

/* Certificate signing requests (RFC 8555 §7.4; O-01 … O-05). */

#include "acme/key.h"
#include "acme/subject.h"
#include "base/strings.h"

/* DER of a request with empty subject, the names (DNS names and literal IP addresses) as subjectAltName, SHA-256 (SHA-384 for
 * P-384, Ed25519's own). Appended to *ret. */
int csr_build(EVP_PKEY *k, const StringList *names, Bytes *ret);

/* The same with a subject, for CAs without ACME. */
int csr_build_for(EVP_PKEY *k, const Subject *subject, const StringList *names, Bytes *ret);

/* The text form of a DER request; appended. -EBADMSG. */
int csr_to_pem(const void *der, size_t size, Bytes *ret);

/* A request that somebody else made. */
typedef struct CsrInfo {
        Bytes der;
        StringList names; /* as certinfo's; sorted, unique */
        char sha256[SHA256_HEX_SIZE];
        char spki_sha256[SHA256_HEX_SIZE];
        KeyType key_type; /* KEY_TYPE_INVALID if none of ours */
} CsrInfo;

void csr_info_done(CsrInfo *c);

/* PEM or DER. -EBADMSG with *ret_reason (static; may be NULL): it cannot be read, nobody signed it, it asks for no
 * names. */
int csr_parse(const void *text, size_t size, CsrInfo *ret, const char **ret_reason);

/* The public key of a DER request. -EBADMSG. */
int csr_public_key(const void *der, size_t size, EVP_PKEY **ret);
/* The names that a request asks for, sorted and unique; nothing else of it is checked. -EBADMSG. */
int csr_names(const void *der, size_t size, StringList *ret);

/* Checks that the DER request is signed by `k` itself and asks for exactly `names`. -EBADMSG, -EKEYREJECTED (other
 * key), -EINVAL (other names). */
int csr_check(const void *der, size_t size, EVP_PKEY *k, const StringList *names);
