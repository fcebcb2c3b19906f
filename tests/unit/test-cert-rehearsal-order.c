/* A rehearsal beside real orders, twins, kept keys, crashes and reloads. */

#include <string.h>

#include "tests/fake/world.h"
#include "tests/unit/rehearsal-bench.h"
#include "tests/unit/test.h"

static void order_has_right_of_way(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL, *renewal = NULL;
        _cleanup_free_ char *message = NULL;
        Steps s = {}, t = {};
        Outside o = {};
        World w;

        bench_init(&w, &o);
        bench_start(&w, bench_staged());
        fake_ca_options(w.second)->validate_sec = 600;
        CHECK_INT(bench_rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, 60);
        CHECK(!s.done);
        CHECK_INT(manager_renew(w.manager, NAME, false, bench_on_step, &t, &renewal, &message), 0);
        CHECK(s.done && !s.ok);
        CHECK_INT(bench_rehearse(&w, NAME, &s, &watch, &message), -EBUSY);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(t.done && t.ok);
        CHECK_INT(o.real, 2);
        CHECK_INT(o.staged, 0);
        CHECK_INT(fake_signer_keys(w.signer, NAME), 1);
        world_done(&w);
        free(s.last);
        free(t.last);
}

/* Another certificate's order of the same name, too: the rehearsal ends, and comes again after it. */
static void order_of_the_same_name(void) {
        static const char *const names[] = { NAME, "b.example.org " NAME };
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL, *renewal = NULL;
        _cleanup_free_ char *message = NULL;
        Config *c = world_config_named(names, 2);
        Steps s = {}, t = {};
        Outside o = {};
        World w;

        bench_init(&w, &o);
        world_config_add_staging(c);
        bench_start(&w, c);
        fake_ca_options(w.second)->validate_sec = 600;
        CHECK_INT(bench_rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, 60);
        CHECK_INT(fake_responder_count_of(w.responder, NAME), 1);
        CHECK_INT(manager_renew(w.manager, "b.example.org", false, bench_on_step, &t, &renewal,
                                &message),
                  0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(s.done && !s.ok);
        CHECK_STR(s.last, "an order of the same name begins, the rehearsal is left");
        CHECK(t.done && t.ok);
        CHECK_INT(o.staged, 0);
        fake_ca_options(w.second)->validate_sec = 5;
        fake_loop_run(w.loop, 59 * DAY);
        CHECK_INT(o.staged, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
        free(s.last);
        free(t.last);
}

static void twins_once(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        Config *c = world_config_named(bench_one, 1);
        _cleanup_free_ char *message = NULL;
        Outside o = {};
        Steps s = {};
        World w;

        bench_init(&w, &o);
        world_config_add_twin(c, 0, KEY_RSA_2048);
        world_config_add_staging(c);
        bench_start(&w, c);
        bench_run_until(&w, 3);
        CHECK_INT(o.staged, 1);
        CHECK_INT(bench_rehearse(&w, TWIN, &s, &watch, &message), -EOPNOTSUPP);
        CHECK(bench_contains(message, "renewctl rehearse " NAME));
        world_done(&w);
}

/* O-05: the live key is no business of a staging CA. A configured request is all there is. */
static void keys(void) {
        Config *c = bench_staged();
        EVP_PKEY *own = NULL;
        Outside o = {};
        World w;

        bench_init(&w, &o);
        c->certificates[0].reuse_key = true;
        bench_start(&w, c);
        bench_run_until(&w, 3);
        CHECK_INT(o.staged, 1);
        CHECK_INT(fake_signer_made(w.signer), 2);
        CHECK_INT(fake_signer_keys(w.signer, NAME), 1);
        world_done(&w);

        bench_init(&w, &o);
        c = bench_staged();
        o = (Outside){};
        (void) str_replace(&c->certificates[0].request_path, "/etc/a.csr");
        CHECK_INT(key_generate(KEY_ECDSA_P256, &own), 0);
        fake_signer_set_request(w.signer, NAME, own);
        bench_start(&w, c);
        bench_run_until(&w, 3);
        CHECK_INT(o.staged, 1);
        CHECK_INT(fake_signer_made(w.signer), 0);
        world_done(&w);
}

/* Killed at every step of it: what is shown goes, the certificate is as before, and it is rehearsed again. */
static void killed(void) {
        for (int64_t after = 0; after < 12; after++) {
                _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
                _cleanup_free_ char *message = NULL;
                Outside o = {};
                Steps s = {};
                World w;

                bench_init(&w, &o);
                bench_start(&w, bench_staged());
                bench_run_until(&w, 9);
                fake_ca_options(w.second)->validate_sec = 5;
                _cleanup_free_ char *record =
                                strdup(fake_store_get(w.store, STORE_CERTIFICATE, NAME));
                CHECK_INT(bench_rehearse(&w, NAME, &s, &watch, &message), 0);
                fake_loop_run(w.loop, after);
                watch = renew_watch_free(watch);
                world_stop(&w);
                CHECK_STR(fake_store_get(w.store, STORE_CERTIFICATE, NAME), record);
                CHECK_INT(world_start(&w, bench_staged(), false), 0);
                fake_loop_run(w.loop, 300);
                CHECK_STR(world_state(&w, NAME), "valid");
                CHECK_STR(fake_store_get(w.store, STORE_CERTIFICATE, NAME), record);
                CHECK_INT(fake_responder_count(w.responder), 0);
                CHECK_INT(fake_signer_keys(w.signer, NAME), 1);
                fake_loop_run(w.loop, 4 * DAY);
                CHECK(o.staged >= 1);
                CHECK_INT(o.real, 1);
                world_done(&w);
                free(s.last);
        }
}

static void over_a_reload(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        _cleanup_free_ char *message = NULL;
        Outside o = { .broken = true };
        Config *without;
        Steps s = {};
        World w;

        bench_init(&w, &o);
        bench_start(&w, bench_staged());
        bench_run_until(&w, 5);
        CHECK_STR(world_state(&w, NAME), "degraded");
        o.broken = false; /* mended, and told so */
        CHECK_INT(manager_reload(w.manager, bench_staged()), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        fake_ca_options(w.second)->validate_sec = 60;
        CHECK_INT(bench_rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, 20);
        without = world_config_named(bench_one, 1);
        CHECK_INT(manager_reload(w.manager, without), 0);
        CHECK(s.done && !s.ok);
        fake_loop_run(w.loop, 30 * DAY);
        CHECK_INT(o.staged, 1);
        CHECK_INT(o.real, 2);
        world_done(&w);
        free(s.last);
}

TEST_MAIN({ "an order has right of way", order_has_right_of_way },
          { "also one of the same name", order_of_the_same_name },
          { "twins are rehearsed once (H-10)", twins_once },
          { "a key of its own (O-05), or the configured request", keys },
          { "killed at any time", killed },
          { "over a reload", over_a_reload })
