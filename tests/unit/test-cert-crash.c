/* A certificate through crashes, and with what is not saved, lost or damaged. */

#include "tests/fake/world.h"
#include "tests/unit/cert-bench.h"
#include "tests/unit/test.h"

static CaFault at_finalize(CaRequest request, const char *identifier, void *userdata) {
        const bool *on = userdata;

        (void) identifier;
        return *on && request == CA_FINALIZE ? CA_ERROR_500 : CA_OK;
}

/* ---- crashes ---- */

/* True: there was an effect number `nth` to crash at. */
static bool crash_at(unsigned nth, bool before) {
        bool crashed;
        World w;

        bench_init(&w);
        fake_loop_set_fuse(w.loop, nth, before);
        bench_start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        crashed = world_reap(&w);
        fake_loop_set_fuse(w.loop, 0, false);
        if (crashed)
                bench_start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK_INT(fake_ca_counts(w.ca)->accounts, 1);
        CHECK(bench_orders(&w) <= 2);
        CHECK_INT(fake_ca_counts(w.ca)->most_open, 1);
        CHECK_INT(fake_responder_count(w.responder), 0);
        CHECK_INT(fake_signer_made(w.signer), 1); /* asked again it answers with the same key */
        CHECK_INT(bench_web(&w)->swaps, 1);
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

        bench_init(&w);
        CHECK(asprintf(&record, ATTEMPT, repeated) > 0);
        fake_store_put(w.store, STORE_CERTIFICATE, NAME, record);
        bench_start(&w);
        fake_loop_run(w.loop, 45);
        CHECK_INT(bench_orders(&w), in_a_minute);
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

        bench_init(&w);
        for (int i = 0; i < 200; i++) {
                bench_start(&w);
                for (unsigned before = bench_orders(&w);
                     bench_orders(&w) == before &&
                     fake_loop_next(w.loop) < loop_boot_usec(w.loop) + 3600 * USEC_PER_SEC;)
                        if (!fake_loop_step(w.loop) || manager_is_settled(w.manager))
                                break;
                world_stop(&w);
                fake_loop_run(w.loop, 10);
        }
        CHECK(bench_orders(&w) <= 12);
        world_done(&w);
}

/* ---- durability ---- */

static void nothing_goes_on_unsaved(void) {
        World w;

        bench_init(&w);
        fake_store_fail(w.store, true);
        fake_store_put(w.store, STORE_ACCOUNT, "ca",
                       "{\"directory\":\"https://ca.test/dir\",\"account\":\"https://ca.test/account-of/1\"}");
        bench_start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(bench_orders(&w), 0);
        fake_store_fail(w.store, false);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void chain_is_published_without_a_request(void) {
        unsigned posts;
        World w;

        bench_init(&w);
        fake_helper_set_gone(w.installer, true);
        bench_start(&w);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK(bench_sentence_has(&w, "the installer does not answer"));
        posts = fake_ca_counts(w.ca)->posts;
        world_stop(&w);
        fake_loop_run(w.loop, 3 * DAY);
        bench_start(&w);
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

        bench_init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = at_finalize, .userdata = &on };
        bench_start(&w);
        fake_loop_run(w.loop, 10);
        CHECK_INT(fake_signer_made(w.signer), 1);
        world_stop(&w);
        fake_signer_forget(w.signer, NAME);
        on = false;
        bench_start(&w);
        fake_loop_run(w.loop, 40);
        CHECK_INT(fake_signer_made(w.signer), 1); /* never a silent new key */
        CHECK_INT(fake_ca_counts(w.ca)->issued, 0);
        CHECK(bench_sentence_has(&w, "the key of this order is gone"));
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid"); /* a new attempt, with backoff */
        CHECK_INT(fake_signer_made(w.signer), 2);
        world_done(&w);
}

static void damaged_record_with_chain(void) {
        unsigned before;
        World w;

        bench_init_valid(&w);
        before = bench_orders(&w);
        world_stop(&w);
        fake_store_put(w.store, STORE_CERTIFICATE, NAME, "{\"version\":1,");
        bench_start(&w);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(bench_orders(&w), before);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void old_certificate_stays(void) {
        _cleanup_free_ char *leaf = NULL;
        World w;

        bench_init_valid(&w);
        leaf = strdup(fake_installer_live(w.installer, NAME));
        fake_ca_set_down(w.ca, true);
        fake_loop_run(w.loop, 80 * DAY);
        CHECK_STR(fake_installer_live(w.installer, NAME), leaf);
        CHECK_STR(fake_target_served(w.installer, bench_web(&w)), leaf);
        CHECK_STR(world_state(&w, NAME), "failing");
        CHECK(bench_sentence_has(
                        &w,
                        "a.example.org: the CA cannot be reached: connection failed; the present certificate is valid until 2027-03-3"));
        fake_loop_run(w.loop, 12 * DAY);
        CHECK_STR(world_state(&w, NAME), "expired");
        fake_ca_set_down(w.ca, false);
        fake_loop_run(w.loop, 20 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

TEST_MAIN({ "Y-06: a crash before any effect loses nothing", crash_before_each_effect },
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
          { "the old certificate is untouched while orders fail", old_certificate_stays })
