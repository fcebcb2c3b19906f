/* When to try again. Tables, read at an index that stops at their end: another client shifted a base
 * delay by the number of failures, and after a month of them the delay was zero (R1.6). The last step is
 * for ever: nothing here gives up. */

#include "daemon/retry.h"

#define DEFAULT_LIFETIME_SEC ((int64_t) 90 * SEC_PER_DAY)
#define VALIDATION_FLOOR_SEC ((int64_t) 12 * SEC_PER_MIN) /* J-16 */
#define DEPLOY_MAX_SEC       ((int64_t) 6 * SEC_PER_HOUR)
#define STEP_SHARE           50 /* of the lifetime: 160 h give 3.2 h, a minute gives a second */
#define PARK_SHARE           10
#define QUOTA_LIFETIME_SEC   ((int64_t) 3 * SEC_PER_DAY) /* shorter lives cannot wait for days */
#define CAA_QUICK            3                           /* section Q: 1 h for the first three */

/* One ladder of delays in seconds; `floor` holds against jitter. */
typedef struct Ladder {
        int64_t steps[6];
        size_t count;
        int64_t floor, ceiling;
        int share;   /* a step is at most 1 / share of the lifetime */
        bool urgent; /* the last tenth before expiry makes it faster */
} Ladder;

/* S-06 */
static const Ladder ladder_later = {
        .steps = { 60, 600, 6000, 72000 },
        .count = 4,
        .floor = 54,
        .ceiling = SEC_PER_DAY,
        .share = STEP_SHARE,
        .urgent = true,
};

/* A trouble of the CA's own: mostly over soon. */
static const Ladder ladder_server = {
        .steps = { 60, 300, 900, 6000, 72000 },
        .count = 5,
        .floor = 54,
        .ceiling = SEC_PER_DAY,
        .share = STEP_SHARE,
        .urgent = true,
};

/* J-16 */
static const Ladder ladder_validation = {
        .steps = { VALIDATION_FLOOR_SEC, 6000, 72000 },
        .count = 3,
        .floor = VALIDATION_FLOOR_SEC,
        .ceiling = SEC_PER_DAY,
        .share = STEP_SHARE,
        .urgent = true,
};

/* S-06 */
static const Ladder ladder_unreachable = {
        .steps = { 30, 60, 120, 240, 300 },
        .count = 5,
        .floor = 30,
        .ceiling = 300,
        .share = STEP_SHARE,
};

/* All nonces are refused: 30 sends each time (D-07). */
static const Ladder ladder_nonce = {
        .steps = { 60, 300, 900, SEC_PER_HOUR },
        .count = 4,
        .floor = 54,
        .ceiling = SEC_PER_HOUR,
        .share = STEP_SHARE,
};

static const Ladder ladder_park = {
        .steps = { SEC_PER_DAY },
        .count = 1,
        .floor = SEC_PER_HOUR,
        .ceiling = SEC_PER_DAY,
        .share = PARK_SHARE,
};

/* A limit without Retry-After: from an hour. */
static const Ladder ladder_rate = {
        .steps = { SEC_PER_HOUR, 6000, 72000 },
        .count = 3,
        .floor = SEC_PER_HOUR,
        .ceiling = SEC_PER_DAY,
        .share = STEP_SHARE,
        .urgent = true,
};

static const Ladder ladder_caa = {
        .steps = { SEC_PER_HOUR, SEC_PER_HOUR, SEC_PER_HOUR, SEC_PER_DAY },
        .count = CAA_QUICK + 1,
        .floor = SEC_PER_HOUR,
        .ceiling = SEC_PER_DAY,
        .share = PARK_SHARE,
};

static const Ladder ladder_deploy = {
        .steps = { 60, 300, 900, 3600, 10800, DEPLOY_MAX_SEC },
        .count = 6,
        .floor = 54,
        .ceiling = DEPLOY_MAX_SEC,
        .share = STEP_SHARE,
};

static const Ladder *ladder_of(const RetryFacts *f) {
        if (f->type == PROBLEM_BAD_NONCE)
                return &ladder_nonce;
        if (f->class == CLASS_UNREACHABLE)
                return &ladder_unreachable;
        if (f->type == PROBLEM_RATE_LIMITED && f->retry_after_sec <= 0)
                return &ladder_rate;
        if (f->class == CLASS_ACCOUNT && f->type == PROBLEM_UNAUTHORIZED) /* F-16 */
                return &ladder_park;
        if (f->class == CLASS_PARK)
                return f->type == PROBLEM_CAA ? &ladder_caa : &ladder_park;
        if (f->class == CLASS_ORDER && f->place == PLACE_CHALLENGE)
                return &ladder_validation;
        if (f->type == PROBLEM_SERVER_INTERNAL)
                return &ladder_server;
        return &ladder_later;
}

/* ± 10 %. */
static int64_t with_jitter(int64_t sec, uint32_t random) {
        return sec - sec / 10 + (int64_t) (random % (uint64_t) (sec / 5 + 1));
}

static int64_t climb(const Ladder *l, unsigned failures, int64_t lifetime, uint32_t random) {
        size_t i = MIN((size_t) MAX(failures, 1U) - 1, l->count - 1);
        int64_t delay = with_jitter(l->steps[i], random);

        delay = MIN(MAX(delay, l->floor), l->ceiling);
        return MAX(MIN(delay, lifetime / l->share), 1);
}

/* What is left of the certificate's life; 0: none, or it has expired. */
static int64_t time_left(int64_t not_after, int64_t now) {
        int64_t left;

        if (not_after == 0 || now >= not_after || __builtin_sub_overflow(not_after, now, &left))
                return 0;
        return left;
}

static bool is_last_tenth(int64_t not_after, int64_t lifetime, int64_t now) {
        int64_t left = time_left(not_after, now);

        return left > 0 && left <= lifetime / 10;
}

/* Faster in the last tenth before expiry. Not after it: what is expired is not made better by haste. */
static int64_t hurry(const RetryFacts *f, const Ladder *l, int64_t delay, int64_t lifetime) {
        int64_t limit;

        if (!l->urgent || !is_last_tenth(f->not_after, lifetime, f->now))
                return delay;
        limit = (time_left(f->not_after, f->now) > lifetime / 20 ? 6 : 2) * (int64_t) SEC_PER_HOUR;
        return MIN(delay, limit);
}

static int64_t lifetime_of(int64_t lifetime_sec) {
        return lifetime_sec > 0 ? lifetime_sec : DEFAULT_LIFETIME_SEC;
}

int64_t retry_after_clamp(const RetryFacts *f) {
        int64_t lifetime = lifetime_of(f->lifetime_sec);
        int64_t emergency = time_left(f->not_after, f->now) - MIN(lifetime / 10, SEC_PER_DAY);
        int64_t delay = MIN(MAX(f->retry_after_sec, 0), RETRY_AFTER_MAX_SEC);

        return emergency > 0 ? MIN(delay, emergency - emergency / 10) : delay;
}

int64_t retry_at(const RetryFacts *f) {
        int64_t lifetime = lifetime_of(f->lifetime_sec);
        const Ladder *l = ladder_of(f);
        int64_t delay, at;

        delay = hurry(f, l, climb(l, f->failures, lifetime, f->random), lifetime);
        delay = MAX(delay, retry_after_clamp(f));
        return __builtin_add_overflow(f->now, delay, &at) ? INT64_MAX : at;
}

void retry_quota_add(RetryQuota *q, int64_t now) {
        if (q->first == 0)
                q->first = now;
        for (size_t i = 1; i < RETRY_RECENT; i++)
                q->recent[i - 1] = q->recent[i];
        q->recent[RETRY_RECENT - 1] = now;
}

int64_t retry_quota_until(
                const RetryQuota *q, int64_t lifetime_sec, int64_t not_after, int64_t now) {
        int64_t lifetime = lifetime_of(lifetime_sec), until;

        if (q->first == 0 || q->recent[0] <= 0 || lifetime < QUOTA_LIFETIME_SEC ||
            is_last_tenth(not_after, lifetime, now))
                return 0;
        if (now < q->first + SEC_PER_DAY && now >= q->first)
                return 0;
        until = q->recent[0] + SEC_PER_DAY;
        /* Later than any such instant can be: the clock was set back meanwhile. */
        return until > now && until <= now + SEC_PER_DAY ? until : 0;
}

int64_t retry_deploy_delay(unsigned failures, int64_t lifetime_sec, uint32_t random) {
        int64_t lifetime = lifetime_of(lifetime_sec);

        return climb(&ladder_deploy, failures, lifetime, random);
}
