/* Nonces of a session: refused, lost, absent, unusable. */

#include "tests/unit/session-bench.h"
#include "tests/unit/test.h"

static void refusal_brings_the_nonce(void) {
        const Answer script[] = {
                { "POST /new-order pooled", .status = 400, .nonce = "fresh", .body = BAD_NONCE },
                { "POST /new-order fresh", .status = 201, .location = "/order/1", .body = "{}" },
                {},
        };
        Bench b;

        bench_init_ready(&b, "pooled");
        bench_order(&b, script);
        CHECK_INT(b.status, 201);
        CHECK_STR(b.location, "https://ca.test/order/1");
        bench_done(&b);
}

/* What else is in the pool is no better than what was refused. */
static void refusal_without_a_nonce(void) {
        const Answer gone[] = {
                { "POST /x first-of-all", .status = 410, .nonce = "older" },
                {},
        };
        const Answer again[] = {
                { "GET /dir", .status = 200, .body = DIRECTORY(""), .nonce = "newer" },
                {},
        };
        const Answer script[] = {
                { "POST /new-order newer", .status = 400, .body = BAD_NONCE },
                { "HEAD /nonce", .status = 200, .nonce = "fetched" },
                { "POST /new-order fetched", .status = 201, .body = "{}" },
                {},
        };
        Bench b;

        bench_init_ready(&b, "first-of-all");
        bench_fetch(&b, "https://ca.test/x", gone);
        CHECK(bench_prepare(&b, again));
        bench_order(&b, script);
        CHECK_INT(b.status, 201);
        bench_done(&b);
}

static void nonce_is_used_once(void) {
        const Answer lost[] = {
                { "POST /new-order pooled", .error = -ETIMEDOUT },
                {},
        };
        const Answer again[] = {
                { "HEAD /nonce", .status = 200, .nonce = "other" },
                { "POST /new-order other", .status = 201, .body = "{}" },
                {},
        };
        Bench b;

        bench_init_ready(&b, "pooled");
        bench_order(&b, lost);
        CHECK_INT(b.error, -ETIMEDOUT);
        bench_order(&b, again);
        CHECK_INT(b.status, 201);
        bench_done(&b);
}

static void unusable_nonces_are_absent(void) {
        const Answer script[] = {
                { "HEAD /nonce", .status = 200, .nonce = "good" },
                { "POST /new-order good", .status = 201, .body = "{}", .nonce = "not=one" },
                {},
        };
        const Answer next[] = {
                { "HEAD /nonce", .status = 204, .nonce = "next" },
                { "POST /order/1 next", .status = 200, .body = "{}" },
                {},
        };
        Bench b;

        bench_init_ready(&b, NULL);
        bench_order(&b, script);
        bench_fetch(&b, "https://ca.test/order/1", next);
        CHECK_INT(b.status, 200);
        bench_done(&b);
}

static void no_nonce_to_be_had(void) {
        const Answer empty[] = { { "HEAD /nonce", .status = 200 }, {} };
        const Answer down[] = { { "HEAD /nonce", .status = 503, .retry_after = "120" }, {} };
        const Answer unreachable[] = { { "HEAD /nonce", .error = -ECONNREFUSED }, {} };
        Bench b;

        bench_init_ready(&b, NULL);
        bench_order(&b, empty);
        CHECK_INT(b.error, -EPROTO);
        CHECK_STR(b.message, "the CA gives no nonce");
        bench_order(&b, down);
        CHECK_INT(b.error, 0);
        CHECK_INT(b.status, 503);
        CHECK_INT(b.retry_after_sec, 120);
        bench_order(&b, unreachable);
        CHECK_INT(b.error, -ECONNREFUSED);
        bench_done(&b);
}

#define ODD "{\"type\":\"urn:old:malformed\",\"detail\":\"JWS has an invalid anti-replay Nonce\"}"

static void words_about_nonces_count_once(void) {
        const Answer script[] = {
                { "HEAD /nonce", .status = 200, .nonce = "one" },
                { "POST /new-order one", .status = 400, .nonce = "two", .body = ODD },
                { "POST /new-order two", .status = 400, .nonce = "three", .body = ODD },
                {},
        };
        const Answer known[] = {
                { "POST /new-order three", .status = 400, .nonce = "four",
                  .body = "{\"type\":\"" URN "malformed\",\"detail\":\"nonce\"}" },
                {},
        };
        Bench b;

        bench_init_ready(&b, NULL);
        bench_order(&b, script);
        CHECK_INT(b.status, 400);
        bench_order(&b, known); /* a type of ours is judged by the type */
        CHECK_INT(b.status, 400);
        bench_done(&b);
}

static void a_minute_of_refusals(void) {
        Answer script[40] = { { "HEAD /nonce", .status = 200, .nonce = "n" } };
        Bench b;

        for (size_t i = 1; i <= 4; i++)
                script[i] = (Answer){ "POST /new-order n", .status = 400, .nonce = "n",
                                      .body = BAD_NONCE, .delay_sec = 16 };
        bench_init_ready(&b, NULL);
        bench_order(&b, script);
        CHECK_INT(b.status, 400);
        CHECK_INT(b.error, 0);
        bench_done(&b);
}

TEST_MAIN({ "D-06: the refusal's own nonce is used next", refusal_brings_the_nonce },
          { "D-06: a refusal without nonce has one fetched", refusal_without_a_nonce },
          { "D-02: a nonce is gone when the connection is lost", nonce_is_used_once },
          { "D-03, D-05: an answer without usable nonce: one is fetched",
            unusable_nonces_are_absent },
          { "a CA that gives no nonce", no_nonce_to_be_had },
          { "D-10, Q-06: words about the nonce count once, and of unknown types only",
            words_about_nonces_count_once },
          { "D-07: a minute of refusals is handed up", a_minute_of_refusals })
