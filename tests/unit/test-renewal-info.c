#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "acme/certinfo.h"
#include "acme/renewal-info.h"
#include "tests/unit/test.h"

#define DAY   ((int64_t) SEC_PER_DAY)
#define HOUR  ((int64_t) SEC_PER_HOUR)
#define BEGIN INT64_C(1800000000)

/* ---- certID ---- */

/* A self-signed certificate with this serial number (content octets of a positive INTEGER) and, if any, this authority
 * key identifier. */
static void make(const unsigned char *serial, int serial_size, const char *aki, Bytes *ret) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        X509 *x = X509_new();
        BIO *bio = BIO_new(BIO_s_mem());
        BIGNUM *n = BN_bin2bn(serial, serial_size, NULL);
        char *text;

        CHECK(key_generate(KEY_ECDSA_P256, &key) >= 0);
        CHECK(X509_set_version(x, X509_VERSION_3) == 1);
        CHECK(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL);
        (void) ASN1_TIME_set(X509_getm_notBefore(x), BEGIN);
        (void) ASN1_TIME_set(X509_getm_notAfter(x), BEGIN + 90 * DAY);
        (void) X509_set_pubkey(x, key);
        if (aki) {
                AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
                long size;
                unsigned char *octets = OPENSSL_hexstr2buf(aki, &size);

                id->keyid = ASN1_OCTET_STRING_new();
                (void) ASN1_OCTET_STRING_set(id->keyid, octets, (int) size);
                CHECK(X509_add1_ext_i2d(x, NID_authority_key_identifier, id, 0, 0) == 1);
                AUTHORITY_KEYID_free(id);
                OPENSSL_free(octets);
        }
        CHECK(X509_sign(x, key, EVP_sha256()) > 0);
        CHECK(PEM_write_bio_X509(bio, x) == 1);
        long size = BIO_get_mem_data(bio, &text);
        CHECK(bytes_append(ret, text, (size_t) size) >= 0);
        (void) BIO_free(bio);
        BN_free(n);
        X509_free(x);
}

static void vectors(void) {
        static const char aki[] = "69885B6B87464041E1B37B847BA0AE2CDE01C8D4";
        static const unsigned char high[] = { 0x87, 0x65, 0x43, 0x21 },
                                   low[] = { 0x7f, 0xff, 0xff, 0xff };
        static const struct {
                const unsigned char *serial;
                const char *id;
        } rows[] = {
                { high, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE" }, /* with the sign octet */
                { low, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.f____w" },   /* without */
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(bytes_done) Bytes pem = {};
                _cleanup_free_ char *id = NULL;
                CertInfo info = {};

                make(rows[i].serial, 4, aki, &pem);
                CHECK_INT(cert_id_of_chain(pem.data, pem.size, &id), 0);
                CHECK_STR(id, rows[i].id);
                CHECK(cert_id_is_valid(id));
                CHECK_INT(certinfo_parse(pem.data, pem.size, &info, NULL), 0);
                CHECK_STR(info.cert_id, rows[i].id);
                certinfo_done(&info);
        }
}

static void without_key_identifier(void) {
        static const unsigned char serial[] = { 1 };
        _cleanup_(bytes_done) Bytes pem = {};
        _cleanup_free_ char *id = NULL;
        CertInfo info = {};

        make(serial, 1, NULL, &pem);
        CHECK_INT(cert_id_of_chain(pem.data, pem.size, &id), -ENOENT);
        CHECK_INT(certinfo_parse(pem.data, pem.size, &info, NULL), 0);
        CHECK(info.cert_id == NULL);
        certinfo_done(&info);
        CHECK_INT(cert_id_of_chain("x", 1, &id), -EBADMSG);
}

static void alphabet(void) {
        static const char *const bad[] = { "",     ".",     "a",         "a.",
                                           ".a",   "a.b.c", "a/../b.c",  "a b.c",
                                           "a.b=", "a.b\n", "\xc3\xa4.b" };
        char text[CERT_ID_MAX + 3];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(!cert_id_is_valid(bad[i]));
        memset(text, 'a', sizeof text);
        text[5] = '.';
        text[CERT_ID_MAX + 1] = 0;
        CHECK(!cert_id_is_valid(text));
        text[CERT_ID_MAX] = 0;
        CHECK(cert_id_is_valid(text));
}

/* ---- the object ---- */

static int parse(const char *text, RenewalInfo *ret) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *reason = NULL;
        int r;

        CHECK_INT(json_parse(text, strlen(text), &j), 0);
        r = renewal_info_parse(j, ret, &reason);
        CHECK((r < 0) == (reason != NULL));
        return r;
}

static void objects(void) {
        RenewalInfo i = {};

        CHECK_INT(parse("{\"suggestedWindow\":{\"start\":\"2027-01-15T08:00:00Z\",\"end\":"
                        "\"2027-01-15T10:00:00.999999999+02:00\"},\"x\":1}",
                        &i),
                  -EBADMSG);
        CHECK_INT(parse("{\"suggestedWindow\":{\"start\":\"2027-01-15T08:00:00Z\",\"end\":"
                        "\"2027-01-16T08:00:01.5Z\"},\"explanationURL\":\"https://ca.test/why\\u001b[1m\"}",
                        &i),
                  0);
        CHECK_INT(i.start, BEGIN);
        CHECK_INT(i.end, BEGIN + DAY + 1);
        CHECK(i.explanation && !strchr(i.explanation, 0x1b));
        renewal_info_done(&i);
}

static void no_answers(void) {
        static const char *const bad[] = {
                "[]",
                "{}",
                "{\"suggestedWindow\":null}",
                "{\"suggestedWindow\":[]}",
                "{\"suggestedWindow\":{}}",
                "{\"suggestedWindow\":{\"start\":\"2027-01-15T08:00:00Z\"}}",
                "{\"suggestedWindow\":{\"end\":\"2027-01-15T08:00:00Z\"}}",
                "{\"suggestedWindow\":{\"start\":1,\"end\":2}}",
                "{\"suggestedWindow\":{\"start\":\"soon\",\"end\":\"later\"}}",
                "{\"suggestedWindow\":{\"start\":\"2027-01-15T08:00:00Z\",\"end\":"
                "\"2027-01-15T08:00:00Z\"}}",
                "{\"suggestedWindow\":{\"start\":\"2027-01-15T08:00:00Z\",\"end\":"
                "\"2027-01-14T08:00:00Z\"}}",
        };
        RenewalInfo i = {};

        for (size_t k = 0; k < ELEMENTSOF(bad); k++)
                CHECK_INT(parse(bad[k], &i), -EBADMSG);
}

/* ---- the instant ---- */

static RenewalChoice ninety_days(int64_t start, int64_t end) {
        return (RenewalChoice){
                .start = start,
                .end = end,
                .not_before = BEGIN - HOUR,
                .not_after = BEGIN + 90 * DAY,
                .installed = BEGIN,
                .now = BEGIN + 30 * DAY,
        };
}

static void drawn_in_window(void) {
        RenewalChoice c = ninety_days(BEGIN + 60 * DAY, BEGIN + 62 * DAY);
        int64_t least = INT64_MAX, most = 0;
        bool recalled;

        for (uint64_t i = 0; i < 1000; i++) {
                int64_t at;

                c.random = i * UINT64_C(0x9e3779b97f4a7c15);
                at = renewal_choose(&c, &recalled);
                CHECK(at >= c.start && at < c.end);
                CHECK(!recalled);
                least = MIN(least, at);
                most = MAX(most, at);
        }
        CHECK(most - least > DAY * 3 / 2);
        c.end = c.start + 1; /* a second is a window, too */
        CHECK_INT(renewal_choose(&c, &recalled), c.start);
}

static void recalled_windows(void) {
        RenewalChoice c = ninety_days(0, 0);
        bool recalled = false;

        /* Boulder, Pebble 2.6 */
        c.start = c.now - HOUR;
        c.end = c.now - HOUR / 2;
        CHECK(renewal_choose(&c, &recalled) < c.now);
        CHECK(recalled);
        /* Pebble 2.10, right after an issuance that it does not date back */
        c.now = c.installed = c.not_before = BEGIN;
        c.start = BEGIN - HOUR;
        c.end = c.start + 1;
        CHECK_INT(renewal_choose(&c, &recalled), c.start);
        CHECK(recalled);
}

static void nonsense(void) {
        static const struct {
                int64_t start, end;
        } rows[] = {
                { BEGIN + 91 * DAY, BEGIN + 92 * DAY }, /* after notAfter */
                { BEGIN + 3650 * DAY, BEGIN + 3651 * DAY },
                { BEGIN - 3 * DAY, BEGIN - 2 * DAY }, /* before notBefore */
                { 1, 2 },
                { INT64_MIN, INT64_MIN + 1 },
                { INT64_MAX - 1, INT64_MAX },
                { 5, 5 },
                { 6, 5 },
        };
        bool recalled;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                RenewalChoice c = ninety_days(rows[i].start, rows[i].end);

                CHECK_INT(renewal_choose(&c, &recalled), 0);
                CHECK(!recalled);
        }
        /* Wide open at both ends is a window all the same. */
        RenewalChoice c = ninety_days(INT64_MIN, INT64_MAX);
        c.random = UINT64_MAX / 3;
        CHECK(renewal_choose(&c, &recalled) != 0);
        c = ninety_days(BEGIN + 50 * DAY, BEGIN + 51 * DAY);
        c.not_before = c.not_after; /* valid at no time */
        CHECK_INT(renewal_choose(&c, &recalled), 0);
}

/* Pebble with a life of a minute: two days wide, begun a day before issuance. */
static void open_when_new(void) {
        RenewalChoice c = {
                .start = BEGIN - DAY,
                .end = BEGIN + DAY,
                .not_before = BEGIN,
                .not_after = BEGIN + 60,
                .installed = BEGIN,
                .now = BEGIN + 1,
        };
        bool recalled;

        for (uint64_t i = 0; i < 100; i++) {
                c.random = i * UINT64_C(0x9e3779b97f4a7c15);
                CHECK(renewal_choose(&c, &recalled) >= c.now + 6);
                CHECK(!recalled);
        }
        c = ninety_days(BEGIN, BEGIN + 2 * DAY); /* and nothing of it is left */
        c.now = BEGIN + 1;
        CHECK_INT(renewal_choose(&c, &recalled), 0);
        c.now = BEGIN + 10 * DAY; /* no longer new, and wholly past */
        CHECK(renewal_choose(&c, &recalled) > 0);
        CHECK(recalled);
}

TEST_MAIN({ "certID with and without the sign octet (T-04, appendix A)", vectors },
          { "a certificate without key identifier has none (T-04)", without_key_identifier },
          { "a certID has its alphabet and a limit", alphabet },
          { "an answer gives a window, and its explanation is escaped (T-05, B-06)", objects },
          { "what has no good window is no answer (T-05, W-21)", no_answers },
          { "the instant is uniform in the window (T-06)", drawn_in_window },
          { "a window wholly in the past recalls, also a new certificate (T-08, T-18)",
            recalled_windows },
          { "a window far off is no answer (T-19, W-21)", nonsense },
          { "a window that is open when the certificate is new is cut (T-08)", open_when_new }, )
