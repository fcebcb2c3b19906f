/* The stage directory: files for the commands of one deploy. */

#include "base/file.h"
#include "hooks/recover.h"
#include "hooks/store.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test.h"

#define STAGE "state/installer/stage/" NAME "/nginx"

/* The key is staged, the certificate stands at its place, the hook keeps what it saw. */
static void stage_key(Bench *b, const char *script) {
        char text[1200];

        bench_init(b);
        bench_set_file(b, 1, FILE_KEY, STAGE "/key.pem", 0600);
        b->files[1].staged = true;
        (void) snprintf(text, sizeof text,
                        "#!/bin/sh\nd='%s'\ncp $d/key.pem '%s'\nstat -c '%%a %%u' $d $d/key.pem >'%s'\n%s\n",
                        test_path(&b->live, STAGE), test_path(&b->live, "seen.pem"),
                        test_path(&b->live, "seen.rights"), script);
        bench_set_program(b, &b->target.hook, "hook", text);
}

static bool hook_saw_the_key(Bench *b) {
        char key[BENCH_FILE_MAX];

        (void) snprintf(key, sizeof key, "%s", test_content(&b->live, "seen.pem"));
        return *key && strcmp(key, test_content(&b->live, "state/live/" NAME "/privkey.pem")) == 0;
}

static void for_one_deploy(void) {
        _cleanup_(bench_done) Bench b;
        char rights[64];

        stage_key(&b, "");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place && b.row.activated && !b.row.step);
        CHECK(hook_saw_the_key(&b));
        (void) snprintf(rights, sizeof rights, "700 %u\n600 %u\n", geteuid(), geteuid());
        CHECK_STR(test_content(&b.live, "seen.rights"), rights);
        CHECK(!test_exists(&b.live, STAGE));
        CHECK(test_exists(&b.live, "etc/a.crt"));
}

static void nobody_looks_for_it(void) {
        _cleanup_(bench_done) Bench b;

        stage_key(&b, "");
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK(!test_exists(&b.live, STAGE));
        REQUIRE(unlink(test_path(&b.live, "seen.pem")) == 0);
        REQUIRE(bench_deploy(&b) >= 0); /* told again, it is there again */
        CHECK(hook_saw_the_key(&b));
}

static void nothing_but_staged(void) {
        _cleanup_(bench_done) Bench b;

        stage_key(&b, "");
        b.files[0] = b.files[1];
        b.target.file_count = 1;
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(b.row.in_place &&
              b.row.state == ROW_NONE); /* the row says that nothing was deployed */
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK(hook_saw_the_key(&b));
}

static void gone_after_a_failure(void) {
        _cleanup_(bench_done) Bench b;

        stage_key(&b, "exit 1");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "hook");
        CHECK(hook_saw_the_key(&b));
        CHECK(!test_exists(&b.live, STAGE));
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/x/y/a.crt", 0644);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(!test_exists(&b.live, STAGE));
}

/* What the tool of somebody left in it goes too. */
static void leftovers(Bench *b) {
        _cleanup_close_ int fd = store_installer(&b->live.paths, "stage", NAME, true), in = -1;

        in = fd < 0 ? fd : store_make(fd, "nginx", 0700);
        CHECK(in >= 0);
        CHECK(test_write(&b->live, STAGE "/key.pem", "old key\n", 0600) >= 0);
        CHECK(test_write(&b->live, STAGE "/work.tmp", "x", 0600) >= 0);
}

static void crash_is_cleaned_up_by_the_next_deploy(void) {
        _cleanup_(bench_done) Bench b;

        stage_key(&b, "[ ! -e $d/work.tmp ]");
        leftovers(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(!b.row.step && hook_saw_the_key(&b));
        CHECK(!test_exists(&b.live, STAGE));
}

static void crash_is_cleaned_up_at_boot(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        leftovers(&b);
        CHECK_INT(recover_all(&b.live.paths), 0);
        CHECK(!test_exists(&b.live, STAGE));
}

static void a_deploy_under_way_keeps_it(void) {
        _cleanup_(bench_done) Bench b;
        _cleanup_close_ int rows = -1, lock = -1;

        bench_init(&b);
        leftovers(&b);
        rows = store_installer(&b.live.paths, "rows", NAME, true);
        lock = store_lock_target(rows, "nginx");
        REQUIRE(lock >= 0);
        CHECK_INT(recover_all(&b.live.paths), 0);
        CHECK(test_exists(&b.live, STAGE "/key.pem"));
}

static void link_in_its_place(void) {
        _cleanup_(bench_done) Bench b;

        stage_key(&b, "");
        leftovers(&b);
        REQUIRE(rename(test_path(&b.live, STAGE), test_path(&b.live, "decoy")) == 0);
        REQUIRE(symlink(test_path(&b.live, "decoy"), test_path(&b.live, STAGE)) == 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "stage");
        CHECK_STR(test_content(&b.live, "decoy/key.pem"), "old key\n");
}

TEST_MAIN({ "S6.11: root's alone, for one deploy", for_one_deploy },
          { "staged files are not looked for", nobody_looks_for_it },
          { "a target that has only staged ones", nothing_but_staged },
          { "S6.11: it is gone whatever came of the deploy", gone_after_a_failure },
          { "what a crash left goes with the next deploy", crash_is_cleaned_up_by_the_next_deploy },
          { "what a crash left goes at boot", crash_is_cleaned_up_at_boot },
          { "a deploy under way keeps its own", a_deploy_under_way_keeps_it },
          { "R2.9.2: a link in its place is not followed", link_in_its_place })
