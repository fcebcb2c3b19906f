#pragma once

/* The fake of daemon/helper.h: a signer with real keys and bodies in plain JSON (see tests/fake/ca.h), an installer with
 * a ledger in memory and services that load what was deployed. Both outlive the engine. A call has its effect when it
 * is made; the answer takes a while. */

#include "acme/key.h"
#include "base/strings.h"
#include "daemon/helper.h"
#include "tests/fake/loop.h"
#include "tests/fake/store.h"

Helper *fake_signer_new(Loop *loop);
Helper *fake_installer_new(Loop *loop, Helper *signer, Store *store);
Helper *fake_helper_free(Helper *h);

void fake_helper_set_gone(Helper *h, bool gone); /* not running: -ECONNREFUSED */
/* Of a connection that is lost, half of them after the effect. */
void fake_helper_set_loss(Helper *h, uint32_t per_million);
void fake_helper_set_crash(
                Helper *h, uint32_t per_million); /* of a crash of the engine at a call */
/* Delay of each answer; 0: a little chance. */
void fake_helper_set_delay(Helper *h, usec_t delay);
unsigned fake_helper_calls(const Helper *h, const char *method); /* since the start */

/* ---- the signer ---- */

void fake_signer_forget(
                Helper *h, const char *certificate); /* a backup without its keys came back */
size_t fake_signer_keys(const Helper *h, const char *certificate);
unsigned fake_signer_made(const Helper *h); /* keys ever */
/* CertificateRequest=: this key is elsewhere, its request is configured; takes `key`. */
void fake_signer_set_request(Helper *h, const char *certificate, EVP_PKEY *key);
const char *fake_signer_retired(const Helper *h); /* SPKI of the key retired last; "" */

/* ---- the installer ---- */

typedef struct FakeTarget {
        char *certificate, *name;
        struct FakeTarget *twin; /* awaited by this one; NULL */
        char *row;               /* leaf; NULL: no row */
        bool verified, activated, proved;
        char *files;    /* leaf whose pair is in place; NULL: none */
        char *loaded;   /* leaf that the service serves */
        bool stopped;   /* the service */
        bool by_socket; /* its socket starts it when somebody comes */
        bool reload_fails;
        bool check_refuses;
        bool proof_fails;
        bool unproved;    /* the row's step says so */
        unsigned proofs;  /* Verified that was asked for */
        int64_t slow_sec; /* the service needs so long to serve what it loaded */
        char *loading;
        usec_t loads_at;
        int64_t linger_sec; /* its old workers take every second connection for so long */
        char *old;          /* leaf that they serve */
        unsigned accepted;
        bool restore_fails, mend_fails;
        unsigned busy; /* times that it cannot be given back */
        unsigned deploys, swaps, restores;
        bool foreign;  /* a certificate of somebody else is there */
        bool stand_in; /* ours is */
} FakeTarget;

/* Each deploy is told when it begins. */
typedef void (*fake_deploy_fn)(FakeTarget *t, void *userdata);
void fake_installer_on_deploy(Helper *h, fake_deploy_fn fn, void *userdata);

/* What a program shows. */
typedef struct FakeProof {
        char *certificate, *type, *identifier, *token, *record, *authorization;
} FakeProof;
size_t fake_installer_proofs(const Helper *h);
const FakeProof *fake_installer_proof(const Helper *h, size_t i);
/* The program's words when it fails; NULL: it succeeds. Static. */
void fake_installer_program(Helper *h, const char *present_error, const char *cleanup_error);

/* Made when it is not there. */
FakeTarget *fake_installer_target(Helper *h, const char *certificate, const char *target);
const char *fake_installer_live(Helper *h, const char *certificate); /* leaf; NULL */
void fake_target_delete_files(FakeTarget *t);
void fake_target_start(FakeTarget *t);
/* What a handshake shows now; NULL: nothing. */
const char *fake_target_served(Helper *h, FakeTarget *t);
/* A pair was put in place that does not match, or a leaf without its key was made live; never true. */
bool fake_installer_mismatched(const Helper *h);
