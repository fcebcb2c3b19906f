/* Which names may stand in a certificate, and in which form (H-02, H-03). */

#include "config/config.h"
#include "config/idn.h"
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

static void test_international(void) {
        char label[300];

        check_good("b\u00fccher.example", "xn--bcher-kva.example");
        check_good("B\u00dcCHER.example", "xn--bcher-kva.example");
        check_good("bu\u0308cher.example", "xn--bcher-kva.example"); /* decomposed */
        check_good("*.b\u00fccher.example", "*.xn--bcher-kva.example");
        check_good("fa\u00df.de", "xn--fa-hia.de"); /* not fass.de: non-transitional */
        check_good("\u4f8b\u3048\u3002\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah");
        check_good("\uff41.example", "a.example");          /* full width */
        check_good("xn--ls8h.example", "xn--ls8h.example"); /* an emoji that a registry took */
        check_bad("b\xfc"
                  "cher.example",
                  "is not UTF-8");
        check_bad("a\u200b.b\xff.example", "is not UTF-8");
        check_bad("b\u00fc_cher.example",
                  "has an underscore, which no public CA accepts in a host name");
        check_bad("a\uff3fb.example",
                  "has an underscore, which no public CA accepts in a host name");
        check_bad("b\u00fc*.example", "is no valid internationalised name");
        check_bad("b\u00fc \u00fc.example", "has a blank or control character");
        check_bad("\u2100b.example", "has a character other than a-z, 0-9, '-' and '.'"); /* a/c */
        check_bad("\u0301a.example",
                  "has a character that no internationalised name may have there");
        check_bad("\uff11\uff10.0.0.1",
                  "ends in a number, which is neither a DNS name nor a correct IP address");
        check_bad("xn--a-\u00fc.example", "is no valid internationalised name");
        check_bad("xn--99999999.example", "has a label 'xn--...' that decodes to nothing");
        memset(label, 0, sizeof(label));
        for (int i = 0; i < 60; i++)
                strcat(label, "\u00fc");
        strcat(label, ".example");
        check_bad(label, "has a label of more than 63 characters in its A-form (xn--...)");
}

static void check_shown(const char *name, const char *expected) {
        _cleanup_free_ char *shown = NULL;

        CHECK_INT(identifier_show(name, &shown), 0);
        CHECK_STR(shown, expected);
}

static void test_shown(void) {
        check_shown("a.example", "a.example");
        check_shown("192.0.2.1", "192.0.2.1");
        check_shown("xn--bcher-kva.example", "xn--bcher-kva.example (b\u00fccher.example)");
        check_shown("*.xn--bcher-kva.example", "*.xn--bcher-kva.example (*.b\u00fccher.example)");
        check_shown("xn--99999999.example", "xn--99999999.example");
        check_shown("xn--a-ecp.ru", "xn--a-ecp.ru");             /* would not lead back */
        check_shown("xn--ab-j1t.example", "xn--ab-j1t.example"); /* a joiner that shows nothing */
}

static void test_bad(void) {
        check_bad("", "is empty");
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
          { "H-02: internationalised names become A-labels (UTS 46, non-transitional, STD 3)",
            test_international },
          { "H-02: both forms are shown where that is safe", test_shown },
          { "H-02: addresses are written in one way", test_addresses },
          { "H-02 H-03: bad names are refused with the reason", test_bad },
          { "H-02: 253 octets in all, 63 in a label", test_lengths },
          { "R2.8.3: certificate names are safe file names", test_certificate_names })
