#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define DAY  ((int64_t) SEC_PER_DAY)

static const char *const one[] = { NAME };

static void init(World *w, uint64_t seed) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, seed);
}

static void fresh_order(void) {
        World w;

        init(&w, 1);
        CHECK_INT(world_start(&w, world_config_named(one, 1), true), 0);
        CHECK(world_settle(&w, 300));
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(!manager_is_degraded(w.manager));
        /* newAccount and the seven of a fresh order */
        CHECK_INT(fake_ca_counts(w.ca)->posts, 8);
        CHECK_INT(fake_ca_counts(w.ca)->heads, 1);
        CHECK_INT(fake_responder_count(w.responder), 0);
        CHECK_INT(fake_helper_calls(w.signer, "Prune"), 1);
        world_done(&w);
}

TEST_MAIN({ "X-02: a fresh order of one name costs seven POSTs", fresh_order })
