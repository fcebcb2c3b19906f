/* What the signer lets an order ask for. */

#include <time.h>

#include "acme/timestamp.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

static void order(void) {
        set_up();
        CHECK_STR(error_of("SignNewOrder", "{" REQUEST ",\"certificate\":\"a\"," NAMES "}"),
                  "KeyMissing");
        make_account();
        _cleanup_free_ char *body = answer(
                        "SignNewOrder", "{" REQUEST ",\"certificate\":\"a\"," NAMES "}", "body");
        _cleanup_free_ char *payload = part(body, "payload"), *protected = part(body, "protected");

        CHECK_STR(payload,
                  "{\"identifiers\":[{\"type\":\"ip\",\"value\":\"9.9.9.9\"},{\"type\":\"dns\",\"value\":\"a.example.org\"},"
                  "{\"type\":\"dns\",\"value\":\"b.example.org\"}]}");
        CHECK(strstr(protected, "\"kid\":\"" KID "\""));
        CHECK(!strstr(protected, "\"jwk\""));
}

static void foreign_names(void) {
        static const char *const names[] = {
                "[\"evil.example.org\"]",
                "[\"a.example.org\",\"b.example.org\",\"9.9.9.9\",\"c.example.org\"]",
                "[\"a.example.org\"]",
                "[\"A.example.org\",\"b.example.org\",\"9.9.9.9\"]",
        };
        static const char *const invalid[] = { "[]", "[7]", "\"a.example.org\"", "null", "[null]" };

        set_up();
        make_account();
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                CHECK_STR(error_of("SignNewOrder",
                                   text("{" REQUEST ",\"certificate\":\"a\",\"names\":%s}",
                                        names[i])),
                          "NotConfigured");
                CHECK_STR(error_of("CertificateRequest",
                                   text("{\"certificate\":\"a\",\"attempt\":\"1\",\"create\":true,\"names\":%s}",
                                        names[i])),
                          "NotConfigured");
        }
        CHECK_INT(warnings, 2 * ELEMENTSOF(names));
        for (size_t i = 0; i < ELEMENTSOF(invalid); i++)
                CHECK_STR(error_of("SignNewOrder",
                                   text("{" REQUEST ",\"certificate\":\"a\",\"names\":%s}",
                                        invalid[i])),
                          "InvalidParameter");
}

#define ORDER "{" REQUEST ",\"certificate\":\"a\"," NAMES
#define ID    "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"

static void configure_order(const char *more) {
        char config_text[300];

        set_up();
        make_account();
        (void) snprintf(config_text, sizeof config_text,
                        "[Certificate]\nNames=b.example.org a.example.org 9.9.9.9\n%s", more);
        write_config("certificates/a.conf", config_text);
}

static const char *in(int64_t delay_sec) {
        static char buffers[4][RFC3339_SIZE];
        static unsigned next;

        return rfc3339_format((int64_t) time(NULL) + delay_sec, buffers[next++ % 4]);
}

static void wishes(void) {
        const char *until = in(7 * SEC_PER_DAY);

        configure_order("Profile=shortlived\nLifetime=7d\n");
        _cleanup_free_ char *body =
                        answer("SignNewOrder",
                               text(ORDER ",\"profile\":\"shortlived\",\"replaces\":\"" ID
                                          "\",\"notAfter\":\"%s\"}",
                                    until),
                               "body");
        _cleanup_free_ char *payload = part(body, "payload");
        CHECK(strstr(payload, "\"profile\":\"shortlived\""));
        CHECK(strstr(payload, "\"replaces\":\"" ID "\""));
        CHECK(strstr(payload, until));
        CHECK(!strstr(payload, "notBefore"));
        /* None of them has to be asked for: a preferred profile may be dropped (Q-09, U-02). */
        _cleanup_free_ char *plain = answer("SignNewOrder", ORDER "}", "body");
        _cleanup_free_ char *less = part(plain, "payload");
        CHECK(!strstr(less, "profile") && !strstr(less, "replaces") && !strstr(less, "notAfter"));
}

static void forged_profile(void) {
        static const char *const profiles[] = { "\"classic\"", "\"Shortlived\"", "\"\"", "7",
                                                "\"short\\nlived\"" };
        static const char *const errors[] = { "NotConfigured", "NotConfigured", "InvalidParameter",
                                              "InvalidParameter", "InvalidParameter" };

        configure_order("Profile=shortlived\n");
        for (size_t i = 0; i < ELEMENTSOF(profiles); i++)
                CHECK_STR(error_of("SignNewOrder", text(ORDER ",\"profile\":%s}", profiles[i])),
                          errors[i]);
        configure_order("");
        CHECK_STR(error_of("SignNewOrder", ORDER ",\"profile\":\"shortlived\"}"), "NotConfigured");
        configure_order("RequireProfile=shortlived\n");
        CHECK_STR(error_of("SignNewOrder", ORDER "}"), "NotConfigured");
        CHECK_STR(error_of("SignNewOrder", ORDER ",\"profile\":\"classic\"}"), "NotConfigured");
        CHECK_STR(error_of("SignNewOrder", ORDER ",\"profile\":\"shortlived\"}"), "");
}

static void forged_replaces(void) {
        static const char *const bad[] = { "\"\"",      "\"a\"",    "\"a.b.c\"", "\"../x.y\"",
                                           "\"a b.c\"", "\"a.b=\"", "[]" };

        configure_order("");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_STR(error_of("SignNewOrder", text(ORDER ",\"replaces\":%s}", bad[i])),
                          "InvalidParameter");
        CHECK_STR(error_of("SignNewOrder", ORDER ",\"replaces\":\"" ID "\"}"), "");
        write_config("ca/test.conf", "[CA]\nDirectory=https://ca.example/dir\nReplaces=no\n");
        CHECK_STR(error_of("SignNewOrder", ORDER ",\"replaces\":\"" ID "\"}"), "NotConfigured");
}

static void forged_dates(void) {
        const struct {
                const char *key;
                int64_t delay_sec;
                const char *error;
        } rows[] = {
                { "notAfter", 12 * SEC_PER_HOUR, "" },
                { "notAfter", SEC_PER_DAY + 60, "" }, /* clocks differ a little */
                { "notAfter", 2 * SEC_PER_DAY, "NotConfigured" },
                { "notAfter", -60, "NotConfigured" },
                { "notBefore", 60, "" },
                { "notBefore", -3 * SEC_PER_DAY, "NotConfigured" },
                { "notBefore", 3 * SEC_PER_DAY, "NotConfigured" },
        };

        configure_order("Lifetime=1d\n");
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                CHECK_STR(error_of("SignNewOrder", text(ORDER ",\"%s\":\"%s\"}", rows[i].key,
                                                        in(rows[i].delay_sec))),
                          rows[i].error);
        CHECK_STR(error_of("SignNewOrder", text(ORDER ",\"notBefore\":\"%s\",\"notAfter\":\"%s\"}",
                                                in(7200), in(3600))),
                  "NotConfigured");
        CHECK_STR(error_of("SignNewOrder", ORDER ",\"notAfter\":\"tomorrow\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("SignNewOrder", ORDER ",\"notAfter\":7}"), "InvalidParameter");
        configure_order(""); /* H-04 */
        CHECK_STR(error_of("SignNewOrder", text(ORDER ",\"notAfter\":\"%s\"}", in(3600))),
                  "NotConfigured");
}

static void foreign_certificates(void) {
        set_up();
        make_account();
        CHECK_STR(error_of("SignNewOrder", "{" REQUEST ",\"certificate\":\"nobody\"," NAMES "}"),
                  "UnknownCertificate");
        CHECK_STR(error_of("SignNewOrder", "{" REQUEST ",\"certificate\":\"../a\"," NAMES "}"),
                  "UnknownCertificate");
        CHECK_STR(error_of("SignNewOrder",
                           "{" REQUEST
                           ",\"certificate\":\"broken\",\"names\":[\"d.example.org\"]}"),
                  "NotConfigured");
        CHECK_STR(error_of("SignNewOrder", "{" REQUEST "," NAMES "}"), "InvalidParameter");
        /* Configured, but at another CA. */
        CHECK_STR(error_of("SignNewOrder",
                           "{\"request\":{\"ca\":\"other\",\"url\":\"https://other.example/o\",\"nonce\":\"" NONCE
                           "\",\"kid\":\"https://other.example/1\"},\"certificate\":\"a\"," NAMES
                           "}"),
                  "NotConfigured");
}

/* A rehearsal's key is for the staging CA, and only such a key is. */
static void rehearsals(void) {
        static const char finalize_format[] =
                        "{\"request\":{\"ca\":\"%s\",\"url\":\"https://%s.example/o\",\"nonce\":\"" NONCE
                        "\",\"kid\":\"https://%s.example/1\"},\"certificate\":\"a\",\"attempt\":\"%s\","
                        "\"csr\":\"%s\"}";
        static const char order_format[] =
                        "{\"request\":{\"ca\":\"other\",\"url\":\"https://other.example/o\",\"nonce\":\"" NONCE
                        "\",\"kid\":\"https://other.example/1\"},\"certificate\":\"%s\"," NAMES "}";

        set_up();
        make_account();
        free(answer("Account", "{\"ca\":\"other\"}", "thumbprint"));
        CHECK_STR(error_of("SignNewOrder", text(order_format, "a")), "NotConfigured");
        write_config("ca/test.conf",
                     "[CA]\nDirectory=https://ca.example/dir\nOrigins=https://test.example\n"
                     "Staging=other\n");
        CHECK_STR(error_of("SignNewOrder", text(order_format, "a")), "");
        _cleanup_free_ char *real = make_csr("1"), *staged = make_csr("rehearsal-1");
        CHECK_STR(error_of("SignFinalize",
                           text(finalize_format, "other", "other", "other", "rehearsal-1", staged)),
                  "");
        CHECK_STR(error_of("SignFinalize",
                           text(finalize_format, "other", "other", "other", "1", real)),
                  "NotConfigured");
        CHECK_STR(error_of("SignFinalize",
                           text(finalize_format, "test", "test", "test", "rehearsal-1", staged)),
                  "NotConfigured");
        CHECK_STR(error_of("SignFinalize",
                           text(finalize_format, "test", "test", "test", "1", real)),
                  "");
}

/* A fallback CA may be asked, and an optional name may be missing; a required one may not. */
static void fallback_and_optional(void) {
        static const char order_format[] =
                        "{\"request\":{\"ca\":\"%s\",\"url\":\"https://%s.example/o\",\"nonce\":\"" NONCE
                        "\",\"kid\":\"https://%s.example/1\"},\"certificate\":\"c\",\"names\":%s}";
        static const char csr_format[] =
                        "{\"certificate\":\"c\",\"attempt\":\"1\",\"create\":true,\"names\":%s}";
        static const char few[] = "[\"a.example.org\"]",
                          all[] = "[\"a.example.org\",\"b.example.org\"]";

        set_up();
        write_config("ca/other.conf", "[CA]\nDirectory=https://other.example/dir\n");
        write_config("ca/third.conf", "[CA]\nDirectory=https://third.example/dir\n");
        write_config("certificates/c.conf", "[Certificate]\nNames=a.example.org\n"
                                            "OptionalNames=b.example.org\nCA=test other\n");
        make_account();
        free(answer("Account", "{\"ca\":\"other\"}", "thumbprint"));
        CHECK_STR(error_of("SignNewOrder", text(order_format, "ca", "ca", "ca", all)), "UnknownCa");
        CHECK_STR(error_of("SignNewOrder", text(order_format, "other", "other", "other", all)), "");
        CHECK_STR(error_of("SignNewOrder", text(order_format, "other", "other", "other", few)), "");
        CHECK_STR(error_of("SignNewOrder", text(order_format, "third", "third", "third", few)),
                  "NotConfigured");
        CHECK_STR(error_of("SignNewOrder",
                           text(order_format, "other", "other", "other", "[\"b.example.org\"]")),
                  "NotConfigured");
        CHECK_STR(error_of("CertificateRequest", text(csr_format, "[\"b.example.org\"]")),
                  "NotConfigured");
        _cleanup_free_ char *csr = answer("CertificateRequest", text(csr_format, few), "csr");
        CHECK_STR(error_of("SignFinalize", finalize("c", "1", csr)), "");
}

TEST_MAIN({ "H-01 C-05 newOrder has the configured names and kid", order },
          { "a rehearsal has a key of its own, for the staging CA only", rehearsals },
          { "CA-03: another CA of the list, and a name less that is optional",
            fallback_and_optional },
          { "R2.7.5 names that are not configured are refused", foreign_names },
          { "H-01 an order asks for what is configured", wishes },
          { "U-02 a forged profile is refused", forged_profile },
          { "T-15 a forged predecessor is refused", forged_replaces },
          { "H-04 forged dates are refused", forged_dates },
          { "R2.7.5 certificates that are not configured so are refused", foreign_certificates })
