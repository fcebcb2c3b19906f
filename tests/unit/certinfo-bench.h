#pragma once

/* A chain that is made as a case wants it. */

#include "tests/unit/test-chain.h"

#define NOW ((int64_t) 1798977600) /* 2027-01-03T12:00:00Z */
#define DAY ((int64_t) SEC_PER_DAY)

typedef struct Fixture {
        EVP_PKEY *key;
        StringList names;
        TestChainSpec spec;
        Bytes pem;
} Fixture;

void fixture_done(Fixture *f);

/* A good chain: leaf and one intermediate, valid from an hour ago for 90 days. */
Fixture fixture_good(void);

/* Makes the PEM of the key, names and spec. */
void fixture_make(Fixture *f);
