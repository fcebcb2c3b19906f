/* Which challenge of an order is chosen. */

#include "tests/unit/order-driver.h"

static const char one[] = "a.example.org";

static const char wild[] = "*.example.org";

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

                        driver_check_end(&d, false);
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
        driver_check_end(&d, false);
        CHECK_INT(d.presents, 3); /* each type once */
        CHECK_INT(d.removes, 3);
        CHECK_INT(order_machine_failure(d.m)->class, CLASS_LATER);
        CHECK_STR(order_machine_failure(d.m)->identifier, one);
        driver_done(&d);
}

TEST_MAIN({ "the challenge is chosen by preference and offer (J-03, J-02)", preference },
          { "a challenge that cannot be shown gives way to the next (J-03)", second_choice })
