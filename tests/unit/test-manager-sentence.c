/* The sentence that says how it stands. */

#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/manager-bench.h"
#include "tests/unit/test.h"

static void nothing_configured(void) {
        World w;

        bench_init(&w);
        CHECK_INT(world_start(&w, world_config(0), false), 0);
        bench_check_sentence(&w, "no certificate is configured");
        CHECK(!manager_is_degraded(w.manager));
        CHECK(manager_is_settled(w.manager));
        world_done(&w);
}

static void all_is_well(void) {
        World w;

        bench_init_valid(&w);
        CHECK(bench_has(&w, "2 certificates valid; next renewal "));
        CHECK(bench_has(&w, ".example.org on 2027-0")); /* a day or two around the CA's third */
        CHECK(bench_has(&w, " (in 5") || bench_has(&w, " (in 60"));
        world_done(&w);
}

static void first_order(void) {
        World w;

        bench_init(&w);
        CHECK_INT(world_start(&w, world_config(1), false), 0);
        bench_check_sentence(&w, "1 new certificate on the way");
        CHECK(manager_is_degraded(w.manager));
        CHECK(!manager_is_settled(w.manager));
        world_done(&w);
}

static void first_of_a_short_life(void) {
        for (unsigned seed = 1; seed <= 20; seed++) {
                World w;

                log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
                (void) world_init(&w, seed);
                fake_ca_options(w.ca)->no_renewal_info = true;
                fake_ca_options(w.ca)->lifetime_sec =
                                2 * SEC_PER_HOUR; /* half of it over when issued: due */
                CHECK_INT(world_start(&w, world_config(1), false), 0);
                fake_loop_run(w.loop, 45);
                if (fake_ca_counts(w.ca)->issued < 2)
                        printf("# seed %u: %d issued\n", seed, (int) fake_ca_counts(w.ca)->issued);
                CHECK(fake_ca_counts(w.ca)->issued >= 2);
                world_done(&w);
        }
}

static void deploy_trouble(void) {
        FakeTarget *t;
        World w;

        bench_init_valid(&w);
        t = fake_installer_target(w.installer, "a.example.org", "web");
        fake_loop_run(w.loop, 40 * DAY);
        t->stopped = true;
        fake_loop_run(w.loop, 25 * DAY);
        CHECK(bench_has(&w,
                        "a.example.org: web is stopped and will take the new certificate when it starts; the old one is valid until 2027-03-3"));
        CHECK(bench_has(&w, "; retrying in "));
        world_done(&w);
}

static void several_problems(void) {
        World w;

        bench_init_valid(&w);
        fake_ca_set_down(w.ca, true);
        fake_loop_run(w.loop, 65 * DAY);
        CHECK(bench_has(&w,
                        "a.example.org: the CA cannot be reached: connection failed; the present certificate is valid until"));
        CHECK(bench_has(&w, "(and 1 more problem)"));
        world_done(&w);
}

TEST_MAIN({ "sentence: nothing configured", nothing_configured },
          { "sentence: all is well", all_is_well },
          { "sentence: the first order", first_order },
          { "Y-08: the spread of a start does not delay the renewal of what was new then",
            first_of_a_short_life },
          { "sentence: a service that does not take it", deploy_trouble },
          { "sentence: several problems", several_problems })
