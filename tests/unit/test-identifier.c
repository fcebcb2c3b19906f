/* Which names may stand in a certificate, and in which form (H-02, H-03). */

#include "config/config.h"
#include "tests/unit/test.h"

static void check_good(const char *text, const char *canonical) {
        _cleanup_free_ char *name = NULL;
        const char *reason = NULL;
        int r = identifier_normalize(text, &name, &reason);

        if (r < 0)
                printf("# '%s': %s\n", text, reason ? reason : "?");
        CHECK_INT(r, 0);
        if (r == 0)
                CHECK_STR(name, canonical);
}

static void check_bad(const char *text, const char *expected) {
        _cleanup_free_ char *name = NULL;
        const char *reason = NULL;

        CHECK_INT(identifier_normalize(text, &name, &reason), -EINVAL);
        CHECK_STR(reason, expected);
        CHECK(!name);
}

static void test_good(void) {
        check_good("a.example.org", "a.example.org");
        check_good("A.Example.ORG", "a.example.org");
        check_good("*.example.org", "*.example.org");
        check_good("*.EXAMPLE.org", "*.example.org");
        check_good("xn--mnchen-3ya.example", "xn--mnchen-3ya.example");
        check_good("1.2.example.org", "1.2.example.org");
        check_good("localhost", "localhost");
        check_good("a-b.c--d.example", "a-b.c--d.example");
}

static void test_addresses(void) {
        check_good("192.0.2.1", "192.0.2.1");
        check_good("2001:DB8:0::1", "2001:db8::1");
        check_good("::1", "::1");
        CHECK(identifier_is_ip("192.0.2.1"));
        CHECK(identifier_is_ip("2001:db8::1"));
        CHECK(!identifier_is_ip("example.org"));
        check_bad("192.0.2.256",
                  "ends in a number, which is neither a DNS name nor a correct IP address");
        check_bad("192.0.02.1",
                  "ends in a number, which is neither a DNS name nor a correct IP address");
        check_bad("[::1]", "is neither a DNS name nor an IP address (no URL, no brackets)");
        check_bad("example.org:443", "is neither a DNS name nor an IP address (no port)");
}

static void test_bad(void) {
        check_bad("", "is empty");
        check_bad("m\xc3\xbcnchen.example",
                  "is not ASCII: write the A-label (xn--...), as 'idn2 NAME' prints it");
        check_bad("a..example.org", "has an empty label (two dots in a row, or one at an end)");
        check_bad("a.example.org.", "has an empty label (two dots in a row, or one at an end)");
        check_bad(".example.org", "has an empty label (two dots in a row, or one at an end)");
        check_bad("a_b.example.org",
                  "has an underscore, which no public CA accepts in a host name");
        check_bad("-a.example.org", "has a label that begins or ends with '-'");
        check_bad("a-.example.org", "has a label that begins or ends with '-'");
        check_bad("a.*.example.org", "has a '*' that is not the whole left-most label");
        check_bad("*a.example.org", "has a '*' that is not the whole left-most label");
        check_bad("*.*.example.org", "has a '*' that is not the whole left-most label");
        check_bad("*", "has a '*' that is not the whole left-most label");
        check_bad("*.org", "would cover a whole top-level domain");
        check_bad("a b.example.org", "has a blank or control character");
        check_bad("a\x1b.example.org", "has a blank or control character");
        check_bad("https://example.org",
                  "is neither a DNS name nor an IP address (no URL, no brackets)");
        check_bad("a;b.example.org", "has a character other than a-z, 0-9, '-' and '.'");
}

/* Fills `buffer` with labels of 60 characters and a last one that makes `size` in all. */
static void long_name(char *buffer, size_t size) {
        for (size_t i = 0; i < size; i++)
                buffer[i] = i % 61 == 60 ? '.' : 'a';
        buffer[size] = '\0';
}

static void test_lengths(void) {
        char name[300];

        long_name(name, 253);
        check_good(name, name);
        long_name(name, 254);
        check_bad(name, "has more than 253 characters");
        (void) snprintf(name, sizeof name, "%064d.example.org", 0);
        check_bad(name, "has a label of more than 63 characters");
        (void) snprintf(name, sizeof name, "%063d.example.org", 0);
        check_good(name, name);
}

static void test_certificate_names(void) {
        char name[102];

        CHECK(certificate_name_is_valid("pbx.example.org"));
        CHECK(certificate_name_is_valid("0a_b-c"));
        CHECK(certificate_name_is_valid("_wildcard.example.org"));
        CHECK(!certificate_name_is_valid(""));
        CHECK(!certificate_name_is_valid("."));
        CHECK(!certificate_name_is_valid(".hidden"));
        CHECK(!certificate_name_is_valid("a..b"));
        CHECK(!certificate_name_is_valid("../a"));
        CHECK(!certificate_name_is_valid("a/b"));
        CHECK(!certificate_name_is_valid("A.example.org"));
        CHECK(!certificate_name_is_valid("_wildcard."));
        CHECK(!certificate_name_is_valid("_wildcard..org"));
        CHECK(!certificate_name_is_valid("_other.example.org"));
        CHECK(!certificate_name_is_valid("*.example.org"));
        CHECK(!certificate_name_is_valid("a b"));
        CHECK(!certificate_name_is_valid("a\n"));
        memset(name, 'a', 101);
        name[101] = '\0';
        CHECK(!certificate_name_is_valid(name));
        name[100] = '\0';
        CHECK(certificate_name_is_valid(name));
}

TEST_MAIN({ "H-02: names are folded to lower-case A-labels", test_good },
          { "H-02: addresses are written in one way", test_addresses },
          { "H-02 H-03: bad names are refused with the reason", test_bad },
          { "H-02: 253 octets in all, 63 in a label", test_lengths },
          { "R2.8.3: certificate names are safe file names", test_certificate_names })
