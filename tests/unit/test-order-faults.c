/* Answers to an order that are lost, problems, or nothing that makes sense. */

#include "tests/unit/order-driver.h"
#include "tests/unit/order-fault-bench.h"

static OrderCall lost_call;
static unsigned lost_times;
static bool lost_after; /* the CA did get it */
static bool lost_unanswered;

static bool lose(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != lost_call || d->fault_count >= lost_times)
                return false;
        d->fault_count++;
        if (lost_after)
                driver_ca(d, effect, e);
        *e = (OrderEvent){ .kind = e->kind, .id = e->id, .random = 20, .error = -ETIMEDOUT };
        e->unanswered = lost_unanswered;
        return true;
}

static void lost_answers(void) {
        Driver d;

        for (lost_call = CALL_AUTHORIZATION; lost_call < CALL_MAX; lost_call++)
                for (lost_times = 1; lost_times <= 2; lost_times++)
                        for (int after = 0; after <= 1; after++) {
                                lost_after = after;
                                fault_start(&d, fault_two, lose);
                                driver_run(&d, ORDER_EVENT_START);
                                fault_succeeded(&d);
                                CHECK_INT(d.calls[CALL_NEW_ORDER], 1);
                                driver_done(&d);
                        }
}

/* How long an order takes in which one answer to `call` is lost. */
static int64_t time_with_loss(OrderCall call, bool unanswered) {
        int64_t began;
        Driver d;

        lost_call = call;
        lost_times = 1;
        lost_unanswered = unanswered;
        fault_start(&d, fault_one, lose);
        began = d.now;
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        driver_done(&d);
        lost_unanswered = false;
        return d.now - began;
}

static void old_connection_is_looked_at_once(void) {
        for (int after = 0; after <= 1; after++)
                for (OrderCall call = CALL_CHALLENGE; call <= CALL_FINALIZE; call++) {
                        lost_after = after;
                        CHECK(time_with_loss(call, true) < 25);
                        CHECK(time_with_loss(call, false) >= 30);
                }
}

static void long_outage(void) {
        Driver d;

        lost_call = CALL_ORDER;
        lost_times = 100;
        lost_after = false;
        fault_start(&d, fault_one, lose);
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        CHECK_INT(d.waits[1], 30);
        for (size_t i = 2; i + 2 < d.wait_count; i++)
                CHECK(d.waits[i] <= 300 && d.waits[i] >= d.waits[i - 1]);
        driver_done(&d);

        lost_times = 1000000;
        fault_start(&d, fault_one, lose);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_UNREACHABLE);
        CHECK(d.now >= 1800086400);
        driver_done(&d);
}

static void lost_new_order(void) {
        Driver d;

        lost_call = CALL_NEW_ORDER;
        lost_times = 1;
        fault_start(&d, fault_one, lose);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_UNREACHABLE);
        CHECK_INT(fault_failed(&d)->place, PLACE_NEW_ORDER);
        CHECK_INT(d.posts, 1);
        driver_done(&d);
}

static void problems(void) {
        static const struct {
                OrderCall call;
                long status;
                const char *type;
                unsigned times;
                int64_t retry_after;
                bool done;
                ProblemClass class;
                ProblemPlace place;
        } rows[] = {
                { CALL_NEW_ORDER, 500, "serverInternal", 1, 60, false, CLASS_LATER,
                  PLACE_NEW_ORDER },
                { CALL_NEW_ORDER, 429, "rateLimited", 1, 120000, false, CLASS_LATER,
                  PLACE_NEW_ORDER },
                { CALL_NEW_ORDER, 400, "rejectedIdentifier", 1, 0, false, CLASS_PARK,
                  PLACE_NEW_ORDER },
                { CALL_NEW_ORDER, 400, "accountDoesNotExist", 1, 0, false, CLASS_ACCOUNT,
                  PLACE_NEW_ORDER },
                { CALL_AUTHORIZATION, 503, "serverInternal", 3, 0, true, 0, 0 },
                { CALL_AUTHORIZATION, 503, "serverInternal", 99, 0, false, CLASS_LATER,
                  PLACE_AUTHORIZATION },
                { CALL_AUTHORIZATION, 404, "malformed", 2, 0, true, 0, 0 }, /* lag: W-16 */
                { CALL_AUTHORIZATION, 404, "malformed", 99, 0, false, CLASS_ORDER,
                  PLACE_AUTHORIZATION },
                { CALL_ORDER, 404, "malformed", 2, 0, true, 0, 0 },
                { CALL_ORDER, 404, "malformed", 99, 0, false, CLASS_ORDER, PLACE_ORDER },
                { CALL_ORDER, 429, "rateLimited", 1, 90, true, 0, 0 },
                { CALL_ORDER, 429, "rateLimited", 1, 7200, false, CLASS_LATER, PLACE_ORDER },
                { CALL_ORDER, 500, "serverInternal", 99, 0, false, CLASS_LATER, PLACE_ORDER },
                { CALL_CHALLENGE, 400, "malformed", 2, 0, true, 0, 0 },
                { CALL_CHALLENGE, 400, "malformed", 99, 0, false, CLASS_BUG, PLACE_CHALLENGE_POST },
                { CALL_CHALLENGE, 500, "serverInternal", 1, 0, true, 0, 0 },
                { CALL_CHALLENGE, 400, "accountDoesNotExist", 1, 0, false, CLASS_ACCOUNT,
                  PLACE_CHALLENGE_POST },
                { CALL_FINALIZE, 403, "orderNotReady", 5, 0, true, 0, 0 },
                { CALL_FINALIZE, 403, "orderNotReady", 99, 0, false, CLASS_ORDER, PLACE_FINALIZE },
                { CALL_FINALIZE, 400, "badCSR", 1, 0, true, 0, 0 },
                { CALL_FINALIZE, 400, "badCSR", 2, 0, false, CLASS_PARK, PLACE_FINALIZE },
                { CALL_FINALIZE, 403, "unauthorized", 1, 0, true, 0, 0 },
                { CALL_FINALIZE, 403, "unauthorized", 2, 0, false, CLASS_ORDER, PLACE_FINALIZE },
                { CALL_FINALIZE, 500, "serverInternal", 2, 0, true, 0, 0 },
                { CALL_FINALIZE, 500, "serverInternal", 99, 0, false, CLASS_ORDER, PLACE_FINALIZE },
                { CALL_CERTIFICATE, 404, "malformed", 3, 0, true, 0, 0 },
                { CALL_CERTIFICATE, 404, "malformed", 99, 0, false, CLASS_LATER,
                  PLACE_CERTIFICATE },
                { CALL_CERTIFICATE, 503, "serverInternal", 2, 5, true, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                int before = test_failures;
                Driver d;

                fault_problem.call = rows[i].call;
                fault_problem.status = rows[i].status;
                fault_problem.type = rows[i].type;
                fault_problem.times = rows[i].times;
                fault_problem.retry_after = rows[i].retry_after;
                fault_start(&d, fault_one, fault_give_problem);
                driver_run(&d, ORDER_EVENT_START);
                CHECK(d.done == rows[i].done);
                CHECK_INT(d.calls[CALL_NEW_ORDER], 1);
                CHECK_INT(driver_shown_count(&d), 0);
                if (!rows[i].done) {
                        CHECK_INT(fault_failed(&d)->class, rows[i].class);
                        CHECK_INT(fault_failed(&d)->place, rows[i].place);
                        CHECK(fault_failed(&d)->order_dead == (rows[i].class == CLASS_ORDER));
                        if (rows[i].times == 1)
                                CHECK_INT(fault_failed(&d)->retry_after_sec, rows[i].retry_after);
                }
                if (test_failures > before)
                        printf("# in row %zu: call %d, %s x %u\n", i, rows[i].call, rows[i].type,
                               rows[i].times);
                driver_done(&d);
        }
}

static void resume(Driver *d, const char *saved) {
        driver_init(d, fault_one);
        CHECK(json_parse(saved, strlen(saved), &d->saved) >= 0);
        d->now = 1800000000;
        d->initially_ready = true;
}

/* Found by random walks: a Location that is no order made every attempt ask there again, for ever. */
static void order_that_never_was(void) {
        Driver d;

        fault_problem.call = CALL_ORDER;
        fault_problem.status = 400;
        fault_problem.type = "malformed";
        fault_problem.times = 99;
        fault_problem.retry_after = 0;
        resume(&d, "{\"url\":\"https://ca.test/o/1\",\"created\":1799999000}");
        d.fault = fault_give_problem;
        driver_restart(&d);
        CHECK(fault_failed(&d)->order_dead);
        driver_done(&d);
}

static bool no_order(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        return effect->call == CALL_ORDER && driver_text(d, e, 200, "{\"status\":\"valid\"}");
}

/* Likewise: a Location at which something else is, which answers well for ever. */
static void order_that_is_something_else(void) {
        Driver d;

        resume(&d, "{\"url\":\"https://ca.test/o/1\",\"created\":1799999000}");
        d.fault = no_order;
        driver_restart(&d);
        CHECK_INT(fault_failed(&d)->class, CLASS_LATER);
        CHECK(strstr(fault_failed(&d)->message, "makes no sense"));
        CHECK(fault_failed(&d)->order_dead);
        driver_done(&d);
}

/* Likewise: an order that expires in 2099 by the CA's word, at a URL that does not answer. */
static void order_that_leads_nowhere(void) {
        Driver d;

        lost_call = CALL_ORDER;
        lost_times = 1000000;
        resume(&d,
               "{\"url\":\"https://ca.test/o/1\",\"created\":1800000000,\"expires\":4070908800}");
        d.fault = lose;
        driver_restart(&d);
        CHECK_INT(fault_failed(&d)->class, CLASS_UNREACHABLE);
        CHECK(fault_failed(&d)->order_dead);
        CHECK(d.now < 1800000000 + 8 * SEC_PER_DAY);
        driver_done(&d);
}

static OrderCall missing_call;

static bool missing(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        return effect->call == missing_call && driver_text(d, e, 404, "");
}

static void bare_404(void) {
        static const OrderCall calls[] = { CALL_AUTHORIZATION, CALL_CHALLENGE, CALL_ORDER };

        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                Driver d;

                missing_call = calls[i];
                fault_start(&d, fault_two, missing);
                driver_run(&d, ORDER_EVENT_START);
                CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
                CHECK(fault_failed(&d)->order_dead);
                driver_done(&d);
        }
}

static bool garbled(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call == CALL_CERTIFICATE || d->fault_count++ % 2)
                return false;
        driver_ca(d, effect, e);
        return driver_text(d, e, 200, "<html><body>Please log in</body></html>");
}

static void garbled_answers(void) {
        Driver d;

        fault_start(&d, fault_one, garbled);
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        CHECK_INT(d.calls[CALL_NEW_ORDER], 1);
        driver_done(&d);
}

static const char *bad_location;

static bool odd_location(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != CALL_NEW_ORDER)
                return false;
        driver_ca(d, effect, e);
        e->location = bad_location;
        return true;
}

static void locations(void) {
        static const char *const bad[] = { NULL, "", "/o/1", "http://ca.test/o/1",
                                           "https://evil.test/o/1" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                Driver d;

                bad_location = bad[i];
                fault_start(&d, fault_one, odd_location);
                driver_run(&d, ORDER_EVENT_START);
                CHECK_INT(fault_failed(&d)->class, CLASS_LATER);
                CHECK(order_machine_url(d.m) == NULL);
                driver_done(&d);
        }
}

static void canned_orders(void) {
        static const char start_text[] =
                        "{\"status\":\"%s\",\"expires\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example.org\"}],"
                        "\"authorizations\":[%s],\"finalize\":\"https://ca.test/f\"}";
        static const struct {
                const char *status, *expires, *authorizations, *message;
        } rows[] = {
                { "pending", "2027-01-15T08:01:00Z", "\"https://ca.test/a/0\"", "too soon" },
                { "expired", "2027-01-16T08:00:00Z", "\"https://ca.test/a/0\"", "expired" },
        };
        char text[1024];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Driver d;

                (void) snprintf(text, sizeof text, start_text, rows[i].status, rows[i].expires,
                                rows[i].authorizations);
                fault_answer.call = CALL_NEW_ORDER;
                fault_answer.text = text;
                fault_start(&d, fault_one, fault_give_answer);
                driver_run(&d, ORDER_EVENT_START);
                CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
                CHECK(strstr(fault_failed(&d)->message, rows[i].message));
                CHECK_INT(d.posts, 1);
                driver_done(&d);
        }
}

TEST_MAIN({ "a lost answer never costs a new order (J-08, O-07, S-06)", lost_answers },
          { "A-08 what an old connection lost is looked at at once",
            old_connection_is_looked_at_once },
          { "an outage is waited out until the order expires (S-06)", long_outage },
          { "an unanswered newOrder is the caller's (H-12)", lost_new_order },
          { "every problem has its class and place (section Q, I-04, I-05, O-07, O-08, P-01)",
            problems },
          { "a bare 404 on an object kills the order (I-05)", bare_404 },
          { "an order of before that may not be looked at is dead (I-05)", order_that_never_was },
          { "an order of before whose URL answers with something else is dead (I-05)",
            order_that_is_something_else },
          { "a URL that never answers is waited for a week at most (H-07)",
            order_that_leads_nowhere },
          { "HTML with status 200 is no answer (W-09)", garbled_answers },
          { "a Location that cannot be used is refused (W-10, A-15)", locations },
          { "an order that cannot be begun is given up at once (H-06, H-07, I-06)", canned_orders })
