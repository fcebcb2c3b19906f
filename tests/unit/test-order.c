#include "tests/unit/order-driver.h"

static const char one[] = "a.example.org";
static const char wild[] = "*.example.org";
static const char five[] = "a.example.org b.example.org c.example.org d.example.org e.example.org";

static void check_end(const Driver *d, bool done) {
        CHECK(d->done == done);
        CHECK(d->failed == !done);
        CHECK_INT(order_machine_state(d->m), done ? ORDER_DONE : ORDER_FAILED);
        CHECK_INT(driver_shown_count(d), 0);
}

static void fresh_name(void) {
        Driver d;
        size_t size = 0;

        driver_init(&d, one);
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, true);
        CHECK_INT(d.posts, 7);
        CHECK_INT(d.calls[CALL_ORDER], 2);
        CHECK_INT(d.presents, 1);
        CHECK_INT(d.removes, 1);
        CHECK_INT(d.csrs, 1);
        CHECK_STR(order_machine_chain(d.m, &size), driver_pem);
        CHECK_INT(size, strlen(driver_pem));
        CHECK_STR(order_machine_url(d.m), "https://ca.test/o/1");
        driver_done(&d);
}

static void many_names(void) {
        for (size_t k = 1; k <= 12; k++) {
                Driver d;
                char names[1024] = "";

                for (size_t i = 0; i < k; i++)
                        (void) snprintf(names + strlen(names), sizeof names - strlen(names),
                                        "n%zu.example.org ", i);
                driver_init(&d, names);
                driver_new(&d);
                driver_run(&d, ORDER_EVENT_START);
                check_end(&d, true);
                CHECK_INT(d.posts, 5 + 2 * k);
                CHECK_INT(d.presents, k);
                CHECK_INT(d.removes, k);
                driver_done(&d);
        }
}

static void ready_order(void) {
        Driver d;

        driver_init(&d, five);
        d.initially_ready = true;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, true);
        CHECK_INT(d.posts, 4);
        CHECK_INT(d.presents, 0);
        driver_done(&d);

        driver_init(&d, five);
        d.initially_ready = d.synchronous = true;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, true);
        CHECK_INT(d.posts, 3);
        driver_done(&d);
}

static void valid_authorizations(void) {
        Driver d;

        driver_init(&d, five);
        d.valid[0] = d.valid[2] = d.valid[4] = true;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, true);
        CHECK_INT(d.presents, 2);
        CHECK_INT(d.calls[CALL_CHALLENGE], 2);
        driver_done(&d);
}

static void requests_in_flight(void) {
        Driver d;
        OrderEffect effect;
        OrderEvent e = { .kind = ORDER_EVENT_START };
        unsigned calls = 0;

        driver_init(&d, "a.test b.test c.test d.test e.test f.test g.test h.test i.test");
        driver_new(&d);
        CHECK(order_machine_step(d.m, &e) >= 0);
        REQUIRE(order_machine_next(d.m, &effect));
        (void) driver_carry_out(&d, &effect, &e);
        CHECK(order_machine_step(d.m, &e) >= 0);
        while (order_machine_next(d.m, &effect))
                calls += effect.kind == EFFECT_CALL;
        CHECK_INT(calls, 4);
        driver_done(&d);
}

static void waits(void) {
        static const int64_t expected[] = { 2, 2, 3, 5, 8, 13 };
        Driver d;

        driver_init(&d, one);
        d.pending_polls = 5;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, true);
        REQUIRE(d.wait_count == ELEMENTSOF(expected) + 1);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                CHECK_INT(d.waits[i], expected[i]);
        CHECK_INT(d.waits[ELEMENTSOF(expected)], 3); /* after finalize */
        driver_done(&d);

        driver_init(&d, one);
        d.pending_polls = 2;
        d.order_retry_after = 86400;
        d.finalize_retry_after = 7;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, true);
        REQUIRE(d.wait_count == 4);
        CHECK_INT(d.waits[0], 2);
        CHECK_INT(d.waits[1], 60);
        CHECK_INT(d.waits[2], 60);
        CHECK_INT(d.waits[3], 7);
        driver_done(&d);
}

static void short_lives(void) {
        Driver d;

        driver_init(&d, one);
        d.pending_polls = 20;
        d.lifetime_hint_sec = 100;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, true);
        for (size_t i = 0; i < d.wait_count; i++)
                CHECK(d.waits[i] <= 10);
        driver_done(&d);
}

static bool other_names(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != CALL_NEW_ORDER)
                return false;
        e->location = "https://ca.test/o/1";
        return driver_text(
                        d, e, 201,
                        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"evil.example\"}],"
                        "\"authorizations\":[\"https://ca.test/a/0\"],\"finalize\":\"https://ca.test/f\"}");
}

static void changed_identifiers(void) {
        Driver d;

        driver_init(&d, one);
        d.fault = other_names;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, false);
        CHECK_INT(d.posts, 1);
        CHECK_INT(order_machine_failure(d.m)->class, CLASS_ORDER);
        CHECK(order_machine_failure(d.m)->order_dead);
        driver_done(&d);
}

static bool foreign_authorization(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        return effect->call == CALL_AUTHORIZATION &&
               driver_text(d, e, 200,
                           "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"bank.example\"},"
                           "\"challenges\":[{\"type\":\"http-01\",\"url\":\"https://ca.test/x/0/0\","
                           "\"status\":\"pending\",\"token\":\"token-00-0123456789abcdef0123\"}]}");
}

static void foreign_identifier(void) {
        Driver d;

        driver_init(&d, one);
        d.fault = foreign_authorization;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, false);
        CHECK_INT(d.presents, 0);
        driver_done(&d);
}

static void upper_case_names(void) {
        Driver d;

        driver_init(&d, "A.Example.ORG");
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, true);
        driver_done(&d);
}

/* Runs until the first PRESENT; the shown challenge is in d->shown[0]. */
static void preference(void) {
        static const struct {
                const char *name, *offer;
                ChallengeType prefer;
                size_t count;
                const char *shown; /* NULL: parked */
        } rows[] = {
                { one, NULL, CHALLENGE_HTTP_01, 1, "http-01" },
                { one, NULL, CHALLENGE_TLS_ALPN_01, 1, "tls-alpn-01" },
                { one, NULL, CHALLENGE_DNS_01, 1, "dns-01" },
                { one, "dns-01", CHALLENGE_HTTP_01, 1, NULL },
                { one, "unheard-of-01", CHALLENGE_HTTP_01, 1, NULL },
                { wild, NULL, CHALLENGE_DNS_01, 1, "dns-01" },
                { wild, NULL, CHALLENGE_HTTP_01, 1, NULL },
                { wild, NULL, CHALLENGE_HTTP_01, 3, "dns-01" },
                { wild, "http-01", CHALLENGE_HTTP_01, 3, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Driver d;

                driver_init(&d, rows[i].name);
                if (rows[i].count == 1)
                        d.challenges[0] = rows[i].prefer;
                d.challenge_count = rows[i].count;
                d.only_offer = rows[i].offer;
                driver_new(&d);
                d.stop_after = rows[i].shown ? 5
                                             : 0; /* newOrder, SAVE, authorization, SAVE, PRESENT */
                driver_run(&d, ORDER_EVENT_START);
                if (rows[i].shown) {
                        CHECK(d.shown[0] && str_skip_prefix(d.shown[0], rows[i].shown));
                } else {
                        const OrderFailure *f = order_machine_failure(d.m);

                        check_end(&d, false);
                        CHECK_INT(f->class, CLASS_PARK);
                        CHECK(!f->order_dead);
                        CHECK(strstr(f->message, rows[i].offer ? rows[i].offer : "dns-01"));
                }
                driver_done(&d);
        }
}

static void second_choice(void) {
        Driver d;

        driver_init(&d, one);
        d.present_error = -EADDRINUSE;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        check_end(&d, false);
        CHECK_INT(d.presents, 3); /* each type once */
        CHECK_INT(d.removes, 3);
        CHECK_INT(order_machine_failure(d.m)->class, CLASS_LATER);
        CHECK_STR(order_machine_failure(d.m)->identifier, one);
        driver_done(&d);
}

static void crash_everywhere(void) {
        for (unsigned stop = 1; stop < 200; stop++) {
                const char *url = NULL;
                bool ended;
                Driver d;

                driver_init(&d, "a.example.org b.example.org *.example.org");
                d.pending_polls = 1;
                driver_new(&d);
                d.stop_after = stop;
                driver_run(&d, ORDER_EVENT_START);
                ended = d.done;
                if (d.saved)
                        (void) json_get_string(d.saved, "url", &url);
                if (!ended) {
                        bool had_url = url != NULL;

                        driver_restart(&d);
                        check_end(&d, true);
                        CHECK_INT(d.calls[CALL_NEW_ORDER], had_url ? 1 : 2);
                }
                driver_done(&d);
                if (ended)
                        return;
        }
        CHECK(!"the order ends");
}

static void resume_by_status(void) {
        static const struct {
                const char *status;
                unsigned posts, csrs;
        } rows[] = {
                { "ready", 4, 1 },      /* order, finalize, order, certificate */
                { "processing", 3, 0 }, /* order, order, certificate */
                { "valid", 2, 0 },
        };

        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"dns-01\","
                        "\"identifier\":\"a.example.org\",\"token\":\"leftover-0123456789abcdef\"}]}";

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Driver d;

                driver_init(&d, one);
                CHECK(json_parse(saved, strlen(saved), &d.saved) >= 0);
                d.initially_ready = true;
                d.finalized = i > 0;
                d.processing_polls = i == 1 ? 2 : i == 2 ? 0 : 1;
                driver_restart(&d);
                check_end(&d, true);
                CHECK_INT(d.posts, rows[i].posts);
                CHECK_INT(d.csrs, rows[i].csrs);
                CHECK_INT(d.removes, 1); /* the leftover */
                CHECK_INT(d.calls[CALL_NEW_ORDER], 0);
                driver_done(&d);
        }
}

static void resume_with_csr(void) {
        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"csr\":\"AAEC\",\"finalize_sent\":1}";
        Driver d;

        driver_init(&d, one);
        CHECK(json_parse(saved, strlen(saved), &d.saved) >= 0);
        d.initially_ready = true;
        driver_restart(&d);
        check_end(&d, true);
        CHECK_INT(d.csrs, 0);
        CHECK_STR(d.csr_sent, "AAEC");
        driver_done(&d);
}

static void resume_presents_again(void) {
        Driver d;

        driver_init(&d, one);
        driver_new(&d);
        d.stop_after = 5; /* shown, answer lost */
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(d.presents, 1);
        free(d.shown[0]);
        d.shown[0] = NULL; /* the responder forgot it too */
        d.challenges[0] =
                        CHALLENGE_DNS_01; /* another preference by now: what is under way goes on */
        driver_restart(&d);
        check_end(&d, true);
        CHECK_INT(d.presents, 2);
        CHECK_INT(d.removes, 1);
        driver_done(&d);
}

static void save_round_trip(void) {
        static const char saved[] =
                        "{\"state\":\"order\",\"url\":\"https://ca.test/o/1\",\"finalize\":\"https://ca.test/f\","
                        "\"created\":1800000000,\"expires\":1800086400,\"processing_since\":1800000100,"
                        "\"finalize_sent\":2,\"csr\":\"AAEC\",\"presented\":[{\"type\":\"tls-alpn-01\","
                        "\"identifier\":\"a.example.org\",\"token\":\"leftover-0123456789abcdef\"}]}";
        _cleanup_(order_machine_freep) OrderMachine *m = NULL;
        _cleanup_(json_freep) Json *j = NULL, *again = NULL;
        _cleanup_free_ char *text = NULL;
        OrderSpec spec;
        Driver d;

        driver_init(&d, one);
        driver_spec(&d, &spec);
        CHECK(json_parse(saved, strlen(saved), &j) >= 0);
        CHECK(order_machine_load(&spec, j, &m) >= 0);
        driver_done(&d);
        REQUIRE(m);
        CHECK(order_machine_save(m, &again) >= 0);
        CHECK(json_to_string(again, &text) >= 0);
        CHECK_STR(text, saved);
}

/* Leftovers go as soon as it is known what the order needs, not only at its end. */
static void leftovers_go_early(void) {
        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"dns-01\","
                        "\"identifier\":\"a.example.org\",\"token\":\"leftover-0123456789abcdef\"}]}";
        Driver d;

        driver_init(&d, one);
        CHECK(json_parse(saved, strlen(saved), &d.saved) >= 0);
        d.pending_polls = 1;
        driver_load(&d);
        d.stop_after = 7;
        driver_run(&d,
                   ORDER_EVENT_RESUME); /* order, authorization, SAVE, PRESENT, challenge, REMOVE, WAIT */
        CHECK_INT(d.removes, 1);
        CHECK_INT(d.presents, 1);
        CHECK_INT(d.calls[CALL_ORDER], 1);
        driver_done(&d);
}

static void wrong_kind_of_answer(void) {
        static const OrderEventKind kinds[] = { ORDER_EVENT_REPLY, ORDER_EVENT_TIMER,
                                                ORDER_EVENT_CSR };
        OrderEffect effect;
        OrderEvent e;
        unsigned id = 0;
        Driver d;

        driver_init(&d, one);
        driver_new(&d);
        e = (OrderEvent){ .kind = ORDER_EVENT_START, .now = d.now };
        CHECK(order_machine_step(d.m, &e) >= 0);
        while (id == 0 && order_machine_next(d.m, &effect)) {
                bool answered = driver_carry_out(&d, &effect, &e);

                if (effect.kind == EFFECT_PRESENT)
                        id = effect.id;
                else if (answered)
                        CHECK(order_machine_step(d.m, &e) >= 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                OrderEvent wrong = { .kind = kinds[i], .id = id, .status = 200, .now = d.now };

                CHECK(order_machine_step(d.m, &wrong) >= 0);
                CHECK(!order_machine_next(d.m, &effect));
        }
        CHECK(order_machine_step(d.m, &e) >= 0);
        CHECK(order_machine_next(d.m, &effect));
        CHECK_INT(effect.kind, EFFECT_CALL);
        CHECK_INT(effect.call, CALL_CHALLENGE);
        driver_done(&d);
}

static void bad_saves(void) {
        static const char *const texts[] = {
                "[]",
                "{\"url\":7}",
                "{\"url\":\"http://ca.test/o/1\"}",
                "{\"url\":\"https://evil.test/o/1\"}",
                "{\"url\":\"https://ca.test/o/1\",\"csr\":\"A=\"}",
                "{\"url\":\"https://ca.test/o/1\",\"expires\":-1}",
                "{\"url\":\"https://ca.test/o/1\",\"expires\":\"x\"}",
                "{\"url\":\"https://ca.test/o/1\",\"finalize_sent\":4294967297}",
                "{\"url\":\"https://ca.test/o/1\",\"presented\":[{}]}",
                "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"dns-01\",\"identifier\":\"a\",\"token\":\"../../etc\"}]}",
                "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"x\",\"identifier\":\"a\",\"token\":\"leftover-0123456789abcdef\"}]}",
        };
        OrderSpec spec;
        Driver d;

        driver_init(&d, one);
        driver_spec(&d, &spec);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(json_freep) Json *j = NULL;
                OrderMachine *m = NULL;

                REQUIRE(json_parse(texts[i], strlen(texts[i]), &j) >= 0);
                CHECK_INT(order_machine_load(&spec, j, &m), -EBADMSG);
        }
        driver_done(&d);
}

static void abort_everywhere(void) {
        for (unsigned stop = 1; stop < 200; stop++) {
                bool ended;
                Driver d;

                driver_init(&d, "a.example.org b.example.org c.example.org");
                driver_new(&d);
                d.stop_after = stop;
                driver_run(&d, ORDER_EVENT_START);
                ended = d.done;
                d.stop_after = 0;
                driver_run(&d, ORDER_EVENT_ABORT);
                check_end(&d, ended);
                if (!ended)
                        CHECK_INT(order_machine_failure(d.m)->error, -ECANCELED);
                driver_done(&d);
                if (ended)
                        return;
        }
        CHECK(!"the order ends");
}

/* The id of what the machine waits for is not told; ids are small numbers, so all are tried. */
static void poke(Driver *d, OrderEventKind kind, int error, long status) {
        for (unsigned id = 0; id < 40; id++) {
                OrderEvent e = {
                        .kind = kind,
                        .id = id,
                        .error = error,
                        .status = status,
                        .now = d->now,
                };

                CHECK(order_machine_step(d->m, &e) >= 0);
        }
}

static void every_cell(void) {
        bool seen[ORDER_STATE_MAX] = {};
        char *text = NULL;

        for (unsigned stop = 1; stop < 40; stop++)
                for (OrderEventKind kind = 0; kind <= ORDER_EVENT_MAX; kind++)
                        for (int error = 0; error >= -1; error--) {
                                Driver d;

                                driver_init(&d, one);
                                driver_new(&d);
                                d.stop_after = stop;
                                driver_run(&d, ORDER_EVENT_START);
                                seen[order_machine_state(d.m)] = true;
                                poke(&d, kind, error, 200);
                                poke(&d, ORDER_EVENT_ABORT, 0, 0);
                                CHECK(order_machine_describe(d.m, &text) >= 0);
                                free(text);
                                CHECK(order_machine_state(d.m) == ORDER_DONE ||
                                      order_machine_state(d.m) == ORDER_FAILED);
                                poke(&d, kind, error, 404);
                                driver_done(&d);
                        }
        for (OrderState s = ORDER_NEW; s < ORDER_FAILED; s++)
                CHECK(seen[s]);
        CHECK_STR(order_state_to_string(ORDER_AUTHORIZE), "authorize");
        CHECK_STR(order_state_to_string(ORDER_STATE_MAX), "unknown");
}

static void describe(void) {
        Driver d;
        char *text = NULL;
        bool waited = false;

        for (unsigned stop = 1; stop < 12 && !waited; stop++) {
                driver_init(&d, "a.example.org b.example.org");
                driver_new(&d);
                d.stop_after = stop;
                driver_run(&d, ORDER_EVENT_START);
                waited = order_machine_state(d.m) == ORDER_ORDER;
                CHECK(order_machine_describe(d.m, &text) >= 0);
                if (waited)
                        CHECK_STR(text,
                                  "waiting for the CA to validate a.example.org (http-01) and 1 more");
                free(text);
                driver_done(&d);
        }
        CHECK(waited);
}

TEST_MAIN({ "a fresh name costs 7 POSTs (X-02)", fresh_name },
          { "k fresh names cost 5 + 2k POSTs (X-02)", many_names },
          { "a ready order costs 4 POSTs, 3 at a synchronous CA (X-01)", ready_order },
          { "valid authorizations are skipped (J-01, X-03)", valid_authorizations },
          { "at most 4 requests are in flight (J-01, X-05)", requests_in_flight },
          { "waits follow J-11, S-05, S-04, O-06", waits },
          { "a short life shortens every wait", short_lives },
          { "an order for other names is given up (H-06)", changed_identifiers },
          { "nothing is shown for a name that is not ours", foreign_identifier },
          { "names are compared without case (H-06)", upper_case_names },
          { "the challenge is chosen by preference and offer (J-03, J-02)", preference },
          { "a challenge that cannot be shown gives way to the next (J-03)", second_choice },
          { "a crash at any effect needs no second newOrder once saved (I-01, H-05, Y-06)",
            crash_everywhere },
          { "a resumed order follows the CA's status and sweeps leftovers (I-01, J-13)",
            resume_by_status },
          { "a resumed ready order finalizes with the saved bytes (I-02)", resume_with_csr },
          { "a resumed pending order is presented again (J-13)", resume_presents_again },
          { "what is saved is loaded", save_round_trip },
          { "leftovers are removed before the order is polled (J-13)", leftovers_go_early },
          { "an answer of the wrong kind is ignored", wrong_kind_of_answer },
          { "a damaged save is refused (Y-04)", bad_saves },
          { "an abort at any effect removes what is shown (J-13)", abort_everywhere },
          { "every event in every state is handled or ignored", every_cell },
          { "what is waited for is said in a clause", describe }, )
