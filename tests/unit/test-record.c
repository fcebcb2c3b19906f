#include "daemon/record.h"
#include "tests/unit/test.h"

static Json *json(const char *text) {
        Json *j = NULL;

        if (json_parse(text, strlen(text), &j) < 0)
                abort(); /* the test's own text */
        return j;
}

static void parse(const char *text, Record *ret) {
        _cleanup_(json_freep) Json *j = json(text);

        CHECK_INT(record_parse(j, ret), 0);
}

/* Out to JSON and back. */
static void again(const Record *from, Record *ret) {
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *text = NULL;

        CHECK_INT(record_build(from, &j), 0);
        CHECK_INT(json_to_string(j, &text), 0);
        parse(text, ret);
}

static void round_trip(void) {
        _cleanup_(record_done) Record a = {}, b = {};

        a.attempt = (RecordAttempt){
                .id = strdup("20270101-000000-1f3a"),
                .at = 5,
                .ca = strdup("ca"),
                .key_type = strdup("ecdsa-p256"),
                .account = strdup("https://ca.test/account/1"),
                .spki = strdup("ab"),
                .csr = true,
                .repeated = true,
                .order = json("{\"url\":\"https://ca.test/order/1\",\"presented\":[]}"),
        };
        (void) string_list_add(&a.attempt.names, "a.example.org");
        a.current.leaf = strdup("cd");
        a.current.former_not_after = 77;
        a.current.profile = strdup("shortlived");
        a.current.account = strdup("https://ca.test/account/1");
        a.current.at = 78;
        a.renewal = (RecordRenewal){
                .cert_id = strdup("YQ.Yg"),
                .start = 1,
                .end = 2,
                .explanation = strdup("https://ca.test/why"),
                .chosen = 1,
                .fetched = 3,
                .next_check = 4,
                .failures = 5,
                .recalled = true,
                .absent = true,
                .refused = true,
        };
        a.tries.failures = 3;
        a.tries.next_attempt = 99;
        a.tries.retry_after = 98;
        a.attempts = 12;
        record_add_issue(&a, 41, 7);
        again(&a, &b);
        CHECK_STR(b.attempt.id, "20270101-000000-1f3a");
        CHECK_STR(b.attempt.account, "https://ca.test/account/1");
        CHECK(b.attempt.csr && b.attempt.repeated);
        CHECK(string_list_contains(&b.attempt.names, "a.example.org"));
        CHECK(json_get(b.attempt.order, "url"));
        CHECK_STR(b.current.leaf, "cd");
        CHECK_INT(b.current.former_not_after, 77);
        CHECK_STR(b.current.profile, "shortlived");
        CHECK_STR(b.current.account, "https://ca.test/account/1");
        CHECK_INT(b.current.at, 78);
        CHECK_STR(b.renewal.cert_id, "YQ.Yg");
        CHECK_STR(b.renewal.explanation, "https://ca.test/why");
        CHECK_INT(b.renewal.start, 1);
        CHECK_INT(b.renewal.end, 2);
        CHECK_INT(b.renewal.chosen, 1);
        CHECK_INT(b.renewal.fetched, 3);
        CHECK_INT(b.renewal.next_check, 4);
        CHECK_INT(b.renewal.failures, 5);
        CHECK(b.renewal.recalled && b.renewal.absent && b.renewal.refused);
        CHECK_INT(b.tries.failures, 3);
        CHECK_INT(b.tries.next_attempt, 99);
        CHECK_INT(b.tries.retry_after, 98);
        CHECK_INT(b.attempts, 12);
        CHECK_INT(b.issued_count, 1);
        CHECK_INT(b.issued[0].at, 41);
}

static void unknown_members_stay(void) {
        _cleanup_(record_done) Record r = {};
        _cleanup_(json_freep) Json *j = NULL;
        const Json *current;

        parse("{\"version\":9,\"future\":{\"x\":1},\"current\":{\"leaf\":\"ab\",\"more\":true}}",
              &r);
        CHECK_INT(record_build(&r, &j), 0);
        CHECK(json_get(j, "future"));
        CHECK_INT(json_get_object(j, "current", &current), 0);
        CHECK(json_get(current, "more"));
}

static void a_finished_attempt_leaves_nothing(void) {
        _cleanup_(record_done) Record r = {};
        _cleanup_(json_freep) Json *j = NULL;

        parse("{\"attempt\":{\"id\":\"x\",\"order\":{}},\"error\":{\"message\":\"m\"}}", &r);
        CHECK_STR(r.attempt.id, "x");
        record_attempt_done(&r.attempt);
        record_error_done(&r.error);
        CHECK_INT(record_build(&r, &j), 0);
        CHECK(!json_get(j, "attempt"));
        CHECK(!json_get(j, "error"));
}

static void wrong_types_are_absent(void) {
        static const char *const texts[] = {
                "{}",
                "[]",
                "{\"attempt\":[],\"current\":7,\"error\":\"no\",\"issued\":{}}",
                "{\"attempt\":{\"id\":4,\"order\":3},\"failures\":\"many\",\"next_attempt\":-4}",
                "{\"issued\":[1,{\"at\":\"x\"},{\"at\":-1},null]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(record_done) Record r = {};

                parse(texts[i], &r);
                CHECK(!r.attempt.id);
                CHECK_INT(r.tries.failures, 0);
                CHECK_INT(r.tries.next_attempt, 0);
                CHECK_INT(r.issued_count, 0);
        }
}

static void huge_counters(void) {
        _cleanup_(record_done) Record r = {}, again_r = {};

        parse("{\"failures\":2147483648,\"attempts\":9007199254740991}", &r);
        CHECK_INT(r.tries.failures, RECORD_FAILURES_MAX);
        CHECK(r.attempts > 0);
        r.attempts++;
        again(&r, &again_r);
        CHECK_INT(again_r.tries.failures, RECORD_FAILURES_MAX);
}

static void hostile_text_is_escaped(void) {
        _cleanup_(record_done) Record r = {};

        parse("{\"error\":{\"message\":\"\\u001b[31mred\"}}", &r);
        CHECK_STR(r.error.message, "\\x1b[31mred");
}

static void issues_are_bounded_and_by_set(void) {
        int64_t times[RECORD_ISSUED_MAX];
        _cleanup_(string_list_done) StringList a = {}, b = {};
        _cleanup_(record_done) Record r = {};
        int64_t one, two;

        (void) string_list_add(&a, "a");
        (void) string_list_add(&b, "b");
        one = record_set_of(&a, "ecdsa-p256");
        two = record_set_of(&b, "ecdsa-p256");
        CHECK(one != two);
        CHECK(one != record_set_of(&a, "rsa-2048"));
        for (int i = 1; i <= 40; i++)
                record_add_issue(&r, i, i % 2 ? one : two);
        CHECK_INT(r.issued_count, RECORD_ISSUED_MAX);
        CHECK_INT(record_issues_of(&r, one, times), RECORD_ISSUED_MAX / 2);
        CHECK_INT(times[RECORD_ISSUED_MAX / 2 - 1], 39);
}

TEST_MAIN({ "Y-03: what is written is read again", round_trip },
          { "Y-04: unknown members stay, also of a newer version", unknown_members_stay },
          { "a finished attempt leaves nothing", a_finished_attempt_leaves_nothing },
          { "R1.20: members of a wrong type are as if absent", wrong_types_are_absent },
          { "R1.6: counters of 2^31 and more", huge_counters },
          { "R2.4.14: text from the file is escaped", hostile_text_is_escaped },
          { "S-08: issuances are counted by set, and bounded", issues_are_bounded_and_by_set })
