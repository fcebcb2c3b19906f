/* The access list of a file at its place (S6.2). */

#include <fcntl.h>
#include <sys/acl.h>

#include "hooks/access-list.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/place-bench.h"
#include "tests/unit/test.h"

static void add_acl(Bench *b, size_t i, const char *entry) {
        CHECK(string_list_add(&b->files[i].acl, entry) >= 0);
}

static const char *list_of(Bench *b, const char *path) {
        static char list[300];
        _cleanup_free_ char *text = NULL;
        int fd = open(test_path(&b->live, path), O_RDONLY | O_CLOEXEC);

        CHECK(access_list_read(fd, &text) >= 0);
        (void) close_fd(fd);
        (void) snprintf(list, sizeof list, "%s", text ? text : "none");
        return list;
}

static void set_list(Bench *b, const char *path, acl_type_t type, const char *text) {
        acl_t a = acl_from_text(text);

        CHECK(a && acl_set_file(test_path(&b->live, path), type, a) == 0);
        (void) acl_free(a);
}

#define WANTED "u::rw-,u:7:r--,g::---,g:8:rw-,m::rw-,o::---"

static void access_list_is_exact(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        add_acl(&b, 1, "u:7:r-");
        add_acl(&b, 1, "g:8:rw");
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK_STR(list_of(&b, "etc/a.key"), WANTED);
        CHECK_STR(list_of(&b, "etc/a.crt"), "none");
        set_list(&b, "etc/a.key", ACL_TYPE_ACCESS, "u::rw-,u:9:r--,g::---,m::rw-,o::---");
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(list_of(&b, "etc/a.key"), WANTED);
        set_list(&b, "etc/a.crt", ACL_TYPE_ACCESS, "u::rw-,u:9:r--,g::r--,m::r--,o::r--");
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place); /* one that nobody configured */
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_STR(list_of(&b, "etc/a.crt"), "none");
        string_list_done(&b.files[1].acl);
}

/* What the directory hands down would give the key to somebody. */
static void inherited_list_is_taken_away(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        set_list(&b, "etc", ACL_TYPE_DEFAULT, "u::rwx,u:9:rwx,g::r-x,m::rwx,o::r-x");
        bench_set_file(&b, 1, FILE_KEY, "etc/a.key", 0640);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_STR(list_of(&b, "etc/a.key"), "none");
        CHECK_INT(bench_stat(&b, "etc/a.key").st_mode & 07777, 0640);
}

static void former_list_comes_back(void) {
        _cleanup_(bench_done) Bench b;
        char first[BENCH_FILE_MAX];

        bench_renewed(&b, first);
        set_list(&b, "etc/a.key", ACL_TYPE_ACCESS, WANTED);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back);
        CHECK_STR(list_of(&b, "etc/a.key"), WANTED);
}

static void unknown_user_of_a_list(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        add_acl(&b, 1, "u:no-such-user:r-");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "there is no user 'no-such-user'"));
        string_list_done(&b.files[1].acl);
}

TEST_MAIN({ "S6.2: the access list is exactly the configured one", access_list_is_exact },
          { "S6.2: a list of the directory does not open the key", inherited_list_is_taken_away },
          { "the former file's list comes back", former_list_comes_back },
          { "a user of a list that does not exist is named", unknown_user_of_a_list })
