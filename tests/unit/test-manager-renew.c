/* Renewals by hand. */

#include "tests/fake/world.h"
#include "tests/unit/manager-bench.h"
#include "tests/unit/test.h"

static int renew(World *w, const char *name, bool force, Steps *s) {
        _cleanup_free_ char *message = NULL;
        int r;

        *s = (Steps){};
        r = manager_renew(w->manager, name, force, bench_on_step, s, &s->free_this, &message);
        CHECK((r == -EAGAIN) == (message != NULL));
        return r;
}

static void renewed_by_hand(void) {
        Steps s, again;
        World w;

        bench_init_valid(&w);
        CHECK_INT(renew(&w, "a.example.org", false, &s), 0);
        fake_loop_run(w.loop, 60);
        CHECK(s.done && s.ok);
        CHECK(s.count > 4);
        CHECK_STR(s.last, "installed");
        CHECK_INT(fake_ca_counts(w.ca)->issued, 3);
        CHECK_INT(renew(&w, "nobody.example.org", false, &again), -ENOENT);
        world_done(&w);
}

static void failing_by_hand(void) {
        Steps s;
        World w;

        bench_init_valid(&w);
        fake_ca_set_down(w.ca, true);
        fake_loop_run(w.loop, 25 * SEC_PER_HOUR); /* past the cached directory */
        CHECK_INT(renew(&w, "a.example.org", false, &s), 0);
        fake_loop_run(w.loop, 60);
        CHECK(s.done && !s.ok);
        CHECK(strstr(s.last, "the CA cannot be reached"));
        CHECK_STR(world_state(&w, "b.example.org"), "valid");
        world_done(&w);
}

static void guard_by_hand(void) {
        Steps s;
        World w;

        bench_init_valid(&w);
        CHECK_INT(renew(&w, "a.example.org", false, &s), 0);
        fake_loop_run(w.loop, 120);
        CHECK_INT(renew(&w, "a.example.org", false, &s), -EAGAIN);
        CHECK_INT(renew(&w, "a.example.org", true, &s), 0);
        fake_loop_run(w.loop, 120);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 4);
        CHECK(s.done && s.ok);
        world_done(&w);
}

static void busy_by_hand(void) {
        Steps s, forced;
        World w;

        bench_init(&w);
        CHECK_INT(world_start(&w, world_config_named(bench_two, 1), false), 0);
        while (fake_ca_counts(w.ca)->by[CA_CHALLENGE] == 0 && fake_loop_step(w.loop))
                ;
        CHECK_INT(renew(&w, "a.example.org", true, &forced), -EBUSY);
        CHECK_INT(renew(&w, "a.example.org", false, &s), 0);
        fake_loop_run(w.loop, 120);
        CHECK(s.done && s.ok);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 1);
        world_done(&w);
}

static void broken_by_hand(void) {
        Config *c = world_config_named(bench_two, 1);
        Steps s;
        World w;

        bench_init(&w);
        c->certificates[0].broken = true;
        CHECK_INT(world_start(&w, c, false), 0);
        CHECK_INT(renew(&w, "a.example.org", false, &s), -EUCLEAN);
        world_done(&w);
}

TEST_MAIN({ "renew now: each step, and the end", renewed_by_hand },
          { "renew now: a failure is told", failing_by_hand },
          { "S-08: renew now is guarded, unless forced", guard_by_hand },
          { "renew now: an order on its way is watched", busy_by_hand },
          { "renew now: a broken configuration", broken_by_hand })
