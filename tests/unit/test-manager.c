/* The manager as a whole: its answers, its start and end, the way back, probes. */

#include "tests/fake/world.h"
#include "tests/unit/manager-bench.h"
#include "tests/unit/test.h"

/* ---- a probe for somebody at this machine ---- */

static void probe_is_shown_for_a_while(void) {
        _cleanup_free_ char *token = NULL, *answer = NULL, *second = NULL, *other = NULL;
        _cleanup_(string_list_done) StringList names = {};
        World w;

        bench_init_valid(&w);
        (void) string_list_add(&names, "c.example.org");
        (void) string_list_add(&names, "d.example.org");
        CHECK_INT(manager_show_probe(w.manager, &names, &token, &answer), 0);
        CHECK_STR(fake_responder_show(w.responder, "d.example.org", token), answer);
        CHECK_INT(manager_show_probe(w.manager, &names, &second, &other), 0);
        CHECK(!str_equal(token, second));
        CHECK(!fake_responder_show(w.responder, "d.example.org", token));
        CHECK_STR(fake_responder_show(w.responder, "c.example.org", second), other);
        fake_loop_run(w.loop, 61);
        CHECK(!fake_responder_show(w.responder, "c.example.org", second));
        fake_responder_deaf(w.responder, true);
        free(token);
        free(answer);
        token = answer = NULL;
        CHECK_INT(manager_show_probe(w.manager, &names, &token, &answer), -ENODEV);
        world_done(&w);
}

/* ---- the way back ---- */

typedef struct Told {
        bool ok;
        unsigned count;
        char message[200];
} Told;

static void on_restored(bool ok, const char *message, void *userdata) {
        Told *told = userdata;

        told->ok = ok;
        told->count++;
        (void) snprintf(told->message, sizeof told->message, "%s", message);
}

static void targets_are_given_back(void) {
        ManagerTask *task = NULL, *second = NULL;
        Told told = {};
        FakeTarget *t;
        World w;

        bench_init_valid(&w);
        t = fake_installer_target(w.installer, "a.example.org", "web");
        CHECK_INT(manager_restore(w.manager, "c.example.org", on_restored, &told, &task), -ENOENT);
        t->busy = 3; /* a deploy goes on that nobody waits for */
        CHECK_INT(manager_restore(w.manager, "a.example.org", on_restored, &told, &task), 0);
        CHECK_INT(manager_restore(w.manager, "a.example.org", on_restored, &told, &second), -EBUSY);
        fake_loop_run(w.loop, 60);
        CHECK(told.ok && told.count == 1);
        CHECK_STR(told.message, "web: it is as before");
        fake_loop_run(w.loop, DAY);
        CHECK(!t->files && t->restores == 1); /* and nothing is put there again */
        CHECK_INT(manager_restore(w.manager, "a.example.org", on_restored, &told, &task), 0);
        fake_loop_run(w.loop, 60);
        CHECK(told.ok && told.count == 2);
        CHECK_INT(manager_reload(w.manager, world_config_named(bench_two, 2)), 0);
        fake_loop_run(w.loop, 60);
        CHECK(t->files); /* it was not removed after all */
        world_done(&w);
}

static void failed_way_back_changes_nothing(void) {
        ManagerTask *task = NULL;
        Told told = {};
        FakeTarget *t;
        World w;

        bench_init_valid(&w);
        t = fake_installer_target(w.installer, "a.example.org", "web");
        t->restore_fails = true;
        fake_target_delete_files(t);
        CHECK_INT(manager_restore(w.manager, "a.example.org", on_restored, &told, &task), 0);
        fake_loop_run(w.loop, 60);
        CHECK(!told.ok && told.count == 1);
        CHECK_STR(told.message, "web: refused");
        CHECK(t->files); /* looked after again */
        CHECK_INT(manager_restore(w.manager, "a.example.org", on_restored, &told, &task), 0);
        manager_task_forget(task); /* who asked has gone */
        fake_loop_run(w.loop, 60);
        CHECK_INT(told.count, 1);
        world_done(&w);
}

/* ---- as a whole ---- */

static void broken_configuration(void) {
        Config *c = world_config_named(bench_two, 2);
        World w;

        bench_init_valid(&w);
        c->certificates[0].broken = true;
        c->messages = calloc(1, sizeof *c->messages);
        c->messages[0] = (ConfigMessage){
                .error = true,
                .certificate = strdup("a.example.org"),
                .text = strdup("/etc/renewd/certificates/a.example.org.conf:3: KeyType=rot13: unknown"),
        };
        c->message_count = 1;
        CHECK_INT(manager_reload(w.manager, c), 0);
        fake_loop_run(w.loop, 70 * DAY);
        CHECK_STR(world_state(&w, "a.example.org"), "broken");
        CHECK_STR(world_state(&w, "b.example.org"), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->issued, 3); /* only the other one was renewed */
        CHECK(bench_has(&w, "a.example.org.conf:3: KeyType=rot13"));
        CHECK(manager_is_degraded(w.manager));
        /* mended */
        CHECK_INT(manager_reload(w.manager, world_config_named(bench_two, 2)), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 4);
        CHECK(!manager_is_degraded(w.manager));
        world_done(&w);
}

static void many_at_once(void) {
        Config *c = world_config(400);
        World w;

        bench_init(&w);
        CHECK_INT(world_start(&w, c, false), 0);
        fake_loop_run(w.loop, 2 * SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->orders, 240); /* new ones: less both reserves */
        CHECK(fake_http_most_in_flight(w.http) <= 20);
        fake_loop_run(w.loop, 2 * SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 400);
        world_done(&w);
}

/* ---- limits ---- */

static void once(void) {
        World w;

        bench_init(&w);
        CHECK_INT(world_start(&w, world_config(5), true), 0);
        CHECK(world_settle(&w, 600));
        CHECK(!manager_is_degraded(w.manager));
        world_stop(&w);
        fake_ca_set_down(w.ca, true);
        CHECK_INT(world_start(&w, world_config(6), true), 0);
        CHECK(world_settle(&w, 600));
        CHECK(manager_is_degraded(w.manager)); /* one is left open */
        world_done(&w);
}

static void answers(void) {
        _cleanup_(json_freep) Json *status = NULL, *certificate = NULL;
        const char *text;
        const Json *list;
        int64_t n;
        World w;

        bench_init_valid(&w);
        CHECK_INT(manager_status_json(w.manager, &status), 0);
        CHECK_INT(json_get_int64(status, "certificates", &n), 0);
        CHECK_INT(n, 2);
        CHECK_INT(json_get_array(status, "problems", &list), 0);
        CHECK_INT(json_count(list), 0);
        CHECK_INT(manager_certificate_json_at(w.manager, 1, &certificate), 0);
        CHECK_INT(json_get_array(certificate, "names", &list), 0);
        CHECK_INT(json_count(list), 2);
        CHECK_INT(json_get_string(certificate, "issuer", &text), 0);
        CHECK_STR(text, "Fake CA 1");
        CHECK_INT(json_get_int64(certificate, "next_renewal", &n), 0);
        CHECK(n > WORLD_START + 50 * DAY);
        CHECK_INT(json_get_array(certificate, "targets", &list), 0);
        CHECK_INT(json_get_string(json_at(list, 0), "served", &text), 0);
        CHECK_STR(text, "yes");
        CHECK_INT(manager_certificate_json_at(w.manager, 2, &certificate), -ENOENT);
        world_done(&w);
}

static void watchdog_food(void) {
        uint64_t before;
        World w;

        bench_init_valid(&w);
        for (int i = 0; i < 100; i++) {
                before = manager_progress(w.manager);
                fake_loop_run(w.loop, 30);
                CHECK(manager_progress(w.manager) > before);
        }
        CHECK(w.changes > 0);
        world_done(&w);
}

TEST_MAIN({ "a probe for somebody at this machine is shown for a minute, one at a time",
            probe_is_shown_for_a_while },
          { "before it is removed its targets are given back, and left alone",
            targets_are_given_back },
          { "a way back that failed is no way back", failed_way_back_changes_nothing },
          { "D7: a broken certificate is left alone, the others go on", broken_configuration },
          { "S-07: many at once keep to the budget", many_at_once },
          { "--once: ends with all good, and with one left open", once },
          { "answers of io.renewd.Manager", answers },
          { "the watchdog is fed while idle", watchdog_food })
