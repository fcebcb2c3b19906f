/* The loop between engine and installer: what is level, not edge. */

#include "daemon/target.h"
#include "tests/fake/prober.h"
#include "tests/unit/target-bench.h"
#include "tests/unit/test.h"

static void look_deploy_shake_confirm(void) {
        Bench b;

        bench_init(&b, true);
        CHECK(target_is_settled(b.target)); /* nothing is wanted yet */
        bench_want(&b, "one");
        CHECK(!target_is_settled(b.target));
        fake_loop_run(b.loop, 5);
        CHECK(target_is_verified(b.target) && target_is_settled(b.target));
        CHECK_STR(b.service->loaded, "one");
        CHECK(b.service->verified);
        CHECK_INT(fake_helper_calls(b.installer, "Inspect"), 1);
        CHECK_INT(fake_helper_calls(b.installer, "Deploy"), 1);
        CHECK_INT(fake_helper_calls(b.installer, "Verified"), 1);
        CHECK_INT(fake_prober_count(b.prober), 3);
        CHECK(!target_trouble(b.target));
        CHECK(b.changes > 0);
        bench_check_json(&b, "verified", "yes", false);
        bench_done(&b);
}

static void without_handshake(void) {
        Bench b;

        bench_init_verified(&b, false);
        CHECK(b.service->verified);
        CHECK_INT(fake_prober_count(b.prober), 0);
        bench_check_json(&b, "verified", "not-probed", false);
        bench_done(&b);
}

static void restart_deploys_nothing(void) {
        Bench b;

        bench_init_verified(&b, true);
        b.target = target_free(b.target);
        TargetOwner owner = bench_owner(&b);
        CHECK_INT(target_new(&owner, NAME, &b.config, &b.target), 0);
        bench_want(&b, "one");
        fake_loop_run(b.loop, 5);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 1);
        CHECK_INT(fake_helper_calls(b.installer, "Verified"), 1);
        bench_done(&b);
}

static void new_leaf_is_deployed(void) {
        Bench b;

        bench_init_verified(&b, true);
        bench_make_live(&b, "two");
        bench_want(&b, "two");
        CHECK(!target_is_verified(b.target));
        fake_loop_run(b.loop, 5);
        CHECK(target_is_verified(b.target));
        CHECK_STR(b.service->loaded, "two");
        CHECK_INT(b.service->deploys, 2);
        bench_done(&b);
}

static void given_back_is_left_alone(void) {
        Bench b;

        bench_init_verified(&b, true);
        target_give_back(b.target, true);
        fake_target_delete_files(b.service);
        bench_want(&b, "one");
        fake_loop_run(b.loop, 3 * SEC_PER_HOUR);
        CHECK(target_is_settled(b.target) && !b.service->files);
        target_give_back(b.target, false);
        fake_loop_run(b.loop, 5);
        CHECK_STR(b.service->files, "one");
        target_give_back(b.target, true);
        fake_target_delete_files(b.service);
        target_configure(b.target, NAME, &b.config); /* read anew, and still there */
        fake_loop_run(b.loop, 5);
        CHECK_STR(b.service->files, "one");
        bench_done(&b);
}

static void says_what_it_does(void) {
        char *text = NULL;
        Bench b;

        bench_init(&b, true);
        CHECK_INT(target_describe(b.target, &text), 0);
        CHECK(!text);
        bench_want(&b, "one");
        CHECK_INT(target_describe(b.target, &text), 0);
        CHECK_STR(text, "looking at web");
        free(text);
        bench_done(&b);
}

static void lost_files_come_back(void) {
        Bench b;

        bench_init_verified(&b, true);
        fake_target_delete_files(b.service);
        fake_loop_run(b.loop, SEC_PER_HOUR + 20 * SEC_PER_MIN);
        CHECK_STR(b.service->files, "one");
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 2);
        bench_done(&b);
}

static void places_are_shared(void) {
        Target *second = NULL;
        Bench b;

        bench_init(&b, true);
        TargetOwner owner = bench_owner(&b);
        CHECK_INT(target_new(&owner, NAME, &b.config, &second), 0);
        fake_helper_set_delay(b.installer, 10 * USEC_PER_SEC);
        bench_want(&b, "one");
        CHECK_INT(target_want(second, "one", LIFETIME, true), 0);
        fake_loop_run(b.loop, 5);
        CHECK_INT(fake_helper_calls(b.installer, "Inspect"), 1); /* the other one waits in line */
        fake_loop_run(b.loop, 120);
        CHECK(target_is_verified(b.target) && target_is_verified(second));
        second = target_free(second);
        bench_done(&b);
}

TEST_MAIN({ "a leaf is looked for, deployed, seen and confirmed", look_deploy_shake_confirm },
          { "without a handshake what was activated is verified", without_handshake },
          { "after a restart nothing is deployed that is there", restart_deploys_nothing },
          { "a new leaf is deployed", new_leaf_is_deployed },
          { "what was given back is left alone until it is wanted again",
            given_back_is_left_alone },
          { "it says what it does", says_what_it_does },
          { "files that are lost come back within the hour, without an order",
            lost_files_come_back },
          { "installer processes are limited", places_are_shared })
