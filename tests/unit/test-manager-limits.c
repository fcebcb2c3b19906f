/* What a CA that is busy or sets limits holds, by hand and after a restart, too. */

#include "tests/fake/world.h"
#include "tests/unit/manager-bench.h"
#include "tests/unit/test.h"

static CaFault limited(CaRequest request, const char *identifier, void *userdata) {
        const bool *on = userdata;

        (void) identifier;
        return *on && request == CA_NEW_ORDER ? CA_RATE_429 : CA_OK;
}

static CaFault busy(CaRequest request, const char *identifier, void *userdata) {
        const bool *on = userdata;

        (void) identifier;
        return *on && request == CA_NEW_ORDER ? CA_BUSY_503 : CA_OK;
}

static void hold(CaFault (*fault)(CaRequest, const char *, void *), unsigned most) {
        bool on = true;
        World w;

        bench_init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = fault, .userdata = &on };
        fake_ca_options(w.ca)->retry_after_sec = 2 * SEC_PER_HOUR;
        CHECK_INT(world_start(&w, world_config(50), false), 0);
        fake_loop_run(w.loop, 110 * SEC_PER_MIN);
        CHECK(fake_ca_counts(w.ca)->by[CA_NEW_ORDER] <= most);
        world_stop(&w);
        CHECK_INT(world_start(&w, world_config(50), false), 0); /* nor after a restart */
        fake_loop_run(w.loop, 8 * SEC_PER_MIN);
        CHECK(fake_ca_counts(w.ca)->by[CA_NEW_ORDER] <= most);
        on = false;
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(!manager_is_degraded(w.manager));
        world_done(&w);
}

/* Its Retry-After is kept by a person who forces it, unless twice. */
static void limit_by_hand(void) {
        _cleanup_free_ char *message = NULL;
        RenewWatch *watch = NULL;
        bool on = true;
        Steps s = {};
        World w;

        bench_init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = limited, .userdata = &on };
        fake_ca_options(w.ca)->retry_after_sec = 34 * SEC_PER_HOUR;
        CHECK_INT(world_start(&w, world_config_named(bench_two, 1), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 1);
        on = false;
        for (ManagerRenew how = MANAGER_RENEW_PLAINLY; how <= MANAGER_RENEW_FORCE; how++) {
                CHECK_INT(manager_renew(w.manager, "a.example.org", how, bench_on_step, NULL,
                                        &watch, &message),
                          -EAGAIN);
                CHECK(message && strstr(message, "the CA asked to wait; not before "));
                CHECK(message && strstr(message, "unless forced twice (--force --force)"));
                free(TAKE_PTR(message));
        }
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 1);
        CHECK_INT(manager_renew(w.manager, "a.example.org", MANAGER_RENEW_INSIST, bench_on_step, &s,
                                &watch, &message),
                  0);
        fake_loop_run(w.loop, 120);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK(s.done && s.ok);
        (void) renew_watch_free(watch);
        world_done(&w);
}

static void busy_ca_is_left_alone(void) {
        hold(busy, 10);
}

static void limited_account_is_left_alone(void) {
        hold(limited, 12);
}

TEST_MAIN({ "S-11: a Retry-After is kept by hand, unless forced twice", limit_by_hand },
          { "S-09: a busy CA is left alone, also after a restart", busy_ca_is_left_alone },
          { "S-09: a limit of the account holds all", limited_account_is_left_alone })
