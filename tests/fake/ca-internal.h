#pragma once

#include "acme/object.h"
#include "tests/fake/ca.h"

typedef struct CaAuthorization {
        char identifier[128];
        char token[64];
        AcmeStatus status;
        int64_t valid_until;
        unsigned account;
        bool accepted;
        Timer *timer; /* of its validation */
        FakeCa *ca;
} CaAuthorization;

typedef struct CaOrder {
        AcmeStatus status;
        StringList names;
        unsigned account;
        unsigned *authorizations; /* indexes */
        int64_t expires;
        int64_t ready_at; /* processing ends */
        char *pem;
} CaOrder;

struct FakeCa {
        Loop *loop;
        Responder *responder;
        char host[64];
        FakeCaOptions options;
        FakeCaHooks hooks;
        FakeCaCounts counts;
        bool down;
        uint64_t last_nonce;
        bool used[4096]; /* of the nonces, by number */
        char *thumbprint;    /* of the account key */
        unsigned account;    /* 0: none */
        unsigned last_account;
        CaOrder **orders;
        size_t order_count;
        CaAuthorization **authorizations;
        size_t authorization_count;
        EVP_PKEY *root_key, *key;
        X509 *root, *intermediate;
        int64_t serial;
};
