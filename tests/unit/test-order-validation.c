/* An order whose names are not validated as usual. */

#include "tests/unit/order-driver.h"
#include "tests/unit/order-fault-bench.h"

static bool invalidate(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        (void) e;
        if (effect->call == CALL_ORDER)
                d->invalid = true;
        return false;
}

static void failed_validation(void) {
        static const char error[] =
                        "{\"type\":\"urn:ietf:params:acme:error:connection\",\"detail\":\"refused\"}";
        Driver d;

        fault_start(&d, fault_two, invalidate);
        d.challenge_error = error;
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
        CHECK_INT(fault_failed(&d)->place, PLACE_CHALLENGE);
        CHECK_INT(fault_failed(&d)->problem.type, PROBLEM_CONNECTION);
        CHECK_STR(fault_failed(&d)->identifier, fault_one);
        CHECK(fault_failed(&d)->order_dead);
        CHECK(strstr(fault_failed(&d)->message, "refused"));
        CHECK_INT(d.presents, 2);
        CHECK_INT(d.removes, 2);
        driver_done(&d);

        fault_start(&d, fault_two, invalidate); /* J-15: the order's own error */
        d.order_error = "{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"forbidden\"}";
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_PARK);
        CHECK_INT(fault_failed(&d)->place, PLACE_CHALLENGE);
        CHECK(fault_failed(&d)->order_dead);
        driver_done(&d);

        fault_start(&d, fault_two, invalidate); /* no reason at all */
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
        CHECK_INT(fault_failed(&d)->place, PLACE_CHALLENGE); /* J-16: not again for 12 minutes */
        driver_done(&d);
}

static void resumed_invalid(void) {
        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"http-01\","
                        "\"identifier\":\"a.example.org\",\"token\":\"token-00-0123456789abcdef0123\"}]}";
        Driver d;

        driver_init(&d, fault_one);
        CHECK(json_parse(saved, strlen(saved), &d.saved) >= 0);
        d.invalid = true;
        d.challenge_error = "{\"type\":\"urn:ietf:params:acme:error:dns\",\"detail\":\"SERVFAIL\"}";
        driver_restart(&d);
        CHECK_INT(fault_failed(&d)->problem.type, PROBLEM_DNS);
        CHECK_INT(d.presents, 0);
        CHECK_INT(d.removes, 1);
        CHECK_INT(d.posts, 2);
        driver_done(&d);
}

static const char *odd_status;

static bool odd_authorization(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        char text[512];

        if (effect->call != CALL_AUTHORIZATION)
                return false;
        (void) snprintf(text, sizeof text,
                        "{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example.org\"},\"challenges\":[]}",
                        odd_status);
        return driver_text(d, e, 200, text);
}

static void lost_authorization(void) {
        static const char *const statuses[] = { "expired", "revoked", "deactivated", "wonderful" };

        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                Driver d;

                odd_status = statuses[i];
                fault_start(&d, fault_one, odd_authorization);
                driver_run(&d, ORDER_EVENT_START);
                CHECK_INT(fault_failed(&d)->class, i < 3 ? CLASS_ORDER : CLASS_LATER);
                CHECK(strstr(fault_failed(&d)->message, i < 3 ? statuses[i] : "status"));
                driver_done(&d);
        }
}

/* J-09: the server wants the challenge again, `fault_count` times. */
static unsigned wanted_posts;

static bool wants_again(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != CALL_CHALLENGE || d->calls[CALL_CHALLENGE] >= wanted_posts)
                return false;
        return driver_text(
                        d, e, 200,
                        "{\"type\":\"http-01\",\"status\":\"pending\",\"error\":{\"type\":"
                        "\"urn:ietf:params:acme:error:connection\",\"detail\":\"refused\"}}");
}

static void pending_with_error(void) {
        Driver d;

        wanted_posts = 6;
        fault_start(&d, fault_one, wants_again);
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        CHECK_INT(d.calls[CALL_CHALLENGE], 6);
        for (size_t i = 0; i < 5; i++)
                CHECK(d.waits[i] >= 5 && d.waits[i] <= 60);
        CHECK_INT(d.presents, 1);
        driver_done(&d);

        wanted_posts = 99;
        fault_start(&d, fault_one, wants_again);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(d.calls[CALL_CHALLENGE], 6);
        CHECK_INT(fault_failed(&d)->problem.type, PROBLEM_CONNECTION);
        driver_done(&d);
}

/* I-07: the challenge is invalid, the authorization stays pending. */
static bool keeps_pending(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        char status[2][16] = { "pending", "pending" };
        char text[1024];

        if (effect->call == CALL_CHALLENGE && d->calls[CALL_CHALLENGE] == 1)
                return driver_text(d, e, 200, "{\"type\":\"http-01\",\"status\":\"invalid\"}");
        if (effect->call != CALL_AUTHORIZATION)
                return false;
        if (d->calls[CALL_CHALLENGE] > 0)
                (void) strcpy(status[0], "invalid");
        (void) snprintf(text, sizeof text,
                        "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example.org\"},\"challenges\":["
                        "{\"type\":\"http-01\",\"url\":\"https://ca.test/x/0/0\",\"status\":\"%s\",\"token\":\"token-00-0123456789abcdef0123\"},"
                        "{\"type\":\"dns-01\",\"url\":\"https://ca.test/x/0/1\",\"status\":\"%s\",\"token\":\"token-01-0123456789abcdef0123\"}]}",
                        status[0], status[1]);
        return driver_text(d, e, 200, text);
}

static void other_type(void) {
        Driver d;

        fault_start(&d, fault_one, keeps_pending);
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        CHECK_INT(d.presents, 2);
        CHECK_INT(d.removes, 2);
        CHECK_INT(d.calls[CALL_CHALLENGE], 2);
        driver_done(&d);
}

static void never_validated(void) {
        Driver d;
        int64_t total = 0;

        fault_start(&d, fault_two, NULL);
        d.pending_polls = 1000000;
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
        for (size_t i = 0; i < d.wait_count; i++)
                total += d.waits[i];
        CHECK(total >= 600 && total < 700);
        CHECK(strstr(fault_failed(&d)->message, fault_one));
        driver_done(&d);
}

/* I-03: every authorization is valid and the order lags. */
static bool lagging(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        (void) e;
        d->valid[0] = d->calls[CALL_CHALLENGE] > 0;
        if (effect->call == CALL_ORDER)
                d->pending_polls = d->fault_count-- > 0 ? 2 : 0;
        return false;
}

static void ready_lag(void) {
        Driver d;

        fault_start(&d, fault_one, lagging);
        d.fault_count = 12;
        d.pending_polls = 1;
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        CHECK_INT(d.removes, 1);
        CHECK_INT(d.calls[CALL_FINALIZE], 1);
        driver_done(&d);

        fault_start(&d, fault_one, lagging);
        d.fault_count = 100000;
        d.pending_polls = 1;
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
        CHECK(d.now - 1800000000 < 700);
        driver_done(&d);
}

/* J-10: the server validates already, as after a crash. */
static void already_processing(void) {
        Driver d;

        fault_answer.call = CALL_AUTHORIZATION;
        fault_answer.text =
                        "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example.org\"},"
                        "\"challenges\":[{\"type\":\"http-01\",\"url\":\"https://ca.test/x/0/0\",\"status\":\"processing\","
                        "\"error\":{\"type\":\"x\"},\"token\":\"token-00-0123456789abcdef0123\"}]}";
        fault_start(&d, fault_one, fault_give_answer);
        d.posted[0] = true;
        d.pending_polls = 8;
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        CHECK_INT(d.calls[CALL_CHALLENGE], 0);
        CHECK_INT(d.presents, 1);
        driver_done(&d);
}

TEST_MAIN({ "the reason of a failed validation is read (J-12, J-15)", failed_validation },
          { "a resumed invalid order gives its reason (I-01, J-12)", resumed_invalid },
          { "a lost authorization loses the order (I-06, B-07)", lost_authorization },
          { "a challenge pending with error is posted again (J-09)", pending_with_error },
          { "another type is tried where the authorization stays pending (I-07)", other_type },
          { "validation ends after ten minutes (S-05)", never_validated },
          { "an order may lag behind its authorizations (I-03, S-05)", ready_lag },
          { "a challenge that is being processed is not posted (J-08, J-10)", already_processing })
