#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define DAY  ((int64_t) SEC_PER_DAY)

static const char *const one[] = { NAME };

static CaFault at_finalize(CaRequest request, const char *identifier, void *userdata) {
        const bool *on = userdata;

        (void) identifier;
        return *on && request == CA_FINALIZE ? CA_ERROR_500 : CA_OK;
}

static void init(World *w) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
}

static void start(World *w) {
        CHECK_INT(world_start(w, world_config_named(one, 1), false), 0);
}

/* One certificate, valid and served. */
static void init_valid(World *w) {
        init(w);
        start(w);
        fake_loop_run(w->loop, SEC_PER_HOUR);
        CHECK_STR(world_state(w, NAME), "valid");
}

static FakeTarget *web(World *w) {
        return fake_installer_target(w->installer, NAME, "web");
}

static unsigned orders(World *w) {
        return fake_ca_counts(w->ca)->by[CA_NEW_ORDER];
}

static bool sentence_has(World *w, const char *text) {
        _cleanup_free_ char *sentence = NULL;
        bool has;

        CHECK_INT(manager_sentence(w->manager, &sentence), 0);
        has = sentence && strstr(sentence, text);
        if (!has)
                printf("# sentence: %s\n", sentence);
        return has;
}

static void fresh_order(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config_named(one, 1), true), 0);
        CHECK(world_settle(&w, 300));
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(!manager_is_degraded(w.manager));
        CHECK_INT(fake_ca_counts(w.ca)->posts, 8); /* and newAccount */
        CHECK_INT(fake_ca_counts(w.ca)->heads, 1);
        CHECK_INT(fake_responder_count(w.responder), 0);
        CHECK_INT(fake_helper_calls(w.signer, "Prune"), 1);
        CHECK_STR(fake_target_served(w.installer, web(&w)), fake_installer_live(w.installer, NAME));
        world_done(&w);
}

/* ---- crashes ---- */

/* True: there was an effect number `nth` to crash at. */
static bool crash_at(unsigned nth, bool before) {
        bool crashed;
        World w;

        init(&w);
        fake_loop_set_fuse(w.loop, nth, before);
        start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        crashed = world_reap(&w);
        fake_loop_set_fuse(w.loop, 0, false);
        if (crashed)
                start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK_INT(fake_ca_counts(w.ca)->accounts, 1);
        CHECK(orders(&w) <= 2);
        CHECK_INT(fake_ca_counts(w.ca)->most_open, 1);
        CHECK_INT(fake_responder_count(w.responder), 0);
        CHECK_INT(fake_signer_made(w.signer), 1); /* asked again it answers with the same key */
        CHECK_INT(web(&w)->swaps, 1);
        if (test_failures)
                printf("# crashed %s effect %u\n", before ? "before" : "after", nth);
        world_done(&w);
        return crashed;
}

static void crash_before_each_effect(void) {
        unsigned n = 1;

        while (crash_at(n, true) && !test_failures)
                n++;
        CHECK(n > 30);
}

static void crash_after_each_effect(void) {
        unsigned n = 1;

        while (crash_at(n, false) && !test_failures)
                n++;
        CHECK(n > 30);
}

#define ATTEMPT                                                                                \
        "{\"version\":1,\"attempts\":1,\"attempt\":{\"id\":\"20270101-000000-0001\",\"at\":1," \
        "\"names\":[\"a.example.org\"],\"ca\":\"ca\",\"key_type\":\"ecdsa-p256\","             \
        "\"account\":\"https://ca.test/account-of/1\",\"repeated\":%s}}"

static void attempt_without_url(const char *repeated, unsigned in_a_minute) {
        _cleanup_free_ char *record = NULL;
        World w;

        init(&w);
        CHECK(asprintf(&record, ATTEMPT, repeated) > 0);
        fake_store_put(w.store, STORE_CERTIFICATE, NAME, record);
        start(&w);
        fake_loop_run(w.loop, 45);
        CHECK_INT(orders(&w), in_a_minute);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void attempt_is_repeated_once(void) {
        attempt_without_url("false", 1);
}

static void attempt_counts_the_second_time(void) {
        attempt_without_url("true", 0);
}

/* The engine ends at newOrder again and again. */
static void crash_loop(void) {
        World w;

        init(&w);
        for (int i = 0; i < 200; i++) {
                start(&w);
                for (unsigned before = orders(&w);
                     orders(&w) == before &&
                     fake_loop_next(w.loop) < loop_boot_usec(w.loop) + 3600 * USEC_PER_SEC;)
                        if (!fake_loop_step(w.loop) || manager_is_settled(w.manager))
                                break;
                world_stop(&w);
                fake_loop_run(w.loop, 10);
        }
        CHECK(orders(&w) <= 12);
        world_done(&w);
}

/* ---- durability ---- */

static void nothing_goes_on_unsaved(void) {
        World w;

        init(&w);
        fake_store_fail(w.store, true);
        fake_store_put(w.store, STORE_ACCOUNT, "ca",
                       "{\"directory\":\"https://ca.test/dir\",\"account\":\"https://ca.test/account-of/1\"}");
        start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(orders(&w), 0);
        fake_store_fail(w.store, false);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void chain_is_published_without_a_request(void) {
        unsigned posts;
        World w;

        init(&w);
        fake_helper_set_gone(w.installer, true);
        start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK(sentence_has(&w, "the installer does not answer"));
        posts = fake_ca_counts(w.ca)->posts;
        world_stop(&w);
        fake_loop_run(w.loop, 3 * DAY);
        start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        fake_helper_set_gone(w.installer, false);
        fake_loop_run(w.loop, 10 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->posts, posts);
        world_done(&w);
}

static void lost_key_kills_the_order(void) {
        bool on = true;
        World w;

        init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = at_finalize, .userdata = &on };
        start(&w);
        fake_loop_run(w.loop, 10);
        CHECK_INT(fake_signer_made(w.signer), 1);
        world_stop(&w);
        fake_signer_forget(w.signer, NAME);
        on = false;
        start(&w);
        fake_loop_run(w.loop, 40);
        CHECK_INT(fake_signer_made(w.signer), 1); /* never a silent new key */
        CHECK_INT(fake_ca_counts(w.ca)->issued, 0);
        CHECK(sentence_has(&w, "the key of this order is gone"));
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid"); /* a new attempt, with backoff */
        CHECK_INT(fake_signer_made(w.signer), 2);
        world_done(&w);
}

static void damaged_record_with_chain(void) {
        unsigned before;
        World w;

        init_valid(&w);
        before = orders(&w);
        world_stop(&w);
        fake_store_put(w.store, STORE_CERTIFICATE, NAME, "{\"version\":1,");
        start(&w);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(orders(&w), before);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void old_certificate_stays(void) {
        _cleanup_free_ char *leaf = NULL;
        World w;

        init_valid(&w);
        leaf = strdup(fake_installer_live(w.installer, NAME));
        fake_ca_set_down(w.ca, true);
        fake_loop_run(w.loop, 80 * DAY);
        CHECK_STR(fake_installer_live(w.installer, NAME), leaf);
        CHECK_STR(fake_target_served(w.installer, web(&w)), leaf);
        CHECK_STR(world_state(&w, NAME), "failing");
        CHECK(sentence_has(
                        &w,
                        "a.example.org: the CA cannot be reached: connection failed; the present certificate is valid until 2027-03-3"));
        fake_loop_run(w.loop, 12 * DAY);
        CHECK_STR(world_state(&w, NAME), "expired");
        fake_ca_set_down(w.ca, false);
        fake_loop_run(w.loop, 20 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* ---- targets ---- */

static void deleted_file_comes_back(void) {
        unsigned before;
        World w;

        init_valid(&w);
        before = orders(&w);
        fake_target_delete_files(web(&w));
        fake_loop_run(w.loop, 90 * SEC_PER_MIN);
        CHECK_STR(web(&w)->files, fake_installer_live(w.installer, NAME));
        CHECK_INT(orders(&w), before);
        world_done(&w);
}

static void start_is_noticed(void) {
        World w;

        init(&w);
        web(&w)->stopped = true;
        start(&w);
        fake_loop_run(w.loop, DAY);
        CHECK(sentence_has(&w, "web is stopped and will take the new certificate when it starts"));
        CHECK(web(&w)->deploys < 20);
        fake_target_start(web(&w));
        fake_loop_run(w.loop, 60);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void socket_starts_it(void) {
        World w;

        init(&w);
        web(&w)->stopped = web(&w)->by_socket = true;
        start(&w);
        fake_loop_run(w.loop, 20);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(web(&w)->deploys, 1);
        world_done(&w);
}

static void failed_reload_is_tried_until_it_holds(void) {
        World w;

        init(&w);
        web(&w)->reload_fails = true;
        start(&w);
        fake_loop_run(w.loop, DAY);
        CHECK(sentence_has(&w, "web"));
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK(web(&w)->deploys >= 6 && web(&w)->deploys <= 15);
        web(&w)->reload_fails = false;
        fake_loop_run(w.loop, 7 * SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        world_done(&w);
}

static void refused_files(void) {
        _cleanup_free_ char *leaf = NULL;
        World w;

        init_valid(&w);
        leaf = strdup(fake_target_served(w.installer, web(&w)));
        web(&w)->check_refuses = true;
        fake_loop_run(w.loop, 65 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        CHECK_STR(fake_target_served(w.installer, web(&w)), leaf);
        CHECK(sentence_has(
                        &w,
                        "web refused the new certificate and keeps the old one: syntax error in line 1; the old one is valid until 2027-03-3"));
        CHECK_STR(world_state(&w, NAME), "degraded");
        world_done(&w);
}

static void slow_service(void) {
        World w;

        init(&w);
        web(&w)->slow_sec = 50;
        CHECK_INT(world_start(&w, world_config_named(one, 1), true), 0);
        CHECK(world_settle(&w, 600));
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(web(&w)->deploys, 1);
        world_done(&w);
}

static void other_leaf_served_later(void) {
        World w;

        init_valid(&w);
        (void) str_replace(&web(&w)->loaded, "0000");
        fake_loop_run(w.loop, 90 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(web(&w)->deploys, 2);
        world_done(&w);
}

/* ---- when ---- */

static void renewed_at_a_third(void) {
        World w;

        init_valid(&w);
        fake_loop_run(w.loop, 55 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        fake_loop_run(w.loop, 6 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void clock_before_the_build(void) {
        World w;

        init(&w);
        fake_loop_set_offset(w.loop, -WORLD_START); /* 1970 */
        start(&w);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(fake_ca_counts(w.ca)->gets, 0);
        CHECK(sentence_has(&w, "the clock cannot be right"));
        fake_loop_set_offset(w.loop, 0);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void clock_ahead(void) {
        unsigned before;
        World w;

        init_valid(&w);
        before = orders(&w);
        fake_loop_set_offset(w.loop, 65 * DAY);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(orders(&w), before);
        CHECK(sentence_has(&w, "the clock of this machine is 65 days ahead of that of the CA"));
        fake_loop_set_offset(w.loop, 0);
        fake_loop_run(w.loop, 10);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* A date that only a broken server or proxy gives must not make every certificate useless. */
static void wrong_date_of_the_ca(void) {
        static const int64_t errors[] = { -3650 * DAY, 3650 * DAY };

        for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
                World w;

                init(&w);
                fake_ca_options(w.ca)->date_error_sec = errors[i];
                start(&w);
                fake_loop_run(w.loop, SEC_PER_HOUR);
                CHECK_STR(world_state(&w, NAME), "valid");
                CHECK_INT(orders(&w), 1);
                world_done(&w);
        }
}

static void suspend_and_set(void) {
        World w;

        init_valid(&w);
        fake_loop_set_offset(w.loop, -10 * DAY);
        fake_loop_run(w.loop, DAY);
        fake_loop_set_offset(w.loop, 0);
        fake_loop_run(w.loop, 60 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        world_done(&w);
}

static void no_listener(void) {
        World w;

        init(&w);
        fake_responder_deaf(w.responder, true);
        start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "failing");
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_CHALLENGE], 0);
        world_done(&w);
}

TEST_MAIN({ "X-02: a fresh order of one name costs seven POSTs", fresh_order },
          { "Y-06: a crash before any effect loses nothing", crash_before_each_effect },
          { "Y-06: a crash after any effect loses nothing", crash_after_each_effect },
          { "an attempt without URL is repeated once, at once", attempt_is_repeated_once },
          { "found a second time it counts as failed", attempt_counts_the_second_time },
          { "Y-08: a crash loop does not spend the CA's limits", crash_loop },
          { "nothing is asked of the CA before the attempt is durable", nothing_goes_on_unsaved },
          { "Y-05: a chain on disk is published without any request",
            chain_is_published_without_a_request },
          { "a key that is lost kills its order, and is not replaced silently",
            lost_key_kills_the_order },
          { "Y-04: a damaged record with a chain orders nothing", damaged_record_with_chain },
          { "the old certificate is untouched while orders fail", old_certificate_stays },
          { "a deleted file comes back within the hour", deleted_file_comes_back },
          { "a service that starts is noticed within a minute", start_is_noticed },
          { "a service that its socket starts is proved by the first handshake", socket_starts_it },
          { "a failed reload is tried until it holds, without an order",
            failed_reload_is_tried_until_it_holds },
          { "files that the service's check refuses leave the old ones", refused_files },
          { "a service may take most of a minute", slow_service },
          { "R1.35: another leaf served later is put right", other_leaf_served_later },
          { "T-01: renewed when a third is left", renewed_at_a_third },
          { "T-21: a clock before the build date waits", clock_before_the_build },
          { "T-21: a clock far ahead of the CA's waits", clock_ahead },
          { "P-04: a chain that is good by our clock is taken whatever Date the CA sends",
            wrong_date_of_the_ca },
          { "R3.5.1: a clock set back and forth", suspend_and_set },
          { "without a listener the challenge is not accepted", no_listener })
