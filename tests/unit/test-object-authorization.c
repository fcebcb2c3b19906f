/* Authorizations and their challenges as CAs send them. */

#include "acme/object.h"
#include "tests/unit/object-bench.h"
#include "tests/unit/test.h"

#define TOKEN "DGyRejmCefe7v4NfDGDKfA"

static int parse_authorization(const char *text, Authorization *ret) {
        _cleanup_(json_freep) Json *j = object_json(text);
        const char *reason = NULL;
        int r = authorization_parse(j, &object_origins, ret, &reason);

        CHECK(r == 0 || reason);
        return r;
}

#define IDENTIFIER "\"identifier\":{\"type\":\"dns\",\"value\":\"A.Example\"}"
#define HTTP01                                                                            \
        "{\"type\":\"http-01\",\"url\":\"https://ca.example/chall/1\",\"token\":\"" TOKEN \
        "\",\"status\":\"pending\"}"

static void authorization(void) {
        _cleanup_(authorization_done) Authorization a = {};

        CHECK_INT(parse_authorization(
                                  "{\"status\":\"pending\"," IDENTIFIER
                                  ",\"expires\":\"2027-01-03T12:00:00Z\","
                                  "\"challenges\":[" HTTP01
                                  ",{\"type\":\"dns-01\",\"url\":\"https://ca.example/chall/2\",\"token\":\"" TOKEN
                                  "\",\"status\":\"invalid\",\"validationRecord\":[{}],\"error\":{\"type\":"
                                  "\"urn:ietf:params:acme:error:dns\",\"detail\":\"NXDOMAIN\"}}]}",
                                  &a),
                  0);
        CHECK_INT(a.status, STATUS_PENDING);
        CHECK_STR(a.identifier, "a.example");
        CHECK(!a.wildcard);
        CHECK_INT(a.expires, 1798977600);
        REQUIRE(a.challenge_count == 2);
        CHECK_INT(a.challenges[0].type, CHALLENGE_HTTP_01);
        CHECK_STR(a.challenges[0].url, "https://ca.example/chall/1");
        CHECK_STR(a.challenges[0].token, TOKEN);
        CHECK_INT(a.challenges[0].status, STATUS_PENDING);
        CHECK(!a.challenges[0].has_error);
        CHECK_INT(a.challenges[1].type, CHALLENGE_DNS_01);
        CHECK(a.challenges[1].has_error);
        CHECK_INT(a.challenges[1].error.type, PROBLEM_DNS);
}

static size_t persist_count(const char *members) {
        _cleanup_(authorization_done) Authorization a = {};
        _cleanup_free_ char *text = NULL;

        CHECK(str_printf(&text,
                         "{\"status\":\"pending\"," IDENTIFIER
                         ",\"challenges\":[{\"type\":\"dns-persist-01\","
                         "\"url\":\"https://ca.example/chall/0\",\"status\":\"pending\"%s}]}",
                         members) >= 0);
        CHECK_INT(parse_authorization(text, &a), 0);
        if (a.challenge_count == 1) {
                CHECK_INT(a.challenges[0].type, CHALLENGE_DNS_PERSIST_01);
                CHECK_STR(a.challenges[0].token, "");
                CHECK_STR(a.challenges[0].issuers.items[0], "ca.example");
        }
        return a.challenge_count;
}

static void persist(void) {
        CHECK_INT(persist_count(",\"issuer-domain-names\":[\"ca.example\"]"), 1);
        CHECK_INT(persist_count(",\"issuerDomainNames\":[\"ca.example\",\"b.example\"]"), 1);
        CHECK_INT(persist_count(""), 0);
        CHECK_INT(persist_count(",\"issuerDomainNames\":[]"), 0);
        CHECK_INT(persist_count(",\"issuerDomainNames\":[\"CA.example\"]"), 0);
        CHECK_INT(persist_count(",\"issuerDomainNames\":[\"ca.example.\"]"), 0);
        CHECK_INT(persist_count(",\"issuerDomainNames\":[\"ca.example\",7]"), 0);
        CHECK_INT(persist_count(",\"issuerDomainNames\":[\"a.b\",\"a.b\",\"a.b\",\"a.b\",\"a.b\","
                                "\"a.b\",\"a.b\",\"a.b\",\"a.b\",\"a.b\",\"a.b\"]"),
                  0);
}

static void unknown_challenges(void) {
        _cleanup_(authorization_done) Authorization a = {};

        CHECK_INT(parse_authorization(
                                  "{\"status\":\"pending\"," IDENTIFIER ",\"challenges\":["
                                  "{\"type\":\"dns-future-01\",\"url\":\"https://ca.example/chall/0\",\"status\":\"pending\"},"
                                  "{\"type\":\"new\\n-99\",\"url\":\"https://evil.example/\",\"token\":\"x\"},"
                                  "{\"type\":\"http-01\",\"url\":\"https://ca.example/chall/3\",\"status\":\"pending\"},"
                                  "null,7,[],{},{\"type\":9}," HTTP01 "]}",
                                  &a),
                  0);
        REQUIRE(a.challenge_count == 1);
        CHECK_STR(a.challenges[0].url, "https://ca.example/chall/1");
        REQUIRE(a.offered.count == 4);
        CHECK_STR(a.offered.items[0], "dns-future-01");
        CHECK_STR(a.offered.items[1], "new\\x0a-99");
        CHECK_STR(a.offered.items[3], "http-01");
}

static void bad_tokens(void) {
        static const char *const tokens[] = {
                "",
                "x",
                "../../../../../../../etc/passwd",
                "/etc/xxxxxxxxxxxxxxxxxxxxxxxx",
                "..\\\\xxxxxxxxxxxxxxxxxxxxxxxxxxx",
                "aaaaaaaaaaaaa/aaaaaaaaaaaaaaa",
                "%2e%2e%2faaaaaaaaaaaaaaaaaaaaa",
                "DGyRejmCefe7v4NfDGDKfA==",
                "DGyRejmCefe7v4NfDGDK\xc3\xa9",
                "DGyRejmCefe7v4NfDGDK A",
                "DGyRejmCefe7v4NfDGDKf",
        };

        for (size_t i = 0; i < ELEMENTSOF(tokens); i++) {
                _cleanup_(authorization_done) Authorization a = {};
                char text[512];

                (void) snprintf(text, sizeof(text),
                                "{\"status\":\"pending\"," IDENTIFIER
                                ",\"challenges\":[{\"type\":\"http-01\","
                                "\"url\":\"https://ca.example/c\",\"status\":\"pending\",\"token\":\"%s\"}]}",
                                tokens[i]);
                CHECK_INT(parse_authorization(text, &a), 0);
                CHECK_INT(a.challenge_count, 0);
                CHECK_INT(a.offered.count, 1);
        }
}

static void token_length(void) {
        char token[200];

        memset(token, 'a', sizeof(token));
        token[22] = 0;
        CHECK(token_is_valid(token));
        CHECK(!token_is_valid(token + 1));
        token[22] = 'a';
        token[83] = 0;
        CHECK(token_is_valid(token));
        token[83] = 'a';
        token[84] = 0;
        CHECK(!token_is_valid(token));
        CHECK(token_is_valid("-_0123456789ABCDEFabcdef"));
}

static void wildcard(void) {
        _cleanup_(authorization_done) Authorization said = {}, in_value = {};

        CHECK_INT(parse_authorization(
                                  "{\"status\":\"pending\"," IDENTIFIER ",\"wildcard\":true}",
                                  &said),
                  0);
        CHECK(said.wildcard);
        CHECK_STR(said.identifier, "a.example");
        CHECK_INT(parse_authorization(
                                  "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"*.a.example\"}}",
                                  &in_value),
                  0);
        CHECK(in_value.wildcard);
        CHECK_STR(in_value.identifier, "a.example");
}

static void valid_without_challenges(void) {
        static const char *const texts[] = {
                "{\"status\":\"valid\"," IDENTIFIER "}",
                "{\"status\":\"valid\"," IDENTIFIER ",\"challenges\":null}",
                "{\"status\":\"valid\"," IDENTIFIER ",\"challenges\":[]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(authorization_done) Authorization a = {};
                CHECK_INT(parse_authorization(texts[i], &a), 0);
                CHECK_INT(a.status, STATUS_VALID);
                CHECK_INT(a.challenge_count, 0);
        }
}

static void no_authorization(void) {
        static const char *const texts[] = {
                "[]",
                "{\"status\":\"pending\"}",
                "{" IDENTIFIER "}",
                "{\"status\":\"pending\",\"identifier\":\"a.example\"}",
                "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a/b\"}}",
                "{\"status\":\"pending\"," IDENTIFIER
                ",\"challenges\":[{\"type\":\"http-01\",\"status\":\"pending\","
                "\"url\":\"https://evil.example/\",\"token\":\"" TOKEN "\"}]}",
                "{\"status\":\"pending\"," IDENTIFIER
                ",\"challenges\":[{\"type\":\"http-01\",\"status\":\"pending\","
                "\"url\":\"http://ca.example/\",\"token\":\"" TOKEN "\"}]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(authorization_done) Authorization a = {};

                if (parse_authorization(texts[i], &a) != -EBADMSG) {
                        printf("# taken: %s\n", texts[i]);
                        CHECK(false);
                }
        }
}

static void challenge_types(void) {
        for (ChallengeType t = 0; t < CHALLENGE_TYPE_MAX; t++)
                CHECK_INT(challenge_type_from_string(challenge_type_to_string(t)), t);
        CHECK_INT(challenge_type_from_string("HTTP-01"), CHALLENGE_TYPE_MAX);
        CHECK_INT(challenge_type_from_string("dns-future-01"), CHALLENGE_TYPE_MAX);
        string_list_done(&object_origins);
}

TEST_MAIN({ "J-15 B-09 an authorization is read", authorization },
          { "B-08 unknown challenges are passed over, and named", unknown_challenges },
          { "L-06 L-07 dns-persist-01 has issuer names under either member, and no token",
            persist },
          { "J-04 R1.2 challenges with bad tokens are passed over", bad_tokens },
          { "J-04 R0.4 tokens have 22 to 83 octets", token_length },
          { "J-02 a wildcard's name is its base", wildcard },
          { "J-14 a valid authorization may have no challenges", valid_without_challenges },
          { "R1.3 R2.4.10 what is no authorization is refused", no_authorization },
          { "J-03 challenge types by name", challenge_types })
