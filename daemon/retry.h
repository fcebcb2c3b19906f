#pragma once

/* When to try again: a table, saturating, no shifts (S-06, J-16, R1.6). Pure. */

#include "acme/problem.h"

typedef struct RetryFacts {
        ProblemClass class;
        ProblemPlace place;
        ProblemType type;        /* of the CA's answer; some have delays of their own */
        unsigned failures;       /* consecutive, this one included, ≥ 1 */
        int64_t retry_after_sec; /* of the CA; 0: none; clamped to 7 days */
        int64_t lifetime_sec;    /* of the certificate; 0: none yet (90 days are assumed) */
        int64_t not_after;       /* 0: none */
        int64_t now;
        uint32_t random;
} RetryFacts;

/* Unix seconds of the next attempt. CLASS_UNREACHABLE: 30 s growing to 5 min. CLASS_LATER and others: 1 min, 10 min, 100 min, then 20 h ± 10 %;
 * validation failures (CLASS_ORDER at PLACE_CHALLENGE) start at 12 min; every step at most a share of a short lifetime; 6 h, then 2 h in the
 * last tenth before expiry; CLASS_PARK daily. Never before retry_after. */
int64_t retry_at(const RetryFacts *f);

/* Backoff of a deploy at a target: 1, 5, 15, 60 min …, at most 6 h; shares of short lifetimes. Delay in seconds. */
int64_t retry_deploy_delay(unsigned failures, int64_t lifetime_sec, uint32_t random);
