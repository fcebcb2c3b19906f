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
        char *replaces, *profile;      /* as asked for and taken */
        char *cert_id;                 /* of what was issued */
        int64_t not_before, not_after; /* of it */
        bool revoked, replaced;
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
        bool used[4096];  /* of the nonces, by number */
        char *thumbprint; /* of the account key */
        unsigned account; /* 0: none */
        unsigned last_account;
        CaOrder **orders;
        size_t order_count;
        CaAuthorization **authorizations;
        size_t authorization_count;
        EVP_PKEY *root_key, *key;
        X509 *root, *intermediate;
        int64_t serial;
        char *last_order; /* payload of the last newOrder */
};

/* ca-resource.c */
int ca_answer(HttpReply *ret, long status, Json *taken);
int ca_problem(HttpReply *ret, long status, const char *type, const char *detail);
void ca_set_url(const FakeCa *ca, Json *j, const char *key, const char *kind, size_t i);
void ca_set_location(const FakeCa *ca, char **field, const char *kind, size_t i);
int ca_serve_account(FakeCa *ca, const Json *payload, HttpReply *ret);
int ca_serve_authorization(FakeCa *ca, size_t i, HttpReply *ret);
int ca_serve_challenge(FakeCa *ca, size_t i, HttpReply *ret);
int ca_serve_new_order(FakeCa *ca, const Json *payload, HttpReply *ret);
int ca_serve_order_answer(FakeCa *ca, size_t i, long status, HttpReply *ret);
int ca_serve_finalize(FakeCa *ca, size_t i, const Json *payload, HttpReply *ret);
size_t ca_order_of_cert_id(const FakeCa *ca, const char *cert_id); /* the count: none */
int ca_serve_renewal_info(FakeCa *ca, size_t i, HttpReply *ret);
int ca_serve_certificate(FakeCa *ca, size_t i, HttpReply *ret);
