#include "acme/url.h"
#include "tests/unit/test.h"

static void check_origin(const char *url, const char *expected) {
        _cleanup_free_ char *origin = NULL;

        CHECK_INT(url_origin(url, &origin), 0);
        CHECK_STR(origin, expected);
}

static void origins(void) {
        check_origin("https://ca.example/dir", "https://ca.example");
        check_origin("https://CA.Example", "https://ca.example");
        check_origin("https://ca.example:443/dir?x=/@", "https://ca.example");
        check_origin("https://ca.example:14000/dir", "https://ca.example:14000");
        check_origin("https://127.0.0.1:14000?x", "https://127.0.0.1:14000");
        check_origin("https://[2001:DB8::1]/dir", "https://[2001:db8::1]");
        check_origin("https://[::1]:14000/dir", "https://[::1]:14000");
}

static void no_urls(void) {
        static const char *const bad[] = {
                "",
                "https://",
                "https:///dir",
                "https:/ca.example",
                "http://ca.example/dir",
                "HTTPS://ca.example/dir",
                "ftp://ca.example/",
                "file:///etc/passwd",
                "//ca.example/",
                "/dir",
                "https://user@ca.example/",
                "https://user:pw@ca.example/",
                "https://ca.example@evil.example/",
                "https://ca.example\\@evil.example/",
                "https://ca.example:/",
                "https://ca.example:0/",
                "https://ca.example:0443/",
                "https://ca.example:65536/",
                "https://ca.example:99999999999/",
                "https://ca.example:443x/",
                "https://ca.example/#frag",
                "https://ca.example/a b",
                "https://ca.example/\t",
                "https://ca.example/\x7f",
                "https://ca.example/\xc3\xa9",
                "https://ca.ex\xc3\xa4mple/",
                " https://ca.example/",
                "https://ca.example/\n",
                "https://.ca.example/",
                "https://[::1/",
                "https://[::1]x/",
                "https://[fe80::1%25eth0]/",
                "https://[ca.example]/",
                "https://%63a.example/",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_free_ char *origin = NULL;

                if (url_origin(bad[i], &origin) != -EBADMSG) {
                        printf("# taken: '%s'\n", bad[i]);
                        CHECK(false);
                }
                CHECK(!origin);
        }
}

static void length(void) {
        char url[URL_MAX + 2];
        _cleanup_free_ char *at_limit = NULL, *over = NULL;

        memset(url, 'a', sizeof(url));
        memcpy(url, "https://ca.example/", strlen("https://ca.example/"));
        url[URL_MAX] = 0;
        CHECK_INT(url_origin(url, &at_limit), 0);
        url[URL_MAX] = 'a';
        url[URL_MAX + 1] = 0;
        CHECK_INT(url_origin(url, &over), -EBADMSG);
}

static void hosts(void) {
        _cleanup_free_ char *name = NULL, *literal = NULL, *none = NULL;

        CHECK_INT(url_host("https://Ca.Example:14000/dir", &name), 0);
        CHECK_STR(name, "ca.example");
        CHECK_INT(url_host("https://[::1]:14000/dir", &literal), 0);
        CHECK_STR(literal, "::1");
        CHECK_INT(url_host("https://a@b/", &none), -EBADMSG);
}

static void checked_by_origin(void) {
        _cleanup_(string_list_done) StringList allowed = {};

        REQUIRE(string_list_add(&allowed, "https://ca.example") == 0);
        REQUIRE(string_list_add(&allowed, "https://cdn.example:8443") == 0);
        CHECK_INT(url_check("https://ca.example/acct/1", &allowed), 0);
        CHECK_INT(url_check("https://CA.example:443/acct/1", &allowed), 0);
        CHECK_INT(url_check("https://cdn.example:8443/cert/1", &allowed), 0);
        CHECK_INT(url_check("https://cdn.example/cert/1", &allowed), -EACCES);
        CHECK_INT(url_check("https://ca.example:25/", &allowed), -EACCES);
        CHECK_INT(url_check("https://ca.example.evil.example/", &allowed), -EACCES);
        CHECK_INT(url_check("http://ca.example/", &allowed), -EBADMSG);
}

static void resolved(void) {
        static const struct {
                const char *base, *reference, *expected;
        } cases[] = {
                { "https://ca.example/a/b?q", "https://other.example/x/../y",
                  "https://other.example/x/../y" },
                { "https://ca.example/a/b", "http://ca.example/", "http://ca.example/" },
                { "https://ca.example/a/b", "//cdn.example/c", "https://cdn.example/c" },
                { "https://ca.example:14000/a/b?q", "/c/d?e", "https://ca.example:14000/c/d?e" },
                { "https://ca.example/a/b?q", "c", "https://ca.example/a/c" },
                { "https://ca.example/a/b?q/r", "../c", "https://ca.example/c" },
                { "https://ca.example/a/b", "../../../c", "https://ca.example/c" },
                { "https://ca.example/a/b/", ".", "https://ca.example/a/b/" },
                { "https://ca.example/a/b/", "..", "https://ca.example/a/" },
                { "https://ca.example/a/b", "./c/./d", "https://ca.example/a/c/d" },
                { "https://ca.example", "c", "https://ca.example/c" },
                { "https://ca.example?q", "c", "https://ca.example/c" },
                { "https://ca.example/a/b?q", "?r", "https://ca.example/a/b?r" },
                { "https://ca.example/a/b?q", "", "https://ca.example/a/b?q" },
                { "https://ca.example/a/b", "c?d=../e", "https://ca.example/a/c?d=../e" },
                { "https://Ca.Example/A=", "B=", "https://Ca.Example/B=" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *url = NULL;

                CHECK_INT(url_resolve(cases[i].base, cases[i].reference, &url), 0);
                CHECK_STR(url, cases[i].expected);
        }
}

static void bad_references(void) {
        _cleanup_free_ char *from_bad = NULL, *too_long = NULL;
        char reference[URL_MAX + 1];

        CHECK_INT(url_resolve("http://ca.example/", "x", &from_bad), -EBADMSG);
        memset(reference, 'a', sizeof(reference));
        reference[sizeof(reference) - 1] = 0;
        CHECK_INT(url_resolve("https://ca.example/", reference, &too_long), -EBADMSG);
}

TEST_MAIN({ "A-13 origin is scheme, host and port in lower case", origins },
          { "A-13 R1.3 R2.4.3 what is no plain https URL is refused", no_urls },
          { "A-13 2048 octets is the limit", length },
          { "A-15 the host is read without brackets", hosts },
          { "A-15 R7.3 other origins are refused", checked_by_origin },
          { "A-13 A-14 references are resolved, absolute URLs copied", resolved },
          { "A-13 references from no URL, or too long, are refused", bad_references })
