/* When a session may ask again, and whose clock says so. */

#include "base/log.h"
#include "tests/fake/loop.h"
#include "tests/unit/session-bench.h"
#include "tests/unit/test.h"

static int64_t retry_after(Bench *b, const char *field, const char *date) {
        const Answer script[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 503, .retry_after = field, .date = date },
                {},
        };

        bench_order(b, script);
        CHECK_INT(b->status, 503);
        return b->retry_after_sec;
}

static void retry_after_by_the_answers_date(void) {
        Bench b;

        bench_init_ready(&b, NULL);
        fake_loop_set_offset(b.loop, 5000); /* our clock is wrong, theirs is not */
        CHECK_INT(retry_after(&b, "Fri, 01 Jan 2027 12:10:00 GMT", "Fri, 01 Jan 2027 12:00:00 GMT"),
                  600);
        CHECK_INT(retry_after(&b, "77", "Fri, 01 Jan 2027 12:00:00 GMT"), 77);
        CHECK_INT(retry_after(&b, "Fri, 01 Jan 2027 11:00:00 GMT", "Fri, 01 Jan 2027 12:00:00 GMT"),
                  0);
        CHECK_INT(retry_after(&b, "soon", NULL), 0);
        CHECK_INT(retry_after(&b, "-5", NULL), 0);
        CHECK_INT(retry_after(&b, NULL, NULL), 0);
        bench_done(&b);
}

static char said[300];
static unsigned told;

static void listen(int level, const char *message, const LogFields *fields) {
        (void) fields;
        told++;
        if (level <= LOG_NOTICE)
                (void) snprintf(said, sizeof said, "%s", message);
}

static void retry_after_is_cut(void) {
        Bench b;

        bench_init_ready(&b, NULL);
        log_set_max_level(LOG_NOTICE);
        log_set_sink(listen);
        CHECK_INT(retry_after(&b, "604800", NULL), 7 * SEC_PER_DAY);
        CHECK_STR(said, "");
        CHECK_INT(retry_after(&b, "31536000", NULL), 7 * SEC_PER_DAY);
        log_set_sink(NULL);
        CHECK(strstr(said, "365 days") && strstr(said, "7 days"));
        bench_done(&b);
}

static void wrong_clock(void) {
        Bench b;

        bench_init_ready(&b, NULL);
        log_set_max_level(LOG_WARNING);
        log_set_sink(listen);
        said[0] = '\0';
        (void) retry_after(&b, "77", "Fri, 01 Jan 2027 00:04:00 GMT");
        CHECK_STR(said, "");
        told = 0;
        (void) retry_after(&b, "77", "Fri, 01 Jan 2027 02:00:00 GMT");
        (void) retry_after(&b, "77", "Fri, 01 Jan 2027 02:00:00 GMT");
        log_set_sink(NULL);
        CHECK(strstr(said, "2 h behind that of the CA"));
        CHECK_INT(told, 1);
        bench_done(&b);
}

static void retry_after_by_our_clock(void) {
        int64_t now, delay;
        Bench b;

        bench_init_ready(&b, NULL);
        now = loop_wall_sec(b.loop);
        delay = retry_after(&b, "Fri, 01 Jan 2027 12:00:00 GMT", "yesterday");
        CHECK(delay <= START + SEC_PER_DAY / 2 - now && delay >= START + SEC_PER_DAY / 2 - now - 5);
        bench_done(&b);
}

TEST_MAIN({ "S-03: Retry-After is taken against the answer's Date",
            retry_after_by_the_answers_date },
          { "S-04: more than seven days are cut, and said", retry_after_is_cut },
          { "A-20: a clock that is wrong by minutes is told of once", wrong_clock },
          { "S-03: without a Date against our clock", retry_after_by_our_clock })
