#pragma once

/* When to try again: a table, saturating, no shifts (S-06, J-16, R1.6). Pure. */

#include "acme/problem.h"

#define RETRY_AFTER_MAX_SEC ((int64_t) 7 * SEC_PER_DAY) /* S-04 */

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

/* The word of the CA is cut to 7 days, and so that a try is left before the certificate's emergency time (S-04, T-13). 0: none. */
int64_t retry_after_clamp(const RetryFacts *f);

#define RETRY_RECENT 2

/* Failures of one certificate in a row, at whatever CA; those that cost the CA nothing do not count. */
typedef struct RetryQuota {
        int64_t first;                /* 0: none */
        int64_t recent[RETRY_RECENT]; /* the last of them, oldest first; 0: none */
} RetryQuota;

void retry_quota_add(RetryQuota *q, int64_t now);

/* A name that goes on failing costs at most two attempts a day after the first day (R1.59), but in the last tenth of its
 * certificate's life: the instant before which there is none, or 0. */
int64_t retry_quota_until(
                const RetryQuota *q, int64_t lifetime_sec, int64_t not_after, int64_t now);

/* Backoff of a deploy at a target: 1, 5, 15, 60 min …, at most 6 h; shares of short lifetimes. Delay in seconds. */
int64_t retry_deploy_delay(unsigned failures, int64_t lifetime_sec, uint32_t random);
