#pragma once

/* Looks at the names of an order as the CA will, before the order costs an attempt: does our own probe come back over
 * http://NAME/.well-known/acme-challenge/ or a handshake with acme-tls/1 (J-06, K-06, K-07), do the names resolve, do CAA records allow this CA (J-17). What
 * it finds is advice: seen from inside a network a name may look other than from outside. */

#include "acme/caa.h"
#include "daemon/engine.h"

typedef struct Preflight Preflight;

typedef struct PreflightSpec {
        const StringList *names; /* copied */
        ChallengeType challenge; /* what will be tried first */
        const StringList *
                        identities; /* what CAA records call the CA; copied; empty: they are not looked at */
        const char *account; /* URL; copied; NULL: not known */
} PreflightSpec;

typedef struct PreflightResult {
        bool passed;
        bool advice; /* not passed, but nothing shall wait for it */
        bool certain; /* not passed, and a CA sees the same: a wrong answer, a name that is not there */
        const char *words; /* not passed: "www.example.org: …, next step", without the name if it is the only one; escaped, borrowed */
} PreflightResult;

typedef void (*preflight_fn)(const PreflightResult *result, void *userdata);

/* `fn` is called once, from the loop. Freeing it cancels it and takes the probes away. */
int preflight_start(
                Engine *engine,
                const PreflightSpec *spec,
                preflight_fn fn,
                void *userdata,
                Preflight **ret);
Preflight *preflight_free(Preflight *p);
DEFINE_CLEANUP(Preflight *, preflight_free)

/* A token and what is answered to it; malloc'ed. Known for ours in a challenge directory. */
int preflight_token(Engine *e, char **ret_token, char **ret_answer);
