/* A certificate: ordered, at its target, renewed in time. */

#include "tests/fake/world.h"
#include "tests/unit/cert-bench.h"
#include "tests/unit/test.h"

static void fresh_order(void) {
        World w;

        bench_init(&w);
        CHECK_INT(world_start(&w, world_config_named(bench_one, 1), true), 0);
        CHECK(world_settle(&w, 300));
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(!manager_is_degraded(w.manager));
        CHECK_INT(fake_ca_counts(w.ca)->posts, 8); /* and newAccount */
        CHECK_INT(fake_ca_counts(w.ca)->heads, 1);
        CHECK_INT(fake_responder_count(w.responder), 0);
        CHECK_INT(fake_helper_calls(w.signer, "Prune"), 1);
        CHECK_STR(fake_target_served(w.installer, bench_web(&w)),
                  fake_installer_live(w.installer, NAME));
        world_done(&w);
}

/* ---- targets ---- */

static void deleted_file_comes_back(void) {
        unsigned before;
        World w;

        bench_init_valid(&w);
        before = bench_orders(&w);
        fake_target_delete_files(bench_web(&w));
        fake_loop_run(w.loop, 90 * SEC_PER_MIN);
        CHECK_STR(bench_web(&w)->files, fake_installer_live(w.installer, NAME));
        CHECK_INT(bench_orders(&w), before);
        world_done(&w);
}

static void start_is_noticed(void) {
        World w;

        bench_init(&w);
        bench_web(&w)->stopped = true;
        bench_start(&w);
        fake_loop_run(w.loop, DAY);
        CHECK(bench_sentence_has(
                        &w, "web is stopped and will take the new certificate when it starts"));
        CHECK(bench_web(&w)->deploys < 20);
        fake_target_start(bench_web(&w));
        fake_loop_run(w.loop, 60);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void socket_starts_it(void) {
        World w;

        bench_init(&w);
        bench_web(&w)->stopped = bench_web(&w)->by_socket = true;
        bench_start(&w);
        fake_loop_run(w.loop, 20);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(bench_web(&w)->deploys, 1);
        world_done(&w);
}

static void failed_reload_is_tried_until_it_holds(void) {
        World w;

        bench_init(&w);
        bench_web(&w)->reload_fails = true;
        bench_start(&w);
        fake_loop_run(w.loop, DAY);
        CHECK(bench_sentence_has(&w, "web"));
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK(bench_web(&w)->deploys >= 6 && bench_web(&w)->deploys <= 15);
        bench_web(&w)->reload_fails = false;
        fake_loop_run(w.loop, 7 * SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        world_done(&w);
}

static void refused_files(void) {
        _cleanup_free_ char *leaf = NULL;
        World w;

        bench_init_valid(&w);
        leaf = strdup(fake_target_served(w.installer, bench_web(&w)));
        bench_web(&w)->check_refuses = true;
        fake_loop_run(w.loop, 65 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        CHECK_STR(fake_target_served(w.installer, bench_web(&w)), leaf);
        CHECK(bench_sentence_has(
                        &w,
                        "web refused the new certificate and keeps the old one: syntax error in line 1; the old one is valid until 2027-03-3"));
        CHECK_STR(world_state(&w, NAME), "degraded");
        world_done(&w);
}

static void slow_service(void) {
        World w;

        bench_init(&w);
        bench_web(&w)->slow_sec = 50;
        CHECK_INT(world_start(&w, world_config_named(bench_one, 1), true), 0);
        CHECK(world_settle(&w, 600));
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(bench_web(&w)->deploys, 1);
        world_done(&w);
}

static void other_leaf_served_later(void) {
        World w;

        bench_init_valid(&w);
        (void) str_replace(&bench_web(&w)->loaded, "0000");
        fake_loop_run(w.loop, 90 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(bench_web(&w)->deploys, 2);
        world_done(&w);
}

/* ---- when ---- */

static void renewed_at_a_third(void) {
        World w;

        bench_init_valid(&w);
        fake_loop_run(w.loop, 55 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        fake_loop_run(w.loop, 6 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void clock_before_the_build(void) {
        World w;

        bench_init(&w);
        fake_loop_set_offset(w.loop, -WORLD_START); /* 1970 */
        bench_start(&w);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(fake_ca_counts(w.ca)->gets, 0);
        CHECK(bench_sentence_has(&w, "the clock cannot be right"));
        fake_loop_set_offset(w.loop, 0);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void clock_ahead(void) {
        unsigned before;
        World w;

        bench_init_valid(&w);
        before = bench_orders(&w);
        fake_loop_set_offset(w.loop, 65 * DAY);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(bench_orders(&w), before);
        CHECK(bench_sentence_has(
                        &w, "the clock of this machine is 65 days ahead of that of the CA"));
        fake_loop_set_offset(w.loop, 0);
        fake_loop_run(w.loop, 10);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* A date that only a broken server or proxy gives must not make every certificate useless. */
static void wrong_date_of_the_ca(void) {
        static const int64_t errors[] = { -3650 * DAY, 3650 * DAY };

        for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
                World w;

                bench_init(&w);
                fake_ca_options(w.ca)->date_error_sec = errors[i];
                bench_start(&w);
                fake_loop_run(w.loop, SEC_PER_HOUR);
                CHECK_STR(world_state(&w, NAME), "valid");
                CHECK_INT(bench_orders(&w), 1);
                world_done(&w);
        }
}

static void suspend_and_set(void) {
        World w;

        bench_init_valid(&w);
        fake_loop_set_offset(w.loop, -10 * DAY);
        fake_loop_run(w.loop, DAY);
        fake_loop_set_offset(w.loop, 0);
        fake_loop_run(w.loop, 60 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        world_done(&w);
}

static void no_listener(void) {
        World w;

        bench_init(&w);
        fake_responder_deaf(w.responder, true);
        bench_start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "failing");
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_CHALLENGE], 0);
        world_done(&w);
}

TEST_MAIN({ "X-02: a fresh order of one name costs seven POSTs", fresh_order },
          { "a deleted file comes back within the hour", deleted_file_comes_back },
          { "a service that starts is noticed within a minute", start_is_noticed },
          { "a service that its socket starts is proved by the first handshake", socket_starts_it },
          { "a failed reload is tried until it holds, without an order",
            failed_reload_is_tried_until_it_holds },
          { "files that the service's check refuses leave the old ones", refused_files },
          { "a service may take most of a minute", slow_service },
          { "R1.35: another leaf served later is put right", other_leaf_served_later },
          { "T-01: renewed when a third is left", renewed_at_a_third },
          { "T-21: a clock before the build date waits", clock_before_the_build },
          { "T-21: a clock far ahead of the CA's waits", clock_ahead },
          { "P-04: a chain that is good by our clock is taken whatever Date the CA sends",
            wrong_date_of_the_ca },
          { "R3.5.1: a clock set back and forth", suspend_and_set },
          { "without a listener the challenge is not accepted", no_listener })
