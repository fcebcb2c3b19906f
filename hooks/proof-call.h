#pragma once

/* How a program is told what to show: arguments and environment by the contract that it was made for. Pure. */

#include "hooks/proof.h"

typedef struct ProofCall {
        const CertificateConfig *certificate;
        const Paths *paths;
        const char *state;   /* directory that the provider's program may keep things in */
        const Proof *proofs; /* of the call: one, or all with dehydrated-chain */
        size_t count;
        bool cleanup;
} ProofCall;

/* argv and environment ("KEY=value"), appended. -EOPNOTSUPP with *ret_error = why this contract cannot say it. */
int proof_call_build(
                const ProofCall *c, StringList *argv, StringList *environment, char **ret_error);

/* The program that the proof is for: that of ChallengeHook= or DNS=; NULL: none is configured. */
const StringList *proof_program(const CertificateConfig *c, const Proof *p, bool cleanup);

/* certbot without a cleanup hook: nothing is run, and that is as it shall be. */
bool proof_needs_no_cleanup(const CertificateConfig *c, const Proof *p);

/* Does an exit status mean that nothing was done because the program does not serve this? */
bool proof_is_declined(const CertificateConfig *c, const Proof *p, int status);
