#pragma once

/* One target between a fake installer and a fake prober. */

#include "daemon/target.h"
#include "tests/fake/helper-internal.h"

#define START    INT64_C(1800000000)
#define NAME     "a.example.org"
#define LIFETIME ((int64_t) 90 * SEC_PER_DAY)

/* Of the target, writable as a configuration's are. */
extern char bench_host[];
extern char bench_name[];
extern ProbeConfig bench_probe;

typedef struct Bench {
        Loop *loop;
        Store *store;
        Helper *signer, *installer;
        Prober *prober;
        Slots *places, *handshakes;
        Engine engine;
        TargetConfig config;
        Target *target;
        FakeTarget *service;
        unsigned changes, not_live;
} Bench;

/* As after a Publish. */
void bench_make_live(Bench *b, const char *leaf);
TargetOwner bench_owner(Bench *b);

/* `probed`: with one place to shake hands at. Leaf "one" is live, and nothing is wanted yet. */
void bench_init(Bench *b, bool probed);
void bench_done(Bench *b);
void bench_want(Bench *b, const char *leaf);

/* Verified with leaf "one". */
void bench_init_verified(Bench *b, bool probed);
bool bench_trouble_has(const Bench *b, const char *text);
void bench_check_json(const Bench *b, const char *state, const char *served, bool planned);

/* The times of the deploys of a service that never takes the new leaf. */
size_t bench_deploy_times(Bench *b, int64_t limit_sec, int64_t *times, size_t max);
