/* A CA that refuses good nonces (D-06, D-07): half of them, and fifty issuances succeed; all of them, and it is given
 * up, not spun on, and said. */

#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

#define COUNT 50

typedef struct Nonces {
        World w;
        uint32_t per_million;
        unsigned refused;
} Nonces;

static CaFault on_request(CaRequest request, const char *identifier, void *userdata) {
        Nonces *n = userdata;
        bool get = request == CA_DIRECTORY || request == CA_NONCE;

        (void) identifier;
        if (get || !fake_chance(n->w.loop, n->per_million))
                return CA_OK;
        n->refused++;
        return CA_BAD_NONCE;
}

static void start(Nonces *n, const SimOptions *o, size_t count) {
        (void) world_init(&n->w, o->seed);
        *fake_ca_hooks(n->w.ca) = (FakeCaHooks){ .fault = on_request, .userdata = n };
        (void) world_start(&n->w, world_config(count), false);
}

void sim_half_of_the_nonces(const SimOptions *o) {
        Nonces n = { .per_million = 500000 };
        unsigned posts;

        start(&n, o, COUNT);
        fake_loop_run(n.w.loop, SEC_PER_HOUR);
        posts = fake_ca_counts(n.w.ca)->posts;
        printf("# seed %llu: %u of %d issued, %u of %u requests refused\n",
               (unsigned long long) o->seed, fake_ca_counts(n.w.ca)->issued, COUNT, n.refused,
               posts);
        SIM_CHECK(&n.w, fake_ca_counts(n.w.ca)->issued == COUNT, "%u of %d issued",
                  fake_ca_counts(n.w.ca)->issued, COUNT);
        SIM_CHECK(&n.w, fake_ca_counts(n.w.ca)->orders == COUNT, "%u orders",
                  fake_ca_counts(n.w.ca)->orders);
        SIM_CHECK(&n.w, !manager_is_degraded(n.w.manager), "degraded");
        world_done(&n.w);
}

/* The account is there, and a renewal falls due among refusals: they cost no attempt, and end within an hour. */
static void renewal(Nonces *n) {
        _cleanup_free_ char *sentence = NULL;
        unsigned before;

        n->per_million = 1000000;
        fake_loop_run(n->w.loop, 61 * DAY);
        before = fake_ca_counts(n->w.ca)->posts;
        fake_loop_run(n->w.loop, DAY);
        (void) manager_sentence(n->w.manager, &sentence);
        printf("# %u requests a day for a renewal; '%s'\n", fake_ca_counts(n->w.ca)->posts - before,
               sentence);
        SIM_CHECK(&n->w, fake_ca_counts(n->w.ca)->posts - before <= 27 * 30, "%u requests a day",
                  fake_ca_counts(n->w.ca)->posts - before);
        SIM_CHECK(&n->w, sentence && strstr(sentence, "badNonce"), "nobody is told: %s", sentence);
        n->per_million = 0;
        fake_loop_run(n->w.loop, 2 * SEC_PER_HOUR);
        SIM_CHECK(&n->w, fake_ca_counts(n->w.ca)->issued == 2,
                  "not renewed when the trouble ended");
        SIM_CHECK(&n->w, !manager_is_degraded(n->w.manager), "still degraded");
}

void sim_all_of_the_nonces(const SimOptions *o) {
        Nonces n = { .per_million = 1000000 };
        _cleanup_free_ char *sentence = NULL;
        unsigned first, posts;

        start(&n, o, 1);
        fake_loop_run(n.w.loop, SEC_PER_HOUR);
        first = fake_ca_counts(n.w.ca)->posts;
        (void) manager_sentence(n.w.manager, &sentence);
        fake_loop_run(n.w.loop, 9 * DAY);
        posts = fake_ca_counts(n.w.ca)->posts - first;
        printf("# seed %llu: %u requests in the first hour, %u in nine days; '%s'\n",
               (unsigned long long) o->seed, first, posts, sentence);
        SIM_CHECK(&n.w, first <= 4 * 31, "%u requests in the first hour", first);
        SIM_CHECK(&n.w, posts <= 9 * 24 * 31, "%u requests in nine days", posts);
        SIM_CHECK(&n.w, sentence && strstr(sentence, "badNonce"), "nobody is told: %s", sentence);
        SIM_CHECK(&n.w, manager_is_degraded(n.w.manager), "not degraded");
        n.per_million = 0;
        fake_loop_run(n.w.loop, DAY);
        SIM_CHECK(&n.w, fake_ca_counts(n.w.ca)->issued == 1, "not issued a day after the trouble");
        renewal(&n);
        world_done(&n.w);
}
