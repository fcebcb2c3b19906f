#include "acme/problem.h"
#include "tests/unit/test.h"

#define URN "urn:ietf:params:acme:error:"

static Problem parse(const char *text, long status) {
        _cleanup_(json_freep) Json *j = NULL;
        Problem p = {};

        CHECK_INT(json_parse(text, strlen(text), &j), 0);
        CHECK_INT(problem_parse(j, status, &p), 0);
        return p;
}

static void reads_document(void) {
        _cleanup_(problem_done) Problem p = parse(
                        "{\"type\":\"" URN "rateLimited\",\"detail\":\"too many\",\"status\":400,"
                        "\"instance\":\"https://ca.example/unpause\",\"x\":[1]}",
                        429);

        CHECK_INT(p.type, PROBLEM_RATE_LIMITED);
        CHECK_INT(p.status, 429);
        CHECK_STR(p.type_text, URN "rateLimited");
        CHECK_STR(p.detail, "too many");
        CHECK_STR(p.instance, "https://ca.example/unpause");
        CHECK(!p.identifier);
}

static void namespaces(void) {
        static const struct {
                const char *type;
                ProblemType expected;
        } cases[] = {
                { URN "dns", PROBLEM_DNS },
                { "urn:acme:error:dns", PROBLEM_DNS },
                { "urn:smallstep:acme:error:dns", PROBLEM_NONE },
                { URN "DNS", PROBLEM_NONE },
                { URN "dnsx", PROBLEM_NONE },
                { URN, PROBLEM_NONE },
                { "dns", PROBLEM_NONE },
                { "about:blank", PROBLEM_NONE },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[256];

                (void) snprintf(text, sizeof(text), "{\"type\":\"%s\"}", cases[i].type);
                _cleanup_(problem_done) Problem p = parse(text, 400);
                CHECK_INT(p.type, cases[i].expected);
                CHECK_STR(p.type_text, cases[i].type);
        }
}

static void names_of_types(void) {
        for (ProblemType t = PROBLEM_NONE + 1; t < PROBLEM_TYPE_MAX; t++) {
                char text[256];

                (void) snprintf(text, sizeof(text), "{\"type\":\"" URN "%s\"}",
                                problem_type_to_string(t));
                _cleanup_(problem_done) Problem p = parse(text, 400);
                CHECK_INT(p.type, t);
        }
        CHECK_STR(problem_type_to_string(PROBLEM_NONE), "");
        CHECK_STR(problem_type_to_string(PROBLEM_TYPE_MAX), "");
}

static void odd_json(void) {
        static const char *const texts[] = {
                "{}",
                "[]",
                "\"x\"",
                "{\"type\":null}",
                "{\"type\":7,\"detail\":{},\"instance\":[]}",
                "{\"subproblems\":{}}",
                "{\"subproblems\":[null,1,\"x\",{}]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(problem_done) Problem p = parse(texts[i], 500);
                CHECK_INT(p.type, PROBLEM_NONE);
                CHECK(!p.detail && !p.instance && !p.identifier);
                CHECK_INT(problem_classify(&p, PLACE_NEW_ORDER), CLASS_LATER);
        }

        _cleanup_(problem_done) Problem none = {};
        CHECK_INT(problem_parse(NULL, 502, &none), 0);
        CHECK_INT(none.status, 502);
}

static void escaped(void) {
        _cleanup_(problem_done) Problem p = parse(
                        "{\"type\":\"x\\n\",\"detail\":\"a\\u001b[31m\\nb\\u202e\",\"instance\":\"\\r\"}",
                        400);

        CHECK_STR(p.type_text, "x\\x0a");
        CHECK_STR(p.detail, "a\\x1b[31m\\x0ab\\xe2\\x80\\xae");
        CHECK_STR(p.instance, "\\x0d");
}

static void capped(void) {
        char text[8192], detail[6000];

        memset(detail, 'a', sizeof(detail));
        detail[sizeof(detail) - 1] = 0;
        (void) snprintf(text, sizeof(text), "{\"detail\":\"%s\"}", detail);
        _cleanup_(problem_done) Problem p = parse(text, 400);
        REQUIRE(p.detail);
        CHECK_INT(strlen(p.detail), 1024);
}

static void subproblems(void) {
        _cleanup_(problem_done) Problem compound = parse(
                        "{\"type\":\"" URN "compound\",\"subproblems\":["
                        "{\"type\":\"" URN
                        "dns\",\"detail\":\"no\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"}},"
                        "{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"policy\","
                        "\"identifier\":{\"type\":\"dns\",\"value\":\"b.example\"}}]}",
                        403);

        CHECK_INT(compound.type, PROBLEM_REJECTED_IDENTIFIER);
        CHECK_STR(compound.identifier, "b.example");
        CHECK_STR(compound.detail, "policy");
        CHECK_STR(compound.type_text, URN "compound");

        _cleanup_(problem_done) Problem top =
                        parse("{\"type\":\"" URN
                              "malformed\",\"detail\":\"2 names refused\",\"subproblems\":["
                              "{\"type\":\"" URN
                              "caa\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"}}]}",
                              400);
        CHECK_INT(top.type, PROBLEM_CAA);
        CHECK_STR(top.detail, "2 names refused");
        CHECK_STR(top.identifier, "a.example");

        _cleanup_(problem_done) Problem milder =
                        parse("{\"type\":\"" URN "rejectedIdentifier\",\"subproblems\":["
                              "{\"type\":\"" URN
                              "dns\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"}}]}",
                              400);
        CHECK_INT(milder.type, PROBLEM_REJECTED_IDENTIFIER);
        CHECK_STR(milder.identifier, "a.example");
}

typedef struct ClassCase {
        ProblemType type;
        ProblemPlace place;
        long status;
        ProblemClass expected;
} ClassCase;

static void check_classes(const ClassCase *cases, size_t count) {
        for (size_t i = 0; i < count; i++) {
                Problem p = { .type = cases[i].type, .status = cases[i].status };
                ProblemClass class = problem_classify(&p, cases[i].place);

                if (class != cases[i].expected) {
                        printf("# '%s' at place %d with status %ld\n",
                               problem_type_to_string(p.type), (int) cases[i].place, p.status);
                        CHECK_INT(class, cases[i].expected);
                }
        }
}

/* Section Q, row by row. */
static void table(void) {
        static const ClassCase cases[] = {
                { PROBLEM_ACCOUNT_DOES_NOT_EXIST, PLACE_NEW_ORDER, 400, CLASS_ACCOUNT },
                { PROBLEM_ACCOUNT_DOES_NOT_EXIST, PLACE_NEW_ACCOUNT, 400, CLASS_ACCOUNT },
                { PROBLEM_ALREADY_REVOKED, PLACE_NEW_ORDER, 400, CLASS_DONE },
                { PROBLEM_ALREADY_REPLACED, PLACE_NEW_ORDER, 409, CLASS_RETRY },
                { PROBLEM_BAD_CSR, PLACE_FINALIZE, 400, CLASS_PARK },
                { PROBLEM_BAD_NONCE, PLACE_ORDER, 400, CLASS_RETRY },
                { PROBLEM_BAD_PUBLIC_KEY, PLACE_NEW_ACCOUNT, 400, CLASS_PARK },
                { PROBLEM_BAD_REVOCATION_REASON, PLACE_NEW_ORDER, 400, CLASS_PARK },
                { PROBLEM_BAD_SIGNATURE_ALGORITHM, PLACE_NEW_ACCOUNT, 400, CLASS_PARK },
                { PROBLEM_CAA, PLACE_CHALLENGE, 0, CLASS_PARK },
                { PROBLEM_CAA, PLACE_FINALIZE, 403, CLASS_PARK },
                { PROBLEM_CONNECTION, PLACE_CHALLENGE, 0, CLASS_ORDER },
                { PROBLEM_DNS, PLACE_CHALLENGE, 0, CLASS_ORDER },
                { PROBLEM_DNS, PLACE_NEW_ORDER, 400, CLASS_ORDER },
                { PROBLEM_EXTERNAL_ACCOUNT_REQUIRED, PLACE_NEW_ACCOUNT, 403, CLASS_PARK },
                { PROBLEM_INCORRECT_RESPONSE, PLACE_CHALLENGE, 0, CLASS_ORDER },
                { PROBLEM_INVALID_CONTACT, PLACE_NEW_ACCOUNT, 400, CLASS_PARK },
                { PROBLEM_INVALID_PROFILE, PLACE_NEW_ORDER, 400, CLASS_PARK },
                { PROBLEM_MALFORMED, PLACE_NEW_ORDER, 400, CLASS_BUG },
                { PROBLEM_MALFORMED, PLACE_FINALIZE, 400, CLASS_BUG },
                { PROBLEM_MALFORMED, PLACE_AUTHORIZATION, 404, CLASS_ORDER },
                { PROBLEM_MALFORMED, PLACE_AUTHORIZATION, 405, CLASS_BUG },
                { PROBLEM_MALFORMED, PLACE_ORDER, 404, CLASS_ORDER },
                { PROBLEM_MALFORMED, PLACE_CERTIFICATE, 404, CLASS_LATER },
                { PROBLEM_MALFORMED, PLACE_NEW_ACCOUNT, 400, CLASS_PARK },
                { PROBLEM_ORDER_NOT_READY, PLACE_FINALIZE, 403, CLASS_RETRY },
                { PROBLEM_RATE_LIMITED, PLACE_NEW_ORDER, 429, CLASS_LATER },
                { PROBLEM_REJECTED_IDENTIFIER, PLACE_NEW_ORDER, 400, CLASS_PARK },
                { PROBLEM_SERVER_INTERNAL, PLACE_FINALIZE, 500, CLASS_LATER },
                { PROBLEM_TLS, PLACE_CHALLENGE, 0, CLASS_ORDER },
                { PROBLEM_UNSUPPORTED_CONTACT, PLACE_NEW_ACCOUNT, 400, CLASS_PARK },
                { PROBLEM_UNSUPPORTED_IDENTIFIER, PLACE_NEW_ORDER, 400, CLASS_PARK },
                { PROBLEM_USER_ACTION_REQUIRED, PLACE_NEW_ORDER, 403, CLASS_PARK },
                { PROBLEM_AGREEMENT_REQUIRED, PLACE_NEW_ACCOUNT, 403, CLASS_PARK },
                { PROBLEM_ALREADY_REVOKED, PLACE_REVOKE, 400, CLASS_DONE },
                { PROBLEM_BAD_REVOCATION_REASON, PLACE_REVOKE, 400, CLASS_PARK },
                { PROBLEM_UNAUTHORIZED, PLACE_REVOKE, 403, CLASS_PARK },
                { PROBLEM_BAD_PUBLIC_KEY, PLACE_KEY_CHANGE, 400, CLASS_PARK },
                { PROBLEM_CONFLICT, PLACE_KEY_CHANGE, 409, CLASS_LATER },
                { PROBLEM_RATE_LIMITED, PLACE_FINALIZE, 429, CLASS_LATER },
                { PROBLEM_SERVER_INTERNAL, PLACE_NEW_ORDER, 500, CLASS_LATER },
                { PROBLEM_REJECTED_IDENTIFIER, PLACE_FINALIZE, 403, CLASS_PARK },
                { PROBLEM_DNS, PLACE_FINALIZE, 400, CLASS_ORDER },
                { PROBLEM_COMPOUND, PLACE_NEW_ORDER, 403, CLASS_PARK },
                { PROBLEM_AUTO_RENEWAL_CANCELED, PLACE_ORDER, 403, CLASS_PARK },
                { PROBLEM_AUTO_RENEWAL_EXPIRED, PLACE_ORDER, 403, CLASS_PARK },
                { PROBLEM_AUTO_RENEWAL_CANCELLATION_INVALID, PLACE_ORDER, 400, CLASS_PARK },
                { PROBLEM_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED, PLACE_REVOKE, 403, CLASS_PARK },
                { PROBLEM_UNKNOWN_DELEGATION, PLACE_NEW_ORDER, 400, CLASS_PARK },
                { PROBLEM_ONION_CAA_REQUIRED, PLACE_FINALIZE, 403, CLASS_PARK },
                { PROBLEM_BAD_ATTESTATION_STATEMENT, PLACE_CHALLENGE, 0, CLASS_PARK },
        };

        check_classes(cases, ELEMENTSOF(cases));
}

static void unauthorized(void) {
        static const ClassCase cases[] = {
                { PROBLEM_UNAUTHORIZED, PLACE_CHALLENGE, 0, CLASS_ORDER },
                { PROBLEM_UNAUTHORIZED, PLACE_ORDER, 0, CLASS_ORDER },
                { PROBLEM_UNAUTHORIZED, PLACE_NEW_ORDER, 403, CLASS_PARK },
                { PROBLEM_UNAUTHORIZED, PLACE_FINALIZE, 403, CLASS_ORDER },
                { PROBLEM_UNAUTHORIZED, PLACE_NEW_ACCOUNT, 401, CLASS_PARK },
                { PROBLEM_UNAUTHORIZED, PLACE_ORDER, 403, CLASS_ACCOUNT },
                { PROBLEM_UNAUTHORIZED, PLACE_AUTHORIZATION, 403, CLASS_ACCOUNT },
                { PROBLEM_UNAUTHORIZED, PLACE_CHALLENGE_POST, 401, CLASS_ACCOUNT },
                { PROBLEM_UNAUTHORIZED, PLACE_CERTIFICATE, 403, CLASS_ACCOUNT },
        };

        check_classes(cases, ELEMENTSOF(cases));
}

static void by_status(void) {
        static const struct {
                long status;
                ProblemClass expected;
        } cases[] = {
                { 429, CLASS_LATER }, { 503, CLASS_LATER }, { 500, CLASS_LATER },
                { 502, CLASS_LATER }, { 504, CLASS_LATER }, { 408, CLASS_LATER },
                { 421, CLASS_LATER }, { 425, CLASS_LATER }, { 404, CLASS_LATER },
                { 405, CLASS_LATER }, { 410, CLASS_LATER }, { 401, CLASS_PARK },
                { 403, CLASS_PARK },  { 413, CLASS_BUG },   { 415, CLASS_BUG },
                { 400, CLASS_BUG },   { 302, CLASS_LATER }, { 200, CLASS_LATER },
                { 599, CLASS_LATER }, { -1, CLASS_LATER },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ClassCase none = { PROBLEM_NONE, PLACE_NEW_ORDER, cases[i].status,
                                   cases[i].expected };
                ClassCase compound = { PROBLEM_COMPOUND, PLACE_NEW_ORDER, cases[i].status,
                                       cases[i].expected };

                check_classes(&none, 1);
                check_classes(&compound, 1);
        }
        static const ClassCase inside = { PROBLEM_NONE, PLACE_CHALLENGE, 0, CLASS_ORDER };
        check_classes(&inside, 1);
}

/* Never "the CA gave no answer", never out of range, for whatever comes. */
static void total(void) {
        static const long statuses[] = { -1, 0, 200, 400, 403, 404, 429, 500, 999 };

        for (ProblemType t = PROBLEM_NONE; t < PROBLEM_TYPE_MAX; t++)
                for (ProblemPlace place = 0; place < PLACE_MAX; place++)
                        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                                Problem p = { .type = t, .status = statuses[i] };
                                CHECK(problem_classify(&p, place) < CLASS_UNREACHABLE);
                                CHECK(problem_advice(&p, place) != NULL);
                        }
}

static void advice(void) {
        Problem unauthorized_ = { .type = PROBLEM_UNAUTHORIZED };
        Problem terms = { .type = PROBLEM_AGREEMENT_REQUIRED, .status = 403 };
        Problem nonce = { .type = PROBLEM_BAD_NONCE, .status = 400 };

        CHECK(strstr(problem_advice(&unauthorized_, PLACE_CHALLENGE), "A and AAAA"));
        CHECK(strstr(problem_advice(&terms, PLACE_NEW_ACCOUNT), "AgreeToTerms=yes"));
        CHECK_STR(problem_advice(&nonce, PLACE_ORDER), "");
}

static void key_change(void) {
        Problem step_ca = { .type = PROBLEM_REJECTED_IDENTIFIER, .status = 501 };
        Problem empty = { .status = 409 };

        CHECK(strstr(problem_advice(&step_ca, PLACE_KEY_CHANGE), "does not offer"));
        CHECK(strstr(problem_advice(&empty, PLACE_KEY_CHANGE), "Another account"));
}

static void addresses(void) {
        char address[] = "2001:db8::1", name[] = "a.example.org";
        Problem p = { .type = PROBLEM_REJECTED_IDENTIFIER, .identifier = address };

        CHECK(strstr(problem_advice(&p, PLACE_NEW_ORDER), "RequireProfile="));
        p.type = PROBLEM_RATE_LIMITED;
        CHECK(!strstr(problem_advice(&p, PLACE_NEW_ORDER), "RequireProfile="));
        p = (Problem){ .type = PROBLEM_REJECTED_IDENTIFIER, .identifier = name };
        CHECK(!strstr(problem_advice(&p, PLACE_NEW_ORDER), "RequireProfile="));
}

/* Every type but those that are nobody's to act on. */
static void every_type_has_advice(void) {
        for (ProblemType t = PROBLEM_NONE + 1; t < PROBLEM_TYPE_MAX; t++) {
                Problem p = { .type = t, .status = 400 };
                bool silent = t == PROBLEM_BAD_NONCE || t == PROBLEM_COMPOUND ||
                              t == PROBLEM_ORDER_NOT_READY || t == PROBLEM_ALREADY_REPLACED ||
                              t == PROBLEM_ALREADY_REVOKED;
                ProblemPlace place = t == PROBLEM_UNAUTHORIZED ? PLACE_ORDER : PLACE_DIRECTORY;

                if (silent == (problem_advice(&p, place)[0] != '\0')) {
                        printf("# '%s'\n", problem_type_to_string(t));
                        CHECK(!"words, or none");
                }
        }
}

static void check_sentence(const char *json, long status, ProblemPlace place, const char *text) {
        _cleanup_(problem_done) Problem p = parse(json, status);
        _cleanup_free_ char *sentence = NULL;

        CHECK_INT(problem_sentence(&p, place, false, &sentence), 0);
        if (!sentence || !strstr(sentence, text)) {
                printf("# '%s' lacks '%s'\n", sentence ? sentence : "", text);
                CHECK(!"the sentence");
        }
}

static void sentences(void) {
        check_sentence("{\"type\":\"" URN
                       "rateLimited\",\"detail\":\"paused: https://ca/unpause?x\"}",
                       429, PLACE_NEW_ORDER,
                       "'rateLimited' (HTTP 429): paused: https://ca/unpause?x; A limit");
        check_sentence("{\"type\":\"" URN "userActionRequired\",\"detail\":\"new terms\","
                       "\"instance\":\"https://ca/terms\"}",
                       403, PLACE_NEW_ORDER, "new terms (see https://ca/terms); ");
        check_sentence("{\"type\":\"" URN "badSignatureAlgorithm\",\"algorithms\":[\"ES256\",7,"
                       "\"RS\\u001b256\"]}",
                       400, PLACE_NEW_ACCOUNT, "(it takes ES256, RS\\x1b256)");
        check_sentence("{\"type\":\"" URN
                       "rejectedIdentifier\",\"detail\":\"two\",\"subproblems\":["
                       "{\"type\":\"" URN
                       "rejectedIdentifier\",\"detail\":\"policy\",\"identifier\":"
                       "{\"type\":\"dns\",\"value\":\"a.test\"}},{\"type\":\"" URN
                       "caa\",\"identifier\":{\"type\":\"dns\",\"value\":\"b.test\"}}]}",
                       403, PLACE_NEW_ORDER, ": two [a.test: policy, b.test: caa]; ");
        check_sentence("{\"type\":\"" URN "conflict\"}", 409, PLACE_KEY_CHANGE,
                       "the CA refused the new account key: 'conflict' (HTTP 409); ");
}

static void blame(void) {
        _cleanup_(problem_done) Problem p = parse(
                        "{\"type\":\"" URN "malformed\",\"subproblems\":["
                        "{\"type\":\"" URN "rejectedIdentifier\",\"identifier\":{\"value\":\"a\"}},"
                        "{\"type\":\"" URN "rateLimited\",\"identifier\":{\"value\":\"b\"}},"
                        "{\"type\":\"" URN "dns\",\"identifier\":{\"value\":\"c\"}},"
                        "{\"type\":\"" URN "dns\"},{\"type\":\"odd\"}]}",
                        400);

        REQUIRE(p.subproblem_count == 4);
        CHECK(problem_blames(&p, 0));
        CHECK(!problem_blames(&p, 1));
        CHECK(problem_blames(&p, 2));
        CHECK(!problem_blames(&p, 3));
}

static void copies(void) {
        _cleanup_(problem_done)
                        Problem p = parse("{\"type\":\"" URN "dns\",\"detail\":\"no\"}", 400),
                                copy = {};

        CHECK_INT(problem_copy(&p, &copy), 0);
        CHECK_INT(copy.type, PROBLEM_DNS);
        CHECK_INT(copy.status, 400);
        CHECK_STR(copy.detail, "no");
        CHECK(copy.detail != p.detail);
        CHECK(!copy.identifier);
}

TEST_MAIN({ "Q-01 a document is read, the HTTP status wins", reads_document },
          { "Q-02 only the ACME namespace names types", namespaces },
          { "Q-01 each type is known by its name", names_of_types },
          { "B-03 B-04 odd JSON gives a problem without a type", odd_json },
          { "B-10 text is escaped", escaped },
          { "B-10 detail is capped at 1 KiB", capped },
          { "Q-05 the worst sub-problem decides", subproblems },
          { "Q table of types", table },
          { "Q unauthorized depends on the place", unauthorized },
          { "Q-03 without a type the status decides", by_status },
          { "Q every type has a class and words at every place", total },
          { "Q advice names the next step", advice },
          { "F-13 another account key: taken, or not offered", key_change },
          { "N-04 a refused address may want a profile", addresses },
          { "Q every type that waits for somebody has words", every_type_has_advice },
          { "Q, F-05, C-12: the sentence says who, what and where to look", sentences },
          { "Q-05 a name is blamed for what is its own fault only", blame },
          { "Q-07 a problem can be kept", copies })
