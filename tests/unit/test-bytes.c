#include "base/bytes.h"
#include "tests/unit/test.h"

static void appends_and_ends_in_nul(void) {
        _cleanup_(bytes_done) Bytes b = {};

        CHECK_STR(bytes_text(&b), "");
        CHECK_INT(bytes_append_string(&b, "abc"), 0);
        CHECK_INT(bytes_printf(&b, "-%d", 42), 0);
        CHECK_INT(b.size, 6);
        CHECK_STR(bytes_text(&b), "abc-42");
        bytes_consume(&b, 4);
        CHECK_STR(bytes_text(&b), "42");
        bytes_consume(&b, 2);
        CHECK(!b.data && b.size == 0);
}

static void stops_at_its_limit(void) {
        _cleanup_(bytes_done) Bytes b = { .limit = 100 };
        char text[101];

        memset(text, 'x', sizeof(text));
        CHECK_INT(bytes_append(&b, text, 101), -E2BIG);
        CHECK_INT(b.size, 0);
        CHECK_INT(bytes_append(&b, text, 60), 0);
        CHECK_INT(bytes_append(&b, text, 41), -E2BIG);
        CHECK_INT(bytes_printf(&b, "%.*s", 41, text), -E2BIG);
        CHECK_INT(b.size, 60);
        CHECK_INT(bytes_append(&b, text, 40), 0);
        CHECK_INT(b.size, 100);
        CHECK_INT(b.data[100], 0);
        CHECK_INT(bytes_append(&b, text, 1), -E2BIG);
        CHECK_INT(bytes_append(&b, text, SIZE_MAX), -E2BIG);
}

static void has_a_default_limit(void) {
        _cleanup_(bytes_done) Bytes b = {};
        _cleanup_free_ char *block = calloc(1, BYTES_LIMIT_DEFAULT + 1);

        REQUIRE(block);
        CHECK_INT(bytes_append(&b, block, BYTES_LIMIT_DEFAULT + 1), -E2BIG);
        CHECK_INT(bytes_append(&b, block, BYTES_LIMIT_DEFAULT), 0);
        CHECK_INT(bytes_append(&b, "x", 1), -E2BIG);
}

static void secret_grows_and_moves_as_well(void) {
        _cleanup_(bytes_done) Bytes b = { .secret = true };

        for (int i = 0; i < 1000; i++)
                REQUIRE(bytes_printf(&b, "%04d", i) == 0);
        CHECK_INT(b.size, 4000);
        CHECK(memcmp(b.data + 3996, "0999", 5) == 0);
        bytes_consume(&b, 3996);
        CHECK_STR(bytes_text(&b), "0999");
        bytes_done(&b);
        CHECK(b.secret && !b.data);
}

static void hands_its_text_on(void) {
        _cleanup_(bytes_done) Bytes b = {};
        _cleanup_free_ char *empty = bytes_take_text(&b), *text = NULL;

        CHECK_STR(empty, "");
        REQUIRE(bytes_append_string(&b, "given") == 0);
        text = bytes_take_text(&b);
        CHECK_STR(text, "given");
        CHECK(!b.data && b.size == 0);
}

static void base64url_has_the_known_vectors(void) {
        static const char *const plain[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
        static const char *const coded[] = { "",       "Zg",      "Zm8",     "Zm9v",
                                             "Zm9vYg", "Zm9vYmE", "Zm9vYmFy" };

        for (size_t i = 0; i < ELEMENTSOF(plain); i++) {
                _cleanup_(bytes_done) Bytes b = {};
                _cleanup_free_ char *text = NULL;
                CHECK_INT(base64url_encode(plain[i], strlen(plain[i]), &text), 0);
                CHECK_STR(text, coded[i]);
                CHECK_INT(base64url_decode(coded[i], strlen(coded[i]), &b), 0);
                CHECK_STR(bytes_text(&b), plain[i]);
        }
}

static void base64url_round_trips_all_octets(void) {
        _cleanup_(bytes_done) Bytes b = {};
        _cleanup_free_ char *text = NULL;
        uint8_t all[256];

        for (size_t i = 0; i < 256; i++)
                all[i] = (uint8_t) i;
        REQUIRE(base64url_encode(all, 256, &text) == 0);
        CHECK(!strpbrk(text, "+/="));
        REQUIRE(base64url_decode(text, strlen(text), &b) == 0);
        CHECK_INT(b.size, 256);
        CHECK(memcmp(b.data, all, 256) == 0);
}

static void base64url_refuses_what_is_not_strict(void) {
        static const char *const bad[] = {
                "Zg==",   "Zm8=",  "Z",  "Zm9vY", "Zm+v",     "Zm/v",    " Zm9v",
                "Zm9v\n", "Zm9 v", "Zh", "Zm9",   "\xff\xff", "Zm\x80v",
        };
        _cleanup_(bytes_done) Bytes b = {};

        REQUIRE(bytes_append_string(&b, "kept") == 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_INT(base64url_decode(bad[i], strlen(bad[i]), &b), -EBADMSG);
        CHECK_INT(base64url_decode("AA\0A", 4, &b), -EBADMSG);
        CHECK_STR(bytes_text(&b), "kept");
}

static void base64url_obeys_the_limit_of_the_buffer(void) {
        _cleanup_(bytes_done) Bytes b = { .limit = 5 };

        CHECK_INT(base64url_decode("Zm9vYmFy", 8, &b), -E2BIG);
        CHECK_INT(base64url_decode("Zm9v", 4, &b), 0);
        CHECK_INT(base64url_decode("Zm9v", 4, &b), -E2BIG);
        CHECK_STR(bytes_text(&b), "foo");
}

static void hex_is_lower_case(void) {
        _cleanup_free_ char *text = NULL;

        CHECK_INT(hex_encode("\x00\xab\xff", 3, &text), 0);
        CHECK_STR(text, "00abff");
}

TEST_MAIN({ "appends, consumes and always ends in NUL", appends_and_ends_in_nul },
          { "stops at its limit with the content unchanged", stops_at_its_limit },
          { "has a default limit", has_a_default_limit },
          { "a secret buffer grows and moves as well", secret_grows_and_moves_as_well },
          { "hands its text on", hands_its_text_on },
          { "base64url: vectors of RFC 4648", base64url_has_the_known_vectors },
          { "base64url: all octets round trip (B-05)", base64url_round_trips_all_octets },
          { "base64url: padding, +, /, space, trailing bits refused (B-05)",
            base64url_refuses_what_is_not_strict },
          { "base64url: the buffer's limit holds", base64url_obeys_the_limit_of_the_buffer },
          { "hex is lower case", hex_is_lower_case })
