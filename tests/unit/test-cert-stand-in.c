/* Stand-ins as the engine wants them: while there is no certificate, and never in the way of one. */

#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"

static const char *const one[] = { NAME };

static Config *waiting(void) {
        Config *c = world_config_named(one, 1);

        c->certificates[0].targets[0].stand_in = true;
        return c;
}

static void begin(World *w, Config *config, bool ca) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        CHECK_INT(world_init(w, 1), 0);
        fake_ca_set_down(w->ca, !ca);
        CHECK_INT(world_start(w, config, false), 0);
        fake_loop_run(w->loop, 30);
}

static FakeTarget *web(World *w) {
        return fake_installer_target(w->installer, NAME, "web");
}

static bool says(World *w, const char *words) {
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *text = NULL;

        CHECK_INT(manager_certificate_json(w->manager, NAME, &j), 0);
        CHECK_INT(json_to_string(j, &text), 0);
        return strstr(text, words);
}

static void until(void) {
        World w;

        begin(&w, waiting(), false);
        CHECK(web(&w)->stand_in);
        CHECK(says(&w, "stand-in until the first certificate is there"));
        CHECK(says(&w, "\"stand_in\":\"placed\""));
        CHECK(!web(&w)->row);
        web(&w)->stand_in = false; /* somebody deleted it */
        fake_loop_run(w.loop, 2 * SEC_PER_HOUR);
        CHECK(web(&w)->stand_in);
        fake_ca_set_down(w.ca, false);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(web(&w)->verified);
        CHECK(!says(&w, "stand-in"));
        CHECK(!says(&w, "stand_in"));
        unsigned calls = fake_helper_calls(w.installer, "StandIn");
        fake_loop_run(w.loop, SEC_PER_DAY);
        CHECK_INT(fake_helper_calls(w.installer, "StandIn"), calls);
        world_done(&w);
}

static void at_once(void) {
        World w;

        begin(&w, waiting(), true); /* nobody waits for anybody */
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(web(&w)->deploys, 1);
        world_stop(&w);
        unsigned calls = fake_helper_calls(w.signer, "StandIn");
        CHECK_INT(world_start(&w, waiting(), false), 0);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_INT(fake_helper_calls(w.signer, "StandIn"), calls);
        world_done(&w);
}

static void of_others(void) {
        World w;

        begin(&w, world_config_named(one, 1), false); /* not asked for */
        CHECK_INT(fake_helper_calls(w.signer, "StandIn"), 0);
        world_done(&w);

        CHECK_INT(world_init(&w, 1), 0);
        fake_ca_set_down(w.ca, true);
        web(&w)->foreign = true;
        CHECK_INT(world_start(&w, waiting(), false), 0);
        fake_loop_run(w.loop, 30);
        CHECK(says(&w, "keeps the certificate that is there"));
        CHECK(!says(&w, "stand-in until"));
        world_done(&w);
}

typedef struct Told {
        bool done, ok;
        char step[200];
} Told;

static void on_step(const char *step, bool done, bool ok, void *userdata) {
        Told *t = userdata;

        t->done = done;
        t->ok = ok;
        (void) snprintf(t->step, sizeof t->step, "%s", step);
}

static void by_hand(void) {
        _cleanup_free_ char *message = NULL;
        RenewWatch *watch = NULL;
        Told told = {};
        World w;

        begin(&w, waiting(), false);
        CHECK_INT(manager_stand_in(w.manager, NAME, on_step, &told, &watch, &message), 0);
        fake_loop_run(w.loop, 30);
        CHECK(told.done && told.ok);
        CHECK_STR(told.step, "the stand-in is there");
        (void) renew_watch_free(watch);
        fake_helper_set_gone(w.installer, true);
        told = (Told){};
        CHECK_INT(manager_stand_in(w.manager, NAME, on_step, &told, &watch, &message), 0);
        fake_loop_run(w.loop, 30);
        CHECK(told.done && !told.ok);
        (void) renew_watch_free(watch);
        fake_helper_set_gone(w.installer, false);
        fake_ca_set_down(w.ca, false);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(manager_stand_in(w.manager, NAME, on_step, &told, &watch, &message), -EEXIST);
        CHECK(message && strstr(message, "nothing stands in"));
        world_done(&w);
}

TEST_MAIN({ "a stand-in is there, and comes back, until the first certificate", until },
          { "no order waits for it", at_once },
          { "none where it is not asked for, or a certificate of somebody else is", of_others },
          { "asked for by hand it says how it went", by_hand })
