/* What a person hands in, and the chain that is made of it (P-02 ... P-04). */

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "acme/elsewhere.h"
#include "acme/pile.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

#define NOW ((int64_t) 1798761600)

typedef struct Paper {
        StringList names;
        EVP_PKEY *key;
        Bytes chain; /* with the root, reversed */
        char *why;
} Paper;

static void paper_done(Paper *p) {
        string_list_done(&p->names);
        p->key = key_free(p->key);
        bytes_done(&p->chain);
        free(p->why);
}

static void make(Paper *p, unsigned intermediates, bool with_root) {
        TestChainSpec spec = {
                .names = &p->names,
                .not_before = NOW - SEC_PER_DAY,
                .not_after = NOW + (int64_t) 365 * SEC_PER_DAY,
                .intermediates = intermediates,
                .reversed = true,
                .with_root = with_root,
        };

        *p = (Paper){};
        CHECK_INT(string_list_add(&p->names, "a.example.org"), 0);
        CHECK_INT(string_list_add(&p->names, "b.example.org"), 0);
        CHECK_INT(key_generate(KEY_ECDSA_P256, &p->key), 0);
        CHECK_INT(test_chain_make(&spec, p->key, &p->chain), 0);
}

static int add(Pile *pile, const Bytes *data, const char *password) {
        const char *reason = "";

        return pile_add(pile, data->data, data->size, password, &reason);
}

static int chain_of(Pile *pile, Paper *p, PileChain *ret) {
        free(p->why);
        p->why = NULL;
        return pile_make_chain(pile, &p->names, NOW, ret, &p->why);
}

static void in_order(void) {
        _cleanup_(pile_chain_done) PileChain chain = {};
        _cleanup_(certinfo_done) CertInfo info = {};
        _cleanup_(pile_freep) Pile *pile = NULL;
        _cleanup_(paper_done) Paper p = {}, stranger = {};
        _cleanup_(bytes_done) Bytes key = { .secret = true };
        ElsewhereExpectation e = { .now = NOW };

        make(&p, 2, true);
        make(&stranger, 1, true);
        REQUIRE(pile_new(&pile) == 0 && key_to_pem(p.key, &key) == 0);
        CHECK_INT(add(pile, &stranger.chain, NULL), 0);
        CHECK_INT(add(pile, &p.chain, NULL), 0);
        CHECK_INT(add(pile, &p.chain, NULL), 0); /* twice is once */
        CHECK_INT(chain_of(pile, &p, &chain), -EKEYREJECTED);
        CHECK(strstr(p.why, "several"));
        CHECK_INT(add(pile, &key, NULL), 0);
        CHECK_INT(chain_of(pile, &p, &chain), 0);
        e.names = &p.names;
        CHECK_INT(elsewhere_check(chain.pem.data, chain.pem.size, &e, &info, &p.why), 0);
        CHECK_INT(info.count, 3); /* the root is left out */
        CHECK_INT(chain.unneeded, 2);
        CHECK(pile_key(pile));
}

static void incomplete(void) {
        _cleanup_(pile_chain_done) PileChain chain = {};
        _cleanup_(pile_freep) Pile *pile = NULL;
        _cleanup_(paper_done) Paper p = {};
        _cleanup_(bytes_done) Bytes leaf = {}, more = {};

        make(&p, 1, false);
        REQUIRE(pile_new(&pile) == 0 &&
                chain_split(p.chain.data, p.chain.size, &leaf, &more, NULL, NULL) == 0);
        CHECK_INT(chain_of(pile, &p, &chain), -EKEYREJECTED);
        CHECK_INT(add(pile, &more, NULL), 0);
        CHECK_INT(chain_of(pile, &p, &chain), -EKEYREJECTED);
        CHECK(strstr(p.why, "CAs only"));
        CHECK_INT(add(pile, &leaf, NULL), 0);
        CHECK_INT(chain_of(pile, &p, &chain), -EKEYREJECTED);
        CHECK(strstr(p.why, "not complete") && strstr(p.why, "--chain"));
}

static void der_of(EVP_PKEY *key, Bytes *ret) {
        unsigned char *der = NULL;
        int size = i2d_PrivateKey(key, &der);

        CHECK(size > 0 && bytes_append(ret, der, (size_t) size) == 0);
        OPENSSL_free(der);
}

static void box_of(const Paper *p, const Bytes *leaf, Bytes *ret) {
        BIO *bio = BIO_new_mem_buf(leaf->data, (int) leaf->size);
        X509 *c = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        PKCS12 *box = PKCS12_create("geheim", "a", p->key, c, NULL, 0, 0, 0, 0, 0);
        unsigned char *der = NULL;
        int size = i2d_PKCS12(box, &der);

        CHECK(size > 0 && bytes_append(ret, der, (size_t) size) == 0);
        OPENSSL_free(der);
        PKCS12_free(box);
        X509_free(c);
        BIO_free(bio);
}

static void forms(void) {
        _cleanup_(bytes_done) Bytes leaf = {}, key = { .secret = true }, box = {}, root = {};
        _cleanup_(pile_freep) Pile *one = NULL, *other = NULL;
        _cleanup_(paper_done) Paper p = {};
        _cleanup_(bytes_done) Bytes der = {};

        make(&p, 0, true);
        REQUIRE(pile_new(&one) == 0 && pile_new(&other) == 0);
        REQUIRE(chain_split(p.chain.data, p.chain.size, &leaf, &root, NULL, NULL) == 0);
        CHECK_INT(chain_leaf_der(p.chain.data, p.chain.size, &der), 0);
        der_of(p.key, &key);
        CHECK_INT(add(one, &der, NULL), 0);
        CHECK_INT(pile_count(one), 1);
        CHECK_INT(add(one, &key, NULL), 0);
        CHECK(pile_key(one) && EVP_PKEY_eq(pile_key(one), p.key) == 1);

        box_of(&p, &leaf, &box);
        CHECK_INT(add(other, &box, NULL), -ENOKEY);
        CHECK_INT(add(other, &box, "wrong"), -ENOKEY);
        CHECK_INT(pile_count(other), 0);
        CHECK_INT(add(other, &box, "geheim"), 0);
        CHECK_INT(pile_count(other), 1);
        CHECK(pile_key(other) && EVP_PKEY_eq(pile_key(other), p.key) == 1);
}

static void junk(void) {
        static const char *const texts[] = {
                "hello",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nAAAA\n",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n",
                "\x30\x82\xff\xff\x02",
        };
        _cleanup_(pile_freep) Pile *pile = NULL;

        REQUIRE(pile_new(&pile) == 0);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                const char *reason = NULL;

                CHECK_INT(pile_add(pile, texts[i], strlen(texts[i]), NULL, &reason), -EBADMSG);
                CHECK(reason);
        }
        CHECK_INT(pile_count(pile), 0);
        CHECK(!pile_key(pile));
}

static void two_keys(void) {
        _cleanup_(key_freep) EVP_PKEY *first = NULL, *second = NULL;
        _cleanup_(bytes_done) Bytes one = { .secret = true }, other = { .secret = true };
        _cleanup_(pile_freep) Pile *pile = NULL;

        REQUIRE(pile_new(&pile) == 0 && key_generate(KEY_ECDSA_P256, &first) == 0 &&
                key_generate(KEY_ECDSA_P256, &second) == 0 && key_to_pem(first, &one) == 0 &&
                key_to_pem(second, &other) == 0);
        CHECK_INT(add(pile, &one, NULL), 0);
        CHECK_INT(add(pile, &one, NULL), 0);
        CHECK_INT(add(pile, &other, NULL), -EBADMSG);
}

static void names(void) {
        _cleanup_(string_list_done) StringList there = {};

        REQUIRE(string_list_add(&there, "*.example.org") == 0 &&
                string_list_add(&there, "example.net") == 0 &&
                string_list_add(&there, "9.9.9.9") == 0);
        CHECK(names_cover(&there, "a.example.org"));
        CHECK(names_cover(&there, "*.example.org"));
        CHECK(names_cover(&there, "9.9.9.9"));
        CHECK(!names_cover(&there, "example.org"));
        CHECK(!names_cover(&there, "a.b.example.org"));
        CHECK(!names_cover(&there, "a.example.net"));
        CHECK(!names_cover(&there, "*.example.net"));
}

/* What is wrong with this chain, for these names at this time; "" if nothing. */
static const char *judged(Paper *p, const ElsewhereExpectation *e, unsigned *ret_count) {
        _cleanup_(certinfo_done) CertInfo info = {};
        int r;

        free(p->why);
        p->why = NULL;
        r = elsewhere_check(p->chain.data, p->chain.size, e, &info, &p->why);
        *ret_count += r < 0;
        return r < 0 ? p->why : "";
}

static void judgement(void) {
        _cleanup_(string_list_done) StringList more = {};
        _cleanup_(paper_done) Paper p = {};
        ElsewhereExpectation e = { .names = &p.names, .now = NOW };
        unsigned refused = 0;

        make(&p, 1, false);
        CHECK_STR(judged(&p, &e, &refused), "");
        REQUIRE(string_list_copy(&p.names, &more) == 0 &&
                string_list_add(&more, "c.example.org") == 0);
        e.names = &more;
        CHECK(strstr(judged(&p, &e, &refused), "lacks 'c.example.org'"));
        e.optional_names = &more;
        CHECK_STR(judged(&p, &e, &refused), "");
        e.spki_sha256 = "00";
        CHECK(strstr(judged(&p, &e, &refused), "--key"));
        e.spki_sha256 = NULL;
        e.family = KEY_FAMILY_RSA;
        CHECK(strstr(judged(&p, &e, &refused), "KeyType="));
        e.family = KEY_FAMILY_ECDSA;
        CHECK_STR(judged(&p, &e, &refused), "");
        e.now = NOW + (int64_t) 400 * SEC_PER_DAY;
        CHECK(strstr(judged(&p, &e, &refused), "expired; ask the CA"));
        e.now = NOW - (int64_t) 40 * SEC_PER_DAY;
        CHECK(strstr(judged(&p, &e, &refused), "not valid yet"));
        CHECK_INT(refused, 5);
}

TEST_MAIN({ "certificates in any order, with others between them, become the chain of the key (P-03)",
            in_order },
          { "an issuer that is missing is named, with the next step", incomplete },
          { "DER and PKCS#12 are read, the latter with its password only", forms },
          { "what is neither certificate nor key is refused", junk },
          { "of two keys none is chosen", two_keys },
          { "a wildcard covers one label", names },
          { "an imported chain must be of this key, these names and this time (P-04)", judgement })
