/* How often a certificate asks when to renew: in good days, at failures, at many. */

#include "tests/fake/world.h"
#include "tests/unit/renewal-bench.h"
#include "tests/unit/test.h"

static void one_get_more(void) {
        World w;

        bench_init(&w);
        bench_start(&w);
        fake_loop_run(w.loop, HOUR);
        CHECK_INT(bench_counts(&w)->issued, 1);
        CHECK_INT(bench_counts(&w)->posts, 8); /* X-02, and newAccount */
        CHECK_INT(bench_counts(&w)->heads, 1);
        CHECK_INT(bench_counts(&w)->gets,
                  2); /* the directory, and one GET for renewal information */
        CHECK_INT(bench_infos(&w), 1);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(bench_infos(&w), 5); /* every six hours (T-09) */
        CHECK_INT(bench_counts(&w)->by[CA_DIRECTORY], 2);
        world_done(&w);
}

static void failures(void) {
        static const struct {
                CaFault fault;
                unsigned in_three_hours;
        } rows[] = {
                { CA_LOST_BEFORE, 4 }, { CA_LOST_AFTER, 4 }, { CA_ERROR_500, 4 },
                { CA_BUSY_503, 4 },    { CA_GARBAGE, 1 },    { CA_REFUSED, 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                CaFault fault = rows[i].fault;
                World w;

                bench_init(&w);
                *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = bench_no_info, .userdata = &fault };
                bench_start(&w);
                fake_loop_run(w.loop, 3 * HOUR);
                if (bench_infos(&w) != rows[i].in_three_hours)
                        printf("# fault %d\n", (int) fault);
                CHECK_INT(bench_infos(&w), rows[i].in_three_hours); /* T-10 */
                fake_loop_run(w.loop, 30 * DAY);
                CHECK(bench_infos(&w) <= 4 + 31 * 4);
                fault = CA_OK;
                fake_loop_run(w.loop, DAY);
                CHECK(bench_recorded(&w, "chosen") > 0);
                world_done(&w);
        }
}

static void retry_after_extremes(void) {
        static const struct {
                const char *text;
                unsigned least, most; /* in two days */
        } rows[] = {
                { NULL, 8, 9 },      { "0", 8, 9 },        { "-1", 8, 9 },
                { "soon", 8, 9 },    { "31536000", 2, 3 }, { "9223372036854775808", 8, 9 },
                { "1", 1400, 2900 }, { "21600", 8, 9 },    { "1.5", 8, 9 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                World w;

                bench_init(&w);
                bench_options(&w)->info_retry_after = rows[i].text;
                bench_start(&w);
                fake_loop_run(w.loop, 2 * DAY);
                if (bench_infos(&w) < rows[i].least || bench_infos(&w) > rows[i].most)
                        printf("# Retry-After '%s': %u\n", rows[i].text ? rows[i].text : "",
                               bench_infos(&w));
                CHECK(bench_infos(&w) >= rows[i].least && bench_infos(&w) <= rows[i].most);
                world_done(&w);
        }
}

static void none_offered(void) {
        World w;

        bench_init(&w);
        bench_options(&w)->no_renewal_info = true;
        bench_start(&w);
        fake_loop_run(w.loop, 12 * HOUR);
        CHECK_INT(bench_counts(&w)->gets, 1); /* the directory of the order */
        CHECK_INT(bench_infos(&w), 0);
        bench_restart(&w, world_config_named(bench_one, 1));
        fake_loop_run(w.loop, 6 * HOUR);
        CHECK_INT(bench_counts(&w)->gets, 1);
        fake_loop_run(w.loop, 100 * DAY);
        CHECK_INT(bench_counts(&w)->issued, 2);
        CHECK_INT(bench_counts(&w)->with_replaces, 0);
        bench_options(&w)->no_renewal_info = false; /* W-24 */
        fake_loop_run(w.loop, 2 * DAY);
        CHECK(bench_infos(&w) > 0);
        world_done(&w);
}

static void switched_off(void) {
        World w;
        Config *config;

        bench_init(&w);
        config = world_config_named(bench_one, 1);
        config->cas[0].renewal_info = config->cas[0].replaces = false;
        CHECK_INT(world_start(&w, config, false), 0);
        fake_loop_run(w.loop, 70 * DAY);
        CHECK_INT(bench_infos(&w), 0);
        CHECK_INT(bench_counts(&w)->issued, 2);
        CHECK_INT(bench_counts(&w)->with_replaces, 0);
        world_done(&w);
}

static int64_t info_times[300];
static size_t info_count;

static CaFault note_time(CaRequest request, const char *identifier, void *userdata) {
        World *w = userdata;

        (void) identifier;
        if (request == CA_RENEWAL_INFO && info_count < ELEMENTSOF(info_times))
                info_times[info_count++] = (int64_t) (loop_boot_usec(w->loop) / USEC_PER_MSEC);
        return CA_OK;
}

static void pace(void) {
        World w;

        bench_init(&w);
        CHECK_INT(world_start(&w, world_config(60), false), 0);
        fake_loop_run(w.loop, 2 * DAY);
        info_count = 0;
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = note_time, .userdata = &w };
        bench_restart(&w, world_config(60)); /* all of them are asked for at start */
        fake_loop_run(w.loop, 2 * HOUR);
        CHECK(info_count >= 60);
        for (size_t i = 2; i < info_count; i++)
                CHECK(info_times[i] - info_times[i - 2] >= 999); /* S-07: 1/s, burst 2 */
        world_done(&w);
}

TEST_MAIN({ "one GET after issuance, then one every six hours (T-07, T-09, X-02)", one_get_more },
          { "failures are repeated three times, then every six hours (T-10)", failures },
          { "Retry-After is obeyed within a minute and a day (S-01, S-04, W-19)",
            retry_after_extremes },
          { "a CA without renewal information costs no request (X-03, W-24)", none_offered },
          { "RenewalInfo=no and Replaces=no", switched_off },
          { "one request a second, two at a time (S-07)", pace })
