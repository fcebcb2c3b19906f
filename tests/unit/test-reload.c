#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define DAY ((int64_t) SEC_PER_DAY)

static const char *const two[] = { "a.example.org", "b.example.org www.b.example.org" };

static void init_seeded(World *w, unsigned seed) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, seed);
}

static void init(World *w) {
        init_seeded(w, 1);
}

static void init_valid(World *w) {
        init(w);
        CHECK_INT(world_start(w, world_config_named(two, 2), false), 0);
        fake_loop_run(w->loop, SEC_PER_HOUR);
        CHECK(!manager_is_degraded(w->manager));
}

static bool has(World *w, const char *text) {
        _cleanup_free_ char *sentence = NULL;

        CHECK_INT(manager_sentence(w->manager, &sentence), 0);
        if (!strstr(sentence, text))
                printf("# sentence: %s\n", sentence);
        return strstr(sentence, text);
}

/* ---- a new configuration ---- */

static void reload_leaves_running_orders(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config_named(two, 2), false), 0);
        for (int i = 0; i < 60; i++) {
                fake_loop_run(w.loop, 1);
                CHECK_INT(manager_reload(w.manager, world_config_named(two, 2)), 0);
        }
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(!manager_is_degraded(w.manager));
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 2);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        world_done(&w);
}

static void changed_names_are_ordered(void) {
        static const char *const more[] = { "a.example.org new.example.org",
                                            "b.example.org www.b.example.org" };
        World w;

        init_valid(&w);
        CHECK_INT(manager_reload(w.manager, world_config_named(more, 2)), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 3);
        CHECK(!manager_is_degraded(w.manager));
        fake_loop_run(w.loop, DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 3);
        world_done(&w);
}

static void changed_while_ordering(void) {
        static const char *const other[] = { "a.example.org other.example.org" };
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config_named(two, 1), false), 0);
        while (fake_responder_count(w.responder) == 0 && fake_loop_step(w.loop))
                ;
        CHECK_INT(manager_reload(w.manager, world_config_named(other, 1)), 0);
        CHECK_INT(fake_responder_count(w.responder), 0); /* what the old order showed is gone */
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, "a.example.org"), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        world_done(&w);
}

static void removed_while_ordering(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config_named(two, 2), false), 0);
        while (fake_responder_count(w.responder) == 0 && fake_loop_step(w.loop))
                ;
        CHECK_INT(manager_reload(w.manager, world_config(0)), 0);
        CHECK_INT(fake_responder_count(w.responder), 0);
        CHECK_INT(manager_count(w.manager), 0);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 0); /* R1.36: never ordered again */
        world_done(&w);
}

static void added_certificate_starts_at_once(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config_named(two, 1), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(manager_reload(w.manager, world_config_named(two, 2)), 0);
        fake_loop_run(w.loop, 30);
        CHECK_STR(world_state(&w, "b.example.org"), "valid");
        world_done(&w);
}

static void other_definition_of_the_ca(void) {
        Config *c = world_config_named(two, 2);
        World w;

        init(&w);
        c->cas[0].terms_agreed = false;
        CHECK_INT(world_start(&w, c, false), 0);
        fake_loop_run(w.loop, DAY);
        CHECK(has(&w, "set AgreeToTerms=yes in [Account]"));
        CHECK_INT(fake_ca_counts(w.ca)->posts, 0);
        CHECK_INT(manager_reload(w.manager, world_config_named(two, 2)), 0);
        fake_loop_run(w.loop, 60);
        CHECK(!manager_is_degraded(w.manager));
        world_done(&w);
}

static void new_target(void) {
        Config *c = world_config_named(two, 1);
        unsigned posts;
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config_named(two, 1), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        posts = fake_ca_counts(w.ca)->posts;
        CHECK_INT(world_config_add_target(&c->certificates[0], "mail", false), 0);
        CHECK_INT(manager_reload(w.manager, c), 0);
        fake_loop_run(w.loop, 30);
        CHECK_INT(fake_installer_target(w.installer, "a.example.org", "mail")->deploys, 1);
        CHECK(fake_installer_target(w.installer, "a.example.org", "mail")->verified);
        CHECK_INT(fake_ca_counts(w.ca)->posts, posts);
        CHECK(!manager_is_degraded(w.manager));
        world_done(&w);
}

/* Somebody waits for it. */
static void changed_while_stopped(void) {
        static const char *const one[] = { "a.example.org" };
        static const char *const more[] = { "a.example.org new.example.org" };

        for (unsigned seed = 1; seed <= 20; seed++) {
                World w;

                init_seeded(&w, seed);
                CHECK_INT(world_start(&w, world_config_named(one, 1), false), 0);
                fake_loop_run(w.loop, SEC_PER_HOUR);
                world_stop(&w);
                CHECK_INT(world_start(&w, world_config_named(more, 1), false), 0);
                fake_loop_run(w.loop, 30);
                CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
                world_done(&w);
        }
}

TEST_MAIN({ "reload: running orders go on untouched", reload_leaves_running_orders },
          { "reload: changed names are ordered once", changed_names_are_ordered },
          { "reload: an order for other names is ended and cleaned up", changed_while_ordering },
          { "R1.36: what was removed is ended and never ordered again", removed_while_ordering },
          { "reload: what was added starts at once", added_certificate_starts_at_once },
          { "reload: agreement to the terms is taken at once", other_definition_of_the_ca },
          { "reload: a new target needs no order", new_target },
          { "Y-08: what was changed while nothing ran is ordered at the start, not spread",
            changed_while_stopped })
