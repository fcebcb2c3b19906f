/* The profile and the lifetime that an order asks for. */

#include "tests/fake/world.h"
#include "tests/unit/renewal-bench.h"
#include "tests/unit/test.h"

static Config *with_profile(const char *profile, const char *required) {
        Config *config = world_config_named(bench_one, 1);

        (void) str_replace(&config->certificates[0].profile, profile);
        (void) str_replace(&config->certificates[0].require_profile, required);
        return config;
}

static void profiles(void) {
        World w;

        bench_init(&w);
        bench_options(&w)->profile = "shortlived";
        CHECK_INT(world_start(&w, with_profile("shortlived", NULL), false), 0);
        fake_loop_run(w.loop, HOUR);
        CHECK(strstr(fake_ca_last_order(w.ca), "\"profile\":\"shortlived\""));
        CHECK(strstr(fake_store_get(w.store, STORE_CERTIFICATE, NAME),
                     "\"profile\":\"shortlived\""));
        world_done(&w);

        bench_init(&w); /* not offered, not asked for (U-02) */
        CHECK_INT(world_start(&w, with_profile("shortlived", NULL), false), 0);
        fake_loop_run(w.loop, HOUR);
        CHECK_INT(bench_counts(&w)->issued, 1);
        CHECK_INT(bench_counts(&w)->by[CA_NEW_ORDER], 1);
        CHECK(!strstr(fake_ca_last_order(w.ca), "profile"));
        world_done(&w);

        bench_init(&w); /* not offered, but required: asked for, refused, parked */
        CHECK_INT(world_start(&w, with_profile(NULL, "shortlived"), false), 0);
        fake_loop_run(w.loop, 12 * HOUR);
        CHECK_INT(bench_counts(&w)->issued, 0);
        CHECK_INT(bench_counts(&w)->by[CA_NEW_ORDER], 1);
        bench_options(&w)->profile = "shortlived";
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(bench_counts(&w)->issued, 1);
        world_done(&w);

        bench_init(&w); /* silently ignored (H-11) */
        bench_options(&w)->profile = "shortlived";
        bench_options(&w)->ignores_profile = true;
        CHECK_INT(world_start(&w, with_profile(NULL, "shortlived"), false), 0);
        fake_loop_run(w.loop, 12 * HOUR);
        CHECK_INT(bench_counts(&w)->issued, 0);
        CHECK_INT(bench_counts(&w)->by[CA_NEW_ORDER], 1);
        world_done(&w);
}

static void lifetimes(void) {
        Config *config = world_config_named(bench_one, 1);
        World w;

        bench_init(&w);
        config->certificates[0].lifetime_sec = 7 * DAY;
        CHECK_INT(world_start(&w, config, false), 0);
        fake_loop_run(w.loop, HOUR);
        CHECK(strstr(fake_ca_last_order(w.ca), "\"notAfter\":\"2027-01-08T0"));
        world_done(&w);

        bench_init(&w);
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        CHECK(!strstr(fake_ca_last_order(w.ca), "notAfter")); /* H-04 */
        world_done(&w);
}

TEST_MAIN({ "profiles, preferred and required (U-01, U-02, H-11)", profiles },
          { "Lifetime= asks for notAfter (H-04)", lifetimes })
