#pragma once

/* Makes certificate chains for tests: root, intermediates, leaf; all of ECDSA P-256. */

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/strings.h"

typedef struct TestChainSpec {
        const StringList *names; /* DNS names and IP addresses of the leaf; NULL or empty: no SAN */
        int64_t not_before, not_after; /* of the leaf, Unix seconds; the issuers' lie around them */
        bool ca;                       /* the leaf says that it is a CA */
        bool client_auth_only;         /* clientAuth instead of serverAuth */
        unsigned intermediates;
        bool reversed; /* the certificates in opposite order */
        bool with_root;
} TestChainSpec;

/* A chain for `leaf_key` as PEM, appended to *ret. Serial numbers are random, so that two are never
 * the same. */
int test_chain_make(const TestChainSpec *spec, EVP_PKEY *leaf_key, Bytes *ret_pem);
