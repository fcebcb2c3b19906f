#include "base/strings.h"
#include "daemon/failure.h"
#include "tests/unit/test.h"

static void from(Failure *f, ProblemPlace place, long status, const char *body) {
        CHECK_INT(failure_from_answer(f, place, status, body, body ? strlen(body) : 0, 0), 0);
        CHECK_INT(f->place, place);
        CHECK_INT(f->problem.status, status);
        CHECK(f->message && utf8_is_valid(f->message, strlen(f->message)));
}

static void problem_is_told_in_one_sentence(void) {
        _cleanup_(failure_done) Failure f = {};

        from(&f, PLACE_NEW_ORDER, 429,
             "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many\"}");
        CHECK_INT(f.class, CLASS_LATER);
        CHECK_INT(f.problem.type, PROBLEM_RATE_LIMITED);
        REQUIRE(f.message);
        CHECK(str_skip_prefix(
                        f.message,
                        "the CA refused the order: 'rateLimited' (HTTP 429): too many; "));
        from(&f, PLACE_NEW_ORDER, 400, "{\"type\":\"urn:other:odd\\u001b\",\"detail\":\"a\\nb\"}");
        CHECK_STR(f.message, "the CA refused the order: 'urn:other:odd\\x1b' (HTTP 400): a\\x0ab");
}

static void foreign_page(void) {
        _cleanup_(failure_done) Failure f = {};

        from(&f, PLACE_DIRECTORY, 502, "<html>\r\n  <b>Bad\x1b Gateway\xff</b>");
        CHECK_INT(f.class, CLASS_LATER);
        CHECK_INT(f.problem.type, PROBLEM_NONE);
        CHECK_STR(f.message, "the CA's directory cannot be read: 'not an ACME answer' (HTTP 502): "
                             "<html> <b>Bad Gateway\\xff</b>");
}

static void long_foreign_page(void) {
        _cleanup_free_ char *page = malloc(100000);
        _cleanup_(failure_done) Failure f = {};

        REQUIRE(page);
        memset(page, 'x', 99999);
        page[99999] = '\0';
        page[50] = '\xc3'; /* half a letter */
        from(&f, PLACE_ORDER, 403, page);
        CHECK_INT(f.class, CLASS_PARK);
        CHECK(f.message && strlen(f.message) < 400);
        CHECK(f.message && strstr(f.message, "(HTTP 403): xxxx"));
        page[3] = '\0'; /* counted, not ended by NUL */
        CHECK_INT(failure_from_answer(&f, PLACE_ORDER, 403, page, 99999, 0), 0);
        CHECK(f.message && strstr(f.message, "(HTTP 403): xxx"));
}

static void nothing_at_all(void) {
        _cleanup_(failure_done) Failure f = {};

        from(&f, PLACE_CERTIFICATE, 503, NULL);
        CHECK_STR(f.message, "the certificate could not be fetched: 'no reason given' (HTTP 503)");
        from(&f, PLACE_CERTIFICATE, 503, "{}");
        CHECK_STR(f.message, "the certificate could not be fetched: 'no reason given' (HTTP 503)");
        from(&f, PLACE_CERTIFICATE, 503, "[\"problem\"]");
        CHECK_INT(f.class, CLASS_LATER);
}

static void status_decides_without_a_problem(void) {
        static const struct {
                long status;
                ProblemClass class;
        } rows[] = {
                { 301, CLASS_LATER }, { 400, CLASS_BUG },   { 401, CLASS_PARK },
                { 403, CLASS_PARK },  { 404, CLASS_LATER }, { 405, CLASS_LATER },
                { 408, CLASS_LATER }, { 410, CLASS_LATER }, { 413, CLASS_BUG },
                { 415, CLASS_BUG },   { 425, CLASS_LATER }, { 429, CLASS_LATER },
                { 500, CLASS_LATER }, { 502, CLASS_LATER }, { 503, CLASS_LATER },
                { 504, CLASS_LATER }, { 599, CLASS_LATER },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(failure_done) Failure f = {};

                from(&f, PLACE_NEW_ORDER, rows[i].status, "<html>");
                CHECK_INT(f.class, rows[i].class);
        }
}

static void retry_after_is_kept(void) {
        _cleanup_(failure_done) Failure f = {};

        CHECK_INT(failure_from_answer(&f, PLACE_ORDER, 503, NULL, 0, 77), 0);
        CHECK_INT(f.retry_after_sec, 77);
        CHECK_INT(failure_from_answer(&f, PLACE_ORDER, 503, NULL, 0, -5), 0);
        CHECK_INT(f.retry_after_sec, 0);
}

static void setting_replaces(void) {
        _cleanup_(failure_done) Failure f = {};

        from(&f, PLACE_ORDER, 500, "{\"detail\":\"x\"}");
        f.order_dead = true;
        CHECK_INT(str_replace(&f.identifier, "a.example.org"), 0);
        CHECK_INT(failure_set(&f, CLASS_UNREACHABLE, PLACE_NONCE, "%s is %d", "it", 7), 0);
        CHECK_STR(f.message, "it is 7");
        CHECK_INT(f.class, CLASS_UNREACHABLE);
        CHECK_INT(f.place, PLACE_NONCE);
        CHECK(!f.identifier && !f.problem.detail && !f.order_dead);
        CHECK_INT(f.problem.status, 0);
}

static void copies_are_their_own(void) {
        _cleanup_(failure_done) Failure a = {}, b = {}, empty = {};

        from(&a, PLACE_CHALLENGE, 400,
             "{\"type\":\"urn:ietf:params:acme:error:dns\",\"detail\":\"no A record\"}");
        CHECK_INT(str_replace(&a.identifier, "a.example.org"), 0);
        a.retry_after_sec = 9;
        a.order_dead = true;
        CHECK_INT(failure_copy(&a, &b), 0);
        CHECK(a.message != b.message && a.problem.detail != b.problem.detail);
        CHECK_STR(b.message, a.message);
        CHECK_STR(b.identifier, "a.example.org");
        CHECK_STR(b.problem.detail, "no A record");
        CHECK_INT(b.class, CLASS_ORDER);
        CHECK_INT(b.place, PLACE_CHALLENGE);
        CHECK_INT(b.retry_after_sec, 9);
        CHECK(b.order_dead);
        failure_done(&b);
        CHECK_INT(failure_copy(&empty, &b), 0);
        CHECK(!b.message && !b.identifier);
}

static void every_class_and_place_has_words(void) {
        for (ProblemClass c = 0; c < CLASS_MAX; c++) {
                const char *text = problem_class_to_string(c);

                REQUIRE(text && *text);
                for (ProblemClass other = 0; other < c; other++)
                        CHECK(strcmp(text, problem_class_to_string(other)) != 0);
        }
        CHECK_STR(problem_class_to_string(CLASS_MAX), "bug");
        for (ProblemPlace p = 0; p < PLACE_MAX; p++) {
                _cleanup_(failure_done) Failure f = {};

                from(&f, p, 500, NULL);
                CHECK(f.message && !strstr(f.message, "(null)") && f.message[0] != ':');
        }
}

TEST_MAIN({ "Q-01, Q-02: a problem is told in one sentence, escaped",
            problem_is_told_in_one_sentence },
          { "A-19: a page of somebody else is told as such", foreign_page },
          { "A-19: of a long page the beginning", long_foreign_page },
          { "Q-03: an answer without words", nothing_at_all },
          { "Q-03: without a problem the status decides", status_decides_without_a_problem },
          { "S-01: Retry-After is kept, never negative", retry_after_is_kept },
          { "setting a failure replaces what was in it", setting_replaces },
          { "a copy owns all of its own", copies_are_their_own },
          { "every class and place has words", every_class_and_place_has_words })
