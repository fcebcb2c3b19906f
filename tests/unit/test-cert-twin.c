/* Two certificates of the same names with different kinds of keys (H-10). */

#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define TWIN NAME ".rsa-2048"
#define DAY  ((int64_t) SEC_PER_DAY)

static const char *const one[] = { NAME };

typedef struct Faults {
        bool fail_finalize, refuse_order;
        unsigned orders;
} Faults;

static CaFault fault(CaRequest request, const char *identifier, void *userdata) {
        Faults *f = userdata;

        (void) identifier;
        f->orders += request == CA_NEW_ORDER;
        if (f->fail_finalize && request == CA_FINALIZE)
                return CA_ERROR_500;
        return f->refuse_order && request == CA_NEW_ORDER && f->orders > 1 ? CA_REFUSED : CA_OK;
}

static void init(World *w, Faults *f) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
        *fake_ca_hooks(w->ca) = (FakeCaHooks){ .fault = fault, .userdata = f };
}

static Config *twins(void) {
        Config *c = world_config_named(one, 1);

        world_config_add_twin(c, 0, KEY_RSA_2048);
        return c;
}

static FakeTarget *web(World *w, const char *name) {
        return fake_installer_target(w->installer, name, "web");
}

static char *text_of(World *w, const char *name, const char *member) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *text = "";

        CHECK_INT(manager_certificate_json(w->manager, name, &j), 0);
        (void) json_get_string(j, member, &text); /* absent: "" */
        return strdup(text);
}

static void one_after_the_other(void) {
        Faults f = {};
        World w;

        init(&w, &f);
        fake_ca_options(w.ca)->validate_sec = 20;
        fake_ca_options(w.ca)->finalize_sec = 20;
        CHECK_INT(world_start(&w, twins(), false), 0);
        fake_loop_run(w.loop, 15);
        CHECK_INT(f.orders, 1);
        _cleanup_free_ char *message = text_of(&w, TWIN, "message"),
                            *of = text_of(&w, TWIN, "twin_of"), *twin = text_of(&w, NAME, "twin");
        CHECK_STR(message, "waiting for the order of '" NAME "' to end");
        CHECK_STR(of, NAME);
        CHECK_STR(twin, TWIN);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_STR(world_state(&w, TWIN), "valid");
        CHECK(strcmp(fake_installer_live(w.installer, NAME),
                     fake_installer_live(w.installer, TWIN)) != 0);
        CHECK_INT(f.orders, 2);
        CHECK_INT(fake_ca_counts(w.ca)->most_open, 1);

        fake_loop_run(w.loop, 400 * DAY); /* and at each renewal */
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_STR(world_state(&w, TWIN), "valid");
        CHECK(f.orders >= 12 && f.orders <= 16);
        CHECK_INT(fake_ca_counts(w.ca)->most_open, 1);
        world_done(&w);
}

static void at_once(void) {
        Faults f = {};
        World w;

        init(&w, &f);
        CHECK_INT(world_start(&w, twins(), true), 0);
        CHECK(world_settle(&w, 300));
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_STR(world_state(&w, TWIN), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->most_open, 1);
        world_done(&w);
}

/* The first fails, its order is over: the second is not kept waiting for the first one's backoff. */
static void failure_lets_the_other_go_on(void) {
        Faults f = { .refuse_order = true };
        World w;

        init(&w, &f);
        f.orders = 0;
        CHECK_INT(world_start(&w, twins(), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid"); /* order 1; those after it are refused */
        CHECK_STR(world_state(&w, TWIN), "failing");
        f.refuse_order = false;
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_STR(world_state(&w, TWIN), "valid");
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* The first one's order is open at the CA while it waits for its next try: the second one would get the same. */
static void open_order_is_awaited(void) {
        Faults f = { .fail_finalize = true };
        World w;

        init(&w, &f);
        CHECK_INT(world_start(&w, twins(), false), 0);
        fake_loop_run(w.loop, 2 * SEC_PER_HOUR);
        CHECK(fake_ca_open_orders(w.ca, NAME) <= 1);
        CHECK_INT(fake_ca_counts(w.ca)->most_open, 1);
        f.fail_finalize = false;
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_STR(world_state(&w, TWIN), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->most_open, 1);
        world_done(&w);
}

static void over_a_reload(void) {
        Faults f = {};
        World w;

        init(&w, &f);
        fake_ca_options(w.ca)->validate_sec = 30;
        CHECK_INT(world_start(&w, twins(), false), 0);
        fake_loop_run(w.loop, 10);
        CHECK_INT(manager_reload(w.manager, twins()), 0);
        fake_loop_run(w.loop, 10);
        CHECK_INT(f.orders, 1);
        CHECK_INT(manager_reload(w.manager, world_config_named(one, 1)), 0);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_STR(world_state(&w, TWIN), "?");
        CHECK_INT(manager_reload(w.manager, twins()), 0);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, TWIN), "valid");
        CHECK_INT(f.orders, 2);
        CHECK_INT(fake_ca_counts(w.ca)->most_open, 1);
        world_done(&w);
}

/* ---- one service with both ---- */

typedef struct Watched {
        bool done, ok;
} Watched;

static void on_step(const char *step, bool done, bool ok, void *userdata) {
        Watched *v = userdata;

        (void) step;
        v->done |= done;
        v->ok = ok;
}

static void told_when_both_are_there(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        _cleanup_free_ char *message = NULL;
        Watched seen = {};
        Faults f = {};
        World w;

        init(&w, &f);
        fake_ca_options(w.ca)->validate_sec = 60;
        web(&w, NAME)->twin = web(&w, TWIN);
        CHECK_INT(world_start(&w, twins(), false), 0);
        CHECK_INT(manager_renew(w.manager, NAME, false, on_step, &seen, &watch, &message), 0);
        for (unsigned i = 0; i < 600 && !web(&w, NAME)->files; i++)
                fake_loop_run(w.loop, 1);
        fake_loop_run(w.loop, 5);
        CHECK(web(&w, NAME)->files && !web(&w, NAME)->activated && !web(&w, TWIN)->files);
        CHECK_STR(world_state(&w, NAME), "renewing"); /* nothing is wrong */
        CHECK(!seen.done);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, TWIN), "valid");
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(web(&w, NAME)->activated);
        CHECK(web(&w, NAME)->deploys <= 3);
        CHECK(seen.done && seen.ok);
        world_done(&w);
}

static void other_does_not_come(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        _cleanup_free_ char *message = NULL;
        Faults f = { .refuse_order = true };
        Watched seen = {};
        World w;

        init(&w, &f);
        web(&w, NAME)->twin = web(&w, TWIN);
        CHECK_INT(world_start(&w, twins(), false), 0);
        CHECK_INT(manager_renew(w.manager, NAME, false, on_step, &seen, &watch, &message), 0);
        fake_loop_run(w.loop, 10 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "degraded");
        CHECK(seen.done && !seen.ok);
        _cleanup_free_ char *said = text_of(&w, NAME, "message");
        CHECK(strstr(said, "web waits for both pairs: '/etc/b' of certificate 'b'"));
        f.refuse_order = false;
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_STR(world_state(&w, TWIN), "valid");
        world_done(&w);
}

TEST_MAIN({ "H-10 twins are ordered one after the other", one_after_the_other },
          { "H-10 with --once both are there at its end", at_once },
          { "H-10 when one fails the other goes on", failure_lets_the_other_go_on },
          { "H-10 an open order of one is awaited", open_order_is_awaited },
          { "H-10 a new configuration changes nothing of it", over_a_reload },
          { "a service with both is told when both are there", told_when_both_are_there },
          { "a twin that does not come is told of", other_does_not_come })
