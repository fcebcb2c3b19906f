/* A target and its installer: steps that fail, answers that are lost or make no sense. */

#include "daemon/target-row.h"
#include "daemon/target.h"
#include "tests/unit/target-bench.h"
#include "tests/unit/test.h"

static void failed_step_deploys_again(bool probed) {
        int64_t times[5];
        Bench b;

        bench_init(&b, probed);
        b.service->reload_fails = true;
        bench_want(&b, "one");
        CHECK_INT(bench_deploy_times(&b, SEC_PER_DAY, times, ELEMENTSOF(times)), ELEMENTSOF(times));
        CHECK(times[1] - times[0] >= 45 && times[1] - times[0] <= 90);
        CHECK(times[2] - times[1] > 4 * SEC_PER_MIN);
        CHECK(times[4] - times[3] > 30 * SEC_PER_MIN);
        CHECK(bench_trouble_has(&b, "web: reload failed: job failed"));
        CHECK(!b.service->verified);
        b.service->reload_fails = false;
        fake_loop_run(b.loop, 9 * SEC_PER_HOUR);
        CHECK(target_is_verified(b.target));
        CHECK(!target_trouble(b.target));
        CHECK_INT(b.service->swaps, 1);
        bench_done(&b);
}

static void failed_step(void) {
        failed_step_deploys_again(true);
        failed_step_deploys_again(false);
}

/* Prove=: asked again with growing pauses, and never a reason to tell the service again. */
static void failed_proof(bool probed) {
        unsigned after_an_hour;
        Bench b;

        bench_init(&b, probed);
        b.service->proof_fails = true;
        bench_want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK(!target_is_verified(b.target));
        CHECK(bench_trouble_has(&b, "prove failed: it uses another one"));
        CHECK_INT(b.service->deploys, 1);
        after_an_hour = b.service->proofs;
        CHECK(after_an_hour >= 2 && after_an_hour <= 20);
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK_INT(b.service->deploys, 1);
        CHECK(b.service->proofs > after_an_hour && b.service->proofs <= after_an_hour + 40);
        b.service->proof_fails = false;
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(target_is_verified(b.target));
        CHECK(!target_trouble(b.target));
        CHECK_INT(b.service->deploys, 1);
        bench_done(&b);
}

static void proof_is_asked_again(void) {
        failed_proof(true);
        failed_proof(false);
}

static void silent_installer_costs_no_deploy(void) {
        Bench b;

        bench_init(&b, true);
        fake_helper_set_gone(b.installer, true);
        bench_want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(bench_trouble_has(&b, "web: the installer does not answer: connection lost"));
        CHECK_INT(b.service->deploys, 0);
        CHECK(target_next_attempt(b.target) <= loop_wall_sec(b.loop) + 5 * SEC_PER_MIN);
        fake_helper_set_gone(b.installer, false);
        fake_loop_run(b.loop, 6 * SEC_PER_MIN);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 1);
        bench_done(&b);
}

static void lost_answers_are_asked_for_again(void) {
        Bench b;

        bench_init(&b, true);
        fake_helper_set_loss(b.installer, 500000);
        bench_want(&b, "one");
        fake_loop_run(b.loop, 2 * SEC_PER_HOUR);
        fake_helper_set_loss(b.installer, 0);
        fake_loop_run(b.loop, 2 * SEC_PER_HOUR);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->swaps, 1);
        bench_done(&b);
}

static void not_live_is_told(void) {
        Bench b;

        bench_init(&b, true);
        bench_make_live(&b, "former");
        bench_want(&b, "one");
        fake_loop_run(b.loop, 5);
        CHECK_INT(b.not_live, 1);
        CHECK(bench_trouble_has(&b, "web: the installer refused: "));
        CHECK(target_next_attempt(b.target) > loop_wall_sec(b.loop));
        bench_make_live(&b, "one");
        fake_loop_run(b.loop, 2 * SEC_PER_MIN);
        CHECK(target_is_verified(b.target));
        bench_done(&b);
}

static int parse_row(const char *text, TargetRow *ret) {
        _cleanup_(json_freep) Json *j = NULL;

        if (json_parse(text, strlen(text), &j) < 0)
                abort(); /* the test's own text */
        return target_row_parse(j, ret);
}

static void rows_are_checked(void) {
        static const char *const bad[] = {
                "{}",
                "[]",
                "{\"row\":7}",
                "{\"row\":{}}",
                "{\"row\":{\"state\":\"unknown\"}}",
                "{\"row\":{\"state\":\"half\"}}",
        };
        _cleanup_(target_row_done) TargetRow row = {};

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_INT(parse_row(bad[i], &row), -EBADMSG);
        CHECK_INT(parse_row("{\"row\":{\"state\":\"open\",\"leaf\":\"\",\"step\":\"hook\","
                            "\"error\":\"a\\u001b[1m\\nb\",\"rolled_back\":true,\"activated\":1}}",
                            &row),
                  0);
        CHECK_INT(row.state, ROW_OPEN);
        CHECK(!row.leaf && !row.in_place && !row.activated && row.rolled_back);
        CHECK_STR(row.error, "a\\x1b[1m\\x0ab");
}

TEST_MAIN({ "a proof that fails is asked again, and deploys nothing", proof_is_asked_again },
          { "a step that failed is done again with backoff", failed_step },
          { "an installer that is silent costs no deploy", silent_installer_costs_no_deploy },
          { "answers that were lost do no harm", lost_answers_are_asked_for_again },
          { "a leaf that is not live is told to the certificate", not_live_is_told },
          { "R2.4.14: a row that makes no sense is no answer, its words are escaped",
            rows_are_checked })
