#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define DAY ((int64_t) SEC_PER_DAY)

static const char *const two[] = { "a.example.org", "b.example.org www.b.example.org" };

static void init(World *w) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
}

static void init_valid(World *w) {
        init(w);
        CHECK_INT(world_start(w, world_config_named(two, 2), false), 0);
        fake_loop_run(w->loop, SEC_PER_HOUR);
        CHECK(!manager_is_degraded(w->manager));
}

static void check_sentence(World *w, const char *expected) {
        _cleanup_free_ char *sentence = NULL;

        CHECK_INT(manager_sentence(w->manager, &sentence), 0);
        CHECK_STR(sentence, expected);
}

static bool has(World *w, const char *text) {
        _cleanup_free_ char *sentence = NULL;

        CHECK_INT(manager_sentence(w->manager, &sentence), 0);
        if (!strstr(sentence, text))
                printf("# sentence: %s\n", sentence);
        return strstr(sentence, text);
}

/* ---- a probe for somebody at this machine ---- */

static void probe_is_shown_for_a_while(void) {
        _cleanup_free_ char *token = NULL, *answer = NULL, *second = NULL, *other = NULL;
        _cleanup_(string_list_done) StringList names = {};
        World w;

        init_valid(&w);
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

        init_valid(&w);
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
        CHECK_INT(manager_reload(w.manager, world_config_named(two, 2)), 0);
        fake_loop_run(w.loop, 60);
        CHECK(t->files); /* it was not removed after all */
        world_done(&w);
}

static void failed_way_back_changes_nothing(void) {
        ManagerTask *task = NULL;
        Told told = {};
        FakeTarget *t;
        World w;

        init_valid(&w);
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

/* ---- sentences ---- */

static void nothing_configured(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config(0), false), 0);
        check_sentence(&w, "no certificate is configured");
        CHECK(!manager_is_degraded(w.manager));
        CHECK(manager_is_settled(w.manager));
        world_done(&w);
}

static void all_is_well(void) {
        World w;

        init_valid(&w);
        CHECK(has(&w, "2 certificates valid; next renewal "));
        CHECK(has(&w, ".example.org on 2027-0")); /* a day or two around the CA's third */
        CHECK(has(&w, " (in 5") || has(&w, " (in 60"));
        world_done(&w);
}

static void first_order(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config(1), false), 0);
        check_sentence(&w, "1 new certificate on the way");
        CHECK(manager_is_degraded(w.manager));
        CHECK(!manager_is_settled(w.manager));
        world_done(&w);
}

static void first_of_a_short_life(void) {
        for (unsigned seed = 1; seed <= 20; seed++) {
                World w;

                log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
                (void) world_init(&w, seed);
                fake_ca_options(w.ca)->no_renewal_info = true;
                fake_ca_options(w.ca)->lifetime_sec =
                                2 * SEC_PER_HOUR; /* half of it over when issued: due */
                CHECK_INT(world_start(&w, world_config(1), false), 0);
                fake_loop_run(w.loop, 45);
                if (fake_ca_counts(w.ca)->issued < 2)
                        printf("# seed %u: %d issued\n", seed, (int) fake_ca_counts(w.ca)->issued);
                CHECK(fake_ca_counts(w.ca)->issued >= 2);
                world_done(&w);
        }
}

static void deploy_trouble(void) {
        FakeTarget *t;
        World w;

        init_valid(&w);
        t = fake_installer_target(w.installer, "a.example.org", "web");
        fake_loop_run(w.loop, 40 * DAY);
        t->stopped = true;
        fake_loop_run(w.loop, 25 * DAY);
        CHECK(has(&w,
                  "a.example.org: web is stopped and will take the new certificate when it starts; the old one is valid until 2027-03-3"));
        CHECK(has(&w, "; retrying in "));
        world_done(&w);
}

static void several_problems(void) {
        World w;

        init_valid(&w);
        fake_ca_set_down(w.ca, true);
        fake_loop_run(w.loop, 65 * DAY);
        CHECK(has(&w,
                  "a.example.org: the CA cannot be reached: connection failed; the present certificate is valid until"));
        CHECK(has(&w, "(and 1 more problem)"));
        world_done(&w);
}

static void broken_configuration(void) {
        Config *c = world_config_named(two, 2);
        World w;

        init_valid(&w);
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
        CHECK(has(&w, "a.example.org.conf:3: KeyType=rot13"));
        CHECK(manager_is_degraded(w.manager));
        /* mended */
        CHECK_INT(manager_reload(w.manager, world_config_named(two, 2)), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 4);
        CHECK(!manager_is_degraded(w.manager));
        world_done(&w);
}

/* ---- renew now ---- */

typedef struct Steps {
        unsigned count;
        bool done, ok;
        char last[256];
        RenewWatch *free_this;
} Steps;

static void on_step(const char *step, bool done, bool ok, void *userdata) {
        Steps *s = userdata;

        s->count++;
        s->done = done;
        s->ok = ok;
        (void) snprintf(s->last, sizeof s->last, "%s", step);
        if (done && s->free_this)
                s->free_this = renew_watch_free(s->free_this);
}

static int renew(World *w, const char *name, bool force, Steps *s) {
        _cleanup_free_ char *message = NULL;
        int r;

        *s = (Steps){};
        r = manager_renew(w->manager, name, force, on_step, s, &s->free_this, &message);
        CHECK((r == -EAGAIN) == (message != NULL));
        return r;
}

static void renewed_by_hand(void) {
        Steps s, again;
        World w;

        init_valid(&w);
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

        init_valid(&w);
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

        init_valid(&w);
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

        init(&w);
        CHECK_INT(world_start(&w, world_config_named(two, 1), false), 0);
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
        Config *c = world_config_named(two, 1);
        Steps s;
        World w;

        init(&w);
        c->certificates[0].broken = true;
        CHECK_INT(world_start(&w, c, false), 0);
        CHECK_INT(renew(&w, "a.example.org", false, &s), -EUCLEAN);
        world_done(&w);
}

/* ---- limits ---- */

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

        init(&w);
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

        init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = limited, .userdata = &on };
        fake_ca_options(w.ca)->retry_after_sec = 34 * SEC_PER_HOUR;
        CHECK_INT(world_start(&w, world_config_named(two, 1), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 1);
        on = false;
        for (ManagerRenew how = MANAGER_RENEW_PLAINLY; how <= MANAGER_RENEW_FORCE; how++) {
                CHECK_INT(manager_renew(w.manager, "a.example.org", how, on_step, NULL, &watch,
                                        &message),
                          -EAGAIN);
                CHECK(message && strstr(message, "the CA asked to wait; not before "));
                CHECK(message && strstr(message, "unless forced twice (--force --force)"));
                free(TAKE_PTR(message));
        }
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 1);
        CHECK_INT(manager_renew(w.manager, "a.example.org", MANAGER_RENEW_INSIST, on_step, &s,
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

static void many_at_once(void) {
        Config *c = world_config(400);
        World w;

        init(&w);
        CHECK_INT(world_start(&w, c, false), 0);
        fake_loop_run(w.loop, 2 * SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->orders, 240); /* new ones: less both reserves */
        CHECK(fake_http_most_in_flight(w.http) <= 20);
        fake_loop_run(w.loop, 2 * SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 400);
        world_done(&w);
}

static void once(void) {
        World w;

        init(&w);
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

        init_valid(&w);
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

        init_valid(&w);
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
          { "sentence: nothing configured", nothing_configured },
          { "sentence: all is well", all_is_well },
          { "sentence: the first order", first_order },
          { "Y-08: the spread of a start does not delay the renewal of what was new then",
            first_of_a_short_life },
          { "sentence: a service that does not take it", deploy_trouble },
          { "sentence: several problems", several_problems },
          { "D7: a broken certificate is left alone, the others go on", broken_configuration },
          { "renew now: each step, and the end", renewed_by_hand },
          { "renew now: a failure is told", failing_by_hand },
          { "S-08: renew now is guarded, unless forced", guard_by_hand },
          { "S-11: a Retry-After is kept by hand, unless forced twice", limit_by_hand },
          { "renew now: an order on its way is watched", busy_by_hand },
          { "renew now: a broken configuration", broken_by_hand },
          { "S-09: a busy CA is left alone, also after a restart", busy_ca_is_left_alone },
          { "S-09: a limit of the account holds all", limited_account_is_left_alone },
          { "S-07: many at once keep to the budget", many_at_once },
          { "--once: ends with all good, and with one left open", once },
          { "answers of io.renewd.Manager", answers },
          { "the watchdog is fed while idle", watchdog_food })
