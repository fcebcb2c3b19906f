/* Whether a chain is the one that was ordered. */

#include <openssl/pem.h>

#include "acme/certinfo.h"
#include "tests/unit/certinfo-bench.h"
#include "tests/unit/test.h"

static int check(Fixture *f, const CertExpectation *e, const char *expected_reason) {
        const char *reason = NULL;

        fixture_make(f);
        int r = chain_check(f->pem.data, f->pem.size, e, &reason);
        if (r < 0 || expected_reason)
                CHECK_STR(reason, expected_reason);
        return r;
}

static CertExpectation expectation(Fixture *f, char spki[SHA256_HEX_SIZE]) {
        CHECK_INT(key_spki_sha256(f->key, spki), 0);
        return (CertExpectation){
                .spki_sha256 = spki,
                .names = &f->names,
                .exact_names = true,
                .now = NOW,
                .skew_sec = 300,
        };
}

static void good(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        char spki[SHA256_HEX_SIZE];
        CertExpectation e = expectation(&f, spki);

        CHECK_INT(check(&f, &e, NULL), 0);
        e.spki_sha256 = NULL;
        e.names = NULL;
        CHECK_INT(check(&f, &e, NULL), 0);
        f.spec.reversed = true;
        f.spec.with_root = true;
        CHECK_INT(check(&f, &e, NULL), 0);
        CHECK_INT(chain_check("x", 1, &e, NULL), -EKEYREJECTED);
}

static void wrong_key(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good(), other = fixture_good();
        char spki[SHA256_HEX_SIZE];
        CertExpectation e = expectation(&other, spki);

        CHECK_INT(check(&f, &e, "the certificate is for another key than ours"), -EKEYREJECTED);
        fixture_make(&f);
        CHECK_INT(chain_matches_key(f.pem.data, f.pem.size, f.key), 1);
        CHECK_INT(chain_matches_key(f.pem.data, f.pem.size, other.key), 0);
        CHECK_INT(chain_matches_key("x", 1, f.key), -EBADMSG);
}

static void wrong_names(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        _cleanup_(string_list_done) StringList wanted = {}, extra = {};
        char spki[SHA256_HEX_SIZE];
        CertExpectation e = expectation(&f, spki);

        e.names = &wanted;
        CHECK_INT(string_list_add(&wanted, "a.example"), 0);
        CHECK_INT(check(&f, &e, "the certificate has names that were not asked for"),
                  -EKEYREJECTED);
        e.exact_names = false;
        CHECK_INT(check(&f, &e, NULL), 0);
        CHECK_INT(chain_extra_names(f.pem.data, f.pem.size, &wanted, &extra), 0);
        CHECK_INT(extra.count, 1);
        CHECK_STR(extra.items[0], "b.example");
        CHECK_INT(string_list_add(&wanted, "c.example"), 0);
        CHECK_INT(check(&f, &e, "the certificate lacks a name that was asked for"), -EKEYREJECTED);
        string_list_done(&f.names);
        CHECK_INT(check(&f, &e, "the certificate lacks a name that was asked for"), -EKEYREJECTED);
}

static void wrong_dates(void) {
        static const struct {
                int64_t not_before, not_after;
                const char *reason;
        } cases[] = {
                { NOW + 300, NOW + DAY, NULL },
                { NOW + 301, NOW + DAY, "the certificate is not valid yet" },
                { NOW - DAY, NOW, "the certificate has expired" },
                { NOW - 90 * DAY, NOW - DAY, "the certificate has expired" },
                { NOW - DAY, NOW + 3600, "the certificate is about to expire" },
                { NOW - DAY, NOW + 3601, NULL },
                /* A share of a short lifetime instead of the hour. */
                { NOW - 100, NOW + 500, NULL },
                { NOW - 540, NOW + 60, "the certificate is about to expire" },
                { NOW - 539, NOW + 61, NULL },
                { NOW + 100, NOW + 50, "the certificate ends before it begins" },
        };
        char spki[SHA256_HEX_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(fixture_done) Fixture f = fixture_good();
                CertExpectation e = expectation(&f, spki);

                f.spec.not_before = cases[i].not_before;
                f.spec.not_after = cases[i].not_after;
                CHECK_INT(check(&f, &e, cases[i].reason), cases[i].reason ? -EKEYREJECTED : 0);
        }
}

static void wrong_purpose(void) {
        _cleanup_(fixture_done) Fixture ca = fixture_good(), client = fixture_good();
        char spki[SHA256_HEX_SIZE];
        CertExpectation e = expectation(&ca, spki);

        ca.spec.ca = true;
        CHECK_INT(check(&ca, &e, "the certificate is that of a CA"), -EKEYREJECTED);
        e = expectation(&client, spki);
        client.spec.client_auth_only = true;
        CHECK_INT(check(&client, &e, "the certificate is not for servers (no serverAuth)"),
                  -EKEYREJECTED);
}

/* Issuers of the same name and key identifier, but another signature: only checking it shows. */
static void wrong_signature(void) {
        _cleanup_(fixture_done) Fixture f = fixture_good();
        char spki[SHA256_HEX_SIZE];
        CertExpectation e = expectation(&f, spki);
        const char *reason = NULL;

        fixture_make(&f);
        BIO *in = BIO_new_mem_buf(f.pem.data, (int) f.pem.size), *out = BIO_new(BIO_s_mem());
        X509 *leaf = PEM_read_bio_X509(in, NULL, NULL, NULL);
        X509 *issuer = PEM_read_bio_X509(in, NULL, NULL, NULL);
        REQUIRE(leaf && issuer);
        CHECK(X509_sign(leaf, f.key, EVP_sha256()) > 0); /* by itself, not by its issuer */
        CHECK_INT(PEM_write_bio_X509(out, leaf), 1);
        CHECK_INT(PEM_write_bio_X509(out, issuer), 1);
        char *text;
        long size = BIO_get_mem_data(out, &text);
        CHECK_INT(chain_check(text, (size_t) size, &e, &reason), -EKEYREJECTED);
        CHECK_STR(reason, "a certificate is not signed by the next one");
        X509_free(leaf);
        X509_free(issuer);
        (void) BIO_free(in);
        (void) BIO_free(out);
}

TEST_MAIN({ "P-04 a good chain passes", good },
          { "P-04 R2.4.11 another key is rejected", wrong_key },
          { "P-04 P-05 missing names are rejected, others by choice", wrong_names },
          { "P-04 R2.4.11 dates", wrong_dates },
          { "P-04 R2.4.11 CAs and clients are rejected", wrong_purpose },
          { "P-03 R2.4.11 each must be signed by the next", wrong_signature })
