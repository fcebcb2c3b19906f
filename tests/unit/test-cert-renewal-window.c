/* The window that a CA suggests: taken, kept, moved into the past, senseless. */

#include "tests/fake/world.h"
#include "tests/unit/renewal-bench.h"
#include "tests/unit/test.h"

static void in_the_window(void) {
        World w;

        bench_init(&w);
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        int64_t start_at = bench_recorded(&w, "start"), end = bench_recorded(&w, "end"),
                chosen = bench_recorded(&w, "chosen");
        CHECK(start_at > 0 && start_at < end && chosen >= start_at && chosen < end);
        fake_loop_run(w.loop, chosen - bench_now(&w) - 60);
        CHECK_INT(bench_counts(&w)->issued, 1);
        fake_loop_run(w.loop, HOUR); /* T-17: not some time after */
        CHECK_INT(bench_counts(&w)->issued, 2);
        CHECK_INT(bench_counts(&w)->with_replaces, 1);
        CHECK(bench_recorded(&w, "chosen") > end); /* T-07: of the new one */
        fake_loop_run(w.loop, 300 * DAY);
        CHECK(bench_counts(&w)->issued == 6 ||
              bench_counts(&w)->issued == 7); /* as the instants are drawn */
        CHECK_INT(bench_counts(&w)->with_replaces, bench_counts(&w)->issued - 1);
        CHECK_INT(bench_counts(&w)->info_of_replaced, 0); /* T-11 */
        world_done(&w);
}

static void drawn_once(void) {
        World w;

        bench_init(&w);
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        int64_t chosen = bench_recorded(&w, "chosen");
        fake_loop_run(w.loop, 3 * DAY);
        CHECK_INT(bench_recorded(&w, "chosen"), chosen);
        unsigned before = bench_infos(&w);
        bench_restart(&w, world_config_named(bench_one, 1));
        fake_loop_run(w.loop, 2 * HOUR);
        CHECK_INT(bench_recorded(&w, "chosen"), chosen);
        CHECK_INT(bench_infos(&w), before + 1); /* T-09: at start, too */
        for (int i = 0; i < 10; i++) {
                bench_restart(&w, world_config_named(bench_one, 1));
                fake_loop_run(w.loop, 60);
        }
        CHECK(bench_infos(&w) <= before + 2); /* but not at each of many */
        world_done(&w);
}

static void revoked(void) {
        World w;

        bench_init(&w);
        bench_start(&w);
        fake_loop_run(w.loop, 5 * DAY);
        fake_ca_revoke(w.ca, NAME);
        fake_loop_run(w.loop, 6 * HOUR + 5 * SEC_PER_MIN);
        CHECK_INT(bench_counts(&w)->issued, 2);
        CHECK_INT(bench_counts(&w)->with_replaces, 1);
        fake_loop_run(w.loop, 20 * DAY);
        CHECK_INT(bench_counts(&w)->issued, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* A CA that recalls whatever it issues is obeyed as far as the guard goes. */
static void recalled_again_and_again(void) {
        World w;

        bench_init(&w);
        bench_options(&w)->info = CA_INFO_PAST;
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        CHECK_INT(bench_counts(&w)->issued, 2);
        fake_loop_run(w.loop, 60 * DAY);
        CHECK_INT(bench_counts(&w)->issued, 3); /* in a lifetime (S-08) */
        world_done(&w);
}

static void many_recalled(void) {
        int64_t first = 0, last;
        World w;

        bench_init(&w);
        CHECK_INT(world_start(&w, world_config(30), false), 0);
        fake_loop_run(w.loop, 5 * DAY);
        CHECK_INT(bench_counts(&w)->issued, 30);
        bench_options(&w)->info = CA_INFO_PAST;
        while (bench_counts(&w)->issued < 60 && bench_now(&w) < WORLD_START + 7 * DAY) {
                fake_loop_run(w.loop, 10);
                if (bench_counts(&w)->issued > 30 && first == 0) {
                        first = bench_now(&w);
                        bench_options(&w)->info = CA_INFO_PAST;
                }
                if (bench_counts(&w)->issued >= 45)
                        bench_options(&w)->info = CA_INFO_GOOD;
        }
        last = bench_now(&w);
        CHECK(first > 0 && last - first > 120); /* T-18: spread */
        world_done(&w);
}

static void bad_windows(void) {
        for (CaInfo info = CA_INFO_GOOD; info < CA_INFO_MAX; info++) {
                unsigned least = 3, most = 4;
                World w;

                if (info == CA_INFO_PAST)
                        continue;
                bench_init(&w);
                bench_options(&w)->info = info;
                bench_start(&w);
                for (int day = 0; day < 200; day++) {
                        fake_loop_run(w.loop, DAY);
                        const char *state = world_state(&w, NAME);
                        CHECK(!str_equal(state, "expired") && !str_equal(state, "failing"));
                }
                if (info == CA_INFO_MOVING || info == CA_INFO_OPEN || info == CA_INFO_WIDE)
                        most = 12; /* the CA's own wish */
                if (bench_counts(&w)->issued < least || bench_counts(&w)->issued > most)
                        printf("# window %d: %u issued\n", (int) info, bench_counts(&w)->issued);
                CHECK(bench_counts(&w)->issued >= least && bench_counts(&w)->issued <= most);
                CHECK(bench_infos(&w) <= 200 * 5 + 10); /* no busy loop */
                world_done(&w);
        }
}

/* The last good window holds for three days, then the share of the lifetime. */
static void old_window(void) {
        CaFault fault = CA_OK;
        World w;

        bench_init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = bench_no_info, .userdata = &fault };
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        int64_t chosen = bench_recorded(&w, "chosen");
        fault = CA_ERROR_500;
        fake_loop_run(w.loop, 2 * DAY);
        const char *planned = world_state(&w, NAME);
        CHECK_STR(planned, "valid");
        _cleanup_free_ char *before = NULL, *after = NULL;
        CHECK_INT(manager_sentence(w.manager, &before), 0);
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(manager_sentence(w.manager, &after), 0);
        CHECK(before && after && strcmp(before, after) != 0);
        fake_loop_run(w.loop, chosen + 7 * DAY - bench_now(&w));
        CHECK_INT(bench_counts(&w)->issued, 2);
        world_done(&w);
}

static void short_life(void) {
        World w;

        bench_init(&w);
        bench_options(&w)->lifetime_sec = 160 * HOUR;
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        CHECK(bench_recorded(&w, "chosen") > 0);
        fake_loop_run(w.loop, 30 * DAY);
        CHECK(bench_counts(&w)->issued >= 6 && bench_counts(&w)->issued <= 9);
        world_done(&w);

        bench_init(&w);
        bench_options(&w)->lifetime_sec = 2 * HOUR + 60; /* one hour of it is left at issuance */
        bench_options(&w)->info = CA_INFO_OPEN;
        bench_start(&w);
        for (int i = 0; i < 200; i++) {
                fake_loop_run(w.loop, 300);
                CHECK(!str_equal(world_state(&w, NAME), "expired"));
        }
        world_done(&w);
}

TEST_MAIN({ "the renewal is in the window and names what it replaces (T-06, T-15, T-17)",
            in_the_window },
          { "the instant is drawn once and survives restarts (T-06, T-09, T-22)", drawn_once },
          { "a revoked certificate is replaced at once (T-14, T-18)", revoked },
          { "the guard holds against a CA that recalls everything (S-08, W-21)",
            recalled_again_and_again },
          { "many recalled at once are spread (T-18)", many_recalled },
          { "no window lets a certificate expire (T-08, T-12, T-19, W-21)", bad_windows },
          { "the last good window holds for three days (T-10)", old_window },
          { "short lives (T-08, V-39)", short_life })
