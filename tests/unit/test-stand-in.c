/* Stand-ins at a target (hooks/stand-in.h): where they may be put, and where not. */

#include <sys/stat.h>

#include "acme/certinfo.h"
#include "acme/stand-in.h"
#include "base/file.h"
#include "hooks/stand-in.h"
#include "tests/fake/unit.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test.h"

#define CERT "etc/a.crt"
#define KEY  "etc/a.key"

/* As the signer writes it. */
static void make_stand_in(Bench *b) {
        _cleanup_(bytes_done) Bytes text = { .secret = true };
        _cleanup_(key_freep) EVP_PKEY *key = NULL;

        (void) mkdir(test_path(&b->live, "state/signer/stand-ins"), 0700);
        CHECK_INT(key_generate(KEY_ECDSA_P256, &key), 0);
        CHECK_INT(key_to_pem(key, &text), 0);
        CHECK_INT(stand_in_build(key, &b->certificate.names, "a.example.org", 1798761600, &text),
                  0);
        CHECK(test_write(&b->live, "state/signer/stand-ins/" NAME ".pem", bytes_text(&text),
                         0600) >= 0);
}

/* Nothing is live, and a stand-in is there for the asking. */
static void begin(Bench *b) {
        bench_init(b);
        b->target.stand_in = true;
        CHECK(unlink(test_path(&b->live, "state/live/" NAME)) == 0);
        make_stand_in(b);
}

static StandInState place(Bench *b) {
        StandInState state = STAND_IN_STATE_MAX;

        free(TAKE_PTR(b->error));
        CHECK_INT(stand_in_place(&b->job, &state, &b->error), 0);
        return state;
}

static bool is_ours(Bench *b) {
        const char *text = test_content(&b->live, CERT);

        return stand_in_is(text, strlen(text));
}

static void empty(void) {
        Bench b;

        begin(&b);
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK(is_ours(&b));
        CHECK_INT(bench_stat(&b, KEY).st_mode & 07777, 0600);
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK_INT(bench_inspect(&b), 0);
        CHECK_INT(b.row.state, ROW_NONE); /* the first deploy is a first one */
        make_stand_in(&b);                /* another one takes its place */
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK(strstr(test_content(&b.live, "state/signer/stand-ins/" NAME ".pem"),
                     test_content(&b.live, CERT)));
        bench_done(&b);
}

static void replaced(void) {
        Bench b;

        begin(&b);
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK(test_issue_live(&b.live, NAME) >= 0);
        CHECK_INT(place(&b), STAND_IN_LIVE);
        CHECK(is_ours(&b));
        CHECK_INT(bench_deploy(&b), 0);
        CHECK(bench_pair_is_live(&b));
        CHECK_INT(bench_verify(&b), 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        bench_done(&b);
}

/* A certificate, with another one's key or without any. */
static void put_broken(Bench *b, bool with_key) {
        _cleanup_(key_freep) EVP_PKEY *other = NULL;
        _cleanup_(bytes_done) Bytes pem = { .secret = true };
        const char *chain = test_content(&b->live, "state/engine/certificates/" NAME ".chain.pem");

        CHECK(test_write(&b->live, CERT, chain, 0644) >= 0);
        CHECK_INT(key_generate(KEY_ECDSA_P256, &other), 0);
        CHECK_INT(key_to_pem(other, &pem), 0);
        if (with_key)
                CHECK(test_write(&b->live, KEY, bytes_text(&pem), 0600) >= 0);
}

static void others(void) {
        char before[BENCH_FILE_MAX];
        Bench b;

        bench_init(&b); /* a real pair stands there, be it a vendor's or a person's */
        b.target.stand_in = true;
        CHECK_INT(bench_deploy(&b), 0);
        (void) snprintf(before, sizeof before, "%s", test_content(&b.live, CERT));
        CHECK(unlink(test_path(&b.live, "state/live/" NAME)) == 0);
        make_stand_in(&b);
        CHECK_INT(place(&b), STAND_IN_OTHER);
        CHECK_STR(test_content(&b.live, CERT), before);
        bench_done(&b);
}

static void broken(void) {
        Bench b;

        begin(&b);
        put_broken(&b, true);
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK(is_ours(&b));
        /* What was there is kept for ever. */
        CHECK(strstr(test_content(&b.live, "state/installer/original/" NAME "/nginx/FILE-0"),
                     "PRIVATE KEY"));
        bench_done(&b);

        begin(&b); /* a certificate without its key serves nobody */
        put_broken(&b, false);
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK(is_ours(&b));
        bench_done(&b);
}

static void keystore(void) {
        Bench b;

        begin(&b);
        CHECK(test_write(&b.live, CERT, "\x30\x82 what only its service reads", 0644) >= 0);
        CHECK_INT(place(&b), STAND_IN_OTHER);
        CHECK(!test_exists(&b.live, KEY));
        bench_done(&b);
}

static void none(void) {
        Bench b;

        begin(&b);
        CHECK(unlink(test_path(&b.live, "state/signer/stand-ins/" NAME ".pem")) == 0);
        CHECK_INT(place(&b), STAND_IN_NONE);
        CHECK(test_write(&b.live, "state/signer/stand-ins/" NAME ".pem",
                         test_content(&b.live, "state/engine/certificates/" NAME ".chain.pem"),
                         0600) >= 0);
        CHECK_INT(place(&b), STAND_IN_NONE); /* none of ours */
        CHECK(!test_exists(&b.live, CERT));
        bench_done(&b);
}

/* A unit that runs on the last one is told; one that does not is never started. */
static void told(void) {
        Bench b;

        begin(&b);
        b.target.reload = b.unit;
        fake_units.running = true;
        fake_units.state = UNIT_FAILED;
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK_INT(fake_units.reloads + fake_units.restarts + fake_units.try_restarts, 0);
        fake_units.state = UNIT_ACTIVE;
        CHECK_INT(place(&b), STAND_IN_PLACED); /* as it is */
        CHECK_INT(fake_units.reloads, 0);
        make_stand_in(&b);
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK_INT(fake_units.reloads, 1);
        bench_done(&b);
}

/* A chain of its own is wanted by some services; an empty file is none. */
static void chain(void) {
        Bench b;

        begin(&b);
        bench_set_file(&b, 0, FILE_CHAIN, CERT, 0644);
        CHECK_INT(place(&b), STAND_IN_PLACED);
        CHECK(is_ours(&b));
        bench_done(&b);
}

/* ---- at boot ---- */

static void configure(Bench *b, const char *more) {
        char text[2000], *config = strdup(test_path(&b->live, "config"));

        (void) snprintf(text, sizeof text,
                        "[Certificate]\nNames=a.example.org\nCA=none\n[Deploy nginx]\nFile=key %s %s:%s 0600\n"
                        "File=fullchain %s %s:%s 0644\n%s",
                        b->paths[1], b->owner, b->group, b->paths[0], b->owner, b->group, more);
        (void) mkdir(config, 0755);
        (void) mkdir(test_path(&b->live, "config/certificates"), 0755);
        CHECK(test_write(&b->live, "config/certificates/" NAME ".conf", text, 0644) >= 0);
        b->live.paths.config = config;
        b->live.paths.data = config;
}

static void boot(void) {
        Bench b;

        begin(&b);
        configure(&b, "StandIn=yes\n");
        fake_units.running = true;
        CHECK_INT(stand_in_place_all(&b.live.paths), 0);
        CHECK(is_ours(&b));
        CHECK(test_issue_live(&b.live, NAME) >= 0);
        CHECK_INT(stand_in_place_all(&b.live.paths), 0);
        CHECK(bench_pair_is_live(&b)); /* what is live is better */
        CHECK(unlink(test_path(&b.live, KEY)) == 0);
        CHECK_INT(stand_in_place_all(&b.live.paths), 0);
        CHECK(bench_pair_is_live(&b));
        CHECK_INT(fake_units.reloads + fake_units.restarts + fake_units.try_restarts +
                                  fake_units.transients,
                  0);
        free((char *) b.live.paths.config);
        bench_done(&b);
}

static void boot_of_others(void) {
        Bench b;

        begin(&b);
        configure(&b, "");
        CHECK_INT(stand_in_place_all(&b.live.paths), 0);
        CHECK(!test_exists(&b.live, CERT)); /* not asked for */
        free((char *) b.live.paths.config);
        bench_done(&b);
}

TEST_MAIN({ "a stand-in is put where nothing stands, and follows the signer's", empty },
          { "the first certificate replaces it", replaced },
          { "a pair of somebody else stays", others },
          { "a pair that does not match is replaced and kept", broken },
          { "what only its service can read stays", keystore },
          { "without a stand-in of the signer's nothing is written", none },
          { "a unit that runs is told, another one is not started", told },
          { "a file of issuers holds the stand-in itself", chain },
          { "at boot what is missing is put there, without a job", boot },
          { "at boot nothing is put where it is not asked for", boot_of_others })
