/* An order from finalize to its certificate: refused, slow, without its key or without a signer. */

#include "tests/unit/order-driver.h"
#include "tests/unit/order-fault-bench.h"

/* The sentence is what a person acts on: that the order was still ready is not why (W-15). */
static void refused_finalize_names_the_cause(void) {
        Driver d;

        fault_problem.call = CALL_FINALIZE;
        fault_problem.status = 500;
        fault_problem.type = "serverInternal";
        fault_problem.times = 99;
        fault_problem.retry_after = 0;
        fault_start(&d, fault_one, fault_give_problem);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
        CHECK_INT(fault_failed(&d)->problem.type, PROBLEM_SERVER_INTERNAL);
        CHECK(strstr(fault_failed(&d)->message, "serverInternal"));
        driver_done(&d);
}

static void finalize_count_is_kept(void) {
        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"csr\":\"AAEC\",\"finalize_sent\":%d}";
        char text[256];

        for (int sent = 0; sent <= 3; sent++) {
                int64_t kept = -1;
                Driver d;

                driver_init(&d, fault_one);
                (void) snprintf(text, sizeof text, saved, sent);
                CHECK(json_parse(text, strlen(text), &d.saved) >= 0);
                d.initially_ready = true;
                driver_restart(&d);
                CHECK_INT(d.calls[CALL_FINALIZE], sent < 3 ? 1 : 0);
                CHECK(json_get_int64(d.saved, "finalize_sent", &kept) >= 0);
                CHECK_INT(kept, sent < 3 ? sent + 1 : 3);
                if (sent < 3)
                        fault_succeeded(&d);
                else
                        CHECK(fault_failed(&d)->order_dead);
                driver_done(&d);
        }
}

static void request_counts_in_trouble(void) {
        Driver d;

        fault_problem.call = CALL_FINALIZE;
        fault_problem.status = 500;
        fault_problem.type = "serverInternal";
        fault_problem.times = 99;
        fault_problem.retry_after = 0;
        fault_start(&d, fault_one, fault_give_problem);
        driver_run(&d, ORDER_EVENT_START);
        (void) fault_failed(&d);
        CHECK_INT(d.calls[CALL_FINALIZE], 3);
        CHECK_INT(d.csrs, 1);
        driver_done(&d);

        fault_problem.status = 403;
        fault_problem.type = "orderNotReady";
        fault_start(&d, fault_one, fault_give_problem);
        driver_run(&d, ORDER_EVENT_START);
        (void) fault_failed(&d);
        CHECK_INT(d.calls[CALL_FINALIZE], 6);
        driver_done(&d);
}

static void refused_csr(void) {
        Driver d;

        fault_problem.call = CALL_FINALIZE;
        fault_problem.status = 400;
        fault_problem.type = "badCSR";
        fault_problem.times = 1;
        fault_start(&d, fault_one, fault_give_problem);
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        CHECK_INT(d.csrs, 2);
        CHECK_INT(d.others, 1); /* with another key */
        CHECK_INT(d.calls[CALL_NEW_ORDER], 1);
        CHECK_INT(d.calls[CALL_FINALIZE], 2);
        driver_done(&d);

        fault_problem.times = 99; /* only once, also after a crash */
        fault_start(&d, fault_one, fault_give_problem);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_PARK);
        CHECK_INT(d.calls[CALL_FINALIZE], 2);
        driver_save(&d);
        bool refused = false;
        CHECK_INT(json_get_bool(d.saved, "csr_refused", &refused), 0);
        CHECK(refused);
        driver_done(&d);
}

static void slow_issuance(void) {
        Driver d;

        fault_start(&d, fault_one, NULL);
        d.processing_polls = 30; /* about 10 minutes, then hours */
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        CHECK_INT(d.waits[d.wait_count - 1], 3600);
        driver_done(&d);

        fault_start(&d, fault_one, NULL);
        d.processing_polls = 100000;
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
        CHECK(d.now >= 1800086400 && d.now < 1800086400 + 3600);
        CHECK(d.posts < 100);
        driver_done(&d);
}

static bool no_certificate(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != CALL_ORDER || !d->finalized)
                return false;
        return driver_text(
                        d, e, 200,
                        "{\"status\":\"valid\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example.org\"}],"
                        "\"authorizations\":[\"https://ca.test/a/0\"],\"finalize\":\"https://ca.test/f\"}");
}

static void valid_without_certificate(void) {
        Driver d;

        fault_start(&d, fault_one, no_certificate);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
        CHECK(d.now - 1800000000 >= 300 && d.now - 1800000000 < 400);
        driver_done(&d);
}

/* W-13: the order falls back to ready after finalize was accepted. */
static bool flapping(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call == CALL_FINALIZE && d->calls[CALL_FINALIZE] < 3) {
                driver_ca(d, effect, e);
                d->finalized = false;
                return true;
        }
        return false;
}

static void falls_back_to_ready(void) {
        Driver d;

        fault_start(&d, fault_one, flapping);
        driver_run(&d, ORDER_EVENT_START);
        fault_succeeded(&d);
        CHECK_INT(d.calls[CALL_FINALIZE], 3);
        CHECK_INT(d.calls[CALL_ORDER], 1 + 4 + 4 + 1); /* it may only lag (O-06) */
        CHECK_INT(d.csrs, 1);
        driver_done(&d);
}

static bool gone_key(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        (void) d;
        (void) effect;
        (void) e;
        return false;
}

static void key_gone(void) {
        OrderEffect effect;
        OrderEvent e;
        Driver d;
        bool asked = false;

        fault_start(&d, fault_one, gone_key);
        d.initially_ready = true;
        e = (OrderEvent){ .kind = ORDER_EVENT_START, .now = d.now };
        CHECK(order_machine_step(d.m, &e) >= 0);
        while (order_machine_next(d.m, &effect)) {
                asked = driver_carry_out(&d, &effect, &e);
                if (effect.kind == EFFECT_CSR)
                        e.error = -ENOKEY;
                if (asked)
                        CHECK(order_machine_step(d.m, &e) >= 0);
        }
        CHECK_INT(fault_failed(&d)->class, CLASS_ORDER);
        CHECK(fault_failed(&d)->order_dead);
        CHECK_INT(d.calls[CALL_FINALIZE], 0);
        driver_done(&d);
}

static void weak_signer(void) {
        OrderEffect effect;
        OrderEvent e;
        Driver d;

        fault_start(&d, fault_one, NULL);
        d.initially_ready = true;
        e = (OrderEvent){ .kind = ORDER_EVENT_START, .now = d.now };
        CHECK(order_machine_step(d.m, &e) >= 0);
        while (order_machine_next(d.m, &effect)) {
                bool asked = driver_carry_out(&d, &effect, &e);

                if (effect.kind == EFFECT_CSR && d.csrs <= 2)
                        e.error = -ECONNRESET;
                if (asked)
                        CHECK(order_machine_step(d.m, &e) >= 0);
        }
        fault_succeeded(&d);
        CHECK_INT(d.csrs, 3);
        driver_done(&d);
}

static void empty_certificate(void) {
        Driver d;

        fault_answer.call = CALL_CERTIFICATE;
        fault_answer.text = "";
        fault_start(&d, fault_one, fault_give_answer);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(fault_failed(&d)->class, CLASS_LATER);
        CHECK_INT(fault_failed(&d)->place, PLACE_CERTIFICATE);
        CHECK(!fault_failed(&d)->order_dead);
        CHECK(d.now - 1800000000 < 200);
        driver_done(&d);
}

TEST_MAIN({ "finalize is repeated at most twice, orderNotReady five times (O-07, I-04)",
            request_counts_in_trouble },
          { "a finalize that is refused to the end names the cause (W-15)",
            refused_finalize_names_the_cause },
          { "the count of finalizes survives a crash (O-07)", finalize_count_is_kept },
          { "a refused CSR is made anew once, at once, with another key (O-08)", refused_csr },
          { "processing is polled hourly until the order expires (O-09)", slow_issuance },
          { "valid without certificate fails after five minutes (O-10)",
            valid_without_certificate },
          { "an order back at ready is finalized with the same CSR (W-13)", falls_back_to_ready },
          { "without its key an order is dead (I-02)", key_gone },
          { "a signer that fails is asked again", weak_signer },
          { "an empty certificate is asked for again for two minutes (P-01)", empty_certificate })
