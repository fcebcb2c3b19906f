/* The loop between engine and installer: what is level, not edge. */

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/target-row.h"
#include "daemon/target.h"
#include "tests/fake/helper-internal.h"
#include "tests/fake/prober.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

#define START    INT64_C(1800000000)
#define NAME     "a.example.org"
#define LIFETIME ((int64_t) 90 * SEC_PER_DAY)

static char host[] = NAME "|web", name[] = "web";

static ProbeConfig probe = { .host = host, .port = 443 };

typedef struct Bench {
        Loop *loop;
        Store *store;
        Helper *signer, *installer;
        Prober *prober;
        Slots *places, *handshakes;
        Engine engine;
        TargetConfig config;
        Target *target;
        FakeTarget *service;
        unsigned changes, not_live;
} Bench;

static void on_changed(void *userdata) {
        ((Bench *) userdata)->changes++;
}

static void on_not_live(void *userdata) {
        ((Bench *) userdata)->not_live++;
}

/* As after a Publish. */
static void make_live(Bench *b, const char *leaf) {
        Helper *h = b->installer;

        if (h->live_count == 0) {
                h->live = calloc(1, sizeof *h->live);
                h->live[h->live_count++] = (FakeLive){ .certificate = strdup(NAME) };
        }
        CHECK_INT(str_replace(&h->live[0].leaf, leaf), 0);
}

static TargetOwner owner_of(Bench *b) {
        return (TargetOwner){
                .engine = &b->engine,
                .installer = b->places,
                .prober = b->handshakes,
                .changed = on_changed,
                .not_live = on_not_live,
                .userdata = b,
        };
}

static void init(Bench *b, bool probed) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        *b = (Bench){ .loop = fake_loop_new(1, START) };
        b->store = fake_store_new(b->loop);
        b->signer = fake_signer_new(b->loop);
        b->installer = fake_installer_new(b->loop, b->signer, b->store);
        b->prober = fake_prober_new(b->loop, b->installer);
        CHECK_INT(slots_new(b->loop, 1, &b->places), 0);
        CHECK_INT(slots_new(b->loop, 1, &b->handshakes), 0);
        b->engine = (Engine){
                .loop = b->loop,
                .store = b->store,
                .installer = b->installer,
                .prober = b->prober,
        };
        b->config = (TargetConfig){ .name = name, .timeout_sec = 90 };
        if (probed) {
                b->config.probes = &probe;
                b->config.probe_count = 1;
        }
        b->service = fake_installer_target(b->installer, NAME, name);
        TargetOwner owner = owner_of(b);
        CHECK_INT(target_new(&owner, NAME, &b->config, &b->target), 0);
        make_live(b, "one");
}

static void done(Bench *b) {
        b->target = target_free(b->target);
        (void) slots_free(b->places);
        (void) slots_free(b->handshakes);
        (void) fake_prober_free(b->prober);
        (void) fake_helper_free(b->installer);
        (void) fake_helper_free(b->signer);
        (void) fake_store_free(b->store);
        (void) fake_loop_free(b->loop);
}

static void want(Bench *b, const char *leaf) {
        CHECK_INT(target_want(b->target, leaf, LIFETIME, true), 0);
}

/* Verified with leaf "one". */
static void init_verified(Bench *b, bool probed) {
        init(b, probed);
        want(b, "one");
        fake_loop_run(b->loop, 5);
        CHECK(target_is_verified(b->target));
        CHECK_INT(b->service->deploys, 1);
}

static bool trouble_has(const Bench *b, const char *text) {
        const char *trouble = target_trouble(b->target);
        bool has = trouble && strstr(trouble, text);

        if (!has)
                printf("# trouble: %s\n", trouble ? trouble : "none");
        return has;
}

static void check_json(const Bench *b, const char *state, const char *served, bool planned) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *text = NULL;
        int64_t next = -1;

        CHECK_INT(target_json(b->target, &j), 0);
        CHECK_INT(json_get_string(j, "state", &text), 0);
        CHECK_STR(text, state);
        CHECK_INT(json_get_string(j, "served", &text), 0);
        CHECK_STR(text, served);
        if (json_get_int64(j, "next_attempt", &next) < 0)
                next = 0;
        CHECK(planned ? next >= loop_wall_sec(b->loop) : next == 0);
}

/* ---- the way of a deploy ---- */

static void look_deploy_shake_confirm(void) {
        Bench b;

        init(&b, true);
        CHECK(target_is_settled(b.target)); /* nothing is wanted yet */
        want(&b, "one");
        CHECK(!target_is_settled(b.target));
        fake_loop_run(b.loop, 5);
        CHECK(target_is_verified(b.target) && target_is_settled(b.target));
        CHECK_STR(b.service->loaded, "one");
        CHECK(b.service->verified);
        CHECK_INT(fake_helper_calls(b.installer, "Inspect"), 1);
        CHECK_INT(fake_helper_calls(b.installer, "Deploy"), 1);
        CHECK_INT(fake_helper_calls(b.installer, "Verified"), 1);
        CHECK_INT(fake_prober_count(b.prober), 3);
        CHECK(!target_trouble(b.target));
        CHECK(b.changes > 0);
        check_json(&b, "verified", "yes", false);
        done(&b);
}

static void without_handshake(void) {
        Bench b;

        init_verified(&b, false);
        CHECK(b.service->verified);
        CHECK_INT(fake_prober_count(b.prober), 0);
        check_json(&b, "verified", "not-probed", false);
        done(&b);
}

static void restart_deploys_nothing(void) {
        Bench b;

        init_verified(&b, true);
        b.target = target_free(b.target);
        TargetOwner owner = owner_of(&b);
        CHECK_INT(target_new(&owner, NAME, &b.config, &b.target), 0);
        want(&b, "one");
        fake_loop_run(b.loop, 5);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 1);
        CHECK_INT(fake_helper_calls(b.installer, "Verified"), 1);
        done(&b);
}

static void new_leaf_is_deployed(void) {
        Bench b;

        init_verified(&b, true);
        make_live(&b, "two");
        want(&b, "two");
        CHECK(!target_is_verified(b.target));
        fake_loop_run(b.loop, 5);
        CHECK(target_is_verified(b.target));
        CHECK_STR(b.service->loaded, "two");
        CHECK_INT(b.service->deploys, 2);
        done(&b);
}

static void given_back_is_left_alone(void) {
        Bench b;

        init_verified(&b, true);
        target_give_back(b.target, true);
        fake_target_delete_files(b.service);
        want(&b, "one");
        fake_loop_run(b.loop, 3 * SEC_PER_HOUR);
        CHECK(target_is_settled(b.target) && !b.service->files);
        target_give_back(b.target, false);
        fake_loop_run(b.loop, 5);
        CHECK_STR(b.service->files, "one");
        target_give_back(b.target, true);
        fake_target_delete_files(b.service);
        target_configure(b.target, NAME, &b.config); /* read anew, and still there */
        fake_loop_run(b.loop, 5);
        CHECK_STR(b.service->files, "one");
        done(&b);
}

static void says_what_it_does(void) {
        char *text = NULL;
        Bench b;

        init(&b, true);
        CHECK_INT(target_describe(b.target, &text), 0);
        CHECK(!text);
        want(&b, "one");
        CHECK_INT(target_describe(b.target, &text), 0);
        CHECK_STR(text, "looking at web");
        free(text);
        done(&b);
}

/* ---- what is not served ---- */

static void stopped_unit_stays_open(void) {
        unsigned deploys;
        Bench b;

        init(&b, true);
        b.service->stopped = true;
        want(&b, "one");
        fake_loop_run(b.loop, 45);
        CHECK(target_is_settled(b.target) && !target_is_verified(b.target));
        CHECK(trouble_has(&b, "web is stopped and will take the new certificate when it starts"));
        check_json(&b, "open", "unreachable", true);
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(b.service->deploys <= 30); /* with backoff */
        CHECK_INT(b.service->swaps, 1);  /* and it only looks */
        CHECK(!b.service->verified);
        fake_target_start(b.service);
        deploys = b.service->deploys;
        fake_loop_run(b.loop, 60);
        CHECK(target_is_verified(b.target) && b.service->verified);
        CHECK(b.service->deploys <= deploys + 1);
        done(&b);
}

static unsigned wrong, well;

static void count_events(int level, const char *message, const LogFields *fields) {
        (void) level;
        if (!fields || !fields->endpoint)
                return;
        printf("# %s\n", message);
        CHECK_STR(fields->certificate, NAME);
        CHECK_STR(fields->target, name);
        CHECK_STR(fields->endpoint, NAME "|web:443");
        wrong += str_equal(fields->message_id, MESSAGE_SERVED_WRONG);
        well += str_equal(fields->message_id, MESSAGE_SERVED_WELL);
}

static void init_events(Bench *b) {
        init_verified(b, true);
        log_set_max_level(LOG_INFO);
        log_set_sink(count_events);
        wrong = well = 0;
}

static void done_events(Bench *b) {
        log_set_sink(NULL);
        done(b);
}

/* A chain that clients refuse is trouble and an event, and no reason to deploy again. */
static void flawed_is_told_and_not_deployed(void) {
        TestChainSpec spec = { .not_before = START - 2000, .not_after = START - 1000 };
        _cleanup_(bytes_done) Bytes pem = {};
        EVP_PKEY *key = NULL;
        Bench b;

        CHECK_INT(key_generate(KEY_ECDSA_P256, &key), 0);
        CHECK_INT(test_chain_make(&spec, key, &pem), 0);
        init_events(&b);
        fake_prober_set_chain(b.prober, bytes_text(&pem));
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(!target_is_verified(b.target) && target_is_settled(b.target));
        CHECK(trouble_has(
                        &b,
                        "web does not serve the certificate as clients need it: the certificate that it serves has expired"));
        check_json(&b, "verified", "flawed", false);
        CHECK_INT(b.service->deploys, 1);
        CHECK_INT(wrong, 1);
        CHECK_INT(well, 0);
        fake_prober_set_chain(b.prober, NULL);
        fake_loop_run(b.loop, 2 * SEC_PER_HOUR);
        CHECK(target_is_verified(b.target) && !target_trouble(b.target));
        check_json(&b, "verified", "yes", false);
        CHECK_INT(wrong, 1);
        CHECK_INT(well, 1);
        key = key_free(key);
        done_events(&b);
}

/* A verified target that serves another one by and by: told once, and once that it is well. */
static void wrong_and_well_are_told_once(void) {
        Bench b;

        init_events(&b);
        CHECK_INT(str_replace(&b.service->loaded, "other"), 0);
        b.service->slow_sec = 4 * SEC_PER_HOUR; /* to read its files again */
        fake_loop_run(b.loop, 4 * SEC_PER_HOUR);
        CHECK(trouble_has(&b, "it serves another one"));
        CHECK_INT(wrong, 1);
        CHECK_INT(well, 0);
        b.service->slow_sec = 0;
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(target_is_verified(b.target));
        CHECK_INT(wrong, 1);
        CHECK_INT(well, 1);
        done_events(&b);
}

static void stopped_unit_without_handshake(void) {
        Bench b;

        init(&b, false);
        b.service->stopped = true;
        want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(!target_is_verified(b.target));
        CHECK(trouble_has(&b, "is stopped"));
        CHECK(b.service->deploys <= 30);
        fake_target_start(b.service);
        fake_loop_run(b.loop, 62);
        CHECK(target_is_verified(b.target));
        done(&b);
}

static void nobody_answers(void) {
        unsigned shakes;
        Bench b;

        init(&b, true);
        fake_prober_set_loss(b.prober, 1000000);
        want(&b, "one");
        fake_loop_run(b.loop, 90);
        CHECK(trouble_has(&b, "web does not serve the new certificate yet: connection refused"));
        check_json(&b, "open", "unreachable", true);
        shakes = fake_prober_count(b.prober);
        fake_loop_run(b.loop, SEC_PER_HOUR);
        shakes = fake_prober_count(b.prober) - shakes;
        CHECK(shakes >= 110 && shakes <= 125); /* every 30 s */
        CHECK_INT(b.service->deploys, 1);      /* what was activated is not activated again */
        fake_prober_set_loss(b.prober, 0);
        fake_loop_run(b.loop, 31);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 1);
        done(&b);
}

/* The times of the deploys of a service that never takes the new leaf. */
static size_t deploy_times(Bench *b, int64_t limit_sec, int64_t *times, size_t max) {
        int64_t end = loop_wall_sec(b->loop) + limit_sec;
        unsigned before = 0;
        size_t n = 0;

        while (loop_wall_sec(b->loop) < end && n < max) {
                fake_loop_run(b->loop, 1);
                if (b->service->deploys != before)
                        times[n++] = loop_wall_sec(b->loop);
                before = b->service->deploys;
        }
        return n;
}

static void other_leaf_deploys_again(void) {
        int64_t times[8];
        size_t n;
        Bench b;

        init(&b, true);
        b.service->loaded = strdup("zero");
        b.service->slow_sec = 2 * LIFETIME;
        want(&b, "one");
        n = deploy_times(&b, SEC_PER_DAY, times, ELEMENTSOF(times));
        CHECK_INT(n, ELEMENTSOF(times));
        CHECK(trouble_has(&b, "web does not serve the new certificate yet: it serves another one"));
        CHECK(times[1] - times[0] >= 60 + 45 && times[1] - times[0] <= 60 + 90);
        CHECK(times[2] - times[1] > 4 * SEC_PER_MIN);
        for (size_t i = 2; i < n; i++)
                CHECK(times[i] - times[i - 1] <= 9 * SEC_PER_HOUR);
        CHECK(times[4] - times[3] > 30 * SEC_PER_MIN);
        b.service->slow_sec = 0;
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(target_is_verified(b.target));
        done(&b);
}

/* nginx served the old leaf in 20 of 20 handshakes right after a reload. */
static void slow_service_is_deployed_once(void) {
        Bench b;

        init(&b, true);
        b.service->loaded = strdup("zero");
        b.service->slow_sec = 45;
        want(&b, "one");
        fake_loop_run(b.loop, 30);
        CHECK(!target_is_verified(b.target));
        CHECK(!target_trouble(b.target)); /* it is given its time */
        fake_loop_run(b.loop, 30);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 1);
        CHECK(fake_prober_count(b.prober) < 15);
        done(&b);
}

/* The workers that a reload replaces go on accepting beside the new ones: one good answer is no proof. */
static void old_workers_are_outwaited(void) {
        Bench b;

        init(&b, true);
        b.service->loaded = strdup("zero");
        b.service->linger_sec = 20;
        want(&b, "one");
        fake_loop_run(b.loop, 19);
        CHECK_STR(b.service->loaded, "one");
        CHECK(!target_is_verified(b.target) && !b.service->verified);
        CHECK(!target_trouble(b.target));
        fake_loop_run(b.loop, 20);
        CHECK(target_is_verified(b.target) && b.service->verified);
        CHECK_INT(b.service->deploys, 1);
        done(&b);
}

static void failed_step_deploys_again(bool probed) {
        int64_t times[5];
        Bench b;

        init(&b, probed);
        b.service->reload_fails = true;
        want(&b, "one");
        CHECK_INT(deploy_times(&b, SEC_PER_DAY, times, ELEMENTSOF(times)), ELEMENTSOF(times));
        CHECK(times[1] - times[0] >= 45 && times[1] - times[0] <= 90);
        CHECK(times[2] - times[1] > 4 * SEC_PER_MIN);
        CHECK(times[4] - times[3] > 30 * SEC_PER_MIN);
        CHECK(trouble_has(&b, "web: reload failed: job failed"));
        CHECK(!b.service->verified);
        b.service->reload_fails = false;
        fake_loop_run(b.loop, 9 * SEC_PER_HOUR);
        CHECK(target_is_verified(b.target));
        CHECK(!target_trouble(b.target));
        CHECK_INT(b.service->swaps, 1);
        done(&b);
}

static void failed_step(void) {
        failed_step_deploys_again(true);
        failed_step_deploys_again(false);
}

/* ---- the installer ---- */

/* ---- TakeOver=no ---- */

/* A chain of somebody else's, valid around START, and a system that trusts its root. */
static void make_theirs(Bytes *pem, bool trusted) {
        _cleanup_(string_list_done) StringList names = {};
        const TestChainSpec spec = { .names = &names,
                                     .not_before = START - SEC_PER_DAY,
                                     .not_after = START + 60 * SEC_PER_DAY,
                                     .intermediates = 1,
                                     .with_root = true };
        EVP_PKEY *key = NULL;
        const char *root = NULL;
        char path[400];
        FILE *file;

        CHECK(string_list_add(&names, NAME) >= 0);
        CHECK_INT(key_generate(KEY_ECDSA_P256, &key), 0);
        CHECK_INT(test_chain_make(&spec, key, pem), 0);
        key = key_free(key);
        for (const char *p = bytes_text(pem); (p = strstr(p, "-----BEGIN")); p++)
                root = p;
        (void) snprintf(path, sizeof path, "%s/roots.pem", test_directory());
        file = fopen(path, "we");
        REQUIRE(root && file);
        if (trusted)
                (void) fputs(root, file);
        CHECK_INT(fclose(file), 0);
        CHECK_INT(setenv("SSL_CERT_FILE", path, 1), 0);
}

static void init_theirs(Bench *b, Bytes *pem, bool trusted) {
        static char no[] = "no";

        init(b, true);
        b->config.take_over = no;
        make_theirs(pem, trusted);
        fake_prober_set_chain(b->prober, bytes_text(pem));
        CHECK_INT(str_replace(&b->service->loaded, "theirs"), 0);
}

static void somebody_elses_is_left_alone(void) {
        _cleanup_(bytes_done) Bytes pem = {};
        TargetConfig allowed;
        char yes[] = "yes";
        Bench b;

        init_theirs(&b, &pem, true);
        want(&b, "one");
        fake_loop_run(b.loop, 2 * SEC_PER_DAY);
        CHECK_INT(b.service->deploys, 0);
        CHECK(trouble_has(&b, "web appears to manage its own certificate"));
        CHECK(trouble_has(&b, "write TakeOver=yes into [Deploy web]"));
        fake_prober_set_chain(b.prober, NULL);
        allowed = b.config;
        allowed.take_over = yes;
        target_configure(b.target, NAME, &allowed);
        fake_loop_run(b.loop, SEC_PER_MIN);
        CHECK(target_is_verified(b.target));
        done(&b);
}

static void expired_or_nobodys_is_taken(void) {
        _cleanup_(bytes_done) Bytes pem = {}, other = {};
        Bench b;

        init_theirs(&b, &pem, true);
        want(&b, "one");
        fake_loop_run(b.loop, 70 * SEC_PER_DAY); /* whoever renewed it has stopped */
        CHECK(b.service->deploys > 0);
        done(&b);
        init_theirs(&b, &other, false); /* a vendor's own */
        want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_MIN);
        CHECK(b.service->deploys > 0);
        done(&b);
}

static void unasked_nothing_is_told(void) {
        _cleanup_(bytes_done) Bytes pem = {};
        Bench b;

        init_theirs(&b, &pem, true);
        fake_prober_set_loss(b.prober, 1000000);
        want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK_INT(b.service->deploys, 0);
        CHECK(trouble_has(&b, "cannot be asked whose certificate it has"));
        /* A stopped service takes nothing; when it starts it is asked all the same. */
        b.service->stopped = true;
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK(b.service->deploys > 0 && !b.service->activated);
        fake_prober_set_loss(b.prober, 0);
        fake_target_start(b.service);
        CHECK_INT(str_replace(&b.service->loaded, "theirs"), 0);
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(!b.service->activated);
        CHECK(trouble_has(&b, "web appears to manage its own certificate"));
        done(&b);
}

/* Prove=: asked again with growing pauses, and never a reason to tell the service again. */
static void failed_proof(bool probed) {
        unsigned after_an_hour;
        Bench b;

        init(&b, probed);
        b.service->proof_fails = true;
        want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK(!target_is_verified(b.target));
        CHECK(trouble_has(&b, "prove failed: it uses another one"));
        CHECK_INT(b.service->deploys, 1);
        after_an_hour = b.service->proofs;
        CHECK(after_an_hour >= 2 && after_an_hour <= 20);
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK_INT(b.service->deploys, 1);
        CHECK(b.service->proofs > after_an_hour && b.service->proofs <= after_an_hour + 40);
        b.service->proof_fails = false;
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(target_is_verified(b.target));
        CHECK(!target_trouble(b.target));
        CHECK_INT(b.service->deploys, 1);
        done(&b);
}

static void proof_is_asked_again(void) {
        failed_proof(true);
        failed_proof(false);
}

static void silent_installer_costs_no_deploy(void) {
        Bench b;

        init(&b, true);
        fake_helper_set_gone(b.installer, true);
        want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(trouble_has(&b, "web: the installer does not answer: connection lost"));
        CHECK_INT(b.service->deploys, 0);
        CHECK(target_next_attempt(b.target) <= loop_wall_sec(b.loop) + 5 * SEC_PER_MIN);
        fake_helper_set_gone(b.installer, false);
        fake_loop_run(b.loop, 6 * SEC_PER_MIN);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 1);
        done(&b);
}

static void lost_answers_are_asked_for_again(void) {
        Bench b;

        init(&b, true);
        fake_helper_set_loss(b.installer, 500000);
        want(&b, "one");
        fake_loop_run(b.loop, 2 * SEC_PER_HOUR);
        fake_helper_set_loss(b.installer, 0);
        fake_loop_run(b.loop, 2 * SEC_PER_HOUR);
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->swaps, 1);
        done(&b);
}

static void not_live_is_told(void) {
        Bench b;

        init(&b, true);
        make_live(&b, "former");
        want(&b, "one");
        fake_loop_run(b.loop, 5);
        CHECK_INT(b.not_live, 1);
        CHECK(trouble_has(&b, "web: the installer refused: "));
        CHECK(target_next_attempt(b.target) > loop_wall_sec(b.loop));
        make_live(&b, "one");
        fake_loop_run(b.loop, 2 * SEC_PER_MIN);
        CHECK(target_is_verified(b.target));
        done(&b);
}

/* ---- drift ---- */

static void lost_files_come_back(void) {
        Bench b;

        init_verified(&b, true);
        fake_target_delete_files(b.service);
        fake_loop_run(b.loop, SEC_PER_HOUR + 20 * SEC_PER_MIN);
        CHECK_STR(b.service->files, "one");
        CHECK(target_is_verified(b.target));
        CHECK_INT(b.service->deploys, 2);
        done(&b);
}

static void served_wrong_later(void) {
        Bench b;

        init_verified(&b, true);
        unsigned shakes = fake_prober_count(b.prober);
        CHECK_INT(str_replace(&b.service->loaded, "zero"), 0);
        for (int i = 0; fake_prober_count(b.prober) == shakes && i < SEC_PER_HOUR + 20 * 60; i++)
                fake_loop_run(b.loop, 1);
        /* It is given the minute of patience, and no pause as after a deploy that did not help. */
        fake_loop_run(b.loop, 50);
        CHECK_INT(b.service->deploys, 1);
        fake_loop_run(b.loop, 15);
        CHECK(target_is_verified(b.target));
        CHECK_STR(b.service->loaded, "one");
        CHECK_INT(b.service->deploys, 2);
        done(&b);
}

static void stopped_later(void) {
        Bench b;

        init_verified(&b, true);
        b.service->stopped = true;
        fake_loop_run(b.loop, SEC_PER_HOUR + 20 * SEC_PER_MIN);
        CHECK(!target_is_verified(b.target));
        CHECK(trouble_has(&b, "web no longer serves the certificate: "));
        b.service->stopped = false;
        fake_loop_run(b.loop, 60);
        CHECK(target_is_verified(b.target));
        done(&b);
}

/* ---- configuration ---- */

static void broken_configuration_only_watches(void) {
        Bench b;

        init(&b, true);
        CHECK_INT(target_want(b.target, "one", LIFETIME, false), 0);
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK_INT(b.service->deploys, 0);
        CHECK(trouble_has(&b, "web waits for the configuration to be mended"));
        want(&b, "one");
        fake_loop_run(b.loop, 5);
        CHECK(target_is_verified(b.target));
        done(&b);
}

static void changed_configuration_is_looked_at(void) {
        char other_reload[] = "nginx.service";
        TargetConfig same, other;
        unsigned looks;
        Bench b;

        init_verified(&b, true);
        looks = fake_helper_calls(b.installer, "Inspect");
        same = b.config;
        target_configure(b.target, NAME, &same);
        fake_loop_run(b.loop, 5);
        CHECK_INT(fake_helper_calls(b.installer, "Inspect"), looks);
        other = b.config;
        other.reload = other_reload;
        target_configure(b.target, NAME, &other);
        CHECK(target_config(b.target) == &other);
        fake_loop_run(b.loop, 5);
        CHECK_INT(fake_helper_calls(b.installer, "Inspect"), looks + 1);
        CHECK(target_is_verified(b.target));
        done(&b);
}

static void every_setting_counts(void) {
        char text[] = "x", *argv[] = { text };
        FileConfig file = { .path = text, .mode = 0600 }, moved = { .path = text, .mode = 0640 };
        ProbeConfig other_probe = { .host = host, .port = 443, .protocol = PROBE_PROTOCOL_SMTP };
        TargetConfig a = { .name = name, .timeout_sec = 90 };
        TargetConfig others[] = { a, a, a, a, a, a, a, a, a, a, a, a,
                                  a, a, a, a, a, a, a, a, a, a, a, a };
        RestartWindow window = { .text = text };

        others[0].reload = others[1].restart = others[3].probe_name = text;
        others[2].probes = &probe;
        others[4].probes = &other_probe;
        others[2].probe_count = others[4].probe_count = 1;
        others[5].timeout_sec = 91;
        others[6].check = (StringList){ argv, 1 };
        others[7].hook = (StringList){ argv, 1 };
        others[8].files = &file;
        others[8].file_count = 1;
        others[9].unit = others[10].command_user = others[11].take_over = text;
        others[12].signal_number = 1;
        others[13].command = others[14].fallback_command = (StringList){ argv, 1 };
        others[15].prove = (StringList){ argv, 1 };
        others[16].memory_max = others[17].tasks_max = 1;
        others[18].setup = (StringList){ argv, 1 };
        others[19].options = (StringList){ argv, 1 };
        others[20].windows = &window;
        others[20].window_count = 1;
        others[21].deadline_sec = 1;
        others[22].canary = true;
        others[23].group = text;
        CHECK(target_config_same(&a, &a));
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                CHECK(target_config_same(&others[i], &others[i]));
                CHECK(!target_config_same(&a, &others[i]));
        }
        CHECK(!target_config_same(&others[2], &others[4]));
        a = others[8];
        a.files = &moved;
        CHECK(!target_config_same(&a, &others[8]));
        moved = file;
        CHECK(target_config_same(&a, &others[8]));
        moved.form.alias = text;
        CHECK(!target_config_same(&a, &others[8]));
        moved = file;
        moved.keep_link = true;
        CHECK(!target_config_same(&a, &others[8]));
        moved = file;
        moved.acl = (StringList){ argv, 1 };
        CHECK(!target_config_same(&a, &others[8]));
}

/* ---- places ---- */

static void places_are_shared(void) {
        Target *second = NULL;
        Bench b;

        init(&b, true);
        TargetOwner owner = owner_of(&b);
        CHECK_INT(target_new(&owner, NAME, &b.config, &second), 0);
        fake_helper_set_delay(b.installer, 10 * USEC_PER_SEC);
        want(&b, "one");
        CHECK_INT(target_want(second, "one", LIFETIME, true), 0);
        fake_loop_run(b.loop, 5);
        CHECK_INT(fake_helper_calls(b.installer, "Inspect"), 1); /* the other one waits in line */
        fake_loop_run(b.loop, 120);
        CHECK(target_is_verified(b.target) && target_is_verified(second));
        second = target_free(second);
        done(&b);
}

/* ---- rows ---- */

static int parse_row(const char *text, TargetRow *ret) {
        _cleanup_(json_freep) Json *j = NULL;

        if (json_parse(text, strlen(text), &j) < 0)
                abort(); /* the test's own text */
        return target_row_parse(j, ret);
}

static void rows_are_checked(void) {
        static const char *const bad[] = {
                "{}",
                "[]",
                "{\"row\":7}",
                "{\"row\":{}}",
                "{\"row\":{\"state\":\"unknown\"}}",
                "{\"row\":{\"state\":\"half\"}}",
        };
        _cleanup_(target_row_done) TargetRow row = {};

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_INT(parse_row(bad[i], &row), -EBADMSG);
        CHECK_INT(parse_row("{\"row\":{\"state\":\"open\",\"leaf\":\"\",\"step\":\"hook\","
                            "\"error\":\"a\\u001b[1m\\nb\",\"rolled_back\":true,\"activated\":1}}",
                            &row),
                  0);
        CHECK_INT(row.state, ROW_OPEN);
        CHECK(!row.leaf && !row.in_place && !row.activated && row.rolled_back);
        CHECK_STR(row.error, "a\\x1b[1m\\x0ab");
}

TEST_MAIN({ "a flawed chain is told, and not deployed again", flawed_is_told_and_not_deployed },
          { "wrong and well are events, once each", wrong_and_well_are_told_once },
          { "a leaf is looked for, deployed, seen and confirmed", look_deploy_shake_confirm },
          { "a proof that fails is asked again, and deploys nothing", proof_is_asked_again },
          { "S1.4: what somebody else renews is left alone until a person says so",
            somebody_elses_is_left_alone },
          { "S1.4: what has expired, or is self-signed, is taken over",
            expired_or_nobodys_is_taken },
          { "S1.4: a service is asked before it is told", unasked_nothing_is_told },
          { "without a handshake what was activated is verified", without_handshake },
          { "after a restart nothing is deployed that is there", restart_deploys_nothing },
          { "a new leaf is deployed", new_leaf_is_deployed },
          { "what was given back is left alone until it is wanted again",
            given_back_is_left_alone },
          { "it says what it does", says_what_it_does },
          { "a stopped unit stays open and is verified once it serves", stopped_unit_stays_open },
          { "so it is without a handshake", stopped_unit_without_handshake },
          { "nobody answers: a handshake every 30 s and no other deploy", nobody_answers },
          { "another leaf is served: deployed again with backoff", other_leaf_deploys_again },
          { "a service may take most of a minute", slow_service_is_deployed_once },
          { "old workers that still accept are outwaited", old_workers_are_outwaited },
          { "a step that failed is done again with backoff", failed_step },
          { "an installer that is silent costs no deploy", silent_installer_costs_no_deploy },
          { "answers that were lost do no harm", lost_answers_are_asked_for_again },
          { "a leaf that is not live is told to the certificate", not_live_is_told },
          { "files that are lost come back within the hour, without an order",
            lost_files_come_back },
          { "R1.35: another leaf served later is put right", served_wrong_later },
          { "a service that stops later is told, and seen when it is back", stopped_later },
          { "with a broken configuration nothing is deployed", broken_configuration_only_watches },
          { "a changed configuration is looked at, the same is not",
            changed_configuration_is_looked_at },
          { "every setting of a target counts as a change", every_setting_counts },
          { "installer processes are limited", places_are_shared },
          { "R2.4.14: a row that makes no sense is no answer, its words are escaped",
            rows_are_checked })
