#include "base/strings.h"
#include "tests/unit/test.h"

static void list_keeps_copies_and_sorts(void) {
        _cleanup_(string_list_done) StringList a = {}, b = {};
        char text[] = "b";

        REQUIRE(string_list_add(&a, text) == 0);
        text[0] = 'x';
        REQUIRE(string_list_add(&a, "a") == 0 && string_list_add(&a, "b") == 0);
        CHECK(string_list_contains(&a, "b") && !string_list_contains(&a, "x"));
        REQUIRE(string_list_copy(&a, &b) == 0);
        string_list_sort_unique(&a);
        CHECK_INT(a.count, 2);
        CHECK_STR(a.items[0], "a");
        CHECK_STR(a.items[1], "b");
        CHECK_INT(b.count, 3);
        CHECK(string_list_same_set(&a, &b));
        REQUIRE(string_list_add(&b, "c") == 0);
        CHECK(!string_list_same_set(&a, &b) && !string_list_same_set(&b, &a));
}

static void empty_list_sorts(void) {
        StringList l = {};

        string_list_sort_unique(&l);
        CHECK_INT(l.count, 0);
}

static void compares(void) {
        CHECK(str_equal(NULL, NULL) && !str_equal(NULL, "") && str_equal("a", "a"));
        CHECK(str_equal_ignore_case("Nonce-Z", "nonce-z") && !str_equal_ignore_case("a", "ab"));
        CHECK(!str_equal_ignore_case("[", "{") && !str_equal_ignore_case("ab", "a"));
        CHECK_STR(str_skip_prefix("https://a", "https://"), "a");
        CHECK(!str_skip_prefix("http", "https"));
        CHECK(str_ends_with("a.conf", ".conf") && !str_ends_with("conf", ".conf"));
        CHECK(str_is_base64url("aZ0-_") && !str_is_base64url("") && !str_is_base64url("a=") &&
              !str_is_base64url("a\n"));
}

static void replaces(void) {
        _cleanup_free_ char *p = NULL;

        CHECK_INT(str_replace(&p, "one"), 0);
        CHECK_INT(str_replace(&p, p + 1), 0); /* of itself */
        CHECK_STR(p, "ne");
        CHECK_INT(str_replace(&p, NULL), 0);
        CHECK(!p);
}

static void parses_integers(void) {
        int64_t v = 7;

        CHECK_INT(str_to_int64("-9223372036854775808", INT64_MIN, INT64_MAX, &v), 0);
        CHECK(v == INT64_MIN);
        CHECK_INT(str_to_int64("9223372036854775807", INT64_MIN, INT64_MAX, &v), 0);
        CHECK(v == INT64_MAX);
        CHECK_INT(str_to_int64("9223372036854775808", INT64_MIN, INT64_MAX, &v), -ERANGE);
        CHECK_INT(str_to_int64("-9223372036854775809", INT64_MIN, INT64_MAX, &v), -ERANGE);
        CHECK_INT(str_to_int64("99999999999999999999999999", INT64_MIN, INT64_MAX, &v), -ERANGE);
        CHECK_INT(str_to_int64("11", 0, 10, &v), -ERANGE);
        static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1x", "0x1", "--1", "1.0" };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_INT(str_to_int64(bad[i], INT64_MIN, INT64_MAX, &v), -EINVAL);
        CHECK(v == INT64_MAX);
}

static void utf8_is_strict(void) {
        static const char *const good[] = {
                "", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x94\x92", "\xf4\x8f\xbf\xbf",
        };
        static const char *const bad[] = {
                "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",
                "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                "\xc3",         "\xe2\x82",         "\xf0\x9f\x94",     "a\xff",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                CHECK(utf8_is_valid(good[i], strlen(good[i])));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(!utf8_is_valid(bad[i], strlen(bad[i])));
        CHECK(utf8_is_valid("a\0b", 3));
}

static void check_escape(const char *text, size_t max, const char *expected) {
        _cleanup_free_ char *out = str_escape(text, max);

        CHECK_STR(out, expected);
}

static void escapes_what_is_not_seen(void) {
        check_escape("plain text, \xc3\xa4 \xe2\x82\xac \xf0\x9f\x94\x92", 512,
                     "plain text, \xc3\xa4 \xe2\x82\xac \xf0\x9f\x94\x92");
        check_escape("a\nb\r\t\x1b[31m\x7f", 512, "a\\x0ab\\x0d\\x09\\x1b[31m\\x7f");
        check_escape("\xc2\x9b"
                     "31m",
                     512, "\\xc2\\x9b31m"); /* C1: CSI */
        check_escape("\xe2\x80\xae"
                     "txt",
                     512, "\\xe2\\x80\\xaetxt"); /* right-to-left override */
        check_escape("\xe2\x81\xa6\xe2\x81\xa9", 512,
                     "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"); /* isolates */
        check_escape("\xe2\x80\xa8\xe2\x80\xa9", 512, "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
        check_escape("\xe2\x80\x8b\xef\xbb\xbf", 512, "\\xe2\\x80\\x8b\\xef\\xbb\\xbf");
        check_escape("\xf3\xa0\x81\x81", 512, "\\xf3\\xa0\\x81\\x81"); /* tag characters */
        check_escape("\xff\xc3(", 512, "\\xff\\xc3(");
        check_escape("\xe2\x82", 512, "\\xe2\\x82");
}

static void escape_leaves_no_control_octet(void) {
        for (int c = 1; c < 256; c++) {
                char text[] = { 'a', (char) c, 'b', 0 };
                _cleanup_free_ char *out = str_escape(text, 512);
                REQUIRE(out);
                CHECK(utf8_is_valid(out, strlen(out)));
                for (const uint8_t *p = (const uint8_t *) out; *p; p++)
                        CHECK(*p >= 0x20 && *p < 0x7f);
        }
}

static void escape_cuts_at_whole_characters(void) {
        check_escape("abcdef", 6, "abcdef");
        check_escape("abcdefg", 6, "abc...");
        check_escape("ab\n\n", 8, "ab...");
        check_escape("a\xe2\x82\xac\xe2\x82\xac"
                     "bcdef",
                     8, "a\xe2\x82\xac...");
        check_escape("abcdef", 2, "..");
        check_escape("abcdef", 0, "");
        check_escape("", 10, "");

        _cleanup_free_ char *large = malloc(1000001), *out = NULL;
        REQUIRE(large);
        memset(large, '\n', 1000000);
        large[1000000] = 0;
        out = str_escape(large, STR_ESCAPE_MAX);
        REQUIRE(out);
        CHECK(strlen(out) <= STR_ESCAPE_MAX && str_ends_with(out, "\\x0a..."));
}

TEST_MAIN({ "a list keeps copies and sorts", list_keeps_copies_and_sorts },
          { "an empty list sorts", empty_list_sorts },
          { "compares NULL-safe and without locale", compares },
          { "replaces a text, also by a part of itself", replaces },
          { "parses integers over the whole range and nothing else", parses_integers },
          { "UTF-8: overlong, surrogates, truncated refused (B-01)", utf8_is_strict },
          { "escapes controls, bidi, invisible, invalid (R2.4.14)", escapes_what_is_not_seen },
          { "of 255 octets none leaves a control (R2.4.14)", escape_leaves_no_control_octet },
          { "cuts at whole characters within the limit (R2.4.14)",
            escape_cuts_at_whole_characters })
