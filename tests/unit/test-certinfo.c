/* A chain as it is read: its text, its order, its facts. */

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "acme/certinfo.h"
#include "tests/unit/certinfo-bench.h"
#include "tests/unit/test.h"

static void facts(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(certinfo_done) CertInfo info = {};
        char spki[SHA256_HEX_SIZE];
        const char *reason = NULL;

        CHECK_INT(string_list_add(&f.names, "B.example"), 0);
        CHECK_INT(string_list_add(&f.names, "2001:DB8::0:1"), 0);
        CHECK_INT(string_list_add(&f.names, "192.0.2.1"), 0);
        fixture_make(&f);
        REQUIRE(certinfo_parse(f.pem.data, f.pem.size, &info, &reason) == 0);
        CHECK_INT(key_spki_sha256(f.key, spki), 0);
        CHECK_STR(info.spki_sha256, spki);
        CHECK_INT(strlen(info.leaf_sha256), 64);
        REQUIRE(info.names.count == 4);
        CHECK_STR(info.names.items[0], "192.0.2.1");
        CHECK_STR(info.names.items[1], "2001:db8::1");
        CHECK_STR(info.names.items[2], "a.example");
        CHECK_STR(info.names.items[3], "b.example");
        CHECK_INT(info.not_before, NOW - 3600);
        CHECK_INT(info.not_after, NOW + 90 * DAY);
        CHECK_STR(info.subject, "CN = leaf");
        CHECK_STR(info.issuer, "Test Issuer 1");
        CHECK_INT(info.count, 2);
        CHECK_INT(info.key_type, KEY_ECDSA_P256);
        CHECK(info.serial && strspn(info.serial, "0123456789ABCDEF") == strlen(info.serial));
}

/* The leaf's digest is that of its DER: what a handshake shows. */
static void leaf_digest(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(certinfo_done) CertInfo info = {};
        unsigned char digest[EVP_MAX_MD_SIZE];
        _cleanup_free_ char *hex = NULL;
        unsigned size;

        fixture_make(&f);
        BIO *bio = BIO_new_mem_buf(f.pem.data, (int) f.pem.size);
        X509 *leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        CHECK_INT(X509_digest(leaf, EVP_sha256(), digest, &size), 1);
        CHECK_INT(hex_encode(digest, size, &hex), 0);
        REQUIRE(certinfo_parse(f.pem.data, f.pem.size, &info, NULL) == 0);
        CHECK_STR(info.leaf_sha256, hex);
        X509_free(leaf);
        (void) BIO_free(bio);
}

/* ---- PEM ---- */

static int parse_text(const char *text, size_t size) {
        _cleanup_(certinfo_done) CertInfo info = {};
        const char *reason = NULL;
        int r = certinfo_parse(text, size, &info, &reason);

        CHECK(r == 0 || reason);
        return r;
}

static void tolerant(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(bytes_done) Bytes odd = {}, full = {}, canonical = {};

        fixture_make(&f);
        CHECK_INT(bytes_append_string(&odd, "subject: CN = leaf\r\n\r\n"), 0);
        for (const char *p = bytes_text(&f.pem); *p; p++)
                CHECK_INT(bytes_append_string(&odd, *p == '\n' ? "\r\n\r\n" : (char[]){ *p, 0 }),
                          0);
        while (odd.data[odd.size - 1] != '-')
                odd.data[--odd.size] = 0;
        CHECK_INT(chain_split(odd.data, odd.size, NULL, NULL, &full, NULL), 0);
        CHECK_INT(chain_split(f.pem.data, f.pem.size, NULL, NULL, &canonical, NULL), 0);
        CHECK_STR(bytes_text(&full), bytes_text(&canonical));
        CHECK_STR(bytes_text(&full), bytes_text(&f.pem));
}

static void foreign_blocks(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(bytes_done) Bytes before = {}, behind = {}, trusted = {},
                                    key = { .secret = true };

        fixture_make(&f);
        CHECK_INT(key_to_pem(f.key, &key), 0);
        CHECK_INT(bytes_append(&before, key.data, key.size), 0);
        CHECK_INT(bytes_append(&before, f.pem.data, f.pem.size), 0);
        CHECK_INT(parse_text(bytes_text(&before), before.size), -EBADMSG);
        CHECK_INT(bytes_append(&behind, f.pem.data, f.pem.size), 0);
        CHECK_INT(bytes_append(&behind, key.data, key.size), 0);
        CHECK_INT(parse_text(bytes_text(&behind), behind.size), -EBADMSG);
        CHECK_INT(bytes_append(&trusted, f.pem.data, f.pem.size), 0);
        CHECK_INT(bytes_append_string(&trusted, "-----BEGIN TRUSTED CERTIFICATE-----\n"), 0);
        CHECK_INT(parse_text(bytes_text(&trusted), trusted.size), -EBADMSG);
}

static void no_pem(void) {
        static char dashes[200 * 1024];
        static const char *const texts[] = {
                "",
                "hello",
                "<html>-----</html>",
                "-----BEGIN CERTIFICATE-----",
                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nAAA=AAAA\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END CERTIFICATE-----\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                CHECK_INT(parse_text(texts[i], strlen(texts[i])), -EBADMSG);
        memset(dashes, '-', sizeof(dashes));
        CHECK_INT(parse_text(dashes, CHAIN_MAX_SIZE), -EBADMSG);
        CHECK_INT(parse_text(dashes, sizeof(dashes)), -EBADMSG);
}

static void trailing_octets(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();

        fixture_make(&f);
        for (size_t i = 0; i < f.pem.size; i += 7) {
                char kept = (char) f.pem.data[i];
                f.pem.data[i] = 0;
                _cleanup_(certinfo_done) CertInfo info = {};
                (void) certinfo_parse(f.pem.data, f.pem.size, &info, NULL); /* no crash */
                f.pem.data[i] = (uint8_t) kept;
        }
        for (size_t size = 0; size < f.pem.size / 2; size++) {
                _cleanup_(certinfo_done) CertInfo info = {};
                int r = certinfo_parse(f.pem.data, size, &info, NULL);
                CHECK(r == 0 || r == -EBADMSG);
        }
}

/* ---- order ---- */

static void split(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(bytes_done) Bytes leaf = {}, chain = {}, full = {}, joined = {};

        f.spec.intermediates = 2;
        fixture_make(&f);
        CHECK_INT(chain_split(f.pem.data, f.pem.size, &leaf, &chain, &full, NULL), 0);
        CHECK_STR(bytes_text(&full), bytes_text(&f.pem));
        CHECK_INT(bytes_append(&joined, leaf.data, leaf.size), 0);
        CHECK_INT(bytes_append(&joined, chain.data, chain.size), 0);
        CHECK_STR(bytes_text(&joined), bytes_text(&full));
        CHECK(strlen(bytes_text(&leaf)) < strlen(bytes_text(&chain)));
}

static void mended(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(certinfo_done) CertInfo info = {}, again = {};
        _cleanup_(bytes_done) Bytes full = {};

        f.spec.intermediates = 3;
        f.spec.reversed = true;
        f.spec.with_root = true;
        fixture_make(&f);
        REQUIRE(certinfo_parse(f.pem.data, f.pem.size, &info, NULL) == 0);
        CHECK_STR(info.subject, "CN = leaf");
        CHECK_INT(info.count, 4);
        CHECK_INT(chain_split(f.pem.data, f.pem.size, NULL, NULL, &full, NULL), 0);
        CHECK(strcmp(bytes_text(&full), bytes_text(&f.pem)) != 0);
        REQUIRE(certinfo_parse(full.data, full.size, &again, NULL) == 0);
        CHECK_STR(again.leaf_sha256, info.leaf_sha256);
        CHECK_INT(again.count, 4);
}

static void root_dropped(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(certinfo_done) CertInfo info = {}, alone = {};
        _cleanup_(bytes_done) Bytes leaf = {}, chain = {};

        f.spec.with_root = true;
        fixture_make(&f);
        REQUIRE(certinfo_parse(f.pem.data, f.pem.size, &info, NULL) == 0);
        CHECK_INT(info.count, 2);

        f.spec.with_root = false;
        f.spec.intermediates = 0;
        fixture_make(&f);
        REQUIRE(certinfo_parse(f.pem.data, f.pem.size, &alone, NULL) == 0);
        CHECK_INT(alone.count, 1);
        CHECK_INT(chain_split(f.pem.data, f.pem.size, &leaf, &chain, NULL, NULL), 0);
        CHECK_STR(bytes_text(&leaf), bytes_text(&f.pem));
        CHECK_INT(chain.size, 0);
}

static void not_one_chain(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good(), other = fixture_good();
        _cleanup_(bytes_done) Bytes leaf = {}, mixed = {};

        fixture_make(&f);
        fixture_make(&other);
        CHECK_INT(chain_split(f.pem.data, f.pem.size, &mixed, NULL, NULL, NULL), 0);
        CHECK_INT(chain_split(other.pem.data, other.pem.size, NULL, &mixed, NULL, NULL), 0);
        CHECK_INT(parse_text(bytes_text(&mixed), mixed.size), -EBADMSG);

        CHECK_INT(chain_split(f.pem.data, f.pem.size, &leaf, NULL, NULL, NULL), 0);
        CHECK_INT(chain_split(f.pem.data, f.pem.size, &leaf, NULL, NULL, NULL), 0);
        CHECK_INT(parse_text(bytes_text(&leaf), leaf.size), -EBADMSG);
}

static void too_many(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(certinfo_done) CertInfo info = {};

        f.spec.intermediates = 9;
        fixture_make(&f);
        CHECK_INT(certinfo_parse(f.pem.data, f.pem.size, &info, NULL), 0);
        CHECK_INT(info.count, 10);
        f.spec.intermediates = 10;
        fixture_make(&f);
        CHECK_INT(parse_text(bytes_text(&f.pem), f.pem.size), -EBADMSG);
}

/* ---- names ---- */

/* A self-signed certificate whose only name has these octets. */
static void with_name(int type, const void *octets, size_t size, Bytes *ret) {
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        GENERAL_NAMES *san = GENERAL_NAMES_new();
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_STRING *value = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
        X509 *c = X509_new();
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;

        CHECK_INT(key_generate(KEY_ECDSA_P256, &k), 0);
        (void) X509_set_version(c, 2);
        (void) ASN1_INTEGER_set(X509_get_serialNumber(c), 7);
        (void) ASN1_TIME_set(X509_getm_notBefore(c), NOW);
        (void) ASN1_TIME_set(X509_getm_notAfter(c), NOW + DAY);
        (void) X509_set_pubkey(c, k);
        (void) ASN1_STRING_set(value, octets, (int) size);
        GENERAL_NAME_set0_value(name, type, value);
        (void) sk_GENERAL_NAME_push(san, name);
        CHECK_INT(X509_add1_ext_i2d(c, NID_subject_alt_name, san, 0, 0), 1);
        CHECK(X509_sign(c, k, EVP_sha256()) > 0);
        CHECK_INT(PEM_write_bio_X509(bio, c), 1);
        long length = BIO_get_mem_data(bio, &text);
        CHECK_INT(bytes_append(ret, text, (size_t) length), 0);
        GENERAL_NAMES_free(san);
        X509_free(c);
        (void) BIO_free(bio);
}

static void bad_names(void) {
        static const struct {
                int type;
                const char *octets;
                size_t size;
                int expected;
        } cases[] = {
                { GEN_DNS, "a.example", 9, 0 },
                { GEN_DNS, "a.example\0.evil", 15, -EBADMSG },
                { GEN_DNS, "a.example\0", 10, -EBADMSG },
                { GEN_DNS, "", 0, -EBADMSG },
                { GEN_DNS, "a\n.example", 10, -EBADMSG },
                { GEN_DNS, "\xff.example", 9, -EBADMSG },
                { GEN_IPADD, "\x01\x02\x03\x04", 4, 0 },
                { GEN_IPADD, "\x01\x02\x03\x04\x05", 5, -EBADMSG },
                { GEN_IPADD, "", 0, -EBADMSG },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(bytes_done) Bytes pem = {};

                with_name(cases[i].type, cases[i].octets, cases[i].size, &pem);
                CHECK_INT(parse_text(bytes_text(&pem), pem.size), cases[i].expected);
        }
}

TEST_MAIN({ "P-04 facts of a leaf, names folded", facts },
          { "P-04 a leaf is named by the digest of its DER", leaf_digest },
          { "P-02 CRLF, text between blocks, blank lines are rewritten", tolerant },
          { "P-02 any other block makes the whole invalid", foreign_blocks },
          { "P-02 R1.10 what is no PEM is refused", no_pem },
          { "P-02 cut and damaged text is survived", trailing_octets },
          { "P-03 the parts of a chain", split },
          { "P-03 a permutation is put in order", mended },
          { "P-03 a root at the end is dropped", root_dropped },
          { "P-03 certificates that make no chain are refused", not_one_chain },
          { "P-03 at most ten certificates", too_many },
          { "P-04 a NUL or other odd octet in a name is refused", bad_names })
