/* Inspections: what the table of certificates in tests/e2e/test_inspect.py does not reach. */

#include <string.h>

#include "acme/inspect.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

#define NOW INT64_C(1798977600)

typedef struct Fixture {
        EVP_PKEY *key;
        StringList names;
        Bytes pem;
} Fixture;

static void fixture_init(Fixture *f, bool with_root) {
        TestChainSpec spec = { .not_before = NOW - 3600,
                               .not_after = NOW + 86400,
                               .intermediates = 2,
                               .with_root = with_root };

        *f = (Fixture){};
        CHECK_INT(string_list_add(&f->names, "a.example.org"), 0);
        CHECK_INT(key_generate(KEY_ECDSA_P256, &f->key), 0);
        spec.names = &f->names;
        CHECK_INT(test_chain_make(&spec, f->key, &f->pem), 0);
}

static void fixture_done(Fixture *f) {
        f->key = key_free(f->key);
        string_list_done(&f->names);
        bytes_done(&f->pem);
}

static bool has(const Inspection *i, FindingKind kind, bool fault) {
        for (size_t k = 0; k < i->finding_count; k++)
                if (i->findings[k].kind == kind && i->findings[k].fault == fault)
                        return true;
        return false;
}

static void look(const Bytes *data, const Bytes *roots, const char *name, Inspection *ret) {
        CHECK_INT(inspect(&(InspectInput){ .data = data, .roots = roots, .name = name, .now = NOW },
                          ret),
                  0);
}

static void every_kind_has_words(void) {
        for (int k = 0; k < FINDING_MAX; k++) {
                CHECK(finding_to_string((FindingKind) k) && finding_next_step((FindingKind) k));
                for (int other = 0; other < k; other++)
                        CHECK(
                                        !str_equal(finding_to_string((FindingKind) k),
                                                   finding_to_string((FindingKind) other)));
        }
        CHECK_INT(inspect_level_from_string("strict"), LEVEL_STRICT);
        CHECK_INT(inspect_level_from_string("none"), LEVEL_INVALID);
        CHECK_INT(inspect_level_from_string(""), LEVEL_INVALID);
}

/* The same chain: a stranger's, of a CA that the administrator added, of a public one. */
static void who_signed_it(void) {
        _cleanup_(inspection_done) Inspection none = {}, local = {}, public = {};
        _cleanup_(fixture_done) Fixture f;
        Bytes nothing = {};

        fixture_init(&f, true);
        look(&f.pem, &nothing, "a.example.org", &none);
        CHECK_INT(none.signer, SIGNER_PRIVATE_CA);
        CHECK(has(&none, FINDING_PRIVATE_CA, true) && !inspection_is_good(&none));
        look(&f.pem, &f.pem, "a.example.org", &public);
        CHECK_INT(public.signer, SIGNER_PUBLIC_CA);
        CHECK_STR(public.root, "Test Root");
        CHECK(inspection_is_good(&public));
        InspectInput input = { .data = &f.pem, .roots = &f.pem, .local_roots = &f.pem, .now = NOW };
        CHECK_INT(inspect(&input, &local), 0);
        CHECK_INT(local.signer, SIGNER_PRIVATE_CA);
        CHECK(inspection_is_good(&local));
}

/* A pin says whose it is, not that it is in time. */
static void levels(void) {
        static const struct {
                InspectLevel level;
                InspectPin pin;
                bool in_time, late;
        } cases[] = {
                { LEVEL_ALL, PIN_SAME, false, false },
                { LEVEL_DISABLED, PIN_NONE, true, true },
                { LEVEL_BASIC, PIN_SAME, true, false },
                { LEVEL_BASIC, PIN_OTHER, false, false },
                { LEVEL_RECOMMENDED, PIN_SAME, true, false },
                { LEVEL_RECOMMENDED, PIN_NONE, false, false },
                { LEVEL_RECOMMENDED, PIN_OTHER, false, false },
                { LEVEL_STRICT, PIN_SAME, false, false },
        };
        _cleanup_(fixture_done) Fixture f;
        Bytes nothing = {};

        fixture_init(&f, true);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                for (int late = 0; late < 2; late++) {
                        _cleanup_(inspection_done) Inspection in = {};
                        InspectInput input = { .data = &f.pem,
                                               .roots = &nothing,
                                               .now = NOW + late * 10 * 86400,
                                               .name = "b.example.org" };

                        CHECK_INT(inspect(&input, &in), 0);
                        CHECK_INT(inspection_judge(&in, cases[i].level, cases[i].pin), 0);
                        CHECK_INT(inspection_is_good(&in), late ? cases[i].late : cases[i].in_time);
                        CHECK_INT(has(&in, FINDING_PIN_MISMATCH, true), cases[i].pin == PIN_OTHER);
                }
}

/* What a trusted CA vouches for needs no pin; but the name must be right where there is none. */
static void trusted_needs_no_pin(void) {
        _cleanup_(inspection_done) Inspection good = {}, other_name = {};
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f, true);
        look(&f.pem, &f.pem, "a.example.org", &good);
        CHECK_INT(inspection_judge(&good, LEVEL_RECOMMENDED, PIN_NONE), 0);
        CHECK(inspection_is_good(&good));
        look(&f.pem, &f.pem, "b.example.org", &other_name);
        CHECK_INT(inspection_judge(&other_name, LEVEL_STRICT, PIN_NONE), 0);
        CHECK(!inspection_is_good(&other_name) && has(&other_name, FINDING_WRONG_NAME, true));
}

static void pins(void) {
        _cleanup_(inspection_done) Inspection i = {};
        _cleanup_(fixture_done) Fixture f;
        Bytes nothing = {};

        fixture_init(&f, false);
        look(&f.pem, &nothing, NULL, &i);
        REQUIRE(i.count == 3);
        CHECK(inspection_matches_pin(&i, i.certificates[0].pin));
        CHECK(inspection_matches_pin(&i, i.certificates[0].sha256));
        CHECK(inspection_matches_pin(&i, i.certificates[0].spki_sha256));
        CHECK(!inspection_matches_pin(&i, i.certificates[1].pin));
        CHECK(!inspection_matches_pin(&i, "") && !inspection_matches_pin(&i, "::"));
        CHECK(!inspection_matches_pin(&i, "sha256//"));
}

static void too_many(void) {
        _cleanup_(inspection_done) Inspection i = {};
        _cleanup_(bytes_done) Bytes many = {};
        _cleanup_(fixture_done) Fixture f;
        Bytes nothing = {};

        fixture_init(&f, false);
        for (int k = 0; k < 100; k++)
                CHECK_INT(bytes_append(&many, f.pem.data, f.pem.size), 0);
        look(&many, &nothing, NULL, &i);
        CHECK_INT(i.count, INSPECT_CERTIFICATES_MAX);
        CHECK(has(&i, FINDING_DUPLICATE_CERTIFICATE, true) &&
              has(&i, FINDING_UNREADABLE_CERTIFICATE, true));
}

/* Octets of a good file are replaced: whatever comes of it is told, and nothing breaks. */
static void noise(void) {
        _cleanup_(fixture_done) Fixture f;
        unsigned seed = 20270121;
        size_t read = 0;

        printf("# seed %u\n", seed);
        fixture_init(&f, true);
        _cleanup_(bytes_done) Bytes der = {};
        CHECK_INT(chain_leaf_der(f.pem.data, f.pem.size, &der), 0);
        for (int round = 0; round < 4000; round++) {
                _cleanup_(inspection_done) Inspection i = {};
                _cleanup_(bytes_done) Bytes copy = {};
                const Bytes *from = round % 2 ? &der : &f.pem;

                CHECK_INT(bytes_append(&copy, from->data, from->size), 0);
                for (int k = 0; k <= round % 4; k++) {
                        seed = seed * 1664525u + 1013904223u;
                        copy.data[(seed >> 8) % copy.size] = (uint8_t) (seed >> 24);
                }
                look(&copy, &f.pem, "a.example.org", &i);
                CHECK(i.count > 0 || !inspection_is_good(&i));
                read += i.count > 0;
                for (size_t k = 0; k < i.finding_count; k++)
                        for (const char *p = i.findings[k].text; *p; p++)
                                CHECK((unsigned char) *p >= ' ');
        }
        printf("# %zu of 4000 could be read\n", read);
        CHECK(read > 400);
}

TEST_MAIN({ "every kind of finding has a name and a next step", every_kind_has_words },
          { "who signed it: nobody known, a CA added here, a public one", who_signed_it },
          { "levels and pins", levels },
          { "what a trusted CA vouches for needs no pin", trusted_needs_no_pin },
          { "pins in every form", pins },
          { "a file has a limit", too_many },
          { "noise", noise })
