/* What a deploy that is due waits for (S6.5): by level, so that clock, crash and configuration may change meanwhile. */

#include <time.h>

#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define HOUR ((int64_t) SEC_PER_HOUR)
#define DAY  ((int64_t) SEC_PER_DAY)

typedef struct Bench {
        World w;
        FakeTarget *web, *other;
        int64_t told_at; /* last deploy at web */
} Bench;

static const char *const names[] = { NAME };

static void on_deploy(FakeTarget *t, void *userdata) {
        Bench *b = userdata;

        if (t == b->web)
                b->told_at = loop_wall_sec(b->w.loop);
}

/* Each test edits the configuration of its one target; it has something to restart. */
static Config *configure(const char *window, int64_t length) {
        Config *c = world_config_named(names, 1);
        TargetConfig *t = &c->certificates[0].targets[0];
        const char *reason = NULL;

        t->restart = strdup("web.service");
        if (!window)
                return c;
        t->windows = calloc(1, sizeof *t->windows);
        t->window_count = 1;
        t->windows[0] = (RestartWindow){ .text = strdup(window),
                                         .begin_text = strdup(window),
                                         .length_sec = length };
        CHECK_INT(calendar_parse(window, &t->windows[0].begin, &reason), 0);
        return c;
}

static void init(Bench *b) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) setenv("TZ", "UTC", 1);
        tzset();
        *b = (Bench){};
        CHECK_INT(world_init(&b->w, 1), 0);
        b->web = fake_installer_target(b->w.installer, NAME, "web");
        b->other = fake_installer_target(b->w.installer, NAME, "other");
        fake_installer_on_deploy(b->w.installer, on_deploy, b);
}

static const char *leaf(Bench *b) {
        return fake_installer_live(b->w.installer, NAME);
}

static bool message_has(Bench *b, const char *text) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *message = "";
        bool has;

        CHECK_INT(manager_certificate_json(b->w.manager, NAME, &j), 0);
        (void) json_get_string(j, "message", &message);
        has = strstr(message, text);
        if (!has)
                printf("# message: %s\n", message);
        return has;
}

/* Until a second leaf is live; true if it waits. */
static bool renew_into_hold(Bench *b) {
        char *first = strdup(leaf(b)), *message = NULL;
        RenewWatch *watch = NULL;
        bool waits;

        CHECK_INT(manager_renew(b->w.manager, NAME, MANAGER_RENEW_FORCE, NULL, NULL, &watch,
                                &message),
                  0);
        watch = renew_watch_free(watch);
        free(message);
        fake_loop_run(b->w.loop, 10 * SEC_PER_MIN);
        CHECK(!str_equal(leaf(b), first));
        waits = str_equal(b->web->loaded, first);
        free(first);
        return waits;
}

static bool is_served(Bench *b) {
        return str_equal(b->web->loaded, leaf(b)) && b->web->verified;
}

static void start(Bench *b, Config *c) {
        CHECK_INT(world_start(&b->w, c, false), 0);
        CHECK(world_settle(&b->w, HOUR));
}

static void waits_and_is_told(void) {
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", 2 * HOUR));
        CHECK(is_served(&b)); /* the first one does not wait: it is a Friday */
        CHECK(renew_into_hold(&b));
        CHECK(message_has(&b, "web waits for the window Sun 03:00 (2027-01-03"));
        CHECK_STR(world_state(&b.w, NAME), "valid");
        CHECK(!manager_is_degraded(b.w.manager));
        fake_loop_run(b.w.loop, 3 * DAY);
        CHECK(is_served(&b));
        CHECK_INT(b.told_at - b.told_at % 60, WORLD_START + 2 * DAY + 3 * HOUR);
        CHECK_INT(b.web->deploys, 2);
        world_done(&b.w);
}

static void files_alone_do_not_wait(void) {
        Config *c = configure("Sun 03:00", HOUR);
        Bench b;

        init(&b);
        free(c->certificates[0].targets[0].restart);
        c->certificates[0].targets[0].restart = NULL;
        start(&b, c);
        CHECK(!renew_into_hold(&b));
        world_done(&b.w);
}

static void stopped_service_does_not_wait(void) {
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", HOUR));
        b.web->stopped = true;
        (void) renew_into_hold(&b);
        CHECK_STR(b.web->files, leaf(&b)); /* it will start with the new one */
        world_done(&b.w);
}

static void engine_dies_while_waiting(void) {
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", 2 * HOUR));
        CHECK(renew_into_hold(&b));
        for (int i = 0; i < 5; i++) {
                world_stop(&b.w);
                CHECK_INT(world_start(&b.w, configure("Sun 03:00", 2 * HOUR), false), 0);
                fake_loop_run(b.w.loop, HOUR);
                CHECK_INT(b.web->deploys, 1);
        }
        CHECK(message_has(&b, "waits for the window"));
        fake_loop_run(b.w.loop, 3 * DAY);
        CHECK(is_served(&b));
        CHECK_INT(b.told_at - b.told_at % 60, WORLD_START + 2 * DAY + 3 * HOUR);
        world_done(&b.w);
}

static void configuration_changes_while_waiting(void) {
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", HOUR));
        CHECK(renew_into_hold(&b));
        CHECK_INT(manager_reload(b.w.manager, configure("Sat 22:00", HOUR)), 0);
        fake_loop_run(b.w.loop, 60);
        CHECK(message_has(&b, "the window Sat 22:00"));
        CHECK_INT(manager_reload(b.w.manager, configure(NULL, 0)), 0);
        fake_loop_run(b.w.loop, 60);
        CHECK(is_served(&b));
        world_done(&b.w);
}

static void clock_is_set_while_waiting(void) {
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", HOUR));
        CHECK(renew_into_hold(&b));
        fake_loop_set_offset(
                        b.w.loop,
                        WORLD_START + 2 * DAY + 3 * HOUR + 10 - fake_loop_true_sec(b.w.loop));
        fake_loop_run(b.w.loop, 60);
        CHECK(is_served(&b));
        world_done(&b.w);
}

static void person_does_not_wait(void) {
        RenewWatch *watch = NULL;
        char *message = NULL;
        unsigned made;
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", HOUR));
        CHECK(renew_into_hold(&b));
        made = fake_signer_made(b.w.signer);
        CHECK_INT(manager_renew(b.w.manager, NAME, MANAGER_RENEW_TELL_NOW, NULL, NULL, &watch,
                                &message),
                  0);
        watch = renew_watch_free(watch);
        free(message);
        fake_loop_run(b.w.loop, 60);
        CHECK(is_served(&b));
        CHECK_INT(fake_signer_made(b.w.signer), made); /* nothing was ordered */
        CHECK(renew_into_hold(&b));                    /* and the next one waits again */
        world_done(&b.w);
}

static void failure_in_the_window_waits_for_the_next(void) {
        unsigned tries;
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", HOUR));
        CHECK(renew_into_hold(&b));
        b.web->reload_fails = true;
        fake_loop_run(b.w.loop, 2 * DAY + 5 * HOUR);
        tries = b.web->deploys - 1;
        CHECK(tries >= 2); /* again and again while it is open */
        CHECK(manager_is_degraded(b.w.manager));
        b.web->reload_fails = false;
        fake_loop_run(b.w.loop, 5 * DAY);
        CHECK_INT(b.web->deploys - 1, tries); /* and not outside */
        fake_loop_run(b.w.loop, 2 * DAY);
        CHECK(is_served(&b));
        CHECK(!manager_is_degraded(b.w.manager));
        world_done(&b.w);
}

static void drift_is_mended_quietly(void) {
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", HOUR));
        for (int i = 0; i < 2; i++) {
                fake_target_delete_files(b.web);
                fake_loop_run(b.w.loop, 2 * HOUR);
                CHECK(b.web->files && is_served(&b));
                CHECK(!manager_is_degraded(b.w.manager));
        }
        CHECK_INT(b.web->deploys, 1); /* nobody was told */
        world_done(&b.w);
}

static void drift_waits_too(void) {
        Bench b;

        init(&b);
        start(&b, configure("Sun 03:00", HOUR));
        b.web->mend_fails = true;
        fake_target_delete_files(b.web);
        fake_loop_run(b.w.loop, 3 * HOUR);
        CHECK_INT(b.web->deploys, 1);
        CHECK(manager_is_degraded(b.w.manager));
        CHECK(message_has(&b, "its files are not as renewd left them"));
        fake_loop_run(b.w.loop, 3 * DAY);
        CHECK(is_served(&b));
        CHECK(b.web->files);
        CHECK(!manager_is_degraded(b.w.manager));
        world_done(&b.w);
}

static void expiry_wins(void) {
        Bench b;

        init(&b);
        start(&b, configure("*-02-28 03:00", HOUR)); /* once a year */
        CHECK(renew_into_hold(&b));
        world_stop(&b.w);
        CHECK_INT(world_start(&b.w, configure("*-12-28 03:00", HOUR), false), 0);
        fake_loop_run(b.w.loop, HOUR);
        CHECK(message_has(&b, "no window comes before its certificate expires"));
        fake_loop_run(b.w.loop, 84 * DAY);
        CHECK(!is_served(&b));
        fake_loop_run(b.w.loop, 3 * DAY);
        CHECK(is_served(&b)); /* with the days of the first one, not of those that came meanwhile */
        CHECK(b.told_at < WORLD_START + 90 * DAY);
        world_done(&b.w);
}

TEST_MAIN({ "S6.5 a renewal waits for its window, the first certificate does not",
            waits_and_is_told },
          { "S6.5 files that nobody is told of do not wait", files_alone_do_not_wait },
          { "S6.5 a service that does not run is not waited for", stopped_service_does_not_wait },
          { "S6.5 a dead engine comes back and still waits", engine_dies_while_waiting },
          { "S6.5 another window counts at once", configuration_changes_while_waiting },
          { "S6.5 the clock is set into the window", clock_is_set_while_waiting },
          { "S6.5 a person's word tells at once, without an order", person_does_not_wait },
          { "S6.5 a failure is tried again while the window is open",
            failure_in_the_window_waits_for_the_next },
          { "S6.5 changed files are put back before the window, without a word",
            drift_is_mended_quietly },
          { "S6.5 those that cannot wait for the window and are told", drift_waits_too },
          { "S6.5 what the service still has does not expire", expiry_wins })
