/* How a session comes to its account, and to another key of it. */

#include "daemon/account-job.h"
#include "tests/fake/loop.h"
#include "tests/unit/session-bench.h"
#include "tests/unit/test.h"

static bool register_with(Bench *b, const char *directory, Answer answer) {
        const Answer script[] = {
                { "GET /dir", .status = 200, .body = directory },
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                answer,
                {},
        };

        answer.request = "POST /new-account n";
        bench_init(b);
        return bench_prepare(b, script);
}

static void register_parked(const char *directory, long status, const char *problem) {
        Bench b;

        CHECK(!register_with(
                        &b, directory,
                        (Answer){ "POST /new-account n", .status = status, .body = problem }));
        CHECK_INT(b.class, CLASS_PARK);
        CHECK(!session_account(b.session));
        bench_done(&b);
}

static void terms_have_three_faces(void) {
        static const char dir[] =
                        DIRECTORY(",\"meta\":{\"termsOfService\":\"https://ca.test/tos\"}");

        register_parked(dir, 400, "{\"type\":\"" URN "malformed\",\"detail\":\"must agree\"}");
        register_parked(dir, 403, "{\"type\":\"" URN "agreementRequired\"}");
        register_parked(dir, 403, "{\"type\":\"" URN "userActionRequired\"}");
}

static void terms_are_recorded(void) {
        const Answer changed[] = {
                { "GET /dir", .status = 200,
                  .body = DIRECTORY(",\"meta\":{\"termsOfService\":\"https://ca.test/tos-2\"}") },
                {},
        };
        Bench b;

        CHECK(register_with(
                        &b, DIRECTORY(",\"meta\":{\"termsOfService\":\"https://ca.test/tos\"}"),
                        (Answer){ "POST /new-account n", .status = 201, .location = ACCOUNT }));
        CHECK_STR(account_terms(b.account), "https://ca.test/tos");
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(bench_prepare(&b, changed));
        CHECK_STR(account_terms(b.account),
                  "https://ca.test/tos"); /* not agreed to by being read */
        CHECK_STR(account_life(b.account)->terms_seen, "https://ca.test/tos-2");
        CHECK_STR(session_account(b.session), ACCOUNT);
        bench_done(&b);
}

static void external_binding_is_told(void) {
        const Answer script[] = {
                { "GET /dir", .status = 200,
                  .body = DIRECTORY(",\"meta\":{\"externalAccountRequired\":true}") },
                {},
        };
        Bench b;

        bench_init(&b);
        CHECK(!bench_prepare(&b, script));
        CHECK_INT(b.class, CLASS_PARK);
        CHECK(strstr(b.message, "external account binding"));
        bench_done(&b);
}

static void unusable_account_urls(void) {
        static const char *const locations_of[] = { NULL, "https://evil.test/account/1",
                                                    "http://ca.test/account/1" };

        for (size_t i = 0; i < ELEMENTSOF(locations_of); i++) {
                Bench b;

                CHECK(
                                !register_with(&b, DIRECTORY(""),
                                               (Answer){ "POST /new-account n", .status = 201,
                                                         .location = locations_of[i] }));
                CHECK_INT(b.class, CLASS_LATER);
                CHECK(!account_url(b.account, b.ca.directory));
                bench_done(&b);
        }
}

static void existing_account_is_taken(void) {
        Bench b;

        CHECK(register_with(
                        &b, DIRECTORY(""),
                        (Answer){ "POST /new-account n", .status = 200, .location = ACCOUNT }));
        CHECK_STR(session_account(b.session), ACCOUNT);
        bench_done(&b);
}

typedef struct Job {
        bool ended, failed;
        char text[300];
} Job;

static void on_rolled(const Failure *failure, const char *message, void *userdata) {
        Job *j = userdata;

        j->ended = true;
        j->failed = failure;
        (void) snprintf(j->text, sizeof j->text, "%s", failure ? failure->message : message);
}

/* `reads`: what the CA answers to the new key, then to the old one. */
static void roll_over(const Answer *change, long by_new, long by_old, Job *ret) {
        const Answer begin[] = {
                { "GET /dir", .status = 200,
                  .body = DIRECTORY(",\"keyChange\":\"https://ca.test/key-change\"") },
                { "HEAD /nonce", .status = 204, .nonce = "first" },
                { "POST /new-account first", .status = 201, .location = ACCOUNT, .nonce = "a" },
                {},
        };
        const Answer script[] = {
                *change,
                { "POST /account/7 b", .status = by_new, .nonce = "c", .body = "{}" },
                { by_old ? "POST /account/7 c" : NULL, .status = by_old, .body = "{}" },
                {},
        };
        AccountWish wish = { .action = ACCOUNT_ROLLOVER, .fn = on_rolled, .userdata = ret };
        AccountJob *job = NULL;
        Bench b;

        *ret = (Job){};
        bench_init(&b);
        CHECK(bench_prepare(&b, begin));
        b.http.script = script;
        b.http.next = 0;
        CHECK_INT(session_account_job(b.session, &wish, &job), 0);
        bench_play_out(&b);
        CHECK(ret->ended);
        (void) account_job_free(job);
        bench_done(&b);
}

static void key_change_is_verified(void) {
        const Answer good = { "POST /key-change a", .status = 200, .nonce = "b" };
        const Answer taken = { "POST /key-change a", .status = 409, .nonce = "b" };
        const Answer none = { "POST /key-change a", .status = 501, .nonce = "b",
                              .body = "{\"type\":\"" URN "rejectedIdentifier\"}" };
        Job j;

        roll_over(&good, 200, 0, &j);
        CHECK(!j.failed && strstr(j.text, "has a new key"));
        roll_over(&taken, 200, 0, &j); /* ours: an answer before was lost */
        CHECK(!j.failed);
        roll_over(&taken, 403, 200, &j);
        CHECK(j.failed && strstr(j.text, "keeps its old key") && strstr(j.text, "Another account"));
        roll_over(&none, 400, 200, &j);
        CHECK(j.failed && strstr(j.text, "does not offer"));
        roll_over(&good, 403, 200, &j); /* Pebble says yes and means no */
        CHECK(j.failed && strstr(j.text, "did not change the key"));
}

TEST_MAIN({ "F-12, F-13, W-12: whatever keyChange answers, the new key is tried, then the old one",
            key_change_is_verified },
          { "F-04: terms not agreed to have three faces", terms_have_three_faces },
          { "E-06: the terms agreed to are recorded, and their change", terms_are_recorded },
          { "a CA that wants an external binding is told", external_binding_is_told },
          { "F-01: an account URL elsewhere is not taken", unusable_account_urls },
          { "F-03: an account that is there already is taken", existing_account_is_taken })
