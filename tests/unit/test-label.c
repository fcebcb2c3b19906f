/* Labels of SELinux's policy. */

#include <fcntl.h>
#include <selinux/selinux.h>

#include "tests/fake/selinux.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test.h"

static void set_policy(Bench *b) {
        bench_init(b);
        fake_selinux = (FakeSelinux){ .enabled = 1,
                                      .suffix = "etc/a.key",
                                      .context = "system_u:object_r:cert_t:s0" };
}

static void label(Bench *b, const char *path, const char *context) {
        int fd = open(test_path(&b->live, path), O_RDONLY | O_CLOEXEC);

        CHECK(fsetfilecon(fd, context) == 0);
        (void) close_fd(fd);
}

/* A label that came after the rename would leave a moment with the wrong one; the inode is the staged file's. */
static void staged_file_has_it(void) {
        _cleanup_(bench_done) Bench b;

        set_policy(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK_INT(fake_selinux.writes, 1); /* the policy has nothing for the certificate */
        CHECK_INT(fake_selinux.opened, 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(b.row.in_place);
}

static void another_type_is_drift(void) {
        _cleanup_(bench_done) Bench b;

        set_policy(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        label(&b, "etc/a.key", "unconfined_u:object_r:cert_t:s0");
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(b.row.in_place); /* another user is none */
        label(&b, "etc/a.key", "system_u:object_r:user_tmp_t:s0");
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
}

static void former_file_gets_it(void) {
        _cleanup_(bench_done) Bench b;

        set_policy(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        fake_selinux.writes = 0;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back);
        CHECK_INT(fake_selinux.writes, 2); /* the new one and the old one */
}

static void nothing_where_it_is_off(void) {
        _cleanup_(bench_done) Bench b;

        set_policy(&b);
        fake_selinux.enabled = 0;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_INT(fake_selinux.writes, 0);
}

TEST_MAIN({ "S6.2: the staged file gets the label of its path", staged_file_has_it },
          { "another type is drift, another user is none", another_type_is_drift },
          { "the former file gets it too", former_file_gets_it },
          { "nothing where SELinux is off", nothing_where_it_is_off })
