/* What renewctl prints: tables, instants, near names, file names. */

#include "ctl/ctl.h"
#include "ctl/nearest.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "tests/unit/test.h"

static const char *const headings[] = { "NAME", "STATE", "MESSAGE", NULL };

static const char *red(const char *cell) {
        return strcmp(cell, "failing") == 0 ? "\033[31m" : NULL;
}

static void test_aligned(void) {
        _cleanup_(table_freep) Table *t = NULL;
        _cleanup_(bytes_done) Bytes out = {};

        REQUIRE(table_new(headings, &t) == 0);
        CHECK_INT(table_add(t, (const char *const[]){ "a.example.org", "valid", "" }), 0);
        CHECK_INT(table_add(t, (const char *const[]){ "b", "failing", "x y" }), 0);
        CHECK_INT(table_add(t, (const char *const[]){ "m\xc3\xbc", NULL, "z" }), 0);
        CHECK_INT(table_format(t, false, &out), 0);
        CHECK_STR(bytes_text(&out), "NAME           STATE    MESSAGE\n"
                                    "a.example.org  valid    -\n"
                                    "b              failing  x y\n"
                                    "m\xc3\xbc             -        z\n");
}

static void test_colour(void) {
        _cleanup_(table_freep) Table *t = NULL;
        _cleanup_(bytes_done) Bytes plain = {}, coloured = {};

        REQUIRE(table_new(headings, &t) == 0);
        table_set_colour(t, 1, red);
        CHECK_INT(table_add(t, (const char *const[]){ "b", "failing", "x" }), 0);
        CHECK_INT(table_format(t, true, &coloured), 0);
        CHECK_STR(bytes_text(&coloured),
                  "NAME  STATE    MESSAGE\nb     \033[31mfailing\033[0m  x\n");
        CHECK_INT(table_format(t, false, &plain), 0);
        CHECK(!strchr(bytes_text(&plain), '\033'));
}

static void test_escaped(void) {
        _cleanup_(table_freep) Table *t = NULL;
        _cleanup_(bytes_done) Bytes out = {};

        REQUIRE(table_new(headings, &t) == 0);
        CHECK_INT(table_add(t, (const char *const[]){ "a\n", "\033[2J", "\xe2\x80\xae" }), 0);
        CHECK_INT(table_format(t, true, &out), 0);
        CHECK_STR(bytes_text(&out), "NAME   STATE    MESSAGE\na\\x0a  \\x1b[2J  \\xe2\\x80\\xae\n");
}

static void test_when(void) {
        char buffer[WHEN_SIZE];
        int64_t now = 1798977600; /* 2027-01-03 12:00 */

        CHECK_STR(when_format(0, now, buffer), "-");
        CHECK_STR(when_format(-5, now, buffer), "-");
        CHECK_STR(when_format(now + 43 * SEC_PER_DAY, now, buffer),
                  "2027-02-15 12:00 UTC (in 43 d)");
        CHECK_STR(when_format(now - 90, now, buffer), "2027-01-03 11:58 UTC (90 s ago)");
        CHECK_STR(when_format_short(now + 43 * SEC_PER_DAY, now, buffer), "2027-02-15 (43 d)");
        CHECK_STR(when_format_short(now + 5 * SEC_PER_HOUR, now, buffer), "2027-01-03 17:00 (5 h)");
        CHECK_STR(when_format_short(INT64_MAX, now, buffer), "-");
}

static void test_nearest(void) {
        _cleanup_(string_list_done) StringList names = {}, near = {}, none = {};

        CHECK_INT(string_list_add(&names, "mail.example.org"), 0);
        CHECK_INT(string_list_add(&names, "pbx.example.org"), 0);
        CHECK_INT(string_list_add(&names, "other.test"), 0);
        CHECK_INT(nearest_names("pxb.example.org", &names, &near), 0);
        REQUIRE(near.count >= 1);
        CHECK_STR(near.items[0], "pbx.example.org");
        CHECK(!string_list_contains(&near, "other.test"));
        CHECK_INT(nearest_names("zzz", &names, &none), 0);
        CHECK_INT(none.count, 0);
        CHECK_INT(nearest_names("mail", &names, &none), 0);
        CHECK_INT(none.count, 1);
}

static void check_file_name(const char *identifier, const char *expected) {
        _cleanup_free_ char *name = NULL;

        CHECK_INT(certificate_name_for(identifier, &name), expected ? 0 : -EINVAL);
        if (expected)
                CHECK_STR(name, expected);
}

static void test_file_names(void) {
        check_file_name("pbx.example.org", "pbx.example.org");
        check_file_name("*.example.org", "_wildcard.example.org");
        check_file_name("2001:db8::1", "2001-db8--1");
        check_file_name("192.0.2.1", "192.0.2.1");
        check_file_name("../etc", NULL);
        check_file_name("", NULL);
}

TEST_MAIN({ "columns are aligned by characters", test_aligned },
          { "colours are only where they are wanted", test_colour },
          { "R2.4.14: what others sent cannot reach the terminal", test_escaped },
          { "instants are shown with their distance", test_when },
          { "an unknown name gets the near ones", test_nearest },
          { "R2.8.3: the file is called like the first name", test_file_names })
