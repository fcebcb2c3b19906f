#pragma once

#include "tests/fake/helper.h"

typedef struct FakeKey {
        char *certificate, *attempt;
        EVP_PKEY *key;
        char spki[SHA256_HEX_SIZE];
} FakeKey;

typedef struct FakeLive {
        char *certificate, *leaf;
} FakeLive;

typedef struct MethodCount {
        char name[32];
        unsigned count;
} MethodCount;

/* 0 and *ret, or a positive number and *ret_error: a Varlink error. */
typedef int (*fake_method)(
                Helper *h, const char *method, const Json *p, Json **ret, const char **ret_error);

struct Helper {
        Loop *loop;
        fake_method handle;
        bool gone;
        uint32_t loss, crash;
        usec_t delay;
        MethodCount counts[16];

        FakeKey *keys;
        size_t key_count;
        unsigned made;
        char retired[SHA256_HEX_SIZE]; /* the last one */
        bool key_pending, key_changed; /* of the account */

        Helper *signer;
        Store *store;
        FakeTarget **targets;
        size_t target_count;
        FakeLive *live;
        size_t live_count;
        bool mismatched;
        FakeProof *proofs;
        size_t proof_count;
        unsigned presents, cleanups;
        const char *program_error, *cleanup_error;
        fake_deploy_fn on_deploy;
        void *on_deploy_data;
};

int fake_signer_handle(
                Helper *h, const char *method, const Json *p, Json **ret, const char **ret_error);
int fake_installer_handle(
                Helper *h, const char *method, const Json *p, Json **ret, const char **ret_error);
void fake_signer_done(Helper *h);
void fake_installer_done(Helper *h);
const FakeKey *fake_signer_key_of(const Helper *h, const char *certificate, const char *spki);
const char *fake_text(const Json *p, const char *key); /* NULL if absent */
