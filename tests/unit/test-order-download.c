#include <openssl/pem.h>

#include "acme/certinfo.h"
#include "tests/unit/order-driver.h"
#include "tests/unit/test-chain.h"

#define END "-----END CERTIFICATE-----\n"

/* Leaf, two intermediates, root; the same as DER. */
static struct {
        Bytes pem;     /* all four */
        Bytes part[4]; /* PEM of each */
        Bytes der[4];
        char fingerprint[4][SHA256_HEX_SIZE];
} made;

static bool make(void) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        StringList names = {};
        const char *p;

        if (made.pem.size > 0)
                return true;
        CHECK(string_list_add(&names, "a.example.org") >= 0);
        CHECK(key_generate(KEY_ECDSA_P256, &key) >= 0);
        TestChainSpec spec = {
                .names = &names,
                .not_before = 1799990000,
                .not_after = 1799990000 + 90 * 86400,
                .intermediates = 2,
                .with_root = true,
        };
        CHECK_INT(test_chain_make(&spec, key, &made.pem), 0);
        string_list_done(&names);
        p = bytes_text(&made.pem);
        for (size_t i = 0; i < 4; i++) {
                const char *end = strstr(p, END);
                CertInfo info = {};

                if (!end)
                        return false;
                end += strlen(END);
                CHECK(bytes_append(&made.part[i], p, (size_t) (end - p)) >= 0);
                BIO *b = BIO_new_mem_buf(p, (int) (end - p));
                X509 *c = PEM_read_bio_X509(b, NULL, NULL, NULL);
                unsigned char *der = NULL;
                int n = i2d_X509(c, &der);
                CHECK(bytes_append(&made.der[i], der, (size_t) n) >= 0);
                OPENSSL_free(der);
                X509_free(c);
                (void) BIO_free(b);
                CHECK(certinfo_parse(made.part[i].data, made.part[i].size, &info, NULL) >= 0);
                (void) snprintf(made.fingerprint[i], SHA256_HEX_SIZE, "%s", info.leaf_sha256);
                certinfo_done(&info);
                p = end;
        }
        return true;
}

/* What is at a URL: certificates first … last of the chain. */
typedef struct Place {
        const char *url;
        int first, last; /* last < first: 404 */
        bool der;
        const char *links[3];
} Place;

static const Place *places;
static size_t place_count;
static char asked[512]; /* last parts of the URLs */

static Bytes body;
static StringList links;

static bool serve(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        (void) d;
        if (effect->call != CALL_CERTIFICATE)
                return false;
        (void) strcat(asked, strrchr(effect->url, '/'));
        bytes_done(&body);
        string_list_done(&links);
        for (size_t i = 0; i < place_count; i++) {
                const Place *p = &places[i];

                if (!str_equal(p->url, effect->url) || p->last < p->first)
                        continue;
                for (int k = p->first; k <= p->last; k++) {
                        const Bytes *b = p->der ? &made.der[k] : &made.part[k];

                        CHECK(bytes_append(&body, b->data, b->size) >= 0);
                }
                for (size_t k = 0; k < ELEMENTSOF(p->links) && p->links[k]; k++)
                        CHECK(string_list_add(&links, p->links[k]) >= 0);
                e->status = 200;
                e->content_type = p->der ? "application/pkix-cert"
                                         : "application/pem-certificate-chain";
                e->links = &links;
                e->body = body.data;
                e->size = body.size;
                return true;
        }
        e->status = 404;
        return true;
}

/* Runs an order; what came ends at certificate `last`, or -1 when it failed. */
static int run(const Place *at, size_t count, const char *preferred) {
        size_t size, expected = 0;
        const char *chain;
        int last = -1;
        Driver d;

        places = at;
        place_count = count;
        asked[0] = 0;
        driver_init(&d, "a.example.org");
        d.wish.preferred_chain = preferred;
        d.fault = serve;
        driver_new(&d);
        driver_run(&d, ORDER_EVENT_START);
        chain = order_machine_chain(d.m, &size);
        for (int i = 0; d.done && i < 4; i++) {
                expected += made.part[i].size;
                if (size == expected && memcmp(chain, made.pem.data, size) == 0)
                        last = i;
        }
        driver_done(&d);
        return last;
}

/* ---- which chain ---- */

static const Place two[] = {
        { "https://ca.test/c",
          0,
          2,
          false,
          { "</c/1>;rel=\"alternate\", <https://ca.test/dir>;rel=\"index\"",
            "<https://ca.test/c/2>; rel=alternate" } },
        { "https://ca.test/c/1", 0, 0, false, {} },
        { "https://ca.test/c/2", 0, 1, false, { "</c>;rel=\"alternate\"" } },
};

static void default_only(void) {
        REQUIRE(make());
        CHECK_INT(run(two, 3, NULL), 2);
        CHECK_STR(asked, "/c"); /* no chain is fetched that nobody wants */
        CHECK_INT(run(two, 3, "Test Root"), 2);
        CHECK_STR(asked, "/c");
}

static void first_match(void) {
        REQUIRE(make());
        CHECK_INT(run(two, 3, "Test Issuer 1"), 1);
        CHECK_STR(asked, "/c/1/2");
        CHECK_INT(run(two, 3, "Test Issuer 2"), 0);
        CHECK_STR(asked, "/c/1"); /* stops there */
}

static void by_digest(void) {
        REQUIRE(make());
        CHECK_INT(run(two, 3, made.fingerprint[1]), 1);
        CHECK_INT(run(two, 3, made.fingerprint[2]), 2);
        CHECK_STR(asked, "/c");

        static const Place with_root[] = {
                { "https://ca.test/c", 0, 1, false, { "</c/1>;rel=\"alternate\"" } },
                { "https://ca.test/c/1", 0, 3, false, {} },
        };
        CHECK_INT(run(with_root, 2, made.fingerprint[3]), 3);
}

static void fall_back(void) {
        static const Place broken[] = {
                { "https://ca.test/c",
                  0,
                  2,
                  false,
                  { "</c/404>;rel=\"alternate\"", "<https://evil.test/c/1>;rel=\"alternate\"",
                    "</c/5>;rel=\"alternate\"" } },
                { "https://ca.test/c/404", 1, 0, false, {} },
                { "https://ca.test/c/5", 1, 2, false, {} }, /* another leaf */
        };

        REQUIRE(make());
        CHECK_INT(run(two, 3, "No Such Root"), 2);
        CHECK_STR(asked, "/c/1/2");
        CHECK_INT(run(two, 3, "test root"), 2); /* names are compared as they are */
        CHECK_INT(run(broken, 3, "Test Issuer 9"), 2);
        CHECK_STR(asked, "/c/404/5");
        CHECK_INT(run(broken, 3, "Test Root"), 2);
        CHECK_STR(asked, "/c");
}

/* Alternates that lead to each other are looked at once, and not without end. */
static void many_alternates(void) {
        char all[2048] = "";
        Place many[] = { { "https://ca.test/c", 0, 2, false, { all } } };

        REQUIRE(make());
        for (int i = 0; i < 40; i++)
                (void) snprintf(all + strlen(all), sizeof all - strlen(all),
                                "%s</c/%d>;rel=alternate", i ? ", " : "", i);
        CHECK_INT(run(many, 1, "No Such Root"), 2);
        CHECK_STR(asked, "/c/0/1/2/3/4/5/6/7/8/9");
}

/* ---- issuers one by one ---- */

static void lone_der(void) {
        static const Place up[] = {
                { "https://ca.test/c", 0, 0, true, { "</i/1>;rel=\"up\"" } },
                { "https://ca.test/i/1", 1, 1, true, { "<2>;rel=up" } },
                { "https://ca.test/i/2", 2, 2, true, {} },
        };
        static const Place with_root[] = {
                { "https://ca.test/c", 0, 0, true, { "</i/1>;rel=\"up\"" } },
                { "https://ca.test/i/1", 1, 1, true, { "</i/2>;rel=up" } },
                { "https://ca.test/i/2", 2, 2, true, { "</i/3>;rel=up" } },
                { "https://ca.test/i/3", 3, 3, true, { "</i/3>;rel=up", "</i/1>;rel=up" } },
        };

        REQUIRE(make());
        CHECK_INT(run(up, 3, NULL), 2);
        CHECK_STR(asked, "/c/1/2");
        CHECK_INT(run(with_root, 4, NULL), 3);
        CHECK_STR(asked, "/c/1/2/3");
}

static void der_loop(void) {
        static const Place loop[] = {
                { "https://ca.test/c", 0, 0, true, { "</i/1>;rel=\"up\"" } },
                { "https://ca.test/i/1", 1, 1, true, { "</i/2>;rel=up" } },
                { "https://ca.test/i/2", 2, 2, true, { "</i/1>;rel=up" } },
        };

        REQUIRE(make());
        (void) run(loop, 3, NULL);
        CHECK_STR(asked, "/c/1/2/1/2/1"); /* five hops */
}

static void der_elsewhere(void) {
        static const Place elsewhere[] = {
                { "https://ca.test/c", 0, 0, true, { "<https://evil.test/i/1>;rel=\"up\"" } },
        };
        static const Place garbage[] = {
                { "https://ca.test/c", 0, 1, true, {} }, /* two in one body */
        };

        REQUIRE(make());
        CHECK_INT(run(elsewhere, 1, NULL), -1);
        CHECK_STR(asked, "/c");
        CHECK_INT(run(garbage, 1, NULL), -1);
}

static void issuers_of(void) {
        Bytes bad = {};

        REQUIRE(make());
        CHECK_INT(chain_has_issuer("x", 1, "Test Root"), -EBADMSG);
        CHECK_INT(chain_has_issuer(made.pem.data, made.pem.size, "Test Root"), 1);
        CHECK_INT(chain_has_issuer(made.pem.data, made.pem.size, "Test Root "), 0);
        CHECK_INT(chain_same_leaf(made.pem.data, made.pem.size, made.part[0].data,
                                  made.part[0].size),
                  1);
        CHECK_INT(chain_same_leaf(made.pem.data, made.pem.size, made.part[1].data,
                                  made.part[1].size),
                  0);
        bytes_done(&bad);
}

TEST_MAIN({ "without a preference one chain is fetched (P-07, X-03)", default_only },
          { "alternates are fetched up to the first match (P-07, P-08)", first_match },
          { "a chain is told by the digest of its end, too (P-08)", by_digest },
          { "whatever goes wrong with alternates, there is the default chain (P-07, W-18)",
            fall_back },
          { "no more than ten alternates are looked at (P-07)", many_alternates },
          { "a lone DER certificate is completed by its issuers (P-06)", lone_der },
          { "but not by more than five (P-06)", der_loop },
          { "nor from a host that is not the CA's (A-15)", der_elsewhere },
          { "what a chain ends at (P-08)", issuers_of }, )
