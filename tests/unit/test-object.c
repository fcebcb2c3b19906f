/* Directories and orders as CAs send them. */

#include "acme/object.h"
#include "base/bytes.h"
#include "tests/unit/object-bench.h"
#include "tests/unit/test.h"

static int parse_directory(const char *text, Directory *ret) {
        _cleanup_(json_freep) Json *j = object_json(text);
        const char *reason = NULL;
        int r = directory_parse(j, &object_origins, ret, &reason);

        CHECK(r == 0 || reason);
        return r;
}

static int parse_order(const char *text, Order *ret) {
        _cleanup_(json_freep) Json *j = object_json(text);
        const char *reason = NULL;
        int r = order_parse(j, &object_origins, ret, &reason);

        CHECK(r == 0 || reason);
        return r;
}

/* ---- directory ---- */

#define ENDPOINTS                                                                               \
        "\"newNonce\":\"https://ca.example/nonce\",\"newAccount\":\"https://ca.example/acct\"," \
        "\"newOrder\":\"https://ca.example/order\""

static void directory(void) {
        _cleanup_(directory_done) Directory d = {};

        CHECK_INT(parse_directory("{" ENDPOINTS ",\"revokeCert\":\"https://ca.example/revoke\","
                                  "\"keyChange\":\"https://ca.example/key\",\"renewalInfo\":\"https://cdn.example/ari\","
                                  "\"xyz123\":\"https://community.example/\",\"meta\":{\"termsOfService\":"
                                  "\"data:text/plain,Do%20what\\u001b\",\"externalAccountRequired\":true,"
                                  "\"caaIdentities\":[\"CA.example\",7,\"\\u001b\",\"two.example\"],"
                                  "\"website\":\"https://ca.example/\\u001b\",\"profiles\":{\"classic\":"
                                  "\"https://ca.example/p\",\"shortlived\":7,\"\":\"\",\"b\\nd\":\"\"}}}",
                                  &d),
                  0);
        CHECK_STR(d.new_nonce, "https://ca.example/nonce");
        CHECK_STR(d.new_account, "https://ca.example/acct");
        CHECK_STR(d.new_order, "https://ca.example/order");
        CHECK_STR(d.revoke_cert, "https://ca.example/revoke");
        CHECK_STR(d.key_change, "https://ca.example/key");
        CHECK_STR(d.renewal_info, "https://cdn.example/ari");
        CHECK_STR(d.terms_of_service, "data:text/plain,Do%20what\\x1b");
        CHECK(d.external_account_required);
        CHECK_STR(d.website, "https://ca.example/\\x1b");
        REQUIRE(d.caa_identities.count == 2);
        CHECK_STR(d.caa_identities.items[0], "ca.example");
        CHECK_STR(d.caa_identities.items[1], "two.example");
        CHECK_INT(d.profiles.count, 2); /* U-01 */
        CHECK(string_list_contains(&d.profiles, "classic"));
        CHECK(string_list_contains(&d.profiles, "shortlived"));
}

static void small_directory(void) {
        static const char *const texts[] = {
                "{" ENDPOINTS "}",
                "{" ENDPOINTS ",\"revokeCert\":null,\"renewalInfo\":null,\"meta\":null}",
                "{" ENDPOINTS
                ",\"meta\":{\"termsOfService\":null,\"externalAccountRequired\":null}}",
                "{" ENDPOINTS
                ",\"meta\":[],\"keyChange\":7,\"renewalInfo\":\"http://ca.example/\"}",
                "{" ENDPOINTS ",\"meta\":{\"termsOfService\":1,\"externalAccountRequired\":\"yes\","
                "\"website\":7,\"profiles\":[\"x\"],\"caaIdentities\":\"ca.example\"},"
                "\"revokeCert\":\"https://evil.example/\"}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(directory_done) Directory d = {};
                CHECK_INT(parse_directory(texts[i], &d), 0);
                CHECK(!d.revoke_cert && !d.key_change && !d.renewal_info && !d.terms_of_service);
                CHECK(!d.external_account_required && !d.website);
                CHECK_INT(d.profiles.count + d.caa_identities.count, 0);
        }
}

static void no_directory(void) {
        static const char *const texts[] = {
                "{}",
                "[]",
                "\"https://ca.example/\"",
                "{\"newNonce\":\"https://ca.example/nonce\",\"newAccount\":\"https://ca.example/acct\"}",
                "{\"newNonce\":\"https://ca.example/nonce\",\"newAccount\":null,\"newOrder\":\"https://ca.example/o\"}",
                "{\"newNonce\":\"https://ca.example/nonce\",\"newAccount\":{},\"newOrder\":\"https://ca.example/o\"}",
                "{\"newNonce\":\"http://ca.example/nonce\",\"newAccount\":\"https://ca.example/acct\",\"newOrder\":\"https://ca.example/o\"}",
                "{\"newNonce\":\"https://evil.example/n\",\"newAccount\":\"https://ca.example/acct\",\"newOrder\":\"https://ca.example/o\"}",
                "{\"newNonce\":\"/nonce\",\"newAccount\":\"https://ca.example/acct\",\"newOrder\":\"https://ca.example/o\"}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(directory_done) Directory d = {};
                CHECK_INT(parse_directory(texts[i], &d), -EBADMSG);
                CHECK(!d.new_nonce);
        }
}

/* ---- status ---- */

static void statuses(void) {
        for (AcmeStatus s = STATUS_UNKNOWN; s < STATUS_MAX; s++)
                CHECK_INT(acme_status_from_string(acme_status_to_string(s)), s);
        CHECK_INT(acme_status_from_string(""), STATUS_UNKNOWN);
        CHECK_INT(acme_status_from_string("Valid"), STATUS_UNKNOWN);
        CHECK_INT(acme_status_from_string("valid "), STATUS_UNKNOWN);
        CHECK_INT(acme_status_from_string("unknown"), STATUS_UNKNOWN);
}

/* ---- order ---- */

#define NAMES "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]"
#define AUTHZ "\"authorizations\":[\"https://ca.example/authz/1\"]"
#define FINAL "\"finalize\":\"https://ca.example/fin/1\""

static void order(void) {
        _cleanup_(order_done) Order o = {};

        CHECK_INT(parse_order("{\"status\":\"pending\",\"expires\":\"2027-01-03T12:00:00.5Z\","
                              "\"identifiers\":[{\"type\":\"dns\",\"value\":\"B.Example\"},"
                              "{\"type\":\"ip\",\"value\":\"2001:DB8:0::1\"},{\"type\":\"dns\",\"value\":\"b.example\"},"
                              "{\"type\":\"dns\",\"value\":\"*.a.example\"}],"
                              "\"authorizations\":[\"https://ca.example/authz/1\",\"https://cdn.example/authz/2\"],"
                              "\"certificate\":\"https://ca.example/cert/1\",\"error\":{\"type\":\"x\"},"
                              "\"notBefore\":null," FINAL "}",
                              &o),
                  0);
        CHECK_INT(o.status, STATUS_PENDING);
        CHECK_INT(o.expires, 1798977600);
        REQUIRE(o.identifiers.count == 3);
        CHECK_STR(o.identifiers.items[0], "b.example");
        CHECK_STR(o.identifiers.items[1], "2001:db8::1");
        CHECK_STR(o.identifiers.items[2], "*.a.example");
        CHECK_INT(o.authorizations.count, 2);
        CHECK_STR(o.finalize, "https://ca.example/fin/1");
        CHECK(!o.certificate);
        CHECK(!o.has_error);
}

static void order_valid(void) {
        _cleanup_(order_done) Order with = {}, without = {};

        CHECK_INT(parse_order("{\"status\":\"valid\"," NAMES
                              ",\"certificate\":\"https://cdn.example/cert/1\"}",
                              &with),
                  0);
        CHECK_STR(with.certificate, "https://cdn.example/cert/1");
        CHECK_INT(parse_order("{\"status\":\"valid\"," NAMES "," AUTHZ "," FINAL "}", &without), 0);
        CHECK(!without.certificate);
}

static void order_invalid(void) {
        _cleanup_(order_done) Order o = {};

        CHECK_INT(parse_order("{\"status\":\"invalid\"," NAMES "," AUTHZ "," FINAL
                              ",\"error\":{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"no\"}}",
                              &o),
                  0);
        REQUIRE(o.has_error);
        CHECK_INT(o.error.type, PROBLEM_CAA);
        CHECK_INT(o.error.status, 0);
}

static void order_unknown(void) {
        _cleanup_(order_done) Order o = {};

        CHECK_INT(parse_order("{\"status\":\"deactivated\",\"expires\":\"soon\"," NAMES "}", &o),
                  0);
        CHECK_INT(o.status, STATUS_DEACTIVATED);
        CHECK_INT(o.expires, 0);
        order_done(&o);
        CHECK_INT(parse_order("{\"status\":\"\"," NAMES "}", &o), 0);
        CHECK_INT(o.status, STATUS_UNKNOWN);
}

static void no_order(void) {
        static const char *const texts[] = {
                "{}",
                "[]",
                "{" NAMES "," AUTHZ "," FINAL "}",
                "{\"status\":7," NAMES "," AUTHZ "," FINAL "}",
                "{\"status\":\"pending\"," NAMES "," AUTHZ "}",
                "{\"status\":\"ready\"," NAMES "," AUTHZ ",\"finalize\":null}",
                "{\"status\":\"ready\"," NAMES "," AUTHZ ",\"finalize\":[]}",
                "{\"status\":\"ready\"," NAMES "," AUTHZ ",\"finalize\":\"http://ca.example/f\"}",
                "{\"status\":\"ready\"," NAMES "," AUTHZ
                ",\"finalize\":\"https://u:p@ca.example/f\"}",
                "{\"status\":\"pending\"," NAMES "," FINAL "}",
                "{\"status\":\"pending\"," NAMES ",\"authorizations\":[]," FINAL "}",
                "{\"status\":\"pending\"," NAMES ",\"authorizations\":[7]," FINAL "}",
                "{\"status\":\"pending\"," NAMES
                ",\"authorizations\":[\"https://evil.example/1\"]," FINAL "}",
                "{\"status\":\"pending\"," NAMES ",\"authorizations\":[\"https://ca.example/1\","
                "\"https://ca.example/2\",\"https://ca.example/3\"]," FINAL "}",
                "{\"status\":\"pending\"," AUTHZ "," FINAL "}",
                "{\"status\":\"pending\",\"identifiers\":[]," AUTHZ "," FINAL "}",
                "{\"status\":\"pending\",\"identifiers\":[\"a.example\"]," AUTHZ "," FINAL "}",
                "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\"}]," AUTHZ "," FINAL "}",
                "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"email\",\"value\":\"a@b\"}]," AUTHZ
                "," FINAL "}",
                "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a b\"}]," AUTHZ
                "," FINAL "}",
                "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"\"}]," AUTHZ
                "," FINAL "}",
                "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"ip\",\"value\":\"1.2.3\"}]," AUTHZ
                "," FINAL "}",
                "{\"status\":\"valid\"," NAMES ",\"certificate\":\"ftp://ca.example/c\"}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(order_done) Order o = {};

                if (parse_order(texts[i], &o) != -EBADMSG) {
                        printf("# taken: %s\n", texts[i]);
                        CHECK(false);
                }
        }
}

static void too_many_identifiers(void) {
        _cleanup_(bytes_done) Bytes text = {};
        _cleanup_(order_done) Order o = {};

        CHECK_INT(bytes_printf(&text, "{\"status\":\"ready\"," FINAL ",\"identifiers\":["), 0);
        for (unsigned i = 0; i < 101; i++)
                CHECK_INT(bytes_printf(&text, "%s{\"type\":\"dns\",\"value\":\"%u.example\"}",
                                       i ? "," : "", i),
                          0);
        CHECK_INT(bytes_append_string(&text, "]}"), 0);
        CHECK_INT(parse_order(bytes_text(&text), &o), -EBADMSG);
}

TEST_MAIN({ "E-01 E-02 B-02 a directory is read, unknown members ignored", directory },
          { "E-01 E-03 B-03 B-04 optional members may be missing, null or odd", small_directory },
          { "E-01 R1.3 R7.3 what is no directory is refused", no_directory },
          { "B-07 unknown status strings are unknown", statuses },
          { "H-06 B-06 B-09 N-01 an order is read, names folded", order },
          { "H-13 certificate counts only when valid", order_valid },
          { "H-13 Q-08 error counts only when invalid", order_invalid },
          { "B-07 H-07 an order of unknown status or time is still read", order_unknown },
          { "H-06 R1.3 R2.4.10 what is no order is refused", no_order },
          { "R2.4.10 identifiers are bounded", too_many_identifiers })
