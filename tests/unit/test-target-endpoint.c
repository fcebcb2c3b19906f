/* What follows from what a service showed: the leaf, its date, the name, the chain, each place by itself. */

#include <string.h>

#include "daemon/target-endpoint.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

#define NOW INT64_C(1798977600)

typedef struct Fixture {
        EVP_PKEY *key;
        StringList names;
        Bytes chain;
        char *parts[3]; /* leaf and its two intermediates */
        CertInfo info;
        TargetEndpoints seen;
} Fixture;

static void fixture_init(Fixture *f, int64_t not_after) {
        static const char begin[] = "-----BEGIN";
        TestChainSpec spec = { .not_before = NOW - 3600,
                               .not_after = not_after,
                               .intermediates = 2 };

        *f = (Fixture){};
        CHECK_INT(string_list_add(&f->names, "*.example.org"), 0);
        CHECK_INT(string_list_add(&f->names, "192.0.2.1"), 0);
        CHECK_INT(key_generate(KEY_ECDSA_P256, &f->key), 0);
        spec.names = &f->names;
        CHECK_INT(test_chain_make(&spec, f->key, &f->chain), 0);
        CHECK_INT(certinfo_parse(f->chain.data, f->chain.size, &f->info, NULL), 0);
        const char *at = bytes_text(&f->chain);
        for (size_t i = 0; i < ELEMENTSOF(f->parts); i++) {
                const char *next = strstr(at + 1, begin);

                f->parts[i] = next ? strndup(at, (size_t) (next - at)) : strdup(at);
                at = next ? next : "";
        }
}

static void fixture_done(Fixture *f) {
        f->key = key_free(f->key);
        string_list_done(&f->names);
        bytes_done(&f->chain);
        for (size_t i = 0; i < ELEMENTSOF(f->parts); i++)
                free(f->parts[i]);
        certinfo_done(&f->info);
        target_endpoints_done(&f->seen);
}

/* What is said of a chain that is served as these parts; NULL: nothing. */
static const char *look(Fixture *f, const char *name, const Bytes *expected, const char *parts) {
        _cleanup_(bytes_done) Bytes pem = {};
        char host[] = "web.example.org";
        ProbeConfig probe = { .host = host, .port = 443 };
        ProbeResult result = { .outcome = PROBE_SERVED,
                               .address = "192.0.2.1",
                               .not_after = f->info.not_after };
        ServedExpectation e = { .leaf = f->info.leaf_sha256,
                                .chain = expected,
                                .rules = { .name = name, .now = NOW } };

        for (const char *p = parts; *p; p++)
                CHECK_INT(bytes_append_string(&pem, f->parts[*p - '0']), 0);
        result.chain_pem = (char *) pem.data;
        memcpy(result.leaf_sha256, f->info.leaf_sha256, sizeof result.leaf_sha256);
        target_endpoints_done(&f->seen);
        CHECK_INT(target_endpoints_add(&f->seen, &probe, &result, 1, &e), 0);
        CHECK_INT(f->seen.count, 1);
        CHECK_INT(f->seen.items[0].served, f->seen.items[0].message ? SERVED_FLAWED : SERVED_YES);
        CHECK_STR(f->seen.items[0].place, "web.example.org:443 at 192.0.2.1");
        return f->seen.items[0].message;
}

static bool has(const char *text, const char *part) {
        if (!text || !strstr(text, part))
                printf("# '%s' is not in '%s'\n", part, text ? text : "nothing");
        return text && strstr(text, part);
}

static void the_chain(void) {
        _cleanup_(fixture_done) Fixture f;
        Bytes none = {};

        fixture_init(&f, NOW + 86400);
        CHECK(!look(&f, "a.example.org", &f.chain, "012"));
        CHECK(!look(&f, NULL, &none, "0")); /* not known */
        CHECK(has(look(&f, NULL, &f.chain, "0"), "lacks the intermediate 'Test Issuer 2'"));
        CHECK(has(look(&f, NULL, &f.chain, "02"), "lacks the intermediate 'Test Issuer 2'"));
        CHECK(has(look(&f, NULL, &f.chain, "01"), "lacks the intermediate 'Test Issuer 1'"));
        CHECK(has(look(&f, NULL, &f.chain, "021"), "not in order"));
        CHECK(!look(&f, NULL, &f.chain, "0122")); /* what comes behind it is ballast */
}

static void name_and_date(void) {
        _cleanup_(fixture_done) Fixture f, old;

        fixture_init(&f, NOW + 86400);
        fixture_init(&old, NOW - 1800);
        CHECK(!look(&f, "192.0.2.1", &f.chain, "012"));
        CHECK(has(look(&f, "example.org", &f.chain, "012"),
                  "asked for 'example.org', which is no name"));
        CHECK(has(look(&f, "a.b.example.org", &f.chain, "012"), "no name of the certificate"));
        CHECK(has(look(&f, "192.0.2.2", &f.chain, "012"), "no name of the certificate"));
        CHECK(has(look(&old, "a.example.org", &old.chain, "012"), "has expired"));
}

/* ---- what is not this certificate ---- */

typedef struct Levels {
        Fixture f;
        Json *pins;
        bool pinned;
} Levels;

/* What is said of the chain at this level, though another leaf was wanted. */
static const char *judge(
                Levels *l, Fixture *shown, Validation level, const char *pin, const char *name) {
        char host[] = "proxy.example.org";
        Bytes none = {};
        ProbeConfig probe = { .host = host, .port = 443 };
        ProbeResult result = { .outcome = PROBE_SERVED, .address = "192.0.2.1" };
        ServedExpectation e = { .leaf = "aa",
                                .chain = &none,
                                .rules = { .level = level,
                                           .name = name,
                                           .pin = pin,
                                           .roots = &none,
                                           .now = NOW,
                                           .pins = l->pins,
                                           .pinned = &l->pinned } };

        result.chain_pem = (char *) shown->chain.data;
        memcpy(result.leaf_sha256, shown->info.leaf_sha256, sizeof result.leaf_sha256);
        l->pinned = false;
        target_endpoints_done(&l->f.seen);
        CHECK_INT(target_endpoints_add(&l->f.seen, &probe, &result, 1, &e), 0);
        CHECK_INT(l->f.seen.items[0].served,
                  l->f.seen.items[0].message ? SERVED_FLAWED : SERVED_YES);
        return l->f.seen.items[0].message;
}

static void levels(void) {
        _cleanup_(fixture_done) Fixture other, old;
        Levels l = { .pins = json_object_new() };
        const char *text;

        fixture_init(&l.f, NOW + 86400);
        fixture_init(&other, NOW + 86400);
        fixture_init(&old, NOW - 1800);
        CHECK(!judge(&l, &old, VALIDATION_DISABLED, NULL, "x.example.net"));
        CHECK(has(judge(&l, &other, VALIDATION_STRICT, NULL, "a.example.org"), "'Test Root'"));
        text = judge(&l, &other, VALIDATION_RECOMMENDED, NULL, "a.example.org");
        REQUIRE(has(text, "its pin is "));
        _cleanup_free_ char *pin = strdup(strstr(text, "its pin is ") + strlen("its pin is "));
        CHECK(!judge(&l, &other, VALIDATION_RECOMMENDED, pin, "x.example.net"));
        CHECK(has(judge(&l, &l.f, VALIDATION_RECOMMENDED, pin, "a.example.org"),
                  "not the one that was pinned"));
        /* The first one that is seen stays the only one; that it expires is told all the same. */
        CHECK(!judge(&l, &other, VALIDATION_BASIC, NULL, "x.example.net") && l.pinned);
        CHECK(!judge(&l, &other, VALIDATION_BASIC, NULL, "x.example.net") && !l.pinned);
        CHECK(has(judge(&l, &l.f, VALIDATION_BASIC, NULL, "a.example.org"),
                  "not the one that was pinned"));
        CHECK(!l.pinned);
        CHECK(has(judge(&l, &old, VALIDATION_BASIC, old.info.spki_sha256, "a.example.org"),
                  "has expired"));
        (void) json_free(l.pins);
        fixture_done(&l.f);
}

static void add(TargetEndpoints *e,
                const char *host,
                ProbeOutcome one,
                ProbeOutcome other,
                const char *leaf) {
        char text[64], subject[] = "CN = old", issuer[] = "R10", detail[] = "refused";
        Bytes none = {};
        ProbeConfig probe = { .host = text, .port = 25, .protocol = PROBE_PROTOCOL_SMTP };
        ServedExpectation expected = { .leaf = "aa", .chain = &none, .rules.now = NOW };
        ProbeResult results[] = {
                { .outcome = one, .address = "127.0.0.1", .detail = detail, .leaf_sha256 = "aa" },
                { .outcome = other,
                  .address = "::1",
                  .detail = detail,
                  .subject = subject,
                  .issuer = issuer,
                  .not_after = 1 },
        };

        (void) snprintf(text, sizeof text, "%s", host);
        (void) snprintf(results[1].leaf_sha256, sizeof results[1].leaf_sha256, "%s", leaf);
        CHECK_INT(target_endpoints_add(e, &probe, results, ELEMENTSOF(results), &expected), 0);
}

static const TargetEndpoint *worst(
                TargetEndpoints *e,
                const char *host,
                ProbeOutcome one,
                ProbeOutcome other,
                const char *leaf) {
        target_endpoints_done(e);
        add(e, host, one, other, leaf);
        return target_endpoints_worst(e);
}

static void places(void) {
        _cleanup_(target_endpoints_done) TargetEndpoints e = {};
        const TargetEndpoint *w;

        w = worst(&e, "localhost", PROBE_SERVED, PROBE_SERVED, "aa");
        CHECK(w && w->served == SERVED_YES && e.count == 2);
        CHECK_STR(e.items[1].place, "smtp localhost:25 at ::1");
        w = worst(&e, "localhost", PROBE_SERVED, PROBE_SERVED, "bb");
        CHECK(w && w->served == SERVED_OTHER);
        CHECK_STR(w->message,
                  "it serves another one ('CN = old', issued by 'R10') that has expired");
        w = worst(&e, "localhost", PROBE_SERVED, PROBE_UNREACHABLE, "");
        CHECK(w && w->served == SERVED_YES && e.count == 1); /* need not listen on both */
        w = worst(&e, "www.example.org", PROBE_SERVED, PROBE_UNREACHABLE, "");
        CHECK(w && w->served == SERVED_YES && e.count == 2 && e.items[1].spared);
        w = worst(&e, "localhost", PROBE_SERVED, PROBE_NO_TLS, "");
        CHECK(w && w->served == SERVED_UNREACHABLE);
        w = worst(&e, "localhost", PROBE_UNREACHABLE, PROBE_UNREACHABLE, "");
        CHECK(w && w->served == SERVED_UNREACHABLE && e.count == 2);
        CHECK_STR(w->message, "refused");
        add(&e, "::1", PROBE_SERVED, PROBE_SERVED, "bb");
        CHECK_STR(e.items[3].place, "smtp [::1]:25");
        w = target_endpoints_worst(&e);
        CHECK(w && w->served == SERVED_OTHER);
}

static void shown(void) {
        _cleanup_(target_endpoints_done) TargetEndpoints e = {}, later = {};
        _cleanup_(json_freep) Json *j = NULL;
        const char *text = NULL;
        int64_t until = 0;

        add(&e, "localhost", PROBE_SERVED, PROBE_SERVED, "bb");
        CHECK_INT(target_endpoints_json(&e, &j), 0);
        REQUIRE(json_count(j) == 2);
        CHECK_INT(json_get_string(json_at(j, 1), "endpoint", &text), 0);
        CHECK_STR(text, "smtp localhost:25 at ::1");
        CHECK_INT(json_get_string(json_at(j, 1), "state", &text), 0);
        CHECK_STR(text, "other");
        CHECK_INT(json_get_int64(json_at(j, 1), "not_after", &until), 0);
        CHECK_INT(until, 1);
        CHECK(json_get_string(json_at(j, 0), "message", &text) < 0);
        CHECK_INT(str_replace(&e.items[1].told, "this"), 0);
        add(&later, "localhost", PROBE_SERVED, PROBE_SERVED, "aa");
        target_endpoints_inherit(&later, &e);
        CHECK(!later.items[0].told);
        CHECK_STR(later.items[1].told, "this");
}

TEST_MAIN({ "a chain needs each intermediate in its place", the_chain },
          { "the name that is asked for, and the date", name_and_date },
          { "each address counts, but one that takes no connection beside one that does", places },
          { "levels: any, pinned, trusted; whatever leaf it is", levels },
          { "places are shown, and what was told of them is known later", shown })
