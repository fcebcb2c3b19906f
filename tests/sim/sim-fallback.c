/* Two CAs, the first in trouble while renewals are due: the second one issues, and at the next renewal, when the first
 * has recovered, it is the first again (CA-03). */

#include <stdio.h>

#include "tests/sim/sim.h"

#define COUNT 20

typedef struct Fallback {
        World w;
        bool on;
        CaFault fault;
        unsigned refused; /* requests that met the fault */
} Fallback;

static CaFault on_request(CaRequest request, const char *identifier, void *userdata) {
        Fallback *f = userdata;

        (void) request;
        (void) identifier;
        f->refused += f->on;
        return f->on ? f->fault : CA_OK;
}

static void start(Fallback *f, const SimOptions *o) {
        Config *c = world_config(COUNT);

        (void) world_init(&f->w, o->seed);
        world_config_add_second(c);
        *fake_ca_hooks(f->w.ca) = (FakeCaHooks){ .fault = on_request, .userdata = f };
        (void) world_start(&f->w, c, false);
        fake_loop_run(f->w.loop, DAY);
        SIM_CHECK(&f->w, fake_ca_counts(f->w.ca)->issued == COUNT, "%u issued by the first",
                  fake_ca_counts(f->w.ca)->issued);
        SIM_CHECK(&f->w, fake_ca_counts(f->w.second)->posts == 0, "the second was asked");
}

/* Restarts in the middle: nothing of it is in memory only. */
static void restart(Fallback *f) {
        Config *c = world_config(COUNT);

        world_config_add_second(c);
        world_stop(&f->w);
        (void) world_start(&f->w, c, false);
}

/* Days in which renewals fall due. */
static void renew_all(Fallback *f, int64_t days) {
        for (int64_t day = 0; day < days; day++) {
                fake_loop_run(f->w.loop, DAY);
                if (day % 3 == 1)
                        restart(f);
        }
}

static void check_recovered(Fallback *f, unsigned first_before, unsigned second_before) {
        unsigned first = fake_ca_counts(f->w.ca)->issued,
                 second = fake_ca_counts(f->w.second)->issued;

        SIM_CHECK(&f->w, first - first_before == COUNT, "%u of %d by the first after it recovered",
                  first - first_before, COUNT);
        /* Its own renewal information, and no predecessor from elsewhere: CA-03, T-15. */
        SIM_CHECK(&f->w, fake_ca_counts(f->w.second)->by[CA_RENEWAL_INFO] > 0,
                  "the second was not asked when to renew");
        SIM_CHECK(&f->w, fake_ca_counts(f->w.second)->with_replaces == 0, "replaced across CAs");
        SIM_CHECK(&f->w, second == second_before, "%u by the second after the first recovered",
                  second - second_before);
        SIM_CHECK(&f->w, !manager_is_degraded(f->w.manager), "degraded in the end");
        SIM_CHECK(&f->w, fake_ca_counts(f->w.second)->accounts == 1, "%u accounts at the second",
                  fake_ca_counts(f->w.second)->accounts);
}

static int64_t next_renewal(Fallback *f) {
        int64_t next = INT64_MAX;

        for (size_t i = 0; i < COUNT; i++) {
                _cleanup_(json_freep) Json *j = NULL;
                int64_t at = 0;

                if (manager_certificate_json_at(f->w.manager, i, &j) >= 0 &&
                    json_get_int64(j, "next_renewal", &at) >= 0 && at > 0)
                        next = MIN(next, at);
        }
        return next;
}

/* The trouble lasts for three days from when the first renewal is due; those that are due later meet a good CA. */
static void run(Fallback *f, const SimOptions *o, void (*trouble)(Fallback *f, bool on)) {
        unsigned first, second, during;

        start(f, o);
        while (next_renewal(f) > fake_loop_true_sec(f->w.loop) + SEC_PER_HOUR)
                fake_loop_run(f->w.loop, SEC_PER_HOUR);
        trouble(f, true);
        first = fake_ca_counts(f->w.ca)->issued;
        renew_all(f, 3);
        during = fake_ca_counts(f->w.second)->issued;
        SIM_CHECK(&f->w, fake_ca_counts(f->w.ca)->issued == first,
                  "the first issued in its trouble");
        trouble(f, false);
        renew_all(f, 7);
        SIM_CHECK(&f->w, during > 0, "the second issued nothing in three days");
        second = fake_ca_counts(f->w.second)->issued;
        printf("# seed %llu: %u of %d by the second in three days, %u requests to the first failed\n",
               (unsigned long long) o->seed, during, COUNT, f->refused);
        SIM_CHECK(&f->w, fake_ca_counts(f->w.ca)->issued + second == 2 * COUNT,
                  "%u and %u issued instead of %d", fake_ca_counts(f->w.ca)->issued, second,
                  2 * COUNT);
        first = fake_ca_counts(f->w.ca)->issued;
        renew_all(f, 63);
        check_recovered(f, first, second);
        world_done(&f->w);
}

static void busy(Fallback *f, bool on) {
        f->on = on;
}

void sim_fallback_503(const SimOptions *o) {
        Fallback f = { .fault = CA_BUSY_503 };

        run(&f, o, busy);
}

static void down(Fallback *f, bool on) {
        fake_ca_set_down(f->w.ca, on);
}

void sim_fallback_down(const SimOptions *o) {
        Fallback f = {};

        run(&f, o, down);
}

/* Gone between newOrder and the certificate, and not seen again. */
void sim_fallback_while_ordering(const SimOptions *o) {
        Fallback f = {};
        Config *c = world_config(1);

        (void) world_init(&f.w, o->seed);
        world_config_add_second(c);
        (void) world_start(&f.w, c, false);
        while (fake_ca_counts(f.w.ca)->orders == 0 && fake_loop_step(f.w.loop))
                ;
        fake_ca_set_down(f.w.ca, true);
        fake_loop_run(f.w.loop, SEC_PER_HOUR);
        SIM_CHECK(&f.w, fake_ca_counts(f.w.second)->issued == 1,
                  "%u issued by the second in an hour", fake_ca_counts(f.w.second)->issued);
        SIM_CHECK(&f.w, !manager_is_degraded(f.w.manager), "degraded");
        world_done(&f.w);
}
