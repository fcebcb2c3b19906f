#pragma once

/* When to renew: a pure function of the certificate, the configuration and the clock (T-01, T-02, T-12, T-13, T-20, T-21). */

#include "base/base.h"

typedef struct RenewFacts {
        bool present; /* there is a current certificate */
        bool fits;    /* its names, key type and CA are as configured */
        int64_t not_before, not_after;
        int64_t renew_before_sec; /* configured; 0: by lifetime */
        uint32_t jitter;          /* stable per certificate, uniform */
        int64_t now;
        int64_t started; /* of the daemon: what was due before is spread a little (T-20); 0: not */
        int64_t suggested; /* instant drawn from the CA's window (T-06); 0: none */
        bool recalled;     /* that window was wholly past: nothing is spread */
        int64_t clock_floor; /* build date or newest notBefore - 1 day: earlier means the clock cannot be right */
} RenewFacts;

typedef enum RenewReason {
        RENEW_NONE,    /* not yet */
        RENEW_MISSING, /* nothing there */
        RENEW_CHANGED, /* configuration changed */
        RENEW_DUE,
        RENEW_RECALLED,  /* the CA wants it replaced at once (T-18) */
        RENEW_EMERGENCY, /* 1/10 of the lifetime or 24 h left, the smaller (T-13) */
        RENEW_EXPIRED,
        RENEW_CLOCK, /* the clock is suspect: wait for it */
        RENEW_REASON_MAX,
} RenewReason;
const char *renew_reason_to_string(RenewReason r);

typedef struct RenewPlan {
        RenewReason reason;
        int64_t at;         /* Unix seconds: when it is (or was) due; for NONE the planned time */
        int64_t look_again; /* latest time to plan again */
} RenewPlan;

RenewPlan renew_plan(const RenewFacts *f);

/* Is less than 1/6 of the lifetime left without a success (D12)? */
bool renew_is_alarming(int64_t not_before, int64_t not_after, int64_t now);

/* The issuance guard (S-08): may one more certificate of this set be issued now? `issued` are the times of the
 * last issuances, oldest first. Returns 0 when it may, else the instant from which it may. */
int64_t renew_guard(const int64_t *issued, size_t count, int64_t lifetime_sec, int64_t now);
