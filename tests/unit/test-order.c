/* The order machine: what an order costs, whom it is for, what it waits for and ignores. */

#include "tests/unit/order-driver.h"

static const char one[] = "a.example.org";

static const char five[] = "a.example.org b.example.org c.example.org d.example.org e.example.org";

static void fresh_name(void) {
        Driver d;
        size_t size = 0;

        driver_init(&d, one);
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        driver_check_end(&d, true);
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
                driver_check_end(&d, true);
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
        driver_check_end(&d, true);
        CHECK_INT(d.posts, 4);
        CHECK_INT(d.presents, 0);
        driver_done(&d);

        driver_init(&d, five);
        d.initially_ready = d.synchronous = true;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        driver_check_end(&d, true);
        CHECK_INT(d.posts, 3);
        driver_done(&d);
}

static void valid_authorizations(void) {
        Driver d;

        driver_init(&d, five);
        d.valid[0] = d.valid[2] = d.valid[4] = true;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        driver_check_end(&d, true);
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
        driver_check_end(&d, true);
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
        driver_check_end(&d, true);
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
        driver_check_end(&d, true);
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
        driver_check_end(&d, false);
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
        driver_check_end(&d, false);
        CHECK_INT(d.presents, 0);
        driver_done(&d);
}

static void upper_case_names(void) {
        Driver d;

        driver_init(&d, "A.Example.ORG");
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        driver_check_end(&d, true);
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
                driver_check_end(&d, ended);
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
          { "an answer of the wrong kind is ignored", wrong_kind_of_answer },
          { "an abort at any effect removes what is shown (J-13)", abort_everywhere },
          { "every event in every state is handled or ignored", every_cell },
          { "what is waited for is said in a clause", describe })
