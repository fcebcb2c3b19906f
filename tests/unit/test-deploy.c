/* The transaction: files, check and hook. */

#include "base/file.h"
#include "hooks/deploy-internal.h"
#include "hooks/publish.h"
#include "hooks/store.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test.h"

/* ---- files ---- */

static void first_deploy(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK_STR(b.row.leaf, b.live.leaf);
        CHECK(b.row.in_place && b.row.activated && !b.row.step && !b.row.rolled_back);
        CHECK_STR(b.row.unit, "none");
        CHECK(bench_pair_is_live(&b));
        CHECK_INT(bench_stat(&b, "etc/a.key").st_mode & 07777, 0600);
        CHECK_INT(bench_stat(&b, "etc/a.crt").st_mode & 07777, 0644);
        REQUIRE(bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK(!test_exists(&b.live, "state/installer/saved/" NAME "/nginx"));
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK(b.row.in_place);
}

static void twice_is_once(void) {
        _cleanup_(bench_done) Bench b;
        ino_t inode;

        bench_init(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        inode = bench_stat(&b, "etc/a.key").st_ino;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK(inode == bench_stat(&b, "etc/a.key").st_ino);
        REQUIRE(bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
}

static void check_drift_mended(Bench *b, const char *words) {
        REQUIRE(bench_inspect(b) >= 0);
        CHECK(!b->row.in_place);
        CHECK_INT(b->row.state, ROW_VERIFIED);
        if (!b->row.drift || !strstr(b->row.drift, words))
                printf("# drift: %s\n", b->row.drift ? b->row.drift : "none");
        CHECK(b->row.drift && strstr(b->row.drift, words));
        REQUIRE(bench_deploy(b) >= 0);
        CHECK(b->row.in_place && b->row.state == ROW_OPEN);
        CHECK(bench_pair_is_live(b));
        REQUIRE(bench_verify(b) >= 0);
        CHECK_INT(b->row.state, ROW_VERIFIED);
        REQUIRE(bench_inspect(b) >= 0);
        CHECK(!b->row.drift);
}

static void drift_is_mended(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        REQUIRE(unlink(test_path(&b.live, "etc/a.crt")) == 0);
        check_drift_mended(&b, "etc/a.crt' is gone");
        REQUIRE(chmod(test_path(&b.live, "etc/a.key"), 0640) == 0);
        check_drift_mended(&b, "etc/a.key' has mode 0640 instead of 0600");
        REQUIRE(test_write(&b.live, "etc/a.crt", "junk\n", 0644) >= 0);
        check_drift_mended(&b, "etc/a.crt' has other content");
        if (geteuid() == 0) {
                REQUIRE(chown(test_path(&b.live, "etc/a.key"), 1, (gid_t) -1) == 0);
                check_drift_mended(&b, "etc/a.key' belongs to 1:");
        }
}

static void shorter_file_is_exact(void) {
        _cleanup_(bench_done) Bench b;
        static char longer[60000];

        bench_init(&b);
        memset(longer, 'x', sizeof longer - 1);
        REQUIRE(test_write(&b.live, "etc/a.crt", longer, 0644) >= 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(bench_pair_is_live(&b));
}

/* ---- twins ---- */

static void set_twin(Bench *b) {
        CHECK_INT(string_list_add(&b->target.twin_files, test_path(&b->live, "etc/b.crt")), 0);
        (void) str_replace(&b->certificate.twin, NAME ".rsa-2048");
        bench_set_program(b, &b->target.hook, "hook", "#!/bin/sh\necho told >>${0%/*}/told\n");
}

static void twin_is_awaited(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        set_twin(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place && !b.row.activated && !b.row.rolled_back);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK_STR(b.row.step, "twin");
        CHECK(strstr(b.row.error,
                     "etc/b.crt' of certificate '" NAME ".rsa-2048' is not there yet"));
        CHECK(!test_exists(&b.live, "told"));
        REQUIRE(test_write(&b.live, "etc/b.crt", "x", 0644) >= 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.activated && !b.row.step);
        CHECK(bench_pair_is_live(&b));
        CHECK(test_exists(&b.live, "told"));
}

static void twin_is_not_awaited_for_ever(void) {
        _cleanup_(bench_done) Bench b;
        _cleanup_free_ char *version = NULL, *error = NULL;

        bench_init(&b);
        set_twin(&b);
        REQUIRE(test_issue(&b.live, NAME, -25 * 3600, 86400) >= 0);
        REQUIRE(publish(&b.live.paths, NAME, b.live.leaf, &version, &error) >= 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.activated && !b.row.step);
}

static void twin_is_no_obstacle(void) {
        _cleanup_(bench_done) Bench b;
        char first[BENCH_FILE_MAX];

        bench_renewed(&b, first); /* the service ran on this one alone */
        set_twin(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.activated && !b.row.step);
        CHECK(test_exists(&b.live, "told"));
}

static void linked_directory_is_refused(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(mkdir(test_path(&b.live, "decoy"), 0755) == 0);
        REQUIRE(symlink(test_path(&b.live, "decoy"), test_path(&b.live, "etc/link")) == 0);
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/link/a.crt", 0644);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(!b.row.in_place && !b.row.activated);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK(b.row.error && strstr(b.row.error, "symbolic link"));
        CHECK(!test_exists(&b.live, "decoy/a.crt"));
        CHECK(!test_exists(&b.live, "etc/a.key")); /* all or nothing */
}

static void linked_file_is_refused(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(test_write(&b.live, "shadow", "secret\n", 0600) >= 0);
        REQUIRE(symlink(test_path(&b.live, "shadow"), test_path(&b.live, "etc/a.crt")) == 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK_STR(test_content(&b.live, "shadow"), "secret\n");
        CHECK(!test_exists(&b.live, "etc/a.key"));
}

static void hard_link_keeps_its_other_name(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(test_write(&b.live, "other", "mine\n", 0644) >= 0);
        REQUIRE(link(test_path(&b.live, "other"), test_path(&b.live, "etc/a.crt")) == 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(bench_pair_is_live(&b));
        CHECK_STR(test_content(&b.live, "other"), "mine\n");
}

static void open_directory_is_refused(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(chmod(test_path(&b.live, "etc"), 0777) == 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(!test_exists(&b.live, "etc/a.key"));
}

static void last_directory_is_made(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/ssl/a.crt", 0644);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_INT(bench_stat(&b, "etc/ssl").st_mode & 07777, 0755);
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/x/y/a.crt", 0644);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(!test_exists(&b.live, "etc/x"));
}

static void unknown_user_is_said(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        b.files[0].owner = (char *) "no-such-user";
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "no-such-user"));
        CHECK(!b.row.in_place);
}

static void other_leaf_is_not_live(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        memset(b.live.leaf, 'a', 64);
        CHECK_INT(bench_deploy(&b), -ESTALE);
        CHECK(b.error != NULL);
        CHECK(!test_exists(&b.live, "etc/a.key"));
        CHECK_INT(bench_verify(&b), -ESTALE);
}

static void second_caller_is_busy(void) {
        _cleanup_(bench_done) Bench b;
        _cleanup_close_ int rows = -1, lock = -1;

        bench_init(&b);
        rows = store_installer(&b.live.paths, "rows", NAME, true);
        lock = store_lock_target(rows, "nginx");
        REQUIRE(lock >= 0);
        CHECK_INT(bench_deploy(&b), -EWOULDBLOCK);
}

static void group_is_busy(void) {
        char group[] = "video";
        _cleanup_(bench_done) Bench b;
        int lock;

        bench_init(&b);
        b.target.group = group;
        lock = store_lock_group(&b.live.paths, group);
        REQUIRE(lock >= 0);
        CHECK_INT(bench_deploy(&b), -EWOULDBLOCK);
        CHECK_INT(b.row.state, ROW_NONE);
        (void) close_fd(lock);
        CHECK(bench_deploy(&b) >= 0);
        b.target.group = NULL;
}

static void leftovers_of_a_crash_go(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(test_write(&b.live, "etc/.a.key.abcdef~renewd", "old key", 0600) >= 0);
        REQUIRE(test_write(&b.live, "etc/.b.key.abcdef~renewd", "another's", 0600) >= 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(!test_exists(&b.live, "etc/.a.key.abcdef~renewd"));
        CHECK(test_exists(&b.live, "etc/.b.key.abcdef~renewd"));
}

/* ---- check and hook ---- */

static void refused_check_rolls_back(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\necho 'no good'; exit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "check");
        CHECK(b.row.error && strstr(b.row.error, "exited with 1: no good"));
        CHECK(b.row.rolled_back && !b.row.in_place && !b.row.activated);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK_STR(test_content(&b.live, "etc/a.crt"), first);
        REQUIRE(bench_verify(&b) >= 0); /* a probe cannot have seen it */
        CHECK_INT(b.row.state, ROW_OPEN);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK_STR(b.row.step, "check");
        CHECK(b.row.rolled_back);
}

static void refused_first_set_stays(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "check");
        CHECK(!b.row.rolled_back && b.row.in_place);
        CHECK(bench_pair_is_live(&b));
}

static void expired_former_set_stays_away(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(test_issue(&b.live, NAME, -7200, -60) >= 0);
        REQUIRE(test_write(&b.live, "etc/a.crt",
                           test_content(&b.live, "state/engine/certificates/" NAME ".chain.pem"),
                           0644) >= 0);
        REQUIRE(test_write(&b.live, "etc/a.key", "whatever\n", 0600) >= 0);
        REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(!b.row.rolled_back && b.row.in_place);
        CHECK(bench_pair_is_live(&b));
}

static void good_check_sees_new_files(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];
        char script[600];

        bench_renewed(&b, first);
        (void) snprintf(script, sizeof script, "#!/bin/sh\ncmp \"$RENEWD_FULLCHAIN\" '%s'\n",
                        test_path(&b.live, "etc/a.crt"));
        bench_set_program(&b, &b.target.check, "check", script);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.activated && !b.row.step);
}

static void failed_hook_keeps_new_files(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\nprintf '\\033[31mbad'; exit 3\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "hook");
        CHECK(b.row.error && strstr(b.row.error, "exited with 3: \\x1b[31mbad"));
        CHECK(b.row.in_place && !b.row.activated && !b.row.rolled_back);
        CHECK(bench_pair_is_live(&b));
        REQUIRE(bench_verify(&b) >= 0); /* served, but the hook must run until it succeeds */
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK_STR(b.row.step, "hook");
        REQUIRE(test_write(&b.live, "hook", "#!/bin/sh\nexit 0\n", 0755) >= 0);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
}

static void unsafe_hook_is_not_run(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\nexit 0\n");
        REQUIRE(chmod(test_path(&b.live, "hook"), 0777) == 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "hook");
        CHECK(b.row.error && strstr(b.row.error, "is not run"));
        CHECK(bench_pair_is_live(&b));
}

static void environment_is_exact(void) {
        static const char *const keys[] = {
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG=C",
                "RENEWD_EVENT=deploy",
                "RENEWD_CERTIFICATE=a.example.org",
                "RENEWD_TARGET=nginx",
                "RENEWD_NAMES=a.example.org b.example.org",
        };
        _cleanup_(string_list_done) StringList list = {};
        _cleanup_(bench_done) Bench b;
        Deployment d = {};
        char live[600];

        bench_init(&b);
        CHECK(string_list_add(&b.certificate.names, "b.example.org") >= 0);
        d.job = &b.job;
        memcpy(d.live.info.leaf_sha256, b.live.leaf, sizeof b.live.leaf);
        REQUIRE(deploy_environment(&d, "deploy", &list) >= 0);
        REQUIRE(list.count == 12);
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                CHECK_STR(list.items[i], keys[i]);
        CHECK_STR(list.items[6] + strlen("RENEWD_LEAF="), b.live.leaf);
        (void) snprintf(live, sizeof live, "RENEWD_LIVE=%s/live/" NAME, b.live.state);
        CHECK_STR(list.items[7], live);
        (void) snprintf(live, sizeof live, "RENEWD_KEY=%s/live/" NAME "/privkey.pem", b.live.state);
        CHECK_STR(list.items[8], live);
        CHECK(str_skip_prefix(list.items[9], "RENEWD_CERT=/") != NULL);
        CHECK(str_skip_prefix(list.items[10], "RENEWD_CHAIN=/") != NULL);
        CHECK(str_skip_prefix(list.items[11], "RENEWD_FULLCHAIN=/") != NULL);
}

TEST_MAIN({ "DESIGN 4.9: files, row OPEN, then VERIFIED", first_deploy },
          { "H-10 a service is told when both pairs are there", twin_is_awaited },
          { "a twin is awaited for a day", twin_is_not_awaited_for_ever },
          { "a twin that is late does not hold up what ran without it", twin_is_no_obstacle },
          { "deploying what is verified touches no file", twice_is_once },
          { "S2.8: drift of content, mode, owner is found and mended", drift_is_mended },
          { "R1.34: a shorter file keeps no old tail", shorter_file_is_exact },
          { "R2.10.4: a symlinked directory is refused", linked_directory_is_refused },
          { "R2.10.4: a symlinked file is refused", linked_file_is_refused },
          { "R2.10.4: the other name of a hard link is untouched", hard_link_keeps_its_other_name },
          { "R2.10.1: a directory others may write is refused", open_directory_is_refused },
          { "a missing last directory is made, no more", last_directory_is_made },
          { "an owner that does not exist is named", unknown_user_is_said },
          { "a leaf that is not live is refused", other_leaf_is_not_live },
          { "two calls at one target: the second is busy", second_caller_is_busy },
          { "S6.5 two targets of a group: the second is busy", group_is_busy },
          { "temporary files of a crash go, others' stay", leftovers_of_a_crash_go },
          { "DESIGN 4.10: a refused check brings the former set back", refused_check_rolls_back },
          { "without a former set the new files stay", refused_first_set_stays },
          { "DESIGN 4.10: never back to what has expired", expired_former_set_stays_away },
          { "the check sees the new files", good_check_sees_new_files },
          { "H8: a failed hook keeps the new files and is run again", failed_hook_keeps_new_files },
          { "R2.11.2: a hook others may write is not run", unsafe_hook_is_not_run },
          { "R1.16: the environment is exactly this", environment_is_exact })
