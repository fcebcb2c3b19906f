/* Renewals that are rehearsed at a staging CA before they are due, and by hand. */

#include <string.h>

#include "tests/fake/world.h"
#include "tests/unit/rehearsal-bench.h"
#include "tests/unit/test.h"

static void week_before(void) {
        Outside o = {};
        World w;

        bench_init(&w, &o);
        bench_start(&w, bench_staged());
        bench_run_until(&w, 9);
        CHECK_INT(o.staged, 0);
        _cleanup_free_ char *live = strdup(fake_installer_live(w.installer, NAME));
        _cleanup_free_ char *record = strdup(fake_store_get(w.store, STORE_CERTIFICATE, NAME));
        size_t deploys = fake_installer_target(w.installer, NAME, "web")->deploys;
        bench_run_until(&w, 6);
        CHECK_INT(o.staged, 1);
        CHECK_INT(o.real, 1);
        CHECK_STR(world_state(&w, NAME), "valid");
        _cleanup_free_ char *said = bench_text_of(&w, NAME, "rehearsal", "message");
        CHECK(bench_contains(said, "rehearsed on "));
        CHECK(bench_contains(said, " at staging"));
        /* never published, never installed, and nothing of it counts; its key is gone */
        CHECK_STR(fake_installer_live(w.installer, NAME), live);
        CHECK_INT(fake_installer_target(w.installer, NAME, "web")->deploys, deploys);
        CHECK_STR(fake_store_get(w.store, STORE_CERTIFICATE, NAME), record);
        CHECK_INT(fake_signer_keys(w.signer, NAME), 1);
        fake_loop_run(w.loop, 300 * DAY); /* once before each renewal */
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(o.staged == o.real || o.staged == o.real - 1);
        CHECK(o.real >= 5);
        world_done(&w);
}

/* A broken way is known a week early, and told daily until it is mended. */
static void broken_way(void) {
        Outside o = { .broken = true };
        World w;

        bench_init(&w, &o);
        bench_start(&w, bench_staged());
        bench_run_until(&w, 6);
        CHECK_STR(world_state(&w, NAME), "degraded");
        _cleanup_free_ char *said = bench_text_of(&w, NAME, NULL, "message");
        CHECK(bench_contains(said, "rehearsal failed: "));
        CHECK(bench_contains(said, "; the certificate is valid until "));
        CHECK(bench_contains(said, ", its renewal is planned for "));
        CHECK_INT(bench_number_of(&w, NAME, "failures"), 0);
        unsigned orders = fake_ca_counts(w.second)->orders;
        CHECK(orders >= 1 && orders <= 2);
        bench_run_until(&w, 3);
        CHECK_INT(fake_ca_counts(w.second)->orders, orders + 3);
        o.broken = false;
        fake_loop_run(w.loop, DAY + SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(o.staged, 1);
        CHECK_INT(o.real, 1);
        world_done(&w);
}

/* It is broken at the staging CA only: the renewal comes in its time, and ends the matter. */
static void renewal_is_not_delayed(void) {
        Outside o = { .broken = true };
        World w;

        bench_init(&w, &o);
        bench_start(&w, bench_staged());
        int64_t planned = bench_number_of(&w, NAME, "next_renewal");
        bench_run_until(&w, 1);
        CHECK_STR(world_state(&w, NAME), "degraded");
        CHECK_INT(bench_number_of(&w, NAME, "next_renewal"), planned);
        fake_loop_run(w.loop, 3 * DAY);
        CHECK_INT(o.real, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* What is the staging CA's own trouble says nothing about the certificate. */
static void staging_is_down(void) {
        Outside o = {};
        World w;

        bench_init(&w, &o);
        bench_start(&w, bench_staged());
        fake_ca_set_down(w.second, true);
        bench_run_until(&w, 5);
        CHECK_STR(world_state(&w, NAME), "valid");
        _cleanup_free_ char *said = bench_text_of(&w, NAME, "rehearsal", "message");
        CHECK(bench_contains(said, "came to nothing"));
        fake_ca_set_down(w.second, false);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(o.staged, 1);
        o.when = CA_NEW_ORDER;
        o.staging = CA_RATE_429;
        fake_loop_run(w.loop, 60 * DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void who_rehearses(void) {
        static const struct {
                int64_t days;
                Rehearse rehearse;
                unsigned staged;
        } cases[] = {
                { 90, REHEARSE_AUTO, 1 }, { 90, REHEARSE_NO, 0 }, { 60, REHEARSE_AUTO, 1 },
                { 45, REHEARSE_AUTO, 0 }, { 6, REHEARSE_YES, 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Config *c = bench_staged();
                Outside o = {};
                World w;

                bench_init(&w, &o);
                fake_ca_options(w.ca)->lifetime_sec = cases[i].days * DAY;
                c->certificates[0].rehearse = cases[i].rehearse;
                bench_start(&w, c);
                fake_loop_run(w.loop, bench_number_of(&w, NAME, "next_renewal") - bench_now(&w) -
                                                      SEC_PER_HOUR);
                CHECK_INT(o.staged, cases[i].staged);
                CHECK_INT(o.real, 1);
                world_done(&w);
        }
}

static void by_hand(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL, *second = NULL;
        _cleanup_free_ char *message = NULL;
        Outside o = {};
        Config *c = bench_staged();
        Steps s = {}, t = {};
        World w;

        bench_init(&w, &o);
        c->certificates[0].rehearse = REHEARSE_NO;
        bench_start(&w, c);
        CHECK_INT(bench_rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, 1);
        CHECK_INT(bench_rehearse(&w, NAME, &t, &second, &message), 0); /* the same one */
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(s.done && s.ok && t.done && t.ok);
        CHECK(s.told > 3);
        CHECK_STR(s.last, "rehearsed at staging; what came is thrown away");
        CHECK_INT(o.staged, 1);

        o.broken = true;
        watch = renew_watch_free(watch);
        CHECK_INT(bench_rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(s.done && !s.ok);
        CHECK_STR(world_state(&w, NAME), "valid"); /* Rehearse=no: whoever asked was told */
        CHECK_INT(bench_rehearse(&w, "x.example.org", &s, &watch, &message), -ENOENT);
        world_done(&w);
        free(s.last);
        free(t.last);
}

static void nowhere(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        _cleanup_free_ char *message = NULL;
        Outside o = {};
        Steps s = {};
        World w;

        bench_init(&w, &o);
        bench_start(&w, world_config_named(bench_one, 1));
        CHECK_INT(bench_rehearse(&w, NAME, &s, &watch, &message), -EOPNOTSUPP);
        CHECK(bench_contains(message, "CA 'ca' has no Staging="));
        _cleanup_free_ char *none = bench_text_of(&w, NAME, "rehearsal", "message");
        CHECK_STR(none, "none");
        fake_loop_run(w.loop, 70 * DAY);
        CHECK_INT(fake_ca_counts(w.second)->gets, 0);
        world_done(&w);
}

TEST_MAIN({ "a week before each renewal, and nothing of it stays", week_before },
          { "a broken way is known early, told daily until it is mended", broken_way },
          { "a failing rehearsal does not delay the renewal", renewal_is_not_delayed },
          { "trouble of the staging CA itself is no alarm", staging_is_down },
          { "by lifetime, unless Rehearse= says otherwise", who_rehearses },
          { "by hand at any time, with steps", by_hand },
          { "without Staging= nothing, and it is said why", nowhere })
