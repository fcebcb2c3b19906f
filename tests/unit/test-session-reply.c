/* A session and answers as CAs really send them: what is none, what is elsewhere, what is gone. */

#include "daemon/session-request.h"
#include "tests/fake/loop.h"
#include "tests/unit/session-bench.h"
#include "tests/unit/test.h"

#define GONE .error = -EIO, .unanswered = true

static void old_connection_that_died(void) {
        const Answer once[] = {
                { "POST /new-order pooled", GONE },
                { "HEAD /nonce", .status = 200, .nonce = "other" },
                { "POST /new-order other", .status = 201, .body = "{}" },
                {},
        };
        const Answer twice[] = {
                { "HEAD /nonce", .status = 200, .nonce = "third" },
                { "POST /order/1 third", GONE },
                { "HEAD /nonce", .status = 200, .nonce = "fourth" },
                { "POST /order/1 fourth", GONE },
                {},
        };
        usec_t began;
        Bench b;

        bench_init_ready(&b, "pooled");
        began = loop_boot_usec(b.loop);
        bench_order(&b, once);
        CHECK_INT(b.status, 201);
        CHECK(loop_boot_usec(b.loop) - began < USEC_PER_SEC);
        bench_fetch(&b, "https://ca.test/order/1", twice);
        CHECK_INT(b.error, -EIO);
        CHECK(!b.unanswered); /* nothing more to be gained by haste */
        bench_done(&b);
}

/* Whether it was carried out its owner asks first. */
static void some_are_not_sent_twice(void) {
        const Answer script[] = { { "POST /challenge/1 pooled", GONE }, {} };
        SessionRequest request = { .kind = SESSION_CHALLENGE,
                                   .url = "https://ca.test/challenge/1" };
        Bench b;

        bench_init_ready(&b, "pooled");
        request.owner = &b;
        bench_send(&b, &request, script);
        CHECK_INT(b.error, -EIO);
        CHECK(b.unanswered);
        bench_done(&b);
}

static void html_is_handed_up(void) {
        const Answer script[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 502, .body = HTML },
                {},
        };
        Bench b;

        bench_init_ready(&b, NULL);
        bench_order(&b, script);
        CHECK_INT(b.error, 0);
        CHECK_INT(b.status, 502);
        CHECK_STR(b.body, HTML);
        bench_done(&b);
}

static void html_for_a_directory(void) {
        const Answer refused[] = { { "GET /dir", .status = 403, .body = HTML }, {} };
        const Answer good[] = { { "GET /dir", .status = 200, .body = HTML }, {} };
        const Answer foreign[] = {
                { "GET /dir", .status = 200,
                  .body = "{\"newNonce\":\"https://evil.test/n\",\"newAccount\":\"https://ca.test/a\","
                          "\"newOrder\":\"https://ca.test/o\"}" },
                {},
        };
        Bench b;

        bench_init(&b);
        CHECK(!bench_prepare(&b, refused));
        CHECK_INT(b.class, CLASS_PARK);
        CHECK(strstr(b.message, "'not an ACME answer' (HTTP 403): <html><body>502 Bad Gateway"));
        CHECK(!bench_prepare(&b, good));
        CHECK_INT(b.class, CLASS_LATER);
        CHECK(strstr(b.message, "the CA's directory makes no sense"));
        CHECK(!bench_prepare(&b, foreign)); /* R2.4.3: it does not lead elsewhere */
        CHECK_INT(b.class, CLASS_LATER);
        bench_done(&b);
}

static void locations(void) {
        const Answer none[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 201, .body = "{}" },
                {},
        };
        const Answer relative[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 201, .location = "order/9", .body = "{}" },
                {},
        };
        Bench b;

        bench_init_ready(&b, NULL);
        bench_order(&b, none);
        CHECK_STR(b.location, "none");
        bench_order(&b, relative);
        CHECK_STR(b.location, "https://ca.test/order/9");
        bench_done(&b);
}

#define DIRECTORY_AGAIN \
        { "GET /dir", .status = 200, .body = DIRECTORY("") }

static void gone_endpoint_refreshes_the_directory(void) {
        const Answer gone[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 404, .body = "{}" },
                {},
        };
        const Answer no_order[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /order/1 n", .status = 404, .body = "{}" },
                {},
        };
        const Answer again[] = { DIRECTORY_AGAIN, {} };
        const Answer no_nonce[] = { { "HEAD /nonce", .status = 405 }, {} };
        const Answer nothing[] = { {} };
        Bench b;

        bench_init_ready(&b, NULL);
        bench_order(&b, gone);
        CHECK(bench_prepare(&b, again));
        CHECK(bench_prepare(&b, nothing));
        bench_fetch(&b, "https://ca.test/order/1", no_order); /* says nothing of the directory */
        CHECK(bench_prepare(&b, nothing));
        bench_order(&b, no_nonce);
        CHECK_INT(b.status, 405);
        CHECK(bench_prepare(&b, again));
        bench_done(&b);
}

static void directory_lives_as_long_as_it_says(void) {
        static const struct {
                const char *cache_control;
                int64_t kept_sec, gone_sec;
        } cases[] = {
                { "public, max-age=600", 590, 20 },
                { "max-age=300", 23 * SEC_PER_HOUR, 2 * SEC_PER_HOUR },
                { "max-age=604800", 23 * SEC_PER_HOUR, 2 * SEC_PER_HOUR },
        };
        const Answer nothing[] = { {} };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Answer gone[] = {
                        { "POST /new-order n", .status = 405, .body = "{}" },
                        {},
                };
                const Answer again[] = {
                        { "GET /dir", .status = 200, .body = DIRECTORY(""),
                          .cache_control = cases[i].cache_control },
                        {},
                };
                Bench b;

                bench_init_ready(&b, "n");
                bench_order(&b, gone); /* makes it stale */
                CHECK(bench_prepare(&b, again));
                fake_loop_run(b.loop, cases[i].kept_sec);
                CHECK(bench_prepare(&b, nothing));
                fake_loop_run(b.loop, cases[i].gone_sec);
                CHECK(bench_prepare(&b, again));
                bench_done(&b);
        }
}

static void disguised_problem(void) {
        static const Answer script[] = {
                { "POST /new-order n1", .status = 201, .type = "application/problem+json; x",
                  .body = "{}" },
                {},
        };
        Bench b;

        bench_init_ready(&b, "n1");
        bench_order(&b, script);
        CHECK_INT(b.status, 500);
        bench_done(&b);
}

TEST_MAIN({ "Q-04: a problem with status 201 is a failure", disguised_problem },
          { "A-08 H-12 what an old connection lost is sent once more, with another nonce",
            old_connection_that_died },
          { "A-08 J-08 O-07 not what has to be looked at first", some_are_not_sent_twice },
          { "Q-03: a page of HTML is handed up with its status", html_is_handed_up },
          { "A-19, E-05: a directory that is none", html_for_a_directory },
          { "Location is made absolute", locations },
          { "E-04: an endpoint that is gone refreshes the directory",
            gone_endpoint_refreshes_the_directory },
          { "E-04: a directory is kept for its max-age, if that is sensible",
            directory_lives_as_long_as_it_says })
