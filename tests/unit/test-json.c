#include <time.h>

#include "base/json.h"
#include "tests/unit/test.h"

static int parse(const char *text, Json **ret) {
        return json_parse(text, strlen(text), ret);
}

static void check_refused(const char *text, size_t size) {
        _cleanup_(json_freep) Json *j = NULL;
        int r = json_parse(text, size, &j);

        if (r != -EBADMSG)
                printf("# of: %.60s\n", text);
        CHECK_INT(r, -EBADMSG);
        CHECK(!j);
}

static void reads_an_object(void) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *text;
        const Json *array, *object;
        int64_t number;
        bool flag;

        REQUIRE(parse(" {\"s\":\"a\\u00e4\\ud83d\\udd12\\n\",\"n\":-12,\"b\":true,"
                      "\"a\":[\"x\",null,3],\"o\":{\"k\":1.5e0}}\r\n",
                      &j) == 0);
        CHECK_INT(json_get_string(j, "s", &text), 0);
        CHECK_STR(text, "a\xc3\xa4\xf0\x9f\x94\x92\n");
        CHECK_INT(json_get_int64(j, "n", &number), 0);
        CHECK_INT(number, -12);
        CHECK_INT(json_get_bool(j, "b", &flag), 0);
        CHECK(flag);
        CHECK_INT(json_get_array(j, "a", &array), 0);
        CHECK_INT(json_count(array), 3);
        CHECK_STR(json_string_value(json_at(array, 0)), "x");
        CHECK(!json_string_value(json_at(array, 2)) && !json_at(array, 3));
        CHECK_INT(json_get_object(j, "o", &object), 0);
        CHECK_INT(json_get_int64(object, "k", &number), -EBADMSG);
        CHECK_STR(json_key_at(j, 1), "n");
}

static void null_counts_as_absent(void) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *text;

        REQUIRE(parse("{\"a\":null}", &j) == 0);
        CHECK(!json_get(j, "a"));
        CHECK_INT(json_get_string(j, "a", &text), -ENOENT);
        CHECK_INT(json_get_string(j, "b", &text), -ENOENT);
}

static void wrong_type_is_an_error(void) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *text;
        const Json *value;
        int64_t number;
        bool flag;

        REQUIRE(parse("{\"s\":\"1\",\"n\":1}", &j) == 0);
        CHECK_INT(json_get_string(j, "n", &text), -EBADMSG);
        CHECK_INT(json_get_int64(j, "s", &number), -EBADMSG);
        CHECK_INT(json_get_bool(j, "n", &flag), -EBADMSG);
        CHECK_INT(json_get_object(j, "s", &value), -EBADMSG);
        CHECK_INT(json_get_array(j, "s", &value), -EBADMSG);
        CHECK_INT(json_get_string(json_get(j, "s"), "x", &text), -ENOENT);
        CHECK_INT(json_get_string(j, "S", &text), -ENOENT);
}

static void integers_stay_within_2_53(void) {
        _cleanup_(json_freep) Json *j = NULL;
        int64_t n;

        REQUIRE(parse("{\"a\":9007199254740992,\"b\":9007199254740994,\"c\":1e999,\"d\":0.5,\"e\":-1e300}",
                      &j) == 0);
        CHECK_INT(json_get_int64(j, "a", &n), 0);
        CHECK_INT(n, INT64_C(9007199254740992));
        CHECK_INT(json_get_int64(j, "b", &n), -EBADMSG);
        CHECK_INT(json_get_int64(j, "c", &n), -EBADMSG);
        CHECK_INT(json_get_int64(j, "d", &n), -EBADMSG);
        CHECK_INT(json_get_int64(j, "e", &n), -EBADMSG);
}

static void refuses_what_is_not_one_text(void) {
        static const char *const bad[] = {
                "",
                " ",
                "{",
                "}",
                "{}x",
                "{} {}",
                "[1,]",
                "[,1]",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "{a:1}",
                "{'a':1}",
                "[01]",
                "[1.]",
                "[.5]",
                "[+1]",
                "[-]",
                "[1e]",
                "[1e+]",
                "[0x1]",
                "[NaN]",
                "[Infinity]",
                "[tru]",
                "[True]",
                "\"a",
                "\"\\x\"",
                "\"\\u12g4\"",
                "[1 2]",
                "[1}",
                "{\"a\":1]",
                "\"a\nb\"",
                "\"\t\"",
                "/**/{}",
                "[1]//",
                "\f[1]",
                "{\"a\" 1}",
                "\xef\xbb\xbf{}", /* BOM */
                "\"\\u0000\"",
                "{\"\\u0000\":1}", /* U+0000 */
                "\"\\ud800\"",
                "\"\\udc00\"",
                "\"\\ud800\\u0041\"",
                "\"\\ud800x\"", /* lone surrogates */
                "\"\xff\"",
                "\"\xc0\x80\"",
                "\"\xed\xa0\x80\"",
                "\"\xe2\x82\"", /* no UTF-8 */
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                check_refused(bad[i], strlen(bad[i]));
        check_refused("{}\0", 3);
        check_refused("\"a\0b\"", 5);
}

static void refuses_duplicate_keys(void) {
        static const char *const bad[] = {
                "{\"a\":1,\"a\":2}",
                "{\"a\":1,\"b\":2,\"\\u0061\":3}",
                "[{\"x\":{\"k\":null,\"z\":1,\"k\":null}}]",
        };
        _cleanup_(json_freep) Json *j = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                check_refused(bad[i], strlen(bad[i]));
        CHECK_INT(parse("{\"a\":1,\"A\":2,\"b\":{\"a\":1}}", &j), 0);
}

static void repeat(char *out, const char *piece, size_t count) {
        size_t length = strlen(piece);

        for (size_t i = 0; i < count; i++)
                memcpy(out + i * length, piece, length);
}

static void nesting_has_a_limit(void) {
        char text[2 * JSON_DEPTH_MAX + 2];
        _cleanup_(json_freep) Json *j = NULL;

        memset(text, '[', JSON_DEPTH_MAX);
        memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
        CHECK_INT(json_parse(text, 2 * JSON_DEPTH_MAX, &j), 0);
        memset(text, '[', JSON_DEPTH_MAX + 1);
        memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
        check_refused(text, 2 * JSON_DEPTH_MAX + 2);
}

/* Processor time, not the clock: other work on the machine does not count. */
static void bombs_are_refused_quickly(void) {
        static const char *const pieces[] = { "[",  "{\"a\":",   "[{\"a\":", "1",
                                              "0,", "\"\\u00e4", "-1e" };
        size_t size = 1000000;
        _cleanup_free_ char *text = malloc(size + 8);

        REQUIRE(text);
        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                size_t count = size / strlen(pieces[i]);
                repeat(text, pieces[i], count);
                clock_t start = clock();
                check_refused(text, count * strlen(pieces[i]));
                CHECK((double) (clock() - start) / CLOCKS_PER_SEC < 0.05);
        }
        text[0] = '[';
        repeat(text + 1, "0,", JSON_MEMBERS_MAX + 1);
        memcpy(text + 1 + 2 * (JSON_MEMBERS_MAX + 1), "0]", 2);
        check_refused(text, 1 + 2 * (JSON_MEMBERS_MAX + 1) + 2);
}

static void size_has_a_limit(void) {
        _cleanup_free_ char *text = malloc(JSON_SIZE_MAX + 1);
        Json *j = NULL;

        REQUIRE(text);
        memset(text, ' ', JSON_SIZE_MAX + 1);
        text[0] = '1';
        CHECK_INT(json_parse(text, JSON_SIZE_MAX + 1, &j), -E2BIG);
        CHECK_INT(json_parse(text, JSON_SIZE_MAX, &j), 0);
        j = json_free(j);
        CHECK(!j);
}

static void number_has_a_limit(void) {
        char text[72] = "[";

        memset(text + 1, '9', 70);
        text[65] = ']';
        check_refused(text, 66); /* 64 digits */
        text[64] = ']';
        Json *j = NULL;
        CHECK_INT(json_parse(text, 65, &j), 0);
        json_free(j);
}

static void builds_and_prints(void) {
        _cleanup_(json_freep) Json *o = json_object_new(), *copy = NULL;
        _cleanup_free_ char *text = NULL, *again = NULL;
        Json *list = json_array_new();

        REQUIRE(o && list);
        CHECK_INT(json_append_string(list, "x\"\n"), 0);
        CHECK_INT(json_append_string(list, NULL), 0);
        CHECK_INT(json_append(list, NULL), 0);
        CHECK_INT(json_set_string(o, "s", "old"), 0);
        CHECK_INT(json_set_int64(o, "n", INT64_C(1793000000)), 0);
        CHECK_INT(json_set_string(o, "none", NULL), 0);
        CHECK_INT(json_set(o, "list", list), 0);
        CHECK_INT(json_set_bool(o, "b", false), 0);
        CHECK_INT(json_set_string(o, "s", "new"), 0);
        CHECK_INT(json_to_string(o, &text), 0);
        CHECK_STR(text, "{\"s\":\"new\",\"n\":1793000000,\"list\":[\"x\\\"\\n\"],\"b\":false}");
        copy = json_copy(o);
        CHECK_INT(json_remove(o, "s"), 0);
        CHECK_INT(json_remove(o, "s"), -ENOENT);
        CHECK(!json_get(o, "s"));
        CHECK_INT(json_to_string(copy, &again), 0);
        CHECK_STR(again, text);
}

static void setters_free_what_they_cannot_take(void) {
        _cleanup_(json_freep) Json *o = json_object_new(), *a = json_array_new();

        CHECK_INT(json_set(a, "k", json_object_new()), -EINVAL);
        CHECK_INT(json_append(o, json_object_new()), -EINVAL);
        CHECK_INT(json_set_string(o, "k", "\xff"), -EINVAL);
        CHECK_INT(json_set_int64(o, "k", INT64_MAX), -ERANGE);
        CHECK_INT(json_count(o), 0);
        CHECK_INT(json_count(a), 0);
}

TEST_MAIN({ "reads members of all types", reads_an_object },
          { "a null member counts as absent (B-03)", null_counts_as_absent },
          { "a wrong type is an error of that member (B-04)", wrong_type_is_an_error },
          { "integers stay within 2^53 (R2.4.7)", integers_stay_within_2_53 },
          { "refuses what is not one JSON text in UTF-8 (B-01)", refuses_what_is_not_one_text },
          { "refuses duplicate keys, also escaped ones (B-04, R2.4.7)", refuses_duplicate_keys },
          { "nesting ends at 32 (B-01)", nesting_has_a_limit },
          { "depth, keys and digits of 10^6 are refused quickly (C10)", bombs_are_refused_quickly },
          { "size over 1 MiB is refused unread (R2.4.7)", size_has_a_limit },
          { "numbers end at 63 octets (R2.4.7)", number_has_a_limit },
          { "builds, replaces, leaves NULL out and prints (B-03)", builds_and_prints },
          { "setters free what they cannot take", setters_free_what_they_cannot_take })
