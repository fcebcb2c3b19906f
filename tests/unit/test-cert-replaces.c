/* Which predecessor an order names. */

#include "tests/fake/world.h"
#include "tests/unit/renewal-bench.h"
#include "tests/unit/test.h"

static void replaces_refused(void) {
        static const long statuses[] = { 400, 401, 403, 404, 409, 500 };

        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                World w;

                bench_init(&w);
                bench_options(&w)->refuses_replaces = statuses[i];
                bench_start(&w);
                fake_loop_run(w.loop, 65 * DAY);
                CHECK_INT(bench_counts(&w)->issued, 2);
                CHECK_INT(bench_counts(&w)->with_replaces, 0);
                CHECK_INT(bench_counts(&w)->by[CA_NEW_ORDER], 3); /* */
                CHECK_STR(world_state(&w, NAME), "valid");
                world_done(&w);
        }
}

static bool unreachable(const char *identifier, void *userdata) {
        (void) identifier;
        return !*(const bool *) userdata;
}

/* What was refused once is not sent again with the next attempt; what failed otherwise is. */
static void refused_is_remembered(void) {
        bool broken = false;
        unsigned before;
        World w;

        bench_init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .validates = unreachable, .userdata = &broken };
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        bench_options(&w)->refuses_replaces = 409;
        broken = true;
        fake_loop_run(w.loop, 61 * DAY);
        before = bench_counts(&w)->by[CA_NEW_ORDER];
        CHECK(before >= 3 && !strstr(fake_ca_last_order(w.ca), "replaces"));
        CHECK_INT(before, bench_counts(&w)->orders + 1); /* one refusal in all */
        broken = false;
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(bench_counts(&w)->issued, 2);
        bench_options(&w)->refuses_replaces = 0;
        fake_loop_run(w.loop, 61 * DAY); /* the next one is another certificate */
        CHECK_INT(bench_counts(&w)->issued, 3);
        CHECK_INT(bench_counts(&w)->with_replaces, 1);
        world_done(&w);
}

static void another_account(void) {
        World w;

        bench_init(&w);
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        fake_ca_forget_accounts(w.ca);
        fake_loop_run(w.loop, 70 * DAY);
        CHECK_INT(bench_counts(&w)->issued, 2);
        CHECK_INT(bench_counts(&w)->accounts, 2);
        CHECK_INT(bench_counts(&w)->with_replaces, 0); /* T-15 */
        world_done(&w);
}

static void another_name(void) {
        static const char *const other[] = { "a.example.org b.example.org" }, *const foreign[] = {
                "x.example.org"
        };
        Config *config;
        World w;

        bench_init(&w);
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        bench_restart(&w, world_config_named(other, 1)); /* shares a name */
        fake_loop_run(w.loop, HOUR);
        CHECK_INT(bench_counts(&w)->issued, 2);
        CHECK_INT(bench_counts(&w)->with_replaces, 1);
        config = world_config_named(foreign, 1);
        free(config->certificates[0].name);
        config->certificates[0].name = strdup(NAME);
        bench_restart(&w, config); /* shares none */
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(bench_counts(&w)->issued, 3);
        CHECK_INT(bench_counts(&w)->with_replaces, 1);
        world_done(&w);
}

TEST_MAIN({ "a refused predecessor is left out at once (Q-09, W-22)", replaces_refused },
          { "and is not named again", refused_is_remembered },
          { "the predecessor of another account is not named (T-15)", another_account },
          { "only one that shares a name is (T-15)", another_name })
