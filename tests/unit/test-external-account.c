#include "acme/external-account.h"
#include "acme/key.h"
#include "base/strings.h"
#include "tests/unit/test.h"

/* P-256, d = 379 */
static const char account_pem[] =
                "-----BEGIN PRIVATE KEY-----\n"
                "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA\n"
                "AAAAAAAAAAAAAAAAAAAAAAAAAXuhRANCAAQAVUOJSvPQDtfXQKvb11yWsGh3t4fb\n"
                "X3Dup4uQqNfACrtMhaPY6invqvokQGkS3YTVsU3DK/ZW72xr1YpdlD+S\n"
                "-----END PRIVATE KEY-----\n";

#define MAC "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static int parse(const char *text, ExternalAccount *ret) {
        const char *reason = NULL;
        int r = external_account_parse(text, strlen(text), ret, &reason);

        CHECK(r >= 0 || (reason && *reason));
        return r;
}

static void member_is(const Json *j, const char *member, const char *expected) {
        _cleanup_(bytes_done) Bytes text = {};
        const char *value = NULL;

        CHECK_INT(json_get_string(j, member, &value), 0);
        CHECK_INT(base64url_decode(value, strlen(value), &text), 0);
        CHECK_STR(bytes_text(&text), expected);
}

static void vector(void) {
        _cleanup_(external_account_done) ExternalAccount e = {};
        _cleanup_(key_freep) EVP_PKEY *account = NULL;
        _cleanup_(json_freep) Json *j = NULL;
        const char *signature = NULL;

        REQUIRE(key_from_pem(account_pem, strlen(account_pem), &account) == 0);
        REQUIRE(parse("kid=kid-1\nhmac=" MAC "\n", &e) == 0);
        REQUIRE(external_account_bind(&e, account, "https://ca.example/new-acct", &j) == 0);
        CHECK_INT(json_count(j), 3);
        member_is(j, "protected",
                  "{\"alg\":\"HS256\",\"kid\":\"kid-1\",\"url\":\"https://ca.example/new-acct\"}");
        member_is(j, "payload",
                  "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"AFVDiUrz0A7X10Cr29dclrBod7eH219w7qeLkKjXwAo\","
                  "\"y\":\"u0yFo9jqKe-q-iRAaRLdhNWxTcMr9lbvbGvVil2UP5I\"}");
        CHECK_INT(json_get_string(j, "signature", &signature), 0);
        CHECK_STR(signature, "HC5ySL7Uw0I8BXIVtsNMiKeNShMFsq0zmoK8acxo57A");
}

static void decoding(void) {
        static const char *const good[] = {
                "-_8AAQIDBAU",  "+/8AAQIDBAU",       "-_8AAQIDBAU=",
                "+/8AAQIDBAU=", "  -_8AAQIDBAU= \t", "-_8AAQIDBAU=\r",
        };
        static const unsigned char octets[] = { 0xfb, 0xff, 0, 1, 2, 3, 4, 5 };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_(bytes_done) Bytes b = {};

                CHECK_INT(external_account_decode(good[i], &b), 0);
                CHECK_INT(b.size, sizeof octets);
                CHECK(b.size == sizeof octets && memcmp(b.data, octets, b.size) == 0);
        }
}

static void decoding_refused(void) {
        static const char *const bad[] = {
                "",
                "=",
                "====",
                "A",
                "AA===",
                "-_8AAQIDBAU==",
                "-_8AA QIDBAU",
                "-_8AAQIDBAV",
                "a.b",
                "AAAA=",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(bytes_done) Bytes b = {};

                CHECK_INT(external_account_decode(bad[i], &b), -EBADMSG);
        }
}

/* 64 hexadecimal digits are good base64url as well: 48 octets, not 32. */
static void hex_is_not_guessed(void) {
        _cleanup_(bytes_done) Bytes b = {};

        CHECK_INT(external_account_decode(
                                  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                                  &b),
                  0);
        CHECK_INT(b.size, 48);
}

static void file(void) {
        static const char *const bad[] = {
                "",
                "kid=a\n",
                "hmac=" MAC "\n",
                "kid=\nhmac=" MAC "\n",
                "kid=a\nhmac=!\n",
                "kid=a\nhmac=AAAA\n",
                "kid=a\nhmac=" MAC "\nalg=HS1\n",
                "kid=a\nhmac=" MAC "\nother=1\n",
                "kid=a\nhmac=" MAC "\nalg=HS384\n", /* 32 octets */
                "kid=a\nhmac=" MAC "\nalg=HS512\n",
        };
        _cleanup_(external_account_done) ExternalAccount e = {};
        const char *reason = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_INT(parse(bad[i], &e), -EBADMSG);
        CHECK_INT(external_account_parse("kid=a\0", 6, &e, &reason), -EBADMSG);
        REQUIRE(parse("# of the portal\r\n\n kid=V6iRR0p3 A/=\r\nhmac=" MAC "=", &e) == 0);
        CHECK_STR(e.kid, "V6iRR0p3 A/=");
        CHECK_STR(e.algorithm, "HS256");
        CHECK_INT(e.mac.size, 32);
}

static void longer_hashes(void) {
        static const struct {
                const char *text;
                size_t size; /* of the signature's text */
        } cases[] = {
                { "kid=a\nalg=HS384\nhmac=" MAC "AAAAAAAAAAAAAAAAAAAAAAA\n", 64 },
                { "kid=a\nalg=HS512\nhmac=" MAC MAC "AA\n", 86 },
        };
        _cleanup_(key_freep) EVP_PKEY *account = NULL;

        REQUIRE(key_from_pem(account_pem, strlen(account_pem), &account) == 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(external_account_done) ExternalAccount e = {};
                _cleanup_(json_freep) Json *j = NULL;
                const char *signature = "";

                REQUIRE(parse(cases[i].text, &e) == 0);
                REQUIRE(external_account_bind(&e, account, "https://ca.example/n", &j) == 0);
                CHECK_INT(json_get_string(j, "signature", &signature), 0);
                CHECK_INT(strlen(signature), cases[i].size);
        }
}

TEST_MAIN({ "G-01 the vector of appendix A", vector },
          { "G-03 base64url and base64, padded or not, with white space around", decoding },
          { "G-03 anything else is refused", decoding_refused },
          { "G-03 hex is not guessed", hex_is_not_guessed },
          { "G-06 the file, and what is wrong with it", file },
          { "G-02 HS384 and HS512 on request, with a key as long as the digest", longer_hashes })
