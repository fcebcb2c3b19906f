/* TakeOver=: what somebody else renews. */

#include "daemon/target.h"
#include "tests/fake/prober.h"
#include "tests/unit/target-bench.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

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

        bench_init(b, true);
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
        bench_want(&b, "one");
        fake_loop_run(b.loop, 2 * SEC_PER_DAY);
        CHECK_INT(b.service->deploys, 0);
        CHECK(bench_trouble_has(&b, "web appears to manage its own certificate"));
        CHECK(bench_trouble_has(&b, "write TakeOver=yes into [Deploy web]"));
        fake_prober_set_chain(b.prober, NULL);
        allowed = b.config;
        allowed.take_over = yes;
        target_configure(b.target, NAME, &allowed);
        fake_loop_run(b.loop, SEC_PER_MIN);
        CHECK(target_is_verified(b.target));
        bench_done(&b);
}

static void expired_or_nobodys_is_taken(void) {
        _cleanup_(bytes_done) Bytes pem = {}, other = {};
        Bench b;

        init_theirs(&b, &pem, true);
        bench_want(&b, "one");
        fake_loop_run(b.loop, 70 * SEC_PER_DAY); /* whoever renewed it has stopped */
        CHECK(b.service->deploys > 0);
        bench_done(&b);
        init_theirs(&b, &other, false); /* a vendor's own */
        bench_want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_MIN);
        CHECK(b.service->deploys > 0);
        bench_done(&b);
}

static void unasked_nothing_is_told(void) {
        _cleanup_(bytes_done) Bytes pem = {};
        Bench b;

        init_theirs(&b, &pem, true);
        fake_prober_set_loss(b.prober, 1000000);
        bench_want(&b, "one");
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK_INT(b.service->deploys, 0);
        CHECK(bench_trouble_has(&b, "cannot be asked whose certificate it has"));
        /* A stopped service takes nothing; when it starts it is asked all the same. */
        b.service->stopped = true;
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK(b.service->deploys > 0 && !b.service->activated);
        fake_prober_set_loss(b.prober, 0);
        fake_target_start(b.service);
        CHECK_INT(str_replace(&b.service->loaded, "theirs"), 0);
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(!b.service->activated);
        CHECK(bench_trouble_has(&b, "web appears to manage its own certificate"));
        bench_done(&b);
}

TEST_MAIN({ "S1.4: what somebody else renews is left alone until a person says so",
            somebody_elses_is_left_alone },
          { "S1.4: what has expired, or is self-signed, is taken over",
            expired_or_nobodys_is_taken },
          { "S1.4: a service is asked before it is told", unasked_nothing_is_told })
