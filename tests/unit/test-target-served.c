/* What a target serves, as handshakes see it: with patience, with backoff, and later on. */

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/target.h"
#include "tests/fake/prober.h"
#include "tests/unit/target-bench.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

static void stopped_unit_stays_open(void) {
        unsigned deploys;
        Bench b;

        bench_init(&b, true);
        b.service->stopped = true;
        bench_want(&b, "one");
        fake_loop_run(b.loop, 45);
        CHECK(target_is_settled(b.target) && !target_is_verified(b.target));
        CHECK(bench_trouble_has(
                        &b, "web is stopped and will take the new certificate when it starts"));
        bench_check_json(&b, "open", "unreachable", true);
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(b.service->deploys <= 30); /* with backoff */
        CHECK_INT(b.service->swaps, 1);  /* and it only looks */
        CHECK(!b.service->verified);
        fake_target_start(b.service);
        deploys = b.service->deploys;
        fake_loop_run(b.loop, 60);
        CHECK(target_is_verified(b.target) && b.service->verified);
        CHECK(b.service->deploys <= deploys + 1);
        bench_done(&b);
}

static unsigned wrong, well;

static void count_events(int level, const char *message, const LogFields *fields) {
        (void) level;
        if (!fields || !fields->endpoint)
                return;
        printf("# %s\n", message);
        CHECK_STR(fields->certificate, NAME);
        CHECK_STR(fields->target, bench_name);
        CHECK_STR(fields->endpoint, NAME "|web:443");
        wrong += str_equal(fields->message_id, MESSAGE_SERVED_WRONG);
        well += str_equal(fields->message_id, MESSAGE_SERVED_WELL);
}

static void init_events(Bench *b) {
        bench_init_verified(b, true);
        log_set_max_level(LOG_INFO);
        log_set_sink(count_events);
        wrong = well = 0;
}

static void done_events(Bench *b) {
        log_set_sink(NULL);
        bench_done(b);
}

/* A chain that clients refuse is trouble and an event, and no reason to deploy again. */
static void flawed_is_told_and_not_deployed(void) {
        TestChainSpec spec = { .not_before = START - 2000, .not_after = START - 1000 };
        _cleanup_(bytes_done) Bytes pem = {};
        EVP_PKEY *key = NULL;
        Bench b;

        CHECK_INT(key_generate(KEY_ECDSA_P256, &key), 0);
        CHECK_INT(test_chain_make(&spec, key, &pem), 0);
        init_events(&b);
        fake_prober_set_chain(b.prober, bytes_text(&pem));
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(!target_is_verified(b.target) && target_is_settled(b.target));
        CHECK(bench_trouble_has(
                        &b,
                        "web does not serve the certificate as clients need it: the certificate that it serves has expired"));
        bench_check_json(&b, "verified", "flawed", false);
        CHECK_INT(b.service->deploys, 1);
        CHECK_INT(wrong, 1);
        CHECK_INT(well, 0);
        fake_prober_set_chain(b.prober, NULL);
        fake_loop_run(b.loop, 2 * SEC_PER_HOUR);
        CHECK(target_is_verified(b.target) && !target_trouble(b.target));
        bench_check_json(&b, "verified", "yes", false);
        CHECK_INT(wrong, 1);
        CHECK_INT(well, 1);
        key = key_free(key);
        done_events(&b);
}

/* A verified target that serves another one by and by: told once, and once that it is well. */
static void wrong_and_well_are_told_once(void) {
        Bench b;

        init_events(&b);
        CHECK_INT(str_replace(&b.service->loaded, "other"), 0);
        b.service->slow_sec = 4 * SEC_PER_HOUR; /* to read its files again */
        fake_loop_run(b.loop, 4 * SEC_PER_HOUR);
        CHECK(bench_trouble_has(&b, "it serves another one"));
        CHECK_INT(wrong, 1);
        CHECK_INT(well, 0);
        b.service->slow_sec = 0;
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(target_is_verified(b.target));
        CHECK_INT(wrong, 1);
        CHECK_INT(well, 1);
        done_events(&b);
}

static void stopped_unit_without_handshake(void) {
        Bench b;

        bench_init(&b, false);
        b.service->stopped = true;
        bench_want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(!target_is_verified(b.target));
        CHECK(bench_trouble_has(&b, "is stopped"));
        CHECK(b.service->deploys <= 30);
        fake_target_start(b.service);
        fake_loop_run(b.loop, 62);
        CHECK(target_is_verified(b.target));
        bench_done(&b);
}

static void nobody_answers(void) {
        unsigned shakes;
        Bench b;

        bench_init(&b, true);
        fake_prober_set_loss(b.prober, 1000000);
        bench_want(&b, "one");
        fake_loop_run(b.loop, 90);
        CHECK(bench_trouble_has(
                        &b, "web does not serve the new certificate yet: connection refused"));
        bench_check_json(&b, "open", "unreachable", true);
        shakes = fake_prober_count(b.prober);
        fake_loop_run(b.loop, SEC_PER_HOUR);
        shakes = fake_prober_count(b.prober) - shakes;
        CHECK(shakes >= 110 && shakes <= 125); /* every 30 s */
        CHECK_INT(b.service->deploys, 1);      /* what was activated is not activated again */
        fake_prober_set_loss(b.prober, 0);
        fake_loop_run(b.loop, 31);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 1);
        bench_done(&b);
}

static void other_leaf_deploys_again(void) {
        int64_t times[8];
        size_t n;
        Bench b;

        bench_init(&b, true);
        b.service->loaded = strdup("zero");
        b.service->slow_sec = 2 * LIFETIME;
        bench_want(&b, "one");
        n = bench_deploy_times(&b, SEC_PER_DAY, times, ELEMENTSOF(times));
        CHECK_INT(n, ELEMENTSOF(times));
        CHECK(bench_trouble_has(
                        &b, "web does not serve the new certificate yet: it serves another one"));
        CHECK(times[1] - times[0] >= 60 + 45 && times[1] - times[0] <= 60 + 90);
        CHECK(times[2] - times[1] > 4 * SEC_PER_MIN);
        for (size_t i = 2; i < n; i++)
                CHECK(times[i] - times[i - 1] <= 9 * SEC_PER_HOUR);
        CHECK(times[4] - times[3] > 30 * SEC_PER_MIN);
        b.service->slow_sec = 0;
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(target_is_verified(b.target));
        bench_done(&b);
}

/* nginx served the old leaf in 20 of 20 handshakes right after a reload. */
static void slow_service_is_deployed_once(void) {
        Bench b;

        bench_init(&b, true);
        b.service->loaded = strdup("zero");
        b.service->slow_sec = 45;
        bench_want(&b, "one");
        fake_loop_run(b.loop, 30);
        CHECK(!target_is_verified(b.target));
        CHECK(!target_trouble(b.target)); /* it is given its time */
        fake_loop_run(b.loop, 30);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 1);
        CHECK(fake_prober_count(b.prober) < 15);
        bench_done(&b);
}

/* The workers that a reload replaces go on accepting beside the new ones: one good answer is no proof. */
static void old_workers_are_outwaited(void) {
        Bench b;

        bench_init(&b, true);
        b.service->loaded = strdup("zero");
        b.service->linger_sec = 20;
        bench_want(&b, "one");
        fake_loop_run(b.loop, 19);
        CHECK_STR(b.service->loaded, "one");
        CHECK(!target_is_verified(b.target) && !b.service->verified);
        CHECK(!target_trouble(b.target));
        fake_loop_run(b.loop, 20);
        CHECK(target_is_verified(b.target) && b.service->verified);
        CHECK_INT(b.service->deploys, 1);
        bench_done(&b);
}

static void served_wrong_later(void) {
        Bench b;

        bench_init_verified(&b, true);
        unsigned shakes = fake_prober_count(b.prober);
        CHECK_INT(str_replace(&b.service->loaded, "zero"), 0);
        for (int i = 0; fake_prober_count(b.prober) == shakes && i < SEC_PER_HOUR + 20 * 60; i++)
                fake_loop_run(b.loop, 1);
        /* It is given the minute of patience, and no pause as after a deploy that did not help. */
        fake_loop_run(b.loop, 50);
        CHECK_INT(b.service->deploys, 1);
        fake_loop_run(b.loop, 15);
        CHECK(target_is_verified(b.target));
        CHECK_STR(b.service->loaded, "one");
        CHECK_INT(b.service->deploys, 2);
        bench_done(&b);
}

static void stopped_later(void) {
        Bench b;

        bench_init_verified(&b, true);
        b.service->stopped = true;
        fake_loop_run(b.loop, SEC_PER_HOUR + 20 * SEC_PER_MIN);
        CHECK(!target_is_verified(b.target));
        CHECK(bench_trouble_has(&b, "web no longer serves the certificate: "));
        b.service->stopped = false;
        fake_loop_run(b.loop, 60);
        CHECK(target_is_verified(b.target));
        bench_done(&b);
}

TEST_MAIN({ "a flawed chain is told, and not deployed again", flawed_is_told_and_not_deployed },
          { "wrong and well are events, once each", wrong_and_well_are_told_once },
          { "a stopped unit stays open and is verified once it serves", stopped_unit_stays_open },
          { "so it is without a handshake", stopped_unit_without_handshake },
          { "nobody answers: a handshake every 30 s and no other deploy", nobody_answers },
          { "another leaf is served: deployed again with backoff", other_leaf_deploys_again },
          { "a service may take most of a minute", slow_service_is_deployed_once },
          { "old workers that still accept are outwaited", old_workers_are_outwaited },
          { "R1.35: another leaf served later is put right", served_wrong_later },
          { "a service that stops later is told, and seen when it is back", stopped_later })
