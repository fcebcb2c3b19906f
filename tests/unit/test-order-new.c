#include "tests/unit/order-driver.h"

static const char one[] = "a.example.org";
static const char cert_id[] = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";

/* Refuses newOrder `times` times in turn, each with its own answer. */
static struct {
        long status;
        const char *type;
} refusals[4];

static bool refuse(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        unsigned i = d->fault_count;

        if (effect->call != CALL_NEW_ORDER || i >= ELEMENTSOF(refusals) || refusals[i].status == 0)
                return false;
        d->fault_count++;
        return driver_problem(d, e, refusals[i].status, refusals[i].type, 0);
}

static void start(Driver *d, const OrderSpec *wish) {
        driver_init(d, one);
        d->wish = *wish;
        d->fault = refuse;
        driver_new(d);
}

static void carried(void) {
        OrderSpec wish = {
                .profile = "tlsserver",
                .replaces = cert_id,
                .not_before = 1800000000,
                .not_after = 1800086400,
        };
        Driver d;

        refusals[0].status = 0;
        start(&d, &wish);
        d.echo = ",\"profile\":\"tlsserver\",\"replaces\":\"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE\"";
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        CHECK_INT(d.tells, 0);
        CHECK_STR(d.asked, "tlsserver/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE/1800000000/1800086400 ");
        driver_done(&d);

        start(&d, &(OrderSpec){});
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        CHECK_STR(d.asked, "//0/0 "); /* H-04 */
        CHECK_INT(d.posts, 7);
        driver_done(&d);
}

/* the many faces of it. */
static void replaces_refused(void) {
        static const struct {
                long status;
                const char *type;
                bool again;
        } rows[] = {
                { 409, "alreadyReplaced", true }, { 409, "malformed", true },
                { 404, "malformed", true },       { 403, "unauthorized", true },
                { 401, "unauthorized", true },    { 500, "serverInternal", true },
                { 400, "neverHeardOf", true },    { 429, "rateLimited", false },
                { 400, "rateLimited", false },    { 429, "malformed", false },
                { 400, "badNonce", false },       { 503, "serverInternal", false },
                { 502, "serverInternal", false }, { 400, "accountDoesNotExist", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Driver d;

                memset(refusals, 0, sizeof refusals);
                refusals[0].status = rows[i].status;
                refusals[0].type = rows[i].type;
                start(&d, &(OrderSpec){ .replaces = cert_id });
                driver_run(&d, ORDER_EVENT_START);
                if (d.done != rows[i].again)
                        printf("# %ld %s\n", rows[i].status, rows[i].type);
                CHECK_INT(d.done, rows[i].again);
                CHECK_INT(d.calls[CALL_NEW_ORDER], rows[i].again ? 2 : 1);
                CHECK_INT(d.tells, rows[i].again);
                if (rows[i].again) {
                        CHECK_STR(d.asked, "/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE/0/0 //0/0 ");
                        CHECK_INT(d.waits[0] <= 2,
                                  1); /* at once: the first wait is that of the order */
                        CHECK(json_get(d.saved, "replaces") == NULL);
                }
                driver_done(&d);
        }
}

static void refused_twice(void) {
        Driver d;

        memset(refusals, 0, sizeof refusals);
        refusals[0].status = refusals[1].status = 403;
        refusals[0].type = refusals[1].type = "unauthorized";
        start(&d, &(OrderSpec){ .replaces = cert_id });
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.failed);
        CHECK_INT(d.calls[CALL_NEW_ORDER], 2);
        CHECK_INT(order_machine_failure(d.m)->class, CLASS_PARK);
        driver_done(&d);
}

static void preferred_refused(void) {
        static const struct {
                long status;
                const char *type;
        } rows[] = { { 400, "invalidProfile" }, { 403, "unauthorized" }, { 400, "malformed" } };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Driver d;

                memset(refusals, 0, sizeof refusals);
                refusals[0].status = rows[i].status;
                refusals[0].type = rows[i].type;
                start(&d, &(OrderSpec){ .profile = "tlsserver" });
                driver_run(&d, ORDER_EVENT_START);
                CHECK(d.done);
                CHECK_STR(d.asked, "tlsserver//0/0 //0/0 ");
                driver_done(&d);

                start(&d, &(OrderSpec){ .profile = "tlsserver", .profile_required = true });
                driver_run(&d, ORDER_EVENT_START);
                CHECK(d.failed);
                CHECK_STR(d.asked, "tlsserver//0/0 ");
                CHECK_INT(order_machine_failure(d.m)->class, i < 2 ? CLASS_PARK : CLASS_BUG);
                driver_done(&d);
        }
}

static void both_refused(void) {
        Driver d;

        memset(refusals, 0, sizeof refusals);
        refusals[0].status = 409;
        refusals[0].type = "alreadyReplaced";
        refusals[1].status = 400;
        refusals[1].type = "invalidProfile";
        start(&d, &(OrderSpec){ .profile = "tlsserver", .replaces = cert_id });
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        CHECK_STR(d.asked,
                  "tlsserver/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE/0/0 tlsserver//0/0 //0/0 ");
        driver_done(&d);

        /* The profile's fault is not the predecessor's. */
        memset(refusals, 0, sizeof refusals);
        refusals[0].status = 400;
        refusals[0].type = "invalidProfile";
        start(&d, &(OrderSpec){ .profile = "tlsserver", .replaces = cert_id });
        d.echo = ",\"replaces\":\"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE\"";
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        CHECK_STR(d.asked, "tlsserver/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE/0/0 "
                           "/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE/0/0 ");
        driver_done(&d);
}

static void not_echoed(void) {
        static const char *const echoes[] = { NULL, ",\"profile\":\"classic\"", ",\"profile\":7",
                                              ",\"profile\":\"TLSserver\"" };

        memset(refusals, 0, sizeof refusals);
        for (size_t i = 0; i < ELEMENTSOF(echoes); i++) {
                Driver d;

                start(&d, &(OrderSpec){ .profile = "tlsserver", .profile_required = true });
                d.echo = echoes[i];
                driver_run(&d, ORDER_EVENT_START);
                CHECK(d.failed);
                CHECK_INT(order_machine_failure(d.m)->class, CLASS_PARK);
                CHECK(order_machine_failure(d.m)->order_dead);
                CHECK_INT(d.posts, 1);
                driver_done(&d);

                start(&d, &(OrderSpec){ .profile = "tlsserver" });
                d.echo = echoes[i];
                driver_run(&d, ORDER_EVENT_START);
                CHECK(d.done);
                CHECK_INT(d.tells, 1);
                driver_done(&d);
        }
}

static void replaces_not_echoed(void) {
        Driver d;

        memset(refusals, 0, sizeof refusals);
        start(&d, &(OrderSpec){ .replaces = cert_id });
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        CHECK_INT(d.tells, 1);
        CHECK_INT(d.calls[CALL_NEW_ORDER], 1);
        driver_done(&d);
}

static void saved(void) {
        const char *replaces = NULL, *profile = NULL;
        Driver d;

        memset(refusals, 0, sizeof refusals);
        start(&d, &(OrderSpec){ .profile = "shortlived", .replaces = cert_id });
        d.stop_after = 2; /* newOrder, SAVE */
        driver_run(&d, ORDER_EVENT_START);
        REQUIRE(d.saved);
        CHECK(json_get_string(d.saved, "replaces", &replaces) >= 0);
        CHECK_STR(replaces, cert_id);
        CHECK(json_get_string(d.saved, "profile", &profile) >= 0);
        CHECK_STR(profile, "shortlived");
        driver_restart(&d);
        CHECK(d.done);
        CHECK_INT(d.calls[CALL_NEW_ORDER], 1);
        driver_done(&d);
}

/* An order that the CA does not process to an end must not outlast the present certificate. */
static void stuck_in_emergency(void) {
        Driver d;

        memset(refusals, 0, sizeof refusals);
        start(&d, &(OrderSpec){ .emergency = 1800000000 + 4 * SEC_PER_HOUR });
        d.processing_polls = 100000;
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.failed);
        CHECK_INT(order_machine_failure(d.m)->class, CLASS_ORDER);
        CHECK(order_machine_failure(d.m)->order_dead);
        CHECK(d.now >= 1800000000 + 4 * SEC_PER_HOUR && d.now <= 1800000000 + 6 * SEC_PER_HOUR);
        driver_done(&d);

        /* A slow CA still gets an hour when the emergency is there from the beginning. */
        start(&d, &(OrderSpec){ .emergency = 1800000000 - 1 });
        d.processing_polls = 30; /* half an hour */
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        driver_done(&d);
}

/* Its status by turns, at each look. */
static bool flap(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        static const char *const turns[] = { "processing", "ready", "processing", "ready" };

        if (effect->call != CALL_ORDER || !d->finalized || d->fault_count >= ELEMENTSOF(turns))
                return false;
        (void) snprintf(d->text, sizeof d->text,
                        "{\"status\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":"
                        "\"a.example.org\"}],\"authorizations\":[\"https://ca.test/a/0\"],"
                        "\"finalize\":\"https://ca.test/f\"}",
                        turns[d->fault_count++]);
        e->status = 200;
        e->body = d->text;
        e->size = strlen(d->text);
        return true;
}

static void flapping(void) {
        Driver d;

        driver_init(&d, one);
        d.fault = flap;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        CHECK(d.done);
        CHECK_INT(d.tells, 1);
        CHECK(strstr(d.told, "'processing' to 'ready'"));
        driver_done(&d);
}

static bool only_500(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        return effect->call == CALL_ORDER && driver_problem(d, e, 500, "serverInternal", 0);
}

/* step-ca answers 500 for an order that it does not know. */
static void forgotten_order(void) {
        static const char old[] = "{\"url\":\"https://ca.test/o/9\",\"created\":1799990000}";
        Driver d;

        driver_init(&d, one);
        CHECK_INT(json_parse(old, strlen(old), &d.saved), 0);
        d.fault = only_500;
        driver_restart(&d);
        CHECK(d.failed);
        CHECK_INT(order_machine_failure(d.m)->class, CLASS_ORDER);
        CHECK(order_machine_failure(d.m)->order_dead);
        driver_done(&d);
}

TEST_MAIN({ "newOrder carries what is asked for, and else nothing (H-01, H-04, X-02)", carried },
          { "a refusal with replaces is answered without it, at once (Q-09, W-22)",
            replaces_refused },
          { "and once only", refused_twice },
          { "a preferred profile is dropped when refused, a required one not (U-02, U-03)",
            preferred_refused },
          { "predecessor and profile are dropped one by one", both_refused },
          { "an order without the profile: error if required, else a warning (H-11)", not_echoed },
          { "an order without replaces is only told (H-11, T-16)", replaces_not_echoed },
          { "what was asked for is saved with the URL (H-05)", saved },
          { "a stuck order is given up in the emergency time (O-09)", stuck_in_emergency },
          { "an order that goes backwards is told once, and followed (I, W-13)", flapping },
          { "500 for an order of before means forgotten (I-05)", forgotten_order }, )
