#include "acme/caa.h"
#include "tests/unit/test.h"

#define ACCOUNT "https://ca.example/acct/123"

static CaaVerdict ask(const CaaRecord *records, size_t count, bool wildcard) {
        char *items[] = { (char *) "ca.example", (char *) "ca2.example" };
        StringList identities = { .items = items, .count = 2 };
        CaaQuestion q = {
                .identities = &identities,
                .wildcard = wildcard,
                .account = ACCOUNT,
                .method = "http-01",
        };

        return caa_evaluate(records, count, &q);
}

static CaaVerdict ask_one(const char *tag, const char *value) {
        return ask(&(CaaRecord){ .tag = tag, .value = value }, 1, false);
}

static void nothing_allows_all(void) {
        CHECK_INT(ask(NULL, 0, false), CAA_ALLOWED);
        CHECK_INT(ask(NULL, 0, true), CAA_ALLOWED);
        CHECK_INT(ask_one("iodef", "mailto:security@example.org"), CAA_ALLOWED);
}

static void issue_names_the_ca(void) {
        CHECK_INT(ask_one("issue", "ca.example"), CAA_ALLOWED);
        CHECK_INT(ask_one("ISSUE", "CA2.Example"), CAA_ALLOWED);
        CHECK_INT(ask_one("issue", "  ca.example  "), CAA_ALLOWED);
        CHECK_INT(ask_one("issue", "other.example"), CAA_OTHER_CA);
        CHECK_INT(ask_one("issue", "ca.example.org"), CAA_OTHER_CA);
        CHECK_INT(ask_one("issue", ";"), CAA_NOBODY);
        CHECK_INT(ask_one("issue", ""), CAA_NOBODY);
}

static void one_of_several_is_enough(void) {
        const CaaRecord records[] = {
                { .tag = "issue", .value = "other.example" },
                { .tag = "issue", .value = ";" },
                { .tag = "issue", .value = "ca.example" },
        };

        CHECK_INT(ask(records, 2, false), CAA_OTHER_CA);
        CHECK_INT(ask(records, 3, false), CAA_ALLOWED);
}

static void issuewild_speaks_for_wildcards(void) {
        const CaaRecord records[] = {
                { .tag = "issue", .value = "ca.example" },
                { .tag = "issuewild", .value = ";" },
        };

        CHECK_INT(ask(records, 1, true), CAA_ALLOWED);
        CHECK_INT(ask(records, 2, true), CAA_NOBODY);
        CHECK_INT(ask(records, 2, false), CAA_ALLOWED);
}

static void parameters_bind_account_and_method(void) {
        CHECK_INT(ask_one("issue", "ca.example; accounturi=" ACCOUNT), CAA_ALLOWED);
        CHECK_INT(ask_one("issue", "ca.example;accounturi=" ACCOUNT "4"), CAA_OTHER_ACCOUNT);
        CHECK_INT(ask_one("issue", "ca.example; accounturi="), CAA_OTHER_ACCOUNT);
        CHECK_INT(ask_one("issue", "ca.example; validationmethods=dns-01,http-01"), CAA_ALLOWED);
        CHECK_INT(ask_one("issue", "ca.example; validationmethods=dns-01"), CAA_OTHER_METHOD);
        CHECK_INT(ask_one("issue", "ca.example; validationmethods=http-0"), CAA_OTHER_METHOD);
        CHECK_INT(ask_one("issue", "ca.example; x=y; validationmethods = http-01 ; "), CAA_ALLOWED);
        CHECK_INT(ask_one("issue", "ca.example; nonsense"), CAA_OTHER_CA);
}

static void what_is_not_known_is_not_compared(void) {
        char *items[] = { (char *) "ca.example" };
        StringList identities = { .items = items, .count = 1 };
        CaaQuestion q = { .identities = &identities };
        CaaRecord r = { .tag = "issue",
                        .value = "ca.example; accounturi=x; validationmethods=dns-01" };

        CHECK_INT(caa_evaluate(&r, 1, &q), CAA_ALLOWED);
}

static void critical_unknown_property_refuses(void) {
        const CaaRecord records[] = {
                { .tag = "issue", .value = "ca.example" },
                { .flags = 128, .tag = "future", .value = "1" },
                { .flags = 128, .tag = "iodef", .value = "mailto:x@example.org" },
        };

        CHECK_INT(ask(records, 3, false), CAA_CRITICAL);
        CHECK_INT(ask(&records[2], 1, false), CAA_ALLOWED);
}

TEST_MAIN({ "RFC 8659 §3: no records, or none about issuing, allow everybody", nothing_allows_all },
          { "RFC 8659 §4.2: issue names the CA", issue_names_the_ca },
          { "RFC 8659 §4.2: one record that allows is enough", one_of_several_is_enough },
          { "RFC 8659 §4.3: issuewild speaks alone for wildcards", issuewild_speaks_for_wildcards },
          { "RFC 8657 §3, §4: accounturi and validationmethods",
            parameters_bind_account_and_method },
          { "J-17: what is not known here is not compared", what_is_not_known_is_not_compared },
          { "RFC 8659 §4.5: an unknown critical property refuses",
            critical_unknown_property_refuses })
