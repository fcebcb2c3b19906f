#include "tests/unit/order-driver.h"

static const char one[] = "a.example.org";
static const char two[] = "a.example.org b.example.org";

static void start(Driver *d, const char *names, DriverFault fault) {
        driver_init(d, names);
        d->fault = fault;
        driver_new(d);
}

static const OrderFailure *failed(const Driver *d) {
        const OrderFailure *f = order_machine_failure(d->m);

        CHECK(d->failed);
        CHECK(!d->done);
        CHECK_INT(order_machine_state(d->m), ORDER_FAILED);
        CHECK_INT(driver_shown_count(d), 0);
        CHECK(f->message != NULL);
        return f;
}

static void succeeded(const Driver *d) {
        CHECK(d->done);
        CHECK_INT(order_machine_state(d->m), ORDER_DONE);
        CHECK_INT(driver_shown_count(d), 0);
}

/* -- no answer -------------------------------------------------------------------------------- */

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
                                start(&d, two, lose);
                                driver_run(&d, ORDER_EVENT_START);
                                succeeded(&d);
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
        start(&d, one, lose);
        began = d.now;
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
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
        start(&d, one, lose);
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
        CHECK_INT(d.waits[1], 30);
        for (size_t i = 2; i + 2 < d.wait_count; i++)
                CHECK(d.waits[i] <= 300 && d.waits[i] >= d.waits[i - 1]);
        driver_done(&d);

        lost_times = 1000000;
        start(&d, one, lose);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_UNREACHABLE);
        CHECK(d.now >= 1800086400);
        driver_done(&d);
}

static void lost_new_order(void) {
        Driver d;

        lost_call = CALL_NEW_ORDER;
        lost_times = 1;
        start(&d, one, lose);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_UNREACHABLE);
        CHECK_INT(failed(&d)->place, PLACE_NEW_ORDER);
        CHECK_INT(d.posts, 1);
        driver_done(&d);
}

/* -- problems --------------------------------------------------------------------------------- */

static struct {
        OrderCall call;
        long status;
        const char *type;
        unsigned times;
        int64_t retry_after;
} wrong;

static bool be_wrong(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != wrong.call || d->fault_count >= wrong.times)
                return false;
        d->fault_count++;
        return driver_problem(d, e, wrong.status, wrong.type, wrong.retry_after);
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

                wrong.call = rows[i].call;
                wrong.status = rows[i].status;
                wrong.type = rows[i].type;
                wrong.times = rows[i].times;
                wrong.retry_after = rows[i].retry_after;
                start(&d, one, be_wrong);
                driver_run(&d, ORDER_EVENT_START);
                CHECK(d.done == rows[i].done);
                CHECK_INT(d.calls[CALL_NEW_ORDER], 1);
                CHECK_INT(driver_shown_count(&d), 0);
                if (!rows[i].done) {
                        CHECK_INT(failed(&d)->class, rows[i].class);
                        CHECK_INT(failed(&d)->place, rows[i].place);
                        CHECK(failed(&d)->order_dead == (rows[i].class == CLASS_ORDER));
                        if (rows[i].times == 1)
                                CHECK_INT(failed(&d)->retry_after_sec, rows[i].retry_after);
                }
                if (test_failures > before)
                        printf("# in row %zu: call %d, %s x %u\n", i, rows[i].call, rows[i].type,
                               rows[i].times);
                driver_done(&d);
        }
}

/* The sentence is what a person acts on: that the order was still ready is not why (W-15). */
static void refused_finalize_names_the_cause(void) {
        Driver d;

        wrong.call = CALL_FINALIZE;
        wrong.status = 500;
        wrong.type = "serverInternal";
        wrong.times = 99;
        wrong.retry_after = 0;
        start(&d, one, be_wrong);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_ORDER);
        CHECK_INT(failed(&d)->problem.type, PROBLEM_SERVER_INTERNAL);
        CHECK(strstr(failed(&d)->message, "serverInternal"));
        driver_done(&d);
}

static void resume(Driver *d, const char *saved) {
        driver_init(d, one);
        CHECK(json_parse(saved, strlen(saved), &d->saved) >= 0);
        d->now = 1800000000;
        d->initially_ready = true;
}

/* Found by random walks: a Location that is no order made every attempt ask there again, for ever. */
static void order_that_never_was(void) {
        Driver d;

        wrong.call = CALL_ORDER;
        wrong.status = 400;
        wrong.type = "malformed";
        wrong.times = 99;
        wrong.retry_after = 0;
        resume(&d, "{\"url\":\"https://ca.test/o/1\",\"created\":1799999000}");
        d.fault = be_wrong;
        driver_restart(&d);
        CHECK(failed(&d)->order_dead);
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
        CHECK_INT(failed(&d)->class, CLASS_LATER);
        CHECK(strstr(failed(&d)->message, "makes no sense"));
        CHECK(failed(&d)->order_dead);
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
        CHECK_INT(failed(&d)->class, CLASS_UNREACHABLE);
        CHECK(failed(&d)->order_dead);
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
                start(&d, two, missing);
                driver_run(&d, ORDER_EVENT_START);
                CHECK_INT(failed(&d)->class, CLASS_ORDER);
                CHECK(failed(&d)->order_dead);
                driver_done(&d);
        }
}

static void finalize_count_is_kept(void) {
        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"csr\":\"AAEC\",\"finalize_sent\":%d}";
        char text[256];

        for (int sent = 0; sent <= 3; sent++) {
                int64_t kept = -1;
                Driver d;

                driver_init(&d, one);
                (void) snprintf(text, sizeof text, saved, sent);
                CHECK(json_parse(text, strlen(text), &d.saved) >= 0);
                d.initially_ready = true;
                driver_restart(&d);
                CHECK_INT(d.calls[CALL_FINALIZE], sent < 3 ? 1 : 0);
                CHECK(json_get_int64(d.saved, "finalize_sent", &kept) >= 0);
                CHECK_INT(kept, sent < 3 ? sent + 1 : 3);
                if (sent < 3)
                        succeeded(&d);
                else
                        CHECK(failed(&d)->order_dead);
                driver_done(&d);
        }
}

static void request_counts_in_trouble(void) {
        Driver d;

        wrong.call = CALL_FINALIZE;
        wrong.status = 500;
        wrong.type = "serverInternal";
        wrong.times = 99;
        wrong.retry_after = 0;
        start(&d, one, be_wrong);
        driver_run(&d, ORDER_EVENT_START);
        (void) failed(&d);
        CHECK_INT(d.calls[CALL_FINALIZE], 3);
        CHECK_INT(d.csrs, 1);
        driver_done(&d);

        wrong.status = 403;
        wrong.type = "orderNotReady";
        start(&d, one, be_wrong);
        driver_run(&d, ORDER_EVENT_START);
        (void) failed(&d);
        CHECK_INT(d.calls[CALL_FINALIZE], 6);
        driver_done(&d);
}

static void refused_csr(void) {
        Driver d;

        wrong.call = CALL_FINALIZE;
        wrong.status = 400;
        wrong.type = "badCSR";
        wrong.times = 1;
        start(&d, one, be_wrong);
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        CHECK_INT(d.csrs, 2);
        CHECK_INT(d.others, 1); /* with another key */
        CHECK_INT(d.calls[CALL_NEW_ORDER], 1);
        CHECK_INT(d.calls[CALL_FINALIZE], 2);
        driver_done(&d);

        wrong.times = 99; /* only once, also after a crash */
        start(&d, one, be_wrong);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_PARK);
        CHECK_INT(d.calls[CALL_FINALIZE], 2);
        driver_save(&d);
        bool refused = false;
        CHECK_INT(json_get_bool(d.saved, "csr_refused", &refused), 0);
        CHECK(refused);
        driver_done(&d);
}

/* -- validation ------------------------------------------------------------------------------- */

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

        start(&d, two, invalidate);
        d.challenge_error = error;
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_ORDER);
        CHECK_INT(failed(&d)->place, PLACE_CHALLENGE);
        CHECK_INT(failed(&d)->problem.type, PROBLEM_CONNECTION);
        CHECK_STR(failed(&d)->identifier, one);
        CHECK(failed(&d)->order_dead);
        CHECK(strstr(failed(&d)->message, "refused"));
        CHECK_INT(d.presents, 2);
        CHECK_INT(d.removes, 2);
        driver_done(&d);

        start(&d, two, invalidate); /* J-15: the order's own error */
        d.order_error = "{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"forbidden\"}";
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_PARK);
        CHECK_INT(failed(&d)->place, PLACE_CHALLENGE);
        CHECK(failed(&d)->order_dead);
        driver_done(&d);

        start(&d, two, invalidate); /* no reason at all */
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_ORDER);
        CHECK_INT(failed(&d)->place, PLACE_CHALLENGE); /* J-16: not again for 12 minutes */
        driver_done(&d);
}

static void resumed_invalid(void) {
        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"http-01\","
                        "\"identifier\":\"a.example.org\",\"token\":\"token-00-0123456789abcdef0123\"}]}";
        Driver d;

        driver_init(&d, one);
        CHECK(json_parse(saved, strlen(saved), &d.saved) >= 0);
        d.invalid = true;
        d.challenge_error = "{\"type\":\"urn:ietf:params:acme:error:dns\",\"detail\":\"SERVFAIL\"}";
        driver_restart(&d);
        CHECK_INT(failed(&d)->problem.type, PROBLEM_DNS);
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
                start(&d, one, odd_authorization);
                driver_run(&d, ORDER_EVENT_START);
                CHECK_INT(failed(&d)->class, i < 3 ? CLASS_ORDER : CLASS_LATER);
                CHECK(strstr(failed(&d)->message, i < 3 ? statuses[i] : "status"));
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
        start(&d, one, wants_again);
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
        CHECK_INT(d.calls[CALL_CHALLENGE], 6);
        for (size_t i = 0; i < 5; i++)
                CHECK(d.waits[i] >= 5 && d.waits[i] <= 60);
        CHECK_INT(d.presents, 1);
        driver_done(&d);

        wanted_posts = 99;
        start(&d, one, wants_again);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(d.calls[CALL_CHALLENGE], 6);
        CHECK_INT(failed(&d)->problem.type, PROBLEM_CONNECTION);
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

        start(&d, one, keeps_pending);
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
        CHECK_INT(d.presents, 2);
        CHECK_INT(d.removes, 2);
        CHECK_INT(d.calls[CALL_CHALLENGE], 2);
        driver_done(&d);
}

static void never_validated(void) {
        Driver d;
        int64_t total = 0;

        start(&d, two, NULL);
        d.pending_polls = 1000000;
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_ORDER);
        for (size_t i = 0; i < d.wait_count; i++)
                total += d.waits[i];
        CHECK(total >= 600 && total < 700);
        CHECK(strstr(failed(&d)->message, one));
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

        start(&d, one, lagging);
        d.fault_count = 12;
        d.pending_polls = 1;
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
        CHECK_INT(d.removes, 1);
        CHECK_INT(d.calls[CALL_FINALIZE], 1);
        driver_done(&d);

        start(&d, one, lagging);
        d.fault_count = 100000;
        d.pending_polls = 1;
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_ORDER);
        CHECK(d.now - 1800000000 < 700);
        driver_done(&d);
}

/* -- issuance --------------------------------------------------------------------------------- */

static void slow_issuance(void) {
        Driver d;

        start(&d, one, NULL);
        d.processing_polls = 30; /* about 10 minutes, then hours */
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
        CHECK_INT(d.waits[d.wait_count - 1], 3600);
        driver_done(&d);

        start(&d, one, NULL);
        d.processing_polls = 100000;
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_ORDER);
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

        start(&d, one, no_certificate);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_ORDER);
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

        start(&d, one, flapping);
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
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

        start(&d, one, gone_key);
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
        CHECK_INT(failed(&d)->class, CLASS_ORDER);
        CHECK(failed(&d)->order_dead);
        CHECK_INT(d.calls[CALL_FINALIZE], 0);
        driver_done(&d);
}

static void weak_signer(void) {
        OrderEffect effect;
        OrderEvent e;
        Driver d;

        start(&d, one, NULL);
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
        succeeded(&d);
        CHECK_INT(d.csrs, 3);
        driver_done(&d);
}

static bool garbled(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call == CALL_CERTIFICATE || d->fault_count++ % 2)
                return false;
        driver_ca(d, effect, e);
        return driver_text(d, e, 200, "<html><body>Please log in</body></html>");
}

static void garbled_answers(void) {
        Driver d;

        start(&d, one, garbled);
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
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
                start(&d, one, odd_location);
                driver_run(&d, ORDER_EVENT_START);
                CHECK_INT(failed(&d)->class, CLASS_LATER);
                CHECK(order_machine_url(d.m) == NULL);
                driver_done(&d);
        }
}

/* One canned answer for one call, as often as it is made. */
static struct {
        OrderCall call;
        const char *text;
} canned;

static bool answer_canned(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != canned.call)
                return false;
        e->location = "https://ca.test/o/1";
        return driver_text(d, e, 200, canned.text);
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
                canned.call = CALL_NEW_ORDER;
                canned.text = text;
                start(&d, one, answer_canned);
                driver_run(&d, ORDER_EVENT_START);
                CHECK_INT(failed(&d)->class, CLASS_ORDER);
                CHECK(strstr(failed(&d)->message, rows[i].message));
                CHECK_INT(d.posts, 1);
                driver_done(&d);
        }
}

static void empty_certificate(void) {
        Driver d;

        canned.call = CALL_CERTIFICATE;
        canned.text = "";
        start(&d, one, answer_canned);
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(failed(&d)->class, CLASS_LATER);
        CHECK_INT(failed(&d)->place, PLACE_CERTIFICATE);
        CHECK(!failed(&d)->order_dead);
        CHECK(d.now - 1800000000 < 200);
        driver_done(&d);
}

/* J-10: the server validates already, as after a crash. */
static void already_processing(void) {
        Driver d;

        canned.call = CALL_AUTHORIZATION;
        canned.text = "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example.org\"},"
                      "\"challenges\":[{\"type\":\"http-01\",\"url\":\"https://ca.test/x/0/0\",\"status\":\"processing\","
                      "\"error\":{\"type\":\"x\"},\"token\":\"token-00-0123456789abcdef0123\"}]}";
        start(&d, one, answer_canned);
        d.posted[0] = true;
        d.pending_polls = 8;
        driver_run(&d, ORDER_EVENT_START);
        succeeded(&d);
        CHECK_INT(d.calls[CALL_CHALLENGE], 0);
        CHECK_INT(d.presents, 1);
        driver_done(&d);
}

/* -- at random -------------------------------------------------------------------------------- */

static unsigned dice;

static unsigned roll(unsigned sides) {
        dice = dice * 1103515245U + 12345U;
        return (dice >> 16) % sides;
}

static void random_reply(Driver *d, OrderEvent *e) {
        static const char *const statuses[] = { "pending", "ready",   "processing",  "valid",
                                                "invalid", "expired", "deactivated", "strange" };
        static const long codes[] = { 200, 200, 200, 201, 204, 302, 400,
                                      403, 404, 409, 429, 500, 503, 0 };
        static const char *const types[] = { "badCSR",       "orderNotReady", "rateLimited",
                                             "unauthorized", "malformed",     "serverInternal",
                                             "badNonce",     "connection",    "caa" };
        char text[2048];

        e->location = roll(4) ? "https://ca.test/o/2" : NULL;
        e->retry_after_sec = roll(3) ? 0 : (int64_t) roll(5000);
        switch (roll(5)) {
        case 0:
                driver_problem(d, e, codes[roll(ELEMENTSOF(codes))], types[roll(ELEMENTSOF(types))],
                               e->retry_after_sec);
                return;
        case 1:
                (void) snprintf(text, sizeof text,
                                "{\"status\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example.org\"},"
                                "{\"type\":\"dns\",\"value\":\"b.example.org\"}],"
                                "\"authorizations\":[\"https://ca.test/a/0\",\"https://ca.test/a/1\"],"
                                "\"finalize\":\"https://ca.test/f\"%s}",
                                statuses[roll(ELEMENTSOF(statuses))],
                                roll(2) ? ",\"certificate\":\"https://ca.test/c\"" : "");
                break;
        case 2:
                (void) snprintf(text, sizeof text,
                                "{\"status\":\"%s\",\"type\":\"http-01\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s.example.org\"},"
                                "\"challenges\":[{\"type\":\"%s\",\"url\":\"https://ca.test/x/0/%u\",\"status\":\"%s\","
                                "\"token\":\"token-%02u-0123456789abcdef0123\"%s}]%s}",
                                statuses[roll(ELEMENTSOF(statuses))],
                                roll(8) ? roll(2) ? "a" : "b" : "evil",
                                roll(4) ? "http-01" : "dns-01", roll(3),
                                statuses[roll(ELEMENTSOF(statuses))], roll(3),
                                roll(3) ? ""
                                        : ",\"error\":{\"type\":\"urn:ietf:params:acme:error:dns\"}",
                                roll(3) ? "" : ",\"error\":{\"type\":\"x\"}");
                break;
        case 3:
                (void) snprintf(text, sizeof text, "%s", roll(2) ? "[{}" : "");
                break;
        default:
                (void) snprintf(text, sizeof text, "%s", driver_pem);
                break;
        }
        driver_text(d, e, roll(4) ? 200 : codes[roll(ELEMENTSOF(codes))], text);
}

static bool random_fault(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        unsigned r = roll(10);

        if (r < 5) /* the walk goes far only if the CA is right at times */
                return false;
        if (r == 5) {
                e->error = -ETIMEDOUT;
                return true;
        }
        (void) effect;
        random_reply(d, e);
        return true;
}

#define OPEN_MAX_WALK 64

typedef struct Walk {
        Driver d;
        OrderEvent open[OPEN_MAX_WALK]; /* answers that are still to be given */
        char *bodies[OPEN_MAX_WALK];
        size_t open_count;
} Walk;

static void walk_take(Walk *w) {
        OrderEffect effect;
        OrderEvent e;

        while (order_machine_next(w->d.m, &effect)) {
                if (!driver_carry_out(&w->d, &effect, &e))
                        continue;
                if (effect.kind == EFFECT_PRESENT && roll(5) == 0)
                        e.error = -EIO;
                if (effect.kind == EFFECT_CSR && roll(5) == 0)
                        e.error = roll(5) ? -EIO : -ENOKEY;
                REQUIRE(w->open_count < OPEN_MAX_WALK);
                w->bodies[w->open_count] = e.body ? strndup(e.body, e.size) : NULL;
                e.body = w->bodies[w->open_count];
                e.random = roll(1000);
                w->open[w->open_count++] = e;
        }
}

static void walk_answer(Walk *w) {
        size_t i = roll((unsigned) w->open_count);
        OrderEvent e = w->open[i];
        char *body = w->bodies[i];

        w->open_count--;
        w->open[i] = w->open[w->open_count];
        w->bodies[i] = w->bodies[w->open_count];
        e.now = w->d.now;
        CHECK(order_machine_step(w->d.m, &e) >= 0);
        free(body);
}

static void walk_illegal(Walk *w) {
        OrderEvent e = {
                .kind = (OrderEventKind) roll(ORDER_EVENT_MAX - 1), /* all but ABORT */
                .id = roll(30),
                .now = w->d.now,
        };

        if (e.kind == ORDER_EVENT_REPLY)
                random_reply(&w->d, &e);
        if (e.id == 0 || e.kind == ORDER_EVENT_START || e.kind == ORDER_EVENT_RESUME)
                CHECK(order_machine_step(w->d.m, &e) >= 0);
        else { /* a late answer: of something that is no longer open */
                for (size_t i = 0; i < w->open_count; i++)
                        if (w->open[i].id == e.id)
                                return;
                CHECK(order_machine_step(w->d.m, &e) >= 0);
        }
}

static void walk_crash(Walk *w) {
        for (size_t i = 0; i < w->open_count; i++)
                free(w->bodies[i]);
        w->open_count = 0;
        driver_load(&w->d);
        CHECK(order_machine_step(
                              w->d.m,
                              &(OrderEvent){ .kind = ORDER_EVENT_RESUME, .now = w->d.now }) >= 0);
}

static bool walk_ended(const Walk *w) {
        OrderState s = order_machine_state(w->d.m);

        return s == ORDER_DONE || s == ORDER_FAILED;
}

/* One order from start to end; true: it ended by itself. */
static bool walk_once(void) {
        static Walk w;
        char *text = NULL;
        bool ended;

        w.open_count = 0;
        start(&w.d, two, random_fault);
        w.d.processing_polls = 1 + roll(3);
        w.d.pending_polls = roll(3);
        CHECK(order_machine_step(
                              w.d.m, &(OrderEvent){ .kind = ORDER_EVENT_START, .now = w.d.now }) >=
              0);
        for (unsigned n = 0; n < 3000 && !walk_ended(&w); n++) {
                walk_take(&w);
                if (walk_ended(&w))
                        break;
                CHECK(w.open_count > 0); /* it waits for something */
                if (w.open_count == 0)
                        break;
                if (roll(20) == 0)
                        walk_illegal(&w);
                else if (roll(40) == 0 && w.d.saved)
                        walk_crash(&w);
                else
                        walk_answer(&w);
                CHECK(order_machine_describe(w.d.m, &text) >= 0);
                free(text);
        }
        ended = walk_ended(&w);
        CHECK(order_machine_step(w.d.m, &(OrderEvent){ .kind = ORDER_EVENT_ABORT }) >= 0);
        walk_take(&w);
        CHECK(walk_ended(&w));
        CHECK_INT(driver_shown_count(&w.d), 0);
        for (size_t i = 0; i < w.open_count; i++)
                free(w.bodies[i]);
        driver_done(&w.d);
        return ended;
}

static void random_walks(void) {
        const char *given = getenv("RENEWD_TEST_SEED");
        unsigned seed = given ? (unsigned) strtoul(given, NULL, 10) : 20270115U;
        unsigned ended = 0;

        for (unsigned i = 0; i < 2000; i++) {
                dice = seed + i;
                ended += walk_once();
                if (test_failures > 0) {
                        printf("# repeat: RENEWD_TEST_SEED=%u\n", seed + i);
                        return;
                }
        }
        printf("# seed %u: %u of 2000 walks ended by themselves\n", seed, ended);
        CHECK(ended > 1900);
}

TEST_MAIN({ "a lost answer never costs a new order (J-08, O-07, S-06)", lost_answers },
          { "A-08 what an old connection lost is looked at at once",
            old_connection_is_looked_at_once },
          { "an outage is waited out until the order expires (S-06)", long_outage },
          { "an unanswered newOrder is the caller's (H-12)", lost_new_order },
          { "every problem has its class and place (section Q, I-04, I-05, O-07, O-08, P-01)",
            problems },
          { "finalize is repeated at most twice, orderNotReady five times (O-07, I-04)",
            request_counts_in_trouble },
          { "a bare 404 on an object kills the order (I-05)", bare_404 },
          { "a finalize that is refused to the end names the cause (W-15)",
            refused_finalize_names_the_cause },
          { "an order of before that may not be looked at is dead (I-05)", order_that_never_was },
          { "an order of before whose URL answers with something else is dead (I-05)",
            order_that_is_something_else },
          { "a URL that never answers is waited for a week at most (H-07)",
            order_that_leads_nowhere },
          { "the count of finalizes survives a crash (O-07)", finalize_count_is_kept },
          { "a refused CSR is made anew once, at once, with another key (O-08)", refused_csr },
          { "the reason of a failed validation is read (J-12, J-15)", failed_validation },
          { "a resumed invalid order gives its reason (I-01, J-12)", resumed_invalid },
          { "a lost authorization loses the order (I-06, B-07)", lost_authorization },
          { "a challenge pending with error is posted again (J-09)", pending_with_error },
          { "another type is tried where the authorization stays pending (I-07)", other_type },
          { "validation ends after ten minutes (S-05)", never_validated },
          { "an order may lag behind its authorizations (I-03, S-05)", ready_lag },
          { "processing is polled hourly until the order expires (O-09)", slow_issuance },
          { "valid without certificate fails after five minutes (O-10)",
            valid_without_certificate },
          { "an order back at ready is finalized with the same CSR (W-13)", falls_back_to_ready },
          { "without its key an order is dead (I-02)", key_gone },
          { "a signer that fails is asked again", weak_signer },
          { "HTML with status 200 is no answer (W-09)", garbled_answers },
          { "a Location that cannot be used is refused (W-10, A-15)", locations },
          { "an order that cannot be begun is given up at once (H-06, H-07, I-06)", canned_orders },
          { "an empty certificate is asked for again for two minutes (P-01)", empty_certificate },
          { "a challenge that is being processed is not posted (J-08, J-10)", already_processing },
          { "2000 random walks end or wait, and leave nothing shown (J-13)", random_walks }, )
