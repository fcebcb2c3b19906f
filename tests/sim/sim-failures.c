/* One certificate, one trouble, for very long (D1): the CA is asked a bounded number of times, the pauses are never
 * shorter than the floor, and after the trouble has ended there is a certificate within a day. */

#include <stdio.h>

#include "tests/sim/sim.h"

#define NAME     "a.example.org"
#define SPINNING 10000

static const char *const one[] = { NAME };

typedef struct Trouble {
        World w;
        bool on;
        CaFault fault;
        CaRequest where;
        bool unreachable_name, spoil;
        unsigned today, most_today;
        int64_t last, least_gap;
} Trouble;

/* Virtual time stands still: nothing else would end this. */
static _Noreturn void spinning(const Trouble *t) {
        printf("not ok: %u orders in a day without an end\n", t->today);
        exit(1);
}

static CaFault on_request(CaRequest request, const char *identifier, void *userdata) {
        Trouble *t = userdata;
        int64_t now = fake_loop_true_sec(t->w.loop);

        (void) identifier;
        if (request == CA_NEW_ORDER) {
                if (t->last > 0)
                        t->least_gap = MIN(t->least_gap, now - t->last);
                t->last = now;
                t->today++;
                if (t->today > SPINNING)
                        spinning(t);
        }
        return t->on && request == t->where ? t->fault : CA_OK;
}

static bool validates(const char *identifier, void *userdata) {
        const Trouble *t = userdata;

        (void) identifier;
        return !(t->on && t->unreachable_name);
}

static bool spoils(void *userdata) {
        const Trouble *t = userdata;

        return t->on && t->spoil;
}

static void run_day(Trouble *t, int64_t day, unsigned limit) {
        t->today = 0;
        fake_loop_run(t->w.loop, DAY);
        SIM_CHECK(&t->w, t->today <= limit, "%u orders on day %lld", t->today, (long long) day);
}

/* The engine ends and starts every so often: counters survive that. */
static void run(Trouble *t,
                const SimOptions *o,
                const char *record,
                unsigned first_day,
                unsigned later) {
        (void) world_init(&t->w, o->seed);
        *fake_ca_hooks(t->w.ca) = (FakeCaHooks){
                .fault = on_request,
                .validates = validates,
                .spoils = spoils,
                .userdata = t,
        };
        t->on = true;
        t->least_gap = INT64_MAX;
        if (record)
                fake_store_put(t->w.store, STORE_CERTIFICATE, NAME, record);
        (void) world_start(&t->w, world_config_named(one, 1), false);
        for (int64_t day = 0; day < 400; day++) {
                if (day % 37 == 36) {
                        world_stop(&t->w);
                        (void) world_start(&t->w, world_config_named(one, 1), false);
                }
                run_day(t, day, day == 0 ? first_day : later);
        }
        SIM_CHECK(&t->w, t->least_gap >= 30, "only %lld s apart", (long long) t->least_gap);
        SIM_CHECK(&t->w, manager_is_degraded(t->w.manager), "nobody is told");
}

static void end(Trouble *t, int64_t within) {
        t->on = false;
        fake_loop_run(t->w.loop, within);
        SIM_CHECK(&t->w, fake_ca_counts(t->w.ca)->issued > 0, "no certificate after the trouble");
        SIM_CHECK(&t->w, !manager_is_degraded(t->w.manager), "still degraded");
        world_done(&t->w);
}

void sim_refused_name(const SimOptions *o) {
        Trouble t = { .fault = CA_REFUSED, .where = CA_NEW_ORDER };

        run(&t, o, "{\"version\":1,\"failures\":2147483648,\"next_attempt\":4611686018427387904}",
            10, 2);
        end(&t, 25 * SEC_PER_HOUR);
}

void sim_failed_validation(const SimOptions *o) {
        Trouble t = { .unreachable_name = true };

        run(&t, o, NULL, 10, 2);
        end(&t, 25 * SEC_PER_HOUR);
}

void sim_server_errors(const SimOptions *o) {
        Trouble t = { .fault = CA_ERROR_500, .where = CA_NEW_ORDER };

        run(&t, o, NULL, 10, 2);
        end(&t, 25 * SEC_PER_HOUR);
}

void sim_rate_limits(const SimOptions *o) {
        Trouble t = { .fault = CA_RATE_429, .where = CA_NEW_ORDER };

        run(&t, o, NULL, 10, 2);
        end(&t, 25 * SEC_PER_HOUR);
}

/* Each of them was issued: the guard is stricter than the backoff, and longer. */
void sim_useless_chains(const SimOptions *o) {
        Trouble t = { .spoil = true };

        run(&t, o, NULL, 3, 2);
        SIM_CHECK(&t.w, fake_ca_counts(t.w.ca)->issued <= 3 * (400 / 90 + 1), "%u issued",
                  fake_ca_counts(t.w.ca)->issued);
        end(&t, 91 * DAY);
}

void sim_ca_down(const SimOptions *o) {
        unsigned gets;
        World w;

        (void) world_init(&w, o->seed);
        (void) world_start(&w, world_config(20), false);
        fake_loop_run(w.loop, 58 * DAY);
        SIM_CHECK(&w, fake_ca_counts(w.ca)->issued >= 20, "no certificates");
        fake_ca_set_down(w.ca, true);
        fake_loop_run(w.loop, 5 * DAY);
        fake_ca_set_down(w.ca, false);
        gets = fake_ca_counts(w.ca)->issued;
        fake_loop_run(w.loop, 20 * SEC_PER_MIN);
        printf("# %u certificates within 20 minutes of the CA's return\n",
               fake_ca_counts(w.ca)->issued - gets);
        fake_loop_run(w.loop, DAY);
        SIM_CHECK(&w, !manager_is_degraded(w.manager), "degraded a day later");
        SIM_CHECK(&w, fake_ca_counts(w.ca)->most_open <= 1, "more than one open order");
        world_done(&w);
}
