#include "hooks/bundle.h"
#include "tests/unit/test.h"

static Bundle sample(void) {
        Bundle b = { .key.secret = true };

        CHECK(bytes_append_string(&b.key, "KEY\n") >= 0);
        CHECK(bytes_append_string(&b.cert, "LEAF\n") >= 0);
        CHECK(bytes_append_string(&b.chain, "ISSUER\n") >= 0);
        CHECK(bytes_append_string(&b.fullchain, "LEAF\nISSUER\n") >= 0);
        return b;
}

static void check_content(FileContent content, const char *expected) {
        _cleanup_(bundle_done) Bundle b = sample();
        _cleanup_(bytes_done) Bytes text = { .secret = true };

        CHECK_INT(bundle_content(&b, content, &text), 0);
        CHECK_STR(bytes_text(&text), expected);
}

static void each_content(void) {
        check_content(FILE_KEY, "KEY\n");
        check_content(FILE_CERT, "LEAF\n");
        check_content(FILE_CHAIN, "ISSUER\n");
        check_content(FILE_FULLCHAIN, "LEAF\nISSUER\n");
        check_content(FILE_COMBINED, "KEY\nLEAF\nISSUER\n");
        check_content(file_content_from_string("cert,chain,key"), "LEAF\nISSUER\nKEY\n");
        check_content(file_content_from_string("cert,key,chain"), "LEAF\nKEY\nISSUER\n");
}

static void missing_line_end_is_added(void) {
        _cleanup_(bundle_done) Bundle b = {};
        _cleanup_(bytes_done) Bytes text = {};

        CHECK(bytes_append_string(&b.key, "KEY") >= 0);
        CHECK(bytes_append_string(&b.cert, "LEAF") >= 0);
        CHECK_INT(bundle_content(&b, FILE_COMBINED, &text), 0);
        CHECK_STR(bytes_text(&text), "KEY\nLEAF\n");
}

static void without_key(void) {
        _cleanup_(bundle_done) Bundle b = sample();
        _cleanup_(bytes_done) Bytes text = { .secret = true };

        bytes_done(&b.key);
        CHECK_INT(bundle_content(&b, FILE_KEY, &text), -ENOKEY);
        CHECK_INT(bundle_content(&b, FILE_COMBINED, &text), -ENOKEY);
        CHECK_INT(bundle_content(&b, FILE_FULLCHAIN, &text), 0);
        CHECK_STR(bytes_text(&text), "LEAF\nISSUER\n");
}

static void chain_without_intermediates_is_empty(void) {
        _cleanup_(bundle_done) Bundle b = {};
        _cleanup_(bytes_done) Bytes text = {};

        CHECK_INT(bundle_content(&b, FILE_CHAIN, &text), 0);
        CHECK_INT(text.size, 0);
        CHECK_INT(bundle_content(&b, FILE_CONTENT_INVALID, &text), -EINVAL);
}

static void secrets_are_known(void) {
        CHECK(file_content_holds_key(FILE_KEY) && file_content_holds_key(FILE_COMBINED));
        CHECK(!file_content_holds_key(FILE_CERT) && !file_content_holds_key(FILE_FULLCHAIN));
        CHECK(!file_content_holds_key(FILE_ROOT) && !file_content_holds_key(FILE_CHAIN));
}

TEST_MAIN({ "S3.2: key, leaf, intermediates in their order", each_content },
          { "a key that is elsewhere is in no file", without_key },
          { "PEM blocks are never glued", missing_line_end_is_added },
          { "no intermediates, no content", chain_without_intermediates_is_empty },
          { "contents with a key are known", secrets_are_known })
