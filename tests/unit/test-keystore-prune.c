/* Which keys of certificates are pruned. */

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "signer/keystore.h"
#include "tests/unit/keystore-bench.h"
#include "tests/unit/test.h"

static void make_old(int fd, const char *attempt, int64_t age) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        struct timespec times[2] = { { .tv_sec = NOW - age }, { .tv_sec = NOW - age } };
        char path[100];

        CHECK_INT(keystore_certificate(fd, "a", attempt, KEY_ECDSA_P256, true, &key), 0);
        (void) snprintf(path, sizeof(path), "keys/a/%s.pem", attempt);
        CHECK_INT(utimensat(fd, path, times, 0), 0);
}

static bool is_there(int fd, const char *attempt) {
        char path[100];

        (void) snprintf(path, sizeof(path), "keys/a/%s.pem", attempt);
        return faccessat(fd, path, F_OK, 0) == 0;
}

static void prune(void) {
        _cleanup_(key_freep) EVP_PKEY *live = NULL;
        _cleanup_close_ int fd = bench_store();
        char spki[SHA256_HEX_SIZE];
        KeystoreKept kept = { .spki_sha256 = spki, .attempt = "open" };
        size_t removed = 99;

        make_old(fd, "live", 100 * DAY);
        make_old(fd, "open", 100 * DAY);
        make_old(fd, "old", 30 * DAY);
        make_old(fd, "open-not", 31 * DAY);
        make_old(fd, "young", 30 * DAY - 1);
        make_old(fd, "future", -10 * DAY);
        REQUIRE(keystore_certificate(fd, "a", "live", KEY_ECDSA_P256, false, &live) == 0);
        CHECK_INT(key_spki_sha256(live, spki), 0);

        CHECK_INT(keystore_prune(fd, "a", &kept, NOW, &removed), 0);
        CHECK_INT(removed, 2);
        CHECK(is_there(fd, "live") && is_there(fd, "open"));
        CHECK(is_there(fd, "young") && is_there(fd, "future"));
        CHECK(!is_there(fd, "old") && !is_there(fd, "open-not"));
        CHECK_INT(keystore_prune(fd, "a", &kept, NOW, &removed), 0);
        CHECK_INT(removed, 0);
}

/* They are of use for one rehearsal, and that one is over. */
static void prune_rehearsals(void) {
        _cleanup_close_ int fd = bench_store();
        KeystoreKept kept = { .attempt = "open" };
        size_t removed = 99;

        make_old(fd, "rehearsal-1", 0);
        make_old(fd, "young", 0);
        make_old(fd, "open", 0);
        CHECK_INT(keystore_prune(fd, "a", &kept, NOW, &removed), 0);
        CHECK_INT(removed, 1);
        CHECK(!is_there(fd, "rehearsal-1") && is_there(fd, "young") && is_there(fd, "open"));
}

static void prune_keeps_unreadable(void) {
        static const FileRights rights_ = { 0600, (uid_t) -1, (gid_t) -1 };
        struct timespec times[2] = { { .tv_sec = NOW - 99 * DAY }, { .tv_sec = NOW - 99 * DAY } };
        char spki[SHA256_HEX_SIZE] = "00";
        KeystoreKept kept = { .spki_sha256 = spki };
        _cleanup_close_ int fd = bench_store(), dir = -1;
        size_t removed = 99;

        make_old(fd, "1", 99 * DAY);
        dir = openat(fd, "keys/a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_INT(file_replace_at(dir, "1.pem", "x", 1, rights_), 0);
        CHECK_INT(utimensat(dir, "1.pem", times, 0), 0);
        CHECK_INT(keystore_prune(fd, "a", &kept, NOW, &removed), 0);
        CHECK_INT(removed, 0);
        CHECK(is_there(fd, "1"));
}

static void prune_nothing(void) {
        _cleanup_close_ int fd = bench_store();
        KeystoreKept kept = {};
        size_t removed = 99;

        CHECK_INT(keystore_prune(fd, "a", &kept, NOW, &removed), 0);
        CHECK_INT(removed, 0);
        make_old(fd, "1", 99 * DAY);
        CHECK(keystore_prune(fd, "..", &kept, NOW, &removed) < 0);
}

TEST_MAIN({ "keys of rehearsals are pruned at once", prune_rehearsals },
          { "old keys are pruned but the live, the open and the young ones", prune },
          { "what cannot be read is not pruned", prune_keeps_unreadable },
          { "pruning nothing is well", prune_nothing })
