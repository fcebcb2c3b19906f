/* Requests and wake-ups when nothing goes wrong. */

#include "tests/sim/sim.h"

#define NAME "a.example.org"

static const char *const one[] = { NAME };

static void start(World *w, const SimOptions *o, int64_t reuse_sec) {
        (void) world_init(w, o->seed);
        fake_ca_options(w->ca)->reuse_sec = reuse_sec;
        (void) world_start(w, world_config_named(one, 1), false);
        fake_loop_run(w->loop, SEC_PER_HOUR);
        SIM_CHECK(w, fake_ca_counts(w->ca)->issued == 1, "no first certificate");
        SIM_CHECK(w, fake_ca_counts(w->ca)->by[CA_RENEWAL_INFO] == 1,
                  "not one GET for renewal information");
}

/* The POSTs of the first renewal. */
static void count_renewal(World *w, unsigned expected) {
        unsigned before = fake_ca_counts(w->ca)->posts, heads = fake_ca_counts(w->ca)->heads;

        fake_loop_run(w->loop, 70 * DAY);
        SIM_CHECK(w, fake_ca_counts(w->ca)->gets <= 2 + 70 * 5 + 1,
                  "%u GETs in 70 days: more than the directory daily and four for renewal information",
                  fake_ca_counts(w->ca)->gets);
        SIM_CHECK(w, fake_ca_counts(w->ca)->issued == 2, "%u issued",
                  fake_ca_counts(w->ca)->issued);
        SIM_CHECK(w, fake_ca_counts(w->ca)->posts - before == expected, "%u POSTs instead of %u",
                  fake_ca_counts(w->ca)->posts - before, expected);
        SIM_CHECK(w, fake_ca_counts(w->ca)->heads - heads == 1, "more than one HEAD");
        world_done(w);
}

void sim_fresh_order(const SimOptions *o) {
        World w;

        start(&w, o, 0);
        count_renewal(&w, 7);
}

void sim_ready_order(const SimOptions *o) {
        World w;

        start(&w, o, 365 * DAY);
        count_renewal(&w, 4);
}

void sim_idle(const SimOptions *o) {
        usec_t quiet = 0, longest = 0;
        uint64_t fired;
        World w;

        (void) world_init(&w, o->seed);
        (void) world_start(&w, world_config(20), false);
        fake_loop_run(w.loop, 2 * SEC_PER_HOUR);
        SIM_CHECK(&w, !manager_is_degraded(w.manager), "degraded");
        fired = fake_loop_fired(w.loop);
        for (int minute = 0; minute < 24 * 60; minute++) {
                bool idle = fake_loop_next(w.loop) > loop_boot_usec(w.loop) + 60 * USEC_PER_SEC;

                quiet = idle ? quiet + 1 : 0;
                longest = MAX(longest, quiet);
                fake_loop_run(w.loop, 60);
        }
        printf("# %llu callbacks in a day of 20 certificates, longest quiet %llu min\n",
               (unsigned long long) (fake_loop_fired(w.loop) - fired),
               (unsigned long long) longest);
        SIM_CHECK(&w, longest >= 5, "wakes up all the time");
        world_done(&w);
}
