#pragma once

#include "acme/chain.h"
#include "acme/pile.h"

struct Pile {
        CertificateStack *certificates; /* owns */
        EVP_PKEY *key;                  /* owns */
};
