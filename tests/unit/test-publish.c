#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "hooks/live.h"
#include "hooks/publish.h"
#include "tests/unit/test-live.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"

static int publish_now(TestLive *t, char **version) {
        _cleanup_free_ char *error = NULL;
        int r = publish(&t->paths, NAME, t->leaf, version, &error);

        CHECK(r >= 0 || error);
        return r;
}

static mode_t mode_of(const TestLive *t, const char *path) {
        struct stat st;

        return lstat(test_path(t, path), &st) < 0 ? 0 : st.st_mode & 07777;
}

static ino_t inode_of(const TestLive *t, const char *path) {
        struct stat st;

        return lstat(test_path(t, path), &st) < 0 ? 0 : st.st_ino;
}

static void pair_becomes_live(void) {
        _cleanup_free_ char *version = NULL;
        _cleanup_(live_done) Live live = {};
        char target[512] = "", expected[512];
        TestLive t;

        (void) umask(077);
        test_live_init(&t);
        REQUIRE(test_issue(&t, NAME, -3600, 86400) >= 0);
        REQUIRE(publish_now(&t, &version) >= 0);
        CHECK(strlen(version) == strlen("20270103T120000Z-12345678"));
        CHECK(strncmp(version + 17, t.leaf, 8) == 0);
        (void) snprintf(expected, sizeof expected, "../versions/%s/%s", NAME, version);
        CHECK(readlink(test_path(&t, "state/live/" NAME), target, sizeof target - 1) > 0);
        CHECK_STR(target, expected);
        CHECK_INT(mode_of(&t, "state/live"), 0755);
        CHECK_INT(mode_of(&t, "state/versions"), 0755);
        CHECK_INT(mode_of(&t, "state/versions/" NAME), 0755);
        CHECK_INT(mode_of(&t, "state/live/" NAME "/privkey.pem"), 0600);
        CHECK_INT(mode_of(&t, "state/live/" NAME "/cert.pem"), 0644);
        CHECK_INT(mode_of(&t, "state/live/" NAME "/chain.pem"), 0644);
        CHECK_INT(mode_of(&t, "state/live/" NAME "/fullchain.pem"), 0644);
        REQUIRE(live_load(&t.paths, NAME, true, &live) >= 0);
        CHECK_STR(live.info.leaf_sha256, t.leaf);
        CHECK_STR(live.version, version);
}

static void foreign_key_is_refused(void) {
        _cleanup_free_ char *version = NULL;
        TestLive t, other;
        char chain[16384];

        test_live_init(&t);
        REQUIRE(test_issue(&t, NAME, -3600, 86400) >= 0);
        other = t;
        REQUIRE(test_issue(&other, "b.example.org", -3600, 86400) >= 0);
        (void) snprintf(chain, sizeof chain, "%s",
                        test_content(&t, "state/engine/certificates/b.example.org.chain.pem"));
        REQUIRE(test_write(&t, "state/engine/certificates/" NAME ".chain.pem", chain, 0600) >= 0);
        memcpy(t.leaf, other.leaf, sizeof t.leaf);
        CHECK_INT(publish_now(&t, &version), -EKEYREJECTED);
        CHECK(!test_exists(&t, "state/live/" NAME));
        CHECK(!test_exists(&t, "state/versions"));
}

static void other_leaf_is_refused(void) {
        _cleanup_free_ char *version = NULL;
        TestLive t;

        test_live_init(&t);
        REQUIRE(test_issue(&t, NAME, -3600, 86400) >= 0);
        memset(t.leaf, 'a', 64);
        CHECK_INT(publish_now(&t, &version), -ENOENT);
        CHECK(!test_exists(&t, "state/live/" NAME));
}

static void link_or_fifo_is_not_read(void) {
        _cleanup_free_ char *version = NULL;
        const char *path;
        TestLive t;

        test_live_init(&t);
        REQUIRE(test_issue(&t, NAME, -3600, 86400) >= 0);
        path = test_path(&t, "state/engine/certificates/" NAME ".chain.pem");
        REQUIRE(rename(path, test_path(&t, "chain.pem")) == 0);
        REQUIRE(symlink(test_path(&t, "chain.pem"), path) == 0);
        CHECK(publish_now(&t, &version) < 0);
        REQUIRE(unlink(path) == 0 && mkfifo(path, 0600) == 0);
        CHECK(publish_now(&t, &version) < 0);
        CHECK(!test_exists(&t, "state/live/" NAME));
}

/* CertificateRequest=: the key is elsewhere. */
static void without_key(void) {
        _cleanup_free_ char *version = NULL, *error = NULL, *refused = NULL;
        _cleanup_(certinfo_done) CertInfo info = {};
        _cleanup_(live_done) Live live = {}, none = {};
        const char *chain;
        TestLive t;

        test_live_init(&t);
        REQUIRE(test_issue(&t, NAME, -3600, 86400) >= 0);
        REQUIRE(rename(test_path(&t, "state/signer/keys"), test_path(&t, "elsewhere")) == 0);
        chain = test_content(&t, "state/engine/certificates/" NAME ".chain.pem");
        REQUIRE(certinfo_parse(chain, strlen(chain), &info, NULL) == 0);
        CHECK_INT(publish_without_key(&t.paths, NAME, t.leaf, t.leaf, &version, &refused),
                  -EKEYREJECTED);
        CHECK(strstr(refused, "CertificateRequest="));
        CHECK(!test_exists(&t, "state/live/" NAME));
        REQUIRE(publish_without_key(&t.paths, NAME, t.leaf, info.spki_sha256, &version, &error) ==
                0);
        CHECK(test_exists(&t, "state/live/" NAME "/cert.pem"));
        CHECK(test_exists(&t, "state/live/" NAME "/chain.pem"));
        CHECK(test_exists(&t, "state/live/" NAME "/fullchain.pem"));
        CHECK(!test_exists(&t, "state/live/" NAME "/privkey.pem"));
        CHECK_INT(live_load(&t.paths, NAME, false, &live), 0);
        CHECK_STR(live.info.leaf_sha256, t.leaf);
        CHECK_INT(live_load(&t.paths, NAME, true, &none), -ENOENT);
}

static void twice_changes_nothing(void) {
        _cleanup_free_ char *first = NULL, *second = NULL;
        ino_t key, link;
        TestLive t;

        test_live_init(&t);
        REQUIRE(test_issue(&t, NAME, -3600, 86400) >= 0);
        REQUIRE(publish_now(&t, &first) >= 0);
        key = inode_of(&t, "state/live/" NAME "/privkey.pem");
        link = inode_of(&t, "state/live/" NAME);
        REQUIRE(publish_now(&t, &second) >= 0);
        CHECK_STR(first, second);
        CHECK(key != 0 && key == inode_of(&t, "state/live/" NAME "/privkey.pem"));
        CHECK(link != 0 && link == inode_of(&t, "state/live/" NAME));
}

static void half_version_is_completed(void) {
        _cleanup_free_ char *version = NULL, *again = NULL;
        _cleanup_(live_done) Live live = {};
        TestLive t;

        test_live_init(&t);
        REQUIRE(test_issue(&t, NAME, -3600, 86400) >= 0);
        REQUIRE(publish_now(&t, &version) >= 0);
        REQUIRE(unlink(test_path(&t, "state/live/" NAME "/chain.pem")) == 0);
        REQUIRE(test_write(&t, "state/live/" NAME "/cert.pem", "half", 0644) >= 0);
        REQUIRE(unlink(test_path(&t, "state/live/" NAME)) == 0); /* not flipped yet */
        REQUIRE(publish_now(&t, &again) >= 0);
        CHECK_STR(again, version);
        CHECK(live_load(&t.paths, NAME, true, &live) >= 0);
        CHECK(strncmp(bytes_text(&live.bundle.cert), "-----BEGIN", 10) == 0);
}

static void three_versions_are_kept(void) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *last = NULL;
        _cleanup_close_ int fd = -1;
        TestLive t;

        test_live_init(&t);
        for (int i = 0; i < 5; i++) {
                free(TAKE_PTR(last));
                REQUIRE(test_issue(&t, NAME, -3600 + i * 60, 86400) >= 0);
                REQUIRE(publish_now(&t, &last) >= 0);
        }
        REQUIRE(test_write(&t, "state/versions/" NAME "/notes", "mine", 0644) >= 0);
        fd = dir_open(test_path(&t, "state/versions/" NAME));
        REQUIRE(fd >= 0 && dir_list(fd, &names) >= 0);
        CHECK_INT(names.count, 4); /* three versions and what is not ours */
        CHECK(string_list_contains(&names, last));
        CHECK(string_list_contains(&names, "notes"));
}

static void older_live_version_is_never_pruned(void) {
        _cleanup_(live_done) Live live = {};
        char *version = NULL;
        TestLive t;

        test_live_init(&t);
        for (int i = 0; i < 5; i++) { /* each is older than the one before: a clock went back */
                REQUIRE(test_issue(&t, NAME, -3600 - i * 60, 86400) >= 0);
                REQUIRE(publish_now(&t, &version) >= 0);
                free(TAKE_PTR(version));
        }
        REQUIRE(live_load(&t.paths, NAME, true, &live) >= 0);
        CHECK_STR(live.info.leaf_sha256, t.leaf);
}

static void expired_chain_is_published(void) {
        _cleanup_free_ char *version = NULL;
        TestLive t;

        test_live_init(&t);
        REQUIRE(test_issue(&t, NAME, -7200, -3600) >= 0);
        CHECK(publish_now(&t, &version) >= 0);
}

static void foreign_link_is_not_live(void) {
        _cleanup_(live_done) Live live = {};
        TestLive t;

        test_live_init(&t);
        REQUIRE(test_issue_live(&t, NAME) >= 0);
        REQUIRE(unlink(test_path(&t, "state/live/" NAME)) == 0);
        REQUIRE(symlink("../versions/" NAME "/../../../etc", test_path(&t, "state/live/" NAME)) ==
                0);
        CHECK_INT(live_load(&t.paths, NAME, true, &live), -EBADMSG);
}

TEST_MAIN({ "DESIGN 4.8: a matching pair becomes live with its modes", pair_becomes_live },
          { "a certificate whose key is elsewhere is live without one", without_key },
          { "R2.7.6: a chain of a key the signer has not is refused", foreign_key_is_refused },
          { "R2.7.6: another leaf than asked for is refused", other_leaf_is_refused },
          { "R2.9.2: the engine's chain as link or FIFO is refused", link_or_fifo_is_not_read },
          { "publishing twice changes nothing", twice_changes_nothing },
          { "a version that a crash left half is completed", half_version_is_completed },
          { "three versions are kept, foreign files too", three_versions_are_kept },
          { "the live version is kept however old", older_live_version_is_never_pruned },
          { "an expired chain can be live again", expired_chain_is_published },
          { "R2.10: a link out of the versions is not live", foreign_link_is_not_live })
