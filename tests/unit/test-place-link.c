/* Links at a place and on the way there (R2.10, S6.2). */

#include "tests/unit/deploy-bench.h"
#include "tests/unit/place-bench.h"
#include "tests/unit/test.h"

static void link_is_kept(void) {
        _cleanup_(bench_done) Bench b;
        struct stat st;

        bench_init(&b);
        MUST(mkdir(test_path(&b.live, "real"), 0755));
        REQUIRE(test_write(&b.live, "real/cert.pem", "old\n", 0644) >= 0);
        MUST(symlink("../real/cert.pem", test_path(&b.live, "etc/middle")));
        MUST(symlink(test_path(&b.live, "etc/middle"), test_path(&b.live, "etc/a.crt")));
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "symlink=keep"));
        b.files[0].keep_link = true;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        st = bench_stat(&b, "etc/a.crt");
        CHECK(S_ISLNK(st.st_mode));
        CHECK(bench_pair_is_live(&b));
        CHECK(S_ISREG(bench_stat(&b, "real/cert.pem").st_mode));
        REQUIRE(test_write(&b.live, "real/cert.pem", "old\n", 0644) >= 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
}

static void kept_link_comes_back_after_a_refusal(void) {
        _cleanup_(bench_done) Bench b;
        char first[BENCH_FILE_MAX];

        bench_init(&b);
        MUST(mkdir(test_path(&b.live, "real"), 0755));
        MUST(symlink(test_path(&b.live, "real/cert.pem"), test_path(&b.live, "etc/a.crt")));
        b.files[0].keep_link = true;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        (void) snprintf(first, sizeof first, "%s", test_content(&b.live, "real/cert.pem"));
        REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back);
        CHECK_STR(test_content(&b.live, "real/cert.pem"), first);
        CHECK(S_ISLNK(bench_stat(&b, "etc/a.crt").st_mode));
}

/* renewctl remove --restore: what a place can do besides its path is needed for that too. */
static void first_set_comes_back_behind_a_link(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        MUST(mkdir(test_path(&b.live, "real"), 0755));
        REQUIRE(test_write(&b.live, "real/cert.pem", "vendor's\n", 0604) >= 0);
        MUST(symlink(test_path(&b.live, "real/cert.pem"), test_path(&b.live, "etc/a.crt")));
        REQUIRE(test_write(&b.live, "etc/a.key", "vendor's key\n", 0600) >= 0);
        b.files[0].keep_link = b.files[1].leave_rights = true;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK_INT(deploy_restored(&b.job, &messages, &b.error), 0);
        CHECK_STR(test_content(&b.live, "real/cert.pem"), "vendor's\n");
        CHECK_INT(bench_stat(&b, "real/cert.pem").st_mode & 07777, 0604);
        CHECK_STR(test_content(&b.live, "etc/a.key"), "vendor's key\n");
        CHECK(S_ISLNK(bench_stat(&b, "etc/a.crt").st_mode));
}

static void link_of_another_is_not_followed(void) {
        char other[] = "65534";

        if (!place_is_root())
                return;
        for (unsigned i = 0; i < 4; i++) {
                _cleanup_(bench_done) Bench b;
                const char *link;

                bench_init(&b);
                MUST(mkdir(test_path(&b.live, "decoy"), 0755));
                REQUIRE(test_write(&b.live, "decoy/shadow", "secret\n", 0600) >= 0);
                link = test_path(&b.live, "etc/a.crt");
                MUST(symlink(test_path(&b.live, "decoy/shadow"), link));
                b.files[0].keep_link = true;
                if (i == 0) /* his directory, his link */
                        MUST(chown(test_path(&b.live, "etc"), OTHER, OTHER));
                if (i == 1) /* his link in root's directory */
                        MUST(lchown(link, OTHER, OTHER));
                if (i == 2) { /* a directory that a group can change */
                        MUST(chown(test_path(&b.live, "etc"), 0, OTHER));
                        MUST(chmod(test_path(&b.live, "etc"), 0775));
                }
                if (i == 3) /* it leads to a directory that everybody can change */
                        MUST(chmod(test_path(&b.live, "decoy"), 0777));
                b.files[0].owner = b.files[1].owner = other;
                REQUIRE(bench_deploy(&b) >= 0);
                CHECK_STR(b.row.step, "place");
                CHECK_STR(test_content(&b.live, "decoy/shadow"), "secret\n");
        }
}

static void endless_links_end(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        MUST(symlink("a.crt", test_path(&b.live, "etc/b.crt")));
        MUST(symlink("b.crt", test_path(&b.live, "etc/a.crt")));
        b.files[0].keep_link = true;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
}

TEST_MAIN({ "S6.2: a link of root's is followed where it is to be kept", link_is_kept },
          { "a file behind a kept link comes back", kept_link_comes_back_after_a_refusal },
          { "the very first file behind a kept link comes back",
            first_set_comes_back_behind_a_link },
          { "R2.10.1: a link that another can make is not followed",
            link_of_another_is_not_followed },
          { "links in a circle end", endless_links_end })
