#include <fcntl.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include "acme/csr.h"
#include "acme/jwk.h"
#include "acme/timestamp.h"
#include "base/file.h"
#include "base/log.h"
#include "signer/keystore.h"
#include "signer/service.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

/* ---- account ---- */

static void account(void) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_free_ char *expected = NULL;

        set_up();
        _cleanup_free_ char *first = answer("Account", "{\"ca\":\"test\"}", "thumbprint");
        _cleanup_free_ char *again = answer("Account", "{\"ca\":\"test\"}", "thumbprint");
        _cleanup_free_ char *other = answer("Account", "{\"ca\":\"other\"}", "thumbprint");
        _cleanup_free_ char *algorithm = answer("Account", "{\"ca\":\"test\"}", "algorithm");
        _cleanup_close_ int fd = keystore_open(&paths);

        CHECK_STR(first, again);
        CHECK(strcmp(first, other) != 0);
        CHECK_STR(algorithm, "ES256");
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, false, &key) == 0);
        CHECK_INT(jwk_thumbprint(key, &expected), 0);
        CHECK_STR(first, expected);
        CHECK_STR(error_of("Account", "{\"ca\":\"nobody\"}"), "UnknownCa");
        CHECK_STR(error_of("Account", "{\"ca\":\"../test\"}"), "UnknownCa");
        CHECK_STR(error_of("Account", "{}"), "InvalidParameter");
}

static void new_account(void) {
        set_up();
        _cleanup_free_ char *body = answer("SignNewAccount", "{" REQUEST_NO_KID "}", "body");
        _cleanup_free_ char *payload = part(body, "payload"), *protected = part(body, "protected");
        _cleanup_free_ char *find =
                        answer("SignNewAccount", "{" REQUEST_NO_KID ",\"onlyReturnExisting\":true}",
                               "body");
        _cleanup_free_ char *find_payload = part(find, "payload");

        CHECK_STR(payload,
                  "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:admin@example.org\"]}");
        CHECK_STR(find_payload, "{\"onlyReturnExisting\":true}");
        CHECK(strstr(protected, "\"jwk\":{"));
        CHECK(!strstr(protected, "\"kid\""));
        CHECK(strstr(protected, "\"url\":\"" URL "\""));
        CHECK(strstr(protected, "\"nonce\":\"" NONCE "\""));
        CHECK_STR(error_of("SignNewAccount", "{" REQUEST "}"), "InvalidParameter");
        CHECK_STR(error_of("SignNewAccount", "{" REQUEST_NO_KID ",\"onlyReturnExisting\":1}"),
                  "InvalidParameter");
}

static void terms(void) {
        set_up();
        const char *parameters =
                        "{\"request\":{\"ca\":\"other\",\"url\":\"https://other.example/a\",\"nonce\":\"" NONCE
                        "\"}}";
        CHECK_STR(error_of("SignNewAccount", parameters), "NotConfigured");
        CHECK(strstr(last_warning, "AgreeToTerms"));
        CHECK_STR(error_of("SignNewAccount",
                           "{\"onlyReturnExisting\":true,\"request\":{\"ca\":\"other\","
                           "\"url\":\"https://other.example/a\",\"nonce\":\"" NONCE "\"}}"),
                  "");
}

/* ---- requests ---- */

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

/* ---- what an order may ask for ---- */

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

/* ---- certificate keys ---- */

static void same_key(void) {
        set_up();
        const char *create = "{\"certificate\":\"a\",\"attempt\":\"20270103-120000-1f3a\"," NAMES
                             ",\"create\":true}";
        const char *find = "{\"certificate\":\"a\",\"attempt\":\"20270103-120000-1f3a\"," NAMES
                           ",\"create\":false}";
        const char *next = "{\"certificate\":\"a\",\"attempt\":\"20270104-120000-1f3a\"," NAMES
                           ",\"create\":true}";
        CHECK_STR(error_of("CertificateRequest", find), "KeyMissing");
        _cleanup_free_ char *first = answer("CertificateRequest", create, "spki");
        _cleanup_free_ char *again = answer("CertificateRequest", create, "spki");
        _cleanup_free_ char *found = answer("CertificateRequest", find, "spki");
        _cleanup_free_ char *other = answer("CertificateRequest", next, "spki");

        CHECK_STR(first, again);
        CHECK_STR(first, found);
        CHECK(strcmp(first, other) != 0);
}

static void key_type(void) {
        _cleanup_(key_freep) EVP_PKEY *a = NULL, *b = NULL;

        set_up();
        free(make_csr("1"));
        free(answer("CertificateRequest",
                    "{\"certificate\":\"b\",\"attempt\":\"1\",\"names\":[\"c.example.org\"],\"create\":true}",
                    "csr"));
        _cleanup_close_ int fd = keystore_open(&paths);
        REQUIRE(keystore_certificate(fd, "a", "1", KEY_RSA_4096, false, &a) == 0);
        REQUIRE(keystore_certificate(fd, "b", "1", KEY_RSA_4096, false, &b) == 0);
        CHECK_INT(key_type_of(a), KEY_ECDSA_P256);
        CHECK_INT(key_type_of(b), KEY_RSA_2048);
}

static void attempts(void) {
        static const char *const bad[] = { "", "../1", "A", "1.pem", "a/b" };

        set_up();
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_STR(error_of("CertificateRequest",
                                   text("{\"certificate\":\"a\",\"attempt\":\"%s\"," NAMES
                                        ",\"create\":true}",
                                        bad[i])),
                          "InvalidParameter");
        CHECK_STR(error_of("CertificateRequest",
                           "{\"certificate\":\"a\",\"attempt\":\"1\"," NAMES "}"),
                  "InvalidParameter");
}

static const char *finalize(const char *certificate, const char *attempt, const char *csr) {
        return text("{" REQUEST ",\"certificate\":\"%s\",\"attempt\":\"%s\",\"csr\":\"%s\"}",
                    certificate, attempt, csr);
}

static void finalizes(void) {
        set_up();
        make_account();
        _cleanup_free_ char *csr = make_csr("1"), *expected = NULL;
        _cleanup_free_ char *body = answer("SignFinalize", finalize("a", "1", csr), "body");
        _cleanup_free_ char *payload = part(body, "payload");

        CHECK_INT(str_printf(&expected, "{\"csr\":\"%s\"}", csr), 0);
        CHECK_STR(payload, expected);
        CHECK_STR(error_of("SignFinalize", finalize("a", "2", csr)), "KeyMissing");
        CHECK_STR(error_of("SignFinalize", finalize("b", "1", csr)), "KeyMissing");
        CHECK_STR(error_of("SignFinalize", finalize("a", "../1", csr)), "InvalidParameter");
}

/* A CSR that the engine made for a key of its own, for one of ours with other names, and octets. */
static void foreign_csr(void) {
        _cleanup_(string_list_done) StringList names = {}, other_names = {};
        _cleanup_(bytes_done) Bytes foreign_der = {}, other_der = {};
        _cleanup_free_ char *foreign = NULL, *other = NULL;
        _cleanup_(key_freep) EVP_PKEY *evil = NULL, *ours = NULL;

        set_up();
        make_account();
        _cleanup_free_ char *csr = make_csr("1"), *second = make_csr("2");
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(string_list_add(&names, "a.example.org"), 0);
        CHECK_INT(string_list_add(&names, "b.example.org"), 0);
        CHECK_INT(string_list_add(&names, "9.9.9.9"), 0);
        CHECK_INT(string_list_add(&other_names, "evil.example.org"), 0);
        REQUIRE(key_generate(KEY_ECDSA_P256, &evil) == 0);
        REQUIRE(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, false, &ours) == 0);
        CHECK_INT(csr_build(evil, &names, &foreign_der), 0);
        CHECK_INT(csr_build(ours, &other_names, &other_der), 0);
        CHECK_INT(base64url_encode(foreign_der.data, foreign_der.size, &foreign), 0);
        CHECK_INT(base64url_encode(other_der.data, other_der.size, &other), 0);

        warnings = 0;
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", foreign)), "Refused");
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", second)), "Refused");
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", other)), "NotConfigured");
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", "AAAA")), "Refused");
        CHECK_INT(warnings, 4);
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", "A=")), "InvalidParameter");
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", csr)), "");
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

/* Below the store; static storage. */
static const char *account_file(void) {
        static char path[120];
        char link[80] = "";
        _cleanup_close_ int fd = keystore_open(&paths);

        CHECK(readlinkat(fd, "accounts/test/current", link, sizeof(link) - 1) > 0);
        (void) snprintf(path, sizeof(path), "accounts/test/%s", link);
        return path;
}

static void account_key_as_certificate_key(void) {
        set_up();
        make_account();
        free(make_csr("1"));
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(linkat(fd, account_file(), fd, "keys/a/2.pem", 0), 0);
        CHECK_STR(error_of("CertificateRequest",
                           "{\"certificate\":\"a\",\"attempt\":\"2\"," NAMES ",\"create\":true}"),
                  "Refused");
        CHECK_STR(error_of("SignFinalize", finalize("a", "2", "AAAA")), "Refused");
        CHECK(strstr(last_warning, "account key"));
}

static void files(void) {
        struct stat st = {};

        set_up();
        mode_t before = umask(0);
        make_account();
        free(make_csr("1"));
        (void) umask(before);
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(fstatat(fd, account_file(), &st, 0), 0);
        CHECK_INT(st.st_mode & 07777, 0600);
        CHECK_INT(fstatat(fd, "keys/a/1.pem", &st, 0), 0);
        CHECK_INT(st.st_mode & 07777, 0600);
        CHECK_INT(fstat(fd, &st), 0);
        CHECK_INT(st.st_mode & 07777, 0700);
}

static void storage(void) {
        set_up();
        make_account();
        char path[400];
        (void) snprintf(path, sizeof(path), "%s/signer/%s", state, account_file());
        CHECK_INT(truncate(path, 0), 0);
        CHECK_STR(error_of("Account", "{\"ca\":\"test\"}"), "Storage");
        CHECK_STR(error_of("SignPostAsGet", "{" REQUEST "}"), "Storage");
        (void) snprintf(state, sizeof(state), "%s/no/such/place", paths.runtime);
        CHECK_STR(error_of("Account", "{\"ca\":\"test\"}"), "Storage");
        CHECK_STR(error_of("Prune", "{\"certificate\":\"a\"}"), "Storage");
}

/* ---- external account binding ---- */

static const char eab[] = "kid=kid-1\nhmac=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";

static void write_credential(const char *name, const char *text) {
        static const FileRights rights = { 0600, (uid_t) -1, (gid_t) -1 };

        (void) snprintf(credentials, sizeof(credentials), "%s/credentials", test_root);
        (void) mkdir(credentials, 0700);
        _cleanup_close_ int fd = dir_open(credentials);
        CHECK_INT(file_replace_at(fd, name, text, strlen(text), rights), 0);
}

static void external_account(void) {
        set_up();
        write_credential("eab_test", eab);
        _cleanup_free_ char *kid = answer("Account", "{\"ca\":\"test\"}", "externalAccount");
        _cleanup_free_ char *body = answer("SignNewAccount", "{" REQUEST_NO_KID "}", "body");
        _cleanup_free_ char *payload = part(body, "payload"), *find = NULL, *other = NULL;

        CHECK_STR(kid, "kid-1");
        CHECK(strstr(payload, "\"externalAccountBinding\":{\"protected\":\"eyJhbGciOiJIUzI1NiIs"));
        find = answer("SignNewAccount", "{" REQUEST_NO_KID ",\"onlyReturnExisting\":true}", "body");
        other = part(find, "payload");
        CHECK_STR(other, "{\"onlyReturnExisting\":true}");
        CHECK(!strstr(last_warning, "AAEC"));
}

static void external_account_named(void) {
        set_up();
        write_credential("eab_other-name", eab);
        write_config("ca/test.conf",
                     "[CA]\nDirectory=https://ca.example/dir\nExternalAccount=other-name\n");
        _cleanup_free_ char *kid = answer("Account", "{\"ca\":\"test\"}", "externalAccount");

        CHECK_STR(kid, "kid-1");
}

static void external_account_handed_in(void) {
        set_up();
        write_credential("file", eab);
        _cleanup_close_ int dir_fd = dir_open(credentials);
        _cleanup_close_ int fd = openat(dir_fd, "file", O_RDONLY | O_CLOEXEC);
        char name[] = "eab_test";

        credentials[0] = '\0';
        handed = (ListenSocket){ .fd = fd, .name = name };
        for (int i = 0; i < 2; i++) { /* read twice from one descriptor */
                _cleanup_free_ char *kid =
                                answer("Account", "{\"ca\":\"test\"}", "externalAccount");

                CHECK_STR(kid, "kid-1");
        }
}

static void external_account_damaged(void) {
        set_up();
        write_credential("eab_test", "kid=x\nhmac=\n");
        _cleanup_free_ char *why = answer("Account", "{\"ca\":\"test\"}", "externalAccountError");

        CHECK(strstr(why, "hmac="));
        CHECK_STR(error_of("SignNewAccount", "{" REQUEST_NO_KID "}"), "NotConfigured");
        CHECK_STR(error_of("SignNewAccount", "{" REQUEST_NO_KID ",\"onlyReturnExisting\":true}"),
                  "");
}

/* ---- an account's later life ---- */

static char *payload_of(const char *method, const char *parameters) {
        _cleanup_free_ char *body = answer(method, parameters, "body");

        return part(body, "payload");
}

static void account_update(void) {
        set_up();
        make_account();
        _cleanup_free_ char *both = payload_of(
                        "SignAccountUpdate", "{" REQUEST ",\"contact\":true,\"termsAgreed\":true}");
        CHECK_STR(both,
                  "{\"contact\":[\"mailto:admin@example.org\"],\"termsOfServiceAgreed\":true}");
        write_config("ca/test.conf", "[CA]\nDirectory=https://ca.example/dir\nContact=\n");
        _cleanup_free_ char *none =
                        payload_of("SignAccountUpdate", "{" REQUEST ",\"contact\":true}");
        CHECK_STR(none, "{\"contact\":[]}");
        CHECK_STR(error_of("SignAccountUpdate", "{" REQUEST "}"), "InvalidParameter");
        write_config("ca/test.conf",
                     "[CA]\nDirectory=https://ca.example/dir\nAgreeToTerms=no\nContact=a@b.c d@e.f\n");
        CHECK_STR(error_of("SignAccountUpdate", "{" REQUEST ",\"termsAgreed\":true}"),
                  "NotConfigured");
        _cleanup_free_ char *two =
                        payload_of("SignAccountUpdate", "{" REQUEST ",\"contact\":true}");
        CHECK_STR(two, "{\"contact\":[\"mailto:a@b.c\",\"mailto:d@e.f\"]}");
}

static void key_change(void) {
        set_up();
        make_account();
        _cleanup_free_ char *old = answer("Account", "{\"ca\":\"test\"}", "thumbprint");
        CHECK_STR(error_of("PrepareAccountKey", "{\"ca\":\"test\"}"), "NotGranted");
        CHECK_STR(error_of("SignKeyChange", "{" REQUEST "}"), "KeyMissing");
        CHECK_STR(error_of("SignPostAsGet", "{" REQUEST ",\"pending\":true}"), "KeyMissing");
        CHECK_STR(error_of("Grant", "{\"action\":\"rollover\",\"ca\":\"test\"}"), "");
        _cleanup_free_ char *new = answer("PrepareAccountKey", "{\"ca\":\"test\"}", "thumbprint");
        _cleanup_free_ char *again = answer("PrepareAccountKey", "{\"ca\":\"test\"}", "thumbprint");
        _cleanup_free_ char *pending = answer("Account", "{\"ca\":\"test\"}", "pending");
        CHECK_STR(again, new);
        CHECK_STR(pending, new);
        CHECK(!str_equal(new, old));

        _cleanup_free_ char *body = answer("SignKeyChange", "{" REQUEST "}", "body");
        _cleanup_free_ char *outer = part(body, "protected"), *inner = part(body, "payload");
        _cleanup_free_ char *header = part(inner, "protected"), *payload = part(inner, "payload");
        CHECK(strstr(outer, "\"kid\":\"" KID "\""));
        CHECK(strstr(header, "\"jwk\":{") && strstr(header, "\"url\":\"" URL "\""));
        CHECK(!strstr(header, "nonce") && !strstr(header, "kid"));
        CHECK(strstr(payload, "{\"account\":\"" KID "\",\"oldKey\":{"));

        char *promote = strdup(text("{\"ca\":\"test\",\"thumbprint\":\"%s\"}", new));
        CHECK_STR(error_of("PromoteAccountKey", "{\"ca\":\"test\",\"thumbprint\":\"AAAA\"}"),
                  "KeyMissing");
        CHECK_STR(error_of("PromoteAccountKey", promote), "");
        CHECK_STR(error_of("PromoteAccountKey", promote), "");
        free(promote);
        _cleanup_free_ char *now = answer("Account", "{\"ca\":\"test\"}", "thumbprint");
        CHECK_STR(now, new);
        CHECK_STR(error_of("PrepareAccountKey", "{\"ca\":\"test\"}"), "NotGranted"); /* once */
}

static void deactivation(void) {
        set_up();
        make_account();
        CHECK_STR(error_of("SignDeactivate", "{" REQUEST "}"), "NotGranted");
        CHECK_STR(error_of("Grant", "{\"action\":\"deactivate\",\"ca\":\"other\"}"), "");
        CHECK_STR(error_of("SignDeactivate", "{" REQUEST "}"), "NotGranted");
        CHECK_STR(error_of("Grant", "{\"action\":\"deactivate\",\"ca\":\"test\"}"), "");
        _cleanup_free_ char *payload = payload_of("SignDeactivate", "{" REQUEST "}");
        CHECK_STR(payload, "{\"status\":\"deactivated\"}");
        CHECK_STR(error_of("ReplaceAccountKey", "{\"ca\":\"test\"}"), "NotGranted");
        CHECK_STR(error_of("Grant", "{\"action\":\"new-key\",\"ca\":\"test\"}"), "");
        CHECK_STR(error_of("ReplaceAccountKey", "{\"ca\":\"test\"}"), "");
        CHECK_STR(error_of("ReplaceAccountKey", "{\"ca\":\"test\"}"), "NotGranted");
}

static void who_may_grant(void) {
        static const char grant[] = "{\"action\":\"deactivate\",\"ca\":\"test\"}";
        _cleanup_(varlink_reply_done) VarlinkReply reply = call_as(64999, "Grant", grant);

        set_up();
        CHECK_STR(reply.error, "org.varlink.service.PermissionDenied");
        CHECK_STR(error_of("Grant", "{\"action\":\"delete\",\"ca\":\"test\"}"), "InvalidParameter");
        CHECK_STR(error_of("Grant", "{\"action\":\"revoke\",\"certificate\":\"a\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("Grant", "{\"action\":\"rollover\",\"ca\":\"test\",\"key\":\"x\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("Grant", "{\"action\":\"rollover\",\"ca\":\"nobody\"}"), "UnknownCa");
}

/* A self-signed certificate of the key of attempt 1: its DER as base64url, and its SHA-256. */
static char *make_leaf(const char *certificate, char sha256[SHA256_HEX_SIZE]) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_close_ int fd = keystore_open(&paths);
        _cleanup_free_ char *hex = NULL;
        unsigned char octets[EVP_MAX_MD_SIZE], *der = NULL;
        X509 *x = X509_new();
        char *encoded = NULL;
        size_t size;

        CHECK_INT(keystore_certificate(fd, certificate, "1", KEY_ECDSA_P256, false, &key), 0);
        (void) X509_gmtime_adj(X509_getm_notBefore(x), 0);
        (void) X509_gmtime_adj(X509_getm_notAfter(x), 100);
        (void) X509_set_pubkey(x, key);
        CHECK(X509_sign(x, key, EVP_sha256()) > 0);
        int n = i2d_X509(x, &der);
        CHECK(EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t) n, octets, &size) == 1);
        CHECK_INT(hex_encode(octets, size, &hex), 0);
        (void) snprintf(sha256, SHA256_HEX_SIZE, "%s", hex);
        CHECK_INT(base64url_encode(der, (size_t) n, &encoded), 0);
        OPENSSL_free(der);
        X509_free(x);
        return encoded;
}

static void revocation(void) {
        char sha256[SHA256_HEX_SIZE];

        set_up();
        make_account();
        free(make_csr("1"));
        _cleanup_free_ char *leaf = make_leaf("a", sha256), *expected = NULL;
        char *by_account = strdup(text(
                        "{" REQUEST ",\"certificate\":\"a\",\"leaf\":\"%s\",\"reason\":4}", leaf));
        char *by_key =
                        strdup(text("{" REQUEST_NO_KID ",\"certificate\":\"a\",\"leaf\":\"%s\","
                                    "\"reason\":1,\"withKey\":true}",
                                    leaf));
        CHECK_STR(error_of("SignRevoke", by_account), "NotGranted");
        CHECK_STR(error_of("Grant",
                           "{\"action\":\"revoke\",\"certificate\":\"a\",\"leaf\":\""
                           "0000000000000000000000000000000000000000000000000000000000000000\"}"),
                  "");
        CHECK_STR(error_of("SignRevoke", by_account), "NotGranted");
        CHECK_STR(error_of("Grant",
                           text("{\"action\":\"revoke\",\"certificate\":\"a\",\"leaf\":\"%s\"}",
                                sha256)),
                  "");
        _cleanup_free_ char *payload = payload_of("SignRevoke", by_account);
        CHECK_INT(str_printf(&expected, "{\"certificate\":\"%s\",\"reason\":4}", leaf), 0);
        CHECK_STR(payload, expected);
        CHECK_STR(error_of("CertificateRequest",
                           "{\"certificate\":\"a\",\"attempt\":\"1\"," NAMES ",\"create\":true}"),
                  "");

        _cleanup_free_ char *body = answer("SignRevoke", by_key, "body");
        _cleanup_free_ char *header = part(body, "protected");
        CHECK(strstr(header, "\"jwk\":{") && !strstr(header, "kid"));
        CHECK_STR(error_of("CertificateRequest", /* */
                           "{\"certificate\":\"a\",\"attempt\":\"1\"," NAMES ",\"create\":true}"),
                  "KeyMissing");
        CHECK_STR(error_of("SignRevoke", by_key), ""); /* and still it can be revoked with */
        free(by_account);
        free(by_key);
}

#define C_REQUEST(attempt, more)                        \
        "{\"certificate\":\"c\",\"attempt\":\"" attempt \
        "\",\"names\":[\"c.example.org\"],\"create\":true" more "}"

static void revoked_key(void) {
        char sha256[SHA256_HEX_SIZE];

        set_up();
        write_config("certificates/c.conf", "[Certificate]\nNames=c.example.org\nReuseKey=yes\n");
        make_account();
        _cleanup_free_ char *first = answer("CertificateRequest", C_REQUEST("1", ""), "spki");
        _cleanup_free_ char *leaf = make_leaf("c", sha256);
        CHECK_STR(error_of("Grant",
                           text("{\"action\":\"revoke\",\"certificate\":\"c\",\"leaf\":\"%s\"}",
                                sha256)),
                  "");
        CHECK_STR(error_of("SignRevoke",
                           text("{" REQUEST ",\"certificate\":\"c\",\"leaf\":\"%s\",\"reason\":4}",
                                leaf)),
                  "");
        _cleanup_free_ char *next =
                        answer("CertificateRequest",
                               text(C_REQUEST("2", ",\"reuse\":\"%s\""), first), "spki");
        CHECK(strcmp(next, first) != 0);
}

static void prune(void) {
        struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

        set_up();
        free(make_csr("1"));
        free(make_csr("2"));
        free(make_csr("3"));
        _cleanup_free_ char *live = answer(
                        "CertificateRequest",
                        "{\"certificate\":\"a\",\"attempt\":\"2\"," NAMES ",\"create\":false}",
                        "spki");
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(utimensat(fd, "keys/a/1.pem", old, 0), 0);
        CHECK_INT(utimensat(fd, "keys/a/2.pem", old, 0), 0);
        CHECK_INT(utimensat(fd, "keys/a/3.pem", old, 0), 0);
        _cleanup_(varlink_reply_done) VarlinkReply reply = call_as(
                        geteuid(), "Prune",
                        text("{\"certificate\":\"a\",\"spki\":\"%s\",\"attempt\":\"3\"}", live));
        int64_t removed = -1;
        CHECK_INT(json_get_int64(reply.parameters, "removed", &removed), 0);
        CHECK_INT(removed, 1);
        CHECK_INT(faccessat(fd, "keys/a/1.pem", F_OK, 0), -1);
        CHECK_INT(faccessat(fd, "keys/a/2.pem", F_OK, 0), 0);
        CHECK_INT(faccessat(fd, "keys/a/3.pem", F_OK, 0), 0);
        CHECK_STR(error_of("Prune", "{\"certificate\":\"a\",\"spki\":\"xyz\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("Prune", "{\"certificate\":\"a\",\"attempt\":\"../x\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("Prune", "{\"certificate\":\"../accounts\"}"), "InvalidParameter");
        CHECK_STR(error_of("Prune", "{\"certificate\":\"gone\"}"), "");
}

/* ---- peers ---- */

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

TEST_MAIN({ "F-03 Account answers with the same key", account },
          { "F-01 C-04 newAccount has e-mail, agreement and jwk", new_account },
          { "F-04 without agreement nothing is agreed to", terms },
          { "H-01 C-05 newOrder has the configured names and kid", order },
          { "a rehearsal has a key of its own, for the staging CA only", rehearsals },
          { "CA-03: another CA of the list, and a name less that is optional",
            fallback_and_optional },
          { "R2.7.5 names that are not configured are refused", foreign_names },
          { "H-01 an order asks for what is configured", wishes },
          { "U-02 a forged profile is refused", forged_profile },
          { "T-15 a forged predecessor is refused", forged_replaces },
          { "H-04 forged dates are refused", forged_dates },
          { "R2.7.5 certificates that are not configured so are refused", foreign_certificates },
          { "R2.7.5 R2.4.3 a url or kid of a foreign origin is refused", urls },
          { "C-07 J-07 the two payloads that say nothing", constant_payloads },
          { "B-04 R2.4.13 requests must be well-formed", bad_requests },
          { "R2.7.5 no method signs opaque octets", opaque_octets },
          { "the interface file and the table say the same", interface_file },
          { "O-06 the same certificate and attempt give the same key", same_key },
          { "O-05 the key is of the configured type", key_type },
          { "R1.2 attempt ids are checked", attempts },
          { "O-01 finalize has the CSR", finalizes },
          { "R2.7.5 O-02 a CSR not its own is refused for finalize", foreign_csr },
          { "C-13 an account key is never a certificate's key", account_key_as_certificate_key },
          { "C-14 R1.4 key files are 0600", files },
          { "a damaged or missing store is told", storage },
          { "Prune keeps what is named", prune },
          { "R2.7.5 forbidden peers are refused", peers },
          { "R2.4.14 what a peer wrote is escaped", escapes },
          { "G-01 a new account is bound by the credential", external_account },
          { "ExternalAccount= names another credential", external_account_named },
          { "G-06 the credential may be handed in as a descriptor", external_account_handed_in },
          { "G-03 a credential that cannot be used is told, and nothing is signed",
            external_account_damaged },
          { "F-08 an update has what changes, and is never empty", account_update },
          { "F-11 key change: granted, inner and outer, promoted", key_change },
          { "F-10 deactivation needs its grant", deactivation },
          { "only root grants, and only what there is", who_may_grant },
          { "R-03 O-05 the key of a revoked certificate is not kept", revoked_key },
          { "R-01 R-03 revocation: granted for one certificate, the key blocked", revocation })
