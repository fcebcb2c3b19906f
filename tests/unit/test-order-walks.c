/* Orders at random: whatever is answered, they end or wait. */

#include "tests/unit/order-driver.h"
#include "tests/unit/order-fault-bench.h"

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
        fault_start(&w.d, fault_two, random_fault);
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

TEST_MAIN({ "2000 random walks end or wait, and leave nothing shown (J-13)", random_walks })
