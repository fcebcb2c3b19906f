/* Answers that stay a while. */

#include "daemon/lingering.h"
#include "tests/fake/loop.h"
#include "tests/unit/test.h"

#define START INT64_C(1800000000)

typedef struct Bench {
        Loop *loop;
        Lingering *lingering;
        unsigned ended;
        char last[64];
} Bench;

static void on_end(ChallengeType type, const char *identifier, const char *token, void *userdata) {
        Bench *b = userdata;

        b->ended++;
        (void) snprintf(b->last, sizeof b->last, "%s %s %s", challenge_type_to_string(type),
                        identifier, token);
}

static void init(Bench *b) {
        *b = (Bench){ .loop = fake_loop_new(1, START) };
        CHECK_INT(lingering_new(b->loop, on_end, b, &b->lingering), 0);
}

static void done(Bench *b) {
        b->lingering = lingering_free(b->lingering);
        (void) fake_loop_free(b->loop);
}

static void half_a_minute(void) {
        Bench b;

        init(&b);
        lingering_add(b.lingering, CHALLENGE_HTTP_01, "a", "1");
        fake_loop_run(b.loop, 20);
        lingering_add(b.lingering, CHALLENGE_HTTP_01, "a", "1"); /* twice is once */
        lingering_add(b.lingering, CHALLENGE_TLS_ALPN_01, "a", "1");
        CHECK_INT(b.ended, 0);
        fake_loop_run(b.loop, 11);
        CHECK_INT(b.ended, 1);
        CHECK_STR(b.last, "http-01 a 1");
        fake_loop_run(b.loop, 20);
        CHECK_INT(b.ended, 2);
        CHECK_STR(b.last, "tls-alpn-01 a 1");
        done(&b);
        CHECK_INT(b.ended, 2);
}

static void gives_way(void) {
        Bench b;

        init(&b);
        lingering_add(b.lingering, CHALLENGE_HTTP_01, "a", "1");
        lingering_add(b.lingering, CHALLENGE_HTTP_01, "a", "2");
        lingering_add(b.lingering, CHALLENGE_TLS_ALPN_01, "a", "3");
        lingering_end(b.lingering, CHALLENGE_HTTP_01, "a", "2");
        CHECK_INT(b.ended, 1);
        CHECK_STR(b.last, "http-01 a 2");
        lingering_end(b.lingering, CHALLENGE_TLS_ALPN_01, "b", NULL);
        CHECK_INT(b.ended, 1);
        lingering_end(b.lingering, CHALLENGE_TLS_ALPN_01, "a", NULL);
        CHECK_INT(b.ended, 2);
        CHECK_STR(b.last, "tls-alpn-01 a 3");
        done(&b); /* the end of all */
        CHECK_INT(b.ended, 3);
        CHECK_STR(b.last, "http-01 a 1");
}

TEST_MAIN({ "J-13 an answer ends half a minute later", half_a_minute },
          { "J-13 or when another one is to be shown, and with the engine", gives_way })
