/* The interface of the signer: who may call, what a request must be, and which URLs it goes to. */

#include <sys/stat.h>

#include "signer/service.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

static void urls(void) {
        static const char *const refused[] = {
                "https://evil.example/acme/x",
                "http://ca.example/acme/x",
                "https://ca.example:444/x",
                "https://ca.example@evil.example/",
                "https://other.example/dir",
                "/acme/x",
                "",
                "https://ca.example/#x",
        };
        static const char *const methods[] = { "SignPostAsGet", "SignChallenge" };

        set_up();
        make_account();
        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                for (size_t k = 0; k < ELEMENTSOF(methods); k++) {
                        CHECK_STR(error_of(methods[k],
                                           text("{\"request\":{\"ca\":\"test\",\"url\":\"%s\",\"nonce\":\"" NONCE
                                                "\",\"kid\":\"" KID "\"}}",
                                                refused[i])),
                                  "Refused");
                        CHECK_STR(error_of(methods[k],
                                           text("{\"request\":{\"ca\":\"test\",\"url\":\"" URL
                                                "\",\"nonce\":\"" NONCE "\",\"kid\":\"%s\"}}",
                                                refused[i])),
                                  "Refused");
                }
                CHECK_STR(error_of("SignNewAccount",
                                   text("{\"request\":{\"ca\":\"test\",\"url\":\"%s\",\"nonce\":\"" NONCE
                                        "\"}}",
                                        refused[i])),
                          "Refused");
        }
        CHECK_INT(warnings, 5 * ELEMENTSOF(refused));
        CHECK_STR(error_of("SignPostAsGet",
                           "{\"request\":{\"ca\":\"test\",\"url\":\"https://cdn.example/1\",\"nonce\":\"" NONCE
                           "\",\"kid\":\"" KID "\"}}"),
                  "");
}

static void constant_payloads(void) {
        set_up();
        make_account();
        _cleanup_free_ char *get = answer("SignPostAsGet", "{" REQUEST "}", "body");
        _cleanup_free_ char *challenge = answer("SignChallenge", "{" REQUEST "}", "body");
        _cleanup_free_ char *challenge_payload = part(challenge, "payload");

        CHECK(strstr(get, "\"payload\":\"\""));
        CHECK_STR(challenge_payload, "{}");
}

static void bad_requests(void) {
        static const char *const bad[] = {
                "{}",
                "{\"request\":null}",
                "{\"request\":[]}",
                "{\"request\":{}}",
                "{" REQUEST_NO_KID "}",
                "{\"request\":{\"ca\":\"test\",\"nonce\":\"x\",\"kid\":\"" KID "\"}}",
                "{\"request\":{\"ca\":\"test\",\"url\":\"" URL "\",\"kid\":\"" KID "\"}}",
                "{\"request\":{\"ca\":\"test\",\"url\":\"" URL "\",\"nonce\":\"a b\",\"kid\":\"" KID
                "\"}}",
                "{\"request\":{\"ca\":\"test\",\"url\":\"" URL "\",\"nonce\":\"\",\"kid\":\"" KID
                "\"}}",
                "{\"request\":{\"ca\":\"test\",\"url\":\"" URL "\",\"nonce\":\"x\",\"kid\":7}}",
                "{\"request\":{\"ca\":\"test\",\"url\":\"" URL "\",\"nonce\":\"x\",\"kid\":\"" KID
                "\",\"payload\":\"e30\"}}",
        };

        set_up();
        make_account();
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_STR(error_of("SignPostAsGet", bad[i]), "InvalidParameter");
}

/* There is no member through which octets of the caller's could be signed. */
static void opaque_octets(void) {
        static const char *const methods[] = { "SignNewAccount",
                                               "SignNewOrder",
                                               "SignPostAsGet",
                                               "SignChallenge",
                                               "SignFinalize",
                                               "Account",
                                               "CertificateRequest",
                                               "Prune",
                                               "RetireKey",
                                               "SignAccountUpdate",
                                               "PrepareAccountKey",
                                               "PromoteAccountKey",
                                               "AbandonAccountKey",
                                               "ReplaceAccountKey",
                                               "SignKeyChange",
                                               "SignDeactivate",
                                               "SignRevoke",
                                               "Grant",
                                               "ManualRequest",
                                               "FindKey",
                                               "StandIn" };
        static const char *const members[] = { "payload", "protected", "data", "jwk",
                                               "path",    "alg",       "grant" };
        static const char *const absent[] = { "Sign",   "SignBytes", "Export",
                                              "Import", "Delete",    "DeleteAccountKey" };
        size_t count = 0;

        set_up();
        while (signer_service.methods[count].name)
                count++;
        CHECK_INT(count, ELEMENTSOF(methods));
        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                for (size_t k = 0; k < ELEMENTSOF(members); k++)
                        CHECK_STR(error_of(methods[i], text("{\"%s\":\"e30\"}", members[k])),
                                  "InvalidParameter");
        for (size_t i = 0; i < ELEMENTSOF(absent); i++)
                CHECK_STR(error_of(absent[i], "{}"), "MethodNotFound");
}

/* The interface file and the table say the same. */
static void interface_file(void) {
        size_t declared = 0;

        for (const char *p = signer_service.description; (p = strstr(p, "\nmethod ")); p++)
                declared++;
        for (const VarlinkMethod *m = signer_service.methods; m->name; m++) {
                char line[100];

                (void) snprintf(line, sizeof(line), "\nmethod %s(", m->name);
                CHECK(strstr(signer_service.description, line));
                declared--;
        }
        CHECK_INT(declared, 0);
}

static void peers(void) {
        static const char *const calls[][2] = {
                { "Account", "{\"ca\":\"test\"}" },
                { "SignNewAccount", "{" REQUEST_NO_KID "}" },
                { "SignNewOrder", "{" REQUEST ",\"certificate\":\"a\"," NAMES "}" },
                { "SignPostAsGet", "{" REQUEST "}" },
                { "SignChallenge", "{" REQUEST "}" },
                { "SignFinalize",
                  "{" REQUEST ",\"certificate\":\"a\",\"attempt\":\"1\",\"csr\":\"AAAA\"}" },
                { "CertificateRequest",
                  "{\"certificate\":\"a\",\"attempt\":\"1\"," NAMES ",\"create\":true}" },
                { "Prune", "{\"certificate\":\"a\"}" },
        };
        struct stat st;

        set_up();
        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                _cleanup_(varlink_reply_done) VarlinkReply reply =
                                call_as(54321, calls[i][0], calls[i][1]);
                CHECK_STR(reply.error, "org.varlink.service.PermissionDenied");
                CHECK_INT(json_count(reply.parameters), 0);
        }
        CHECK_INT(warnings, ELEMENTSOF(calls));
        CHECK_INT(stat(state, &st), -1); /* nothing was made */

        _cleanup_(varlink_reply_done) VarlinkReply root_ =
                        call_as(0, "Account", "{\"ca\":\"test\"}");
        CHECK(!root_.error);
}

static void escapes(void) {
        set_up();
        CHECK_STR(error_of("Account", "{\"ca\":\"x\\u001b[31m\\n\"}"), "UnknownCa");
        CHECK(strstr(last_warning, "x\\x1b[31m\\x0a"));
        CHECK(!strchr(last_warning, '\n') && !strchr(last_warning, 27));
}

TEST_MAIN({ "R2.7.5 R2.4.3 a url or kid of a foreign origin is refused", urls },
          { "C-07 J-07 the two payloads that say nothing", constant_payloads },
          { "B-04 R2.4.13 requests must be well-formed", bad_requests },
          { "R2.7.5 no method signs opaque octets", opaque_octets },
          { "the interface file and the table say the same", interface_file },
          { "R2.7.5 forbidden peers are refused", peers },
          { "R2.4.14 what a peer wrote is escaped", escapes })
