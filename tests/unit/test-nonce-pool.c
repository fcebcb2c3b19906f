#include "daemon/nonce-pool.h"
#include "tests/unit/test.h"

static bool takes(NoncePool *p, usec_t now, const char *expected) {
        _cleanup_free_ char *nonce = nonce_pool_take(p, now);

        if (!expected)
                return !nonce;
        return nonce && strcmp(nonce, expected) == 0;
}

static void each_is_used_once(void) {
        _cleanup_(nonce_pool_done) NoncePool p = {};

        CHECK(takes(&p, 1, NULL));
        CHECK_INT(nonce_pool_put(&p, "one", 1), 0);
        CHECK(takes(&p, 1, "one"));
        CHECK(takes(&p, 1, NULL));
}

static void last_in_first_out(void) {
        _cleanup_(nonce_pool_done) NoncePool p = {};

        CHECK_INT(nonce_pool_put(&p, "one", 1), 0);
        CHECK_INT(nonce_pool_put(&p, "two", 2), 0);
        CHECK(takes(&p, 2, "two"));
        CHECK_INT(nonce_pool_put(&p, "three", 3), 0);
        CHECK(takes(&p, 3, "three"));
        CHECK(takes(&p, 3, "one"));
        CHECK(takes(&p, 3, NULL));
}

/* The oldest give way: of forty the last 32 are there. */
static void at_most_32(void) {
        _cleanup_(nonce_pool_done) NoncePool p = {};
        char text[16];

        for (int i = 0; i < 40; i++) {
                (void) snprintf(text, sizeof text, "n%d", i);
                CHECK_INT(nonce_pool_put(&p, text, 1), 0);
        }
        CHECK_INT(p.count, NONCE_POOL_MAX);
        for (int i = 39; i >= 8; i--) {
                (void) snprintf(text, sizeof text, "n%d", i);
                CHECK(takes(&p, 1, text));
        }
        CHECK(takes(&p, 1, NULL));
}

static void not_older_than_a_minute(void) {
        _cleanup_(nonce_pool_done) NoncePool p = {};

        CHECK_INT(nonce_pool_put(&p, "old", 1000), 0);
        CHECK_INT(nonce_pool_put(&p, "new", 2000), 0);
        CHECK(takes(&p, 1000 + NONCE_AGE_MAX, "new"));
        CHECK(takes(&p, 1000 + NONCE_AGE_MAX, "old"));
        CHECK_INT(nonce_pool_put(&p, "old", 1000), 0);
        CHECK_INT(nonce_pool_put(&p, "new", 2000), 0);
        CHECK(takes(&p, 1001 + NONCE_AGE_MAX, "new"));
        CHECK(takes(&p, 1001 + NONCE_AGE_MAX, NULL)); /* is gone, not only passed over */
        CHECK_INT(p.count, 0);
}

static void only_its_alphabet(void) {
        static const char *const none[] = {
                "",      " ",    ",",           ", ,\t", "a+b", "a/b", "a=",
                "\"a\"", "a\nb", "caf\xc3\xa9", "\x80",  "a.b", "a;b",
        };
        _cleanup_(nonce_pool_done) NoncePool p = {};

        for (size_t i = 0; i < ELEMENTSOF(none); i++)
                CHECK_INT(nonce_pool_put(&p, none[i], 1), -ENOENT);
        CHECK_INT(nonce_pool_put(&p, NULL, 1), -ENOENT);
        CHECK_INT(p.count, 0);
        CHECK_INT(nonce_pool_put(&p, "AZaz09-_", 1), 0);
        CHECK(takes(&p, 1, "AZaz09-_"));
}

static void first_valid_of_several(void) {
        static const struct {
                const char *value, *nonce;
        } values[] = {
                { "one, two", "one" }, { "one,two", "one" },       { "+bad, two", "two" },
                { "  one\t", "one" },  { ",,, one , two", "one" }, { "a=, b/, c", "c" },
        };
        _cleanup_(nonce_pool_done) NoncePool p = {};

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                CHECK_INT(nonce_pool_put(&p, values[i].value, 1), 0);
                CHECK_INT(p.count, 1);
                CHECK(takes(&p, 1, values[i].nonce));
        }
}

static void of_512_octets_at_most(void) {
        _cleanup_(nonce_pool_done) NoncePool p = {};
        char text[NONCE_SIZE_MAX + 8];

        memset(text, 'a', sizeof text);
        text[NONCE_SIZE_MAX] = '\0';
        CHECK_INT(nonce_pool_put(&p, text, 1), 0);
        CHECK(takes(&p, 1, text));
        text[NONCE_SIZE_MAX] = 'a';
        text[NONCE_SIZE_MAX + 1] = '\0';
        CHECK_INT(nonce_pool_put(&p, text, 1), -ENOENT);
        memcpy(text + NONCE_SIZE_MAX + 1, ",ok", 4);
        CHECK_INT(nonce_pool_put(&p, text, 1), 0);
        CHECK(takes(&p, 1, "ok"));
}

static void emptied_it_is_usable(void) {
        NoncePool p = {};

        CHECK_INT(nonce_pool_put(&p, "one", 1), 0);
        nonce_pool_done(&p);
        CHECK(takes(&p, 1, NULL));
        CHECK_INT(nonce_pool_put(&p, "two", 1), 0);
        CHECK(takes(&p, 1, "two"));
        nonce_pool_done(&p);
        nonce_pool_done(&p);
}

TEST_MAIN({ "D-02: each nonce is handed out once", each_is_used_once },
          { "D-09: the youngest first", last_in_first_out },
          { "D-09: at most 32, the oldest give way", at_most_32 },
          { "D-09: none older than 60 s", not_older_than_a_minute },
          { "D-03: what is not of its alphabet is as if absent", only_its_alphabet },
          { "D-03: the first valid one of a joined value", first_valid_of_several },
          { "D-03: none of more than 512 octets", of_512_octets_at_most },
          { "an emptied pool can be used again", emptied_it_is_usable })
