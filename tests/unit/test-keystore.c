#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "acme/jwk.h"
#include "base/file.h"
#include "base/strings.h"
#include "signer/blocked.h"
#include "signer/grant.h"
#include "signer/keystore-internal.h"
#include "tests/unit/test.h"

#define NOW ((int64_t) 1798977600)
#define DAY ((int64_t) SEC_PER_DAY)

static Paths paths;

/* A new, empty store. */
static int fresh_store(void) {
        paths = (Paths){ .state = test_directory() };
        int fd = keystore_open(&paths);

        CHECK(fd >= 0);
        return fd;
}

static mode_t mode_of(int fd, const char *path) {
        struct stat st = {};

        CHECK_INT(fstatat(fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st.st_mode & 07777;
}

/* Where the key of account "test" is; static storage. */
static const char *account_file(int fd) {
        static char path[120];
        char link[80] = "";

        CHECK(readlinkat(fd, "accounts/test/current", link, sizeof(link) - 1) > 0);
        (void) snprintf(path, sizeof(path), "accounts/test/%s", link);
        return path;
}

static bool same_key(int fd, const char *attempt, EVP_PKEY *key) {
        _cleanup_(key_freep) EVP_PKEY *again = NULL;

        CHECK_INT(keystore_certificate(fd, "a", attempt, KEY_RSA_2048, false, &again), 0);
        return again && EVP_PKEY_eq(again, key) == 1;
}

static void account_key(void) {
        _cleanup_(key_freep) EVP_PKEY *missing = NULL, *made = NULL, *again = NULL, *other = NULL;
        _cleanup_close_ int fd = fresh_store();

        CHECK_INT(keystore_account(fd, "test", KEY_ECDSA_P256, false, &missing), -ENOKEY);
        CHECK_INT(faccessat(fd, "accounts", F_OK, 0), -1);
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &made) == 0);
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &again) == 0);
        REQUIRE(keystore_account(fd, "other", KEY_ECDSA_P384, true, &other) == 0);
        CHECK_INT(key_type_of(made), KEY_ECDSA_P256);
        CHECK_INT(key_type_of(other), KEY_ECDSA_P384);
        CHECK_INT(key_type_of(made), KEY_ECDSA_P256);
        CHECK_INT(EVP_PKEY_eq(made, again), 1);
        CHECK_INT(EVP_PKEY_eq(made, other), 0);
}

static void certificate_key(void) {
        _cleanup_(key_freep) EVP_PKEY *missing = NULL, *made = NULL, *next = NULL, *b = NULL;
        _cleanup_close_ int fd = fresh_store();

        CHECK_INT(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, false, &missing), -ENOKEY);
        REQUIRE(keystore_certificate(fd, "a", "1", KEY_ECDSA_P384, true, &made) == 0);
        CHECK_INT(key_type_of(made), KEY_ECDSA_P384);
        CHECK(same_key(fd, "1", made));
        CHECK_INT(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, false, &missing), -ENOKEY);
        REQUIRE(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, true, &next) == 0);
        REQUIRE(keystore_certificate(fd, "b", "1", KEY_ECDSA_P256, true, &b) == 0);
        CHECK_INT(EVP_PKEY_eq(made, next), 0);
        CHECK_INT(EVP_PKEY_eq(next, b), 0);
}

static void rights(void) {
        static const mode_t masks[] = { 0, 077, 0777 };

        for (size_t i = 0; i < ELEMENTSOF(masks); i++) {
                _cleanup_(key_freep) EVP_PKEY *account = NULL, *key = NULL;
                mode_t before = umask(masks[i]);
                _cleanup_close_ int fd = fresh_store();

                CHECK_INT(keystore_account(fd, "test", KEY_ECDSA_P256, true, &account), 0);
                CHECK_INT(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &key), 0);
                (void) umask(before);
                CHECK_INT(mode_of(fd, "."), 0700);
                CHECK_INT(mode_of(fd, "accounts/test"), 0700);
                CHECK_INT(mode_of(fd, account_file(fd)), 0600);
                CHECK_INT(mode_of(fd, "keys/a"), 0700);
                CHECK_INT(mode_of(fd, "keys/a/1.pem"), 0600);
        }
}

static void damaged(void) {
        static const FileRights rights_ = { 0600, (uid_t) -1, (gid_t) -1 };
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *again = NULL, *key = NULL;
        _cleanup_(bytes_done) Bytes kept = {};
        _cleanup_close_ int fd = fresh_store(), account = -1, keys = -1;

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &made) == 0);
        account = openat(fd, "accounts/test", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_INT(file_replace_at(account, "current.pem", "", 0, rights_), 0);
        CHECK_INT(link_replace_at(account, "current", "current.pem"), 0);
        CHECK_INT(keystore_account(fd, "test", KEY_ECDSA_P256, true, &again), -EBADMSG);
        CHECK(!again);
        CHECK_INT(file_read_at(account, "current.pem", 100, &kept), 0);
        CHECK_INT(kept.size, 0);

        REQUIRE(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &key) == 0);
        keys = openat(fd, "keys/a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_INT(file_replace_at(keys, "1.pem", "x", 1, rights_), 0);
        key = key_free(key);
        CHECK_INT(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &key), -EBADMSG);
}

static void links(void) {
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *key = NULL;
        _cleanup_close_ int fd = fresh_store();

        REQUIRE(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &made) == 0);
        CHECK_INT(symlinkat("1.pem", fd, "keys/a/2.pem"), 0);
        CHECK_INT(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, true, &key), -ELOOP);
        CHECK_INT(symlinkat("a", fd, "keys/b"), 0);
        CHECK(keystore_certificate(fd, "b", "1", KEY_ECDSA_P256, true, &key) < 0);
        CHECK(!key);
}

static void names(void) {
        static const char *const bad[] = {
                "", ".", "..", "../1", "a/b", "A", "1.pem", "a b", "a\n"
        };
        _cleanup_close_ int fd = fresh_store();
        char longest[66];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(key_freep) EVP_PKEY *key = NULL;
                CHECK(!attempt_is_valid(bad[i]));
                CHECK_INT(keystore_certificate(fd, "a", bad[i], KEY_ECDSA_P256, true, &key),
                          -EINVAL);
        }
        CHECK(attempt_is_valid("20270103-120000-1f3a"));
        memset(longest, 'a', sizeof(longest));
        longest[64] = 0;
        CHECK(attempt_is_valid(longest));
        longest[64] = 'a';
        longest[65] = 0;
        CHECK(!attempt_is_valid(longest));

        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        CHECK(keystore_account(fd, "..", KEY_ECDSA_P256, true, &key) < 0);
        CHECK(keystore_account(fd, "../../etc", KEY_ECDSA_P256, true, &key) < 0);
        CHECK(keystore_account(fd, "..", KEY_ECDSA_P256, false, &key) < 0);
        CHECK(!key);
}

static void account_key_as_certificate_key(void) {
        _cleanup_(key_freep) EVP_PKEY *account = NULL, *other = NULL, *key = NULL;
        _cleanup_close_ int fd = fresh_store();

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &account) == 0);
        REQUIRE(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &other) == 0);
        CHECK_INT(linkat(fd, account_file(fd), fd, "keys/a/2.pem", 0), 0);
        CHECK_INT(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, true, &key), -EKEYREJECTED);
        CHECK_INT(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, false, &key), -EKEYREJECTED);
        CHECK(!key);

        /* A former one, kept beside it. */
        CHECK_INT(renameat(fd, account_file(fd), fd, "accounts/test/old.pem"), 0);
        CHECK_INT(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, false, &key), -EKEYREJECTED);
        CHECK_INT(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, false, &key), 0);
}

/* ---- account keys that follow one another ---- */

static void migration(void) {
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *again = NULL;
        _cleanup_close_ int fd = fresh_store();

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &made) == 0);
        CHECK_INT(renameat(fd, account_file(fd), fd, "accounts/test/key.pem"), 0);
        CHECK_INT(unlinkat(fd, "accounts/test/current", 0), 0);
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, false, &again) == 0);
        CHECK_INT(EVP_PKEY_eq(made, again), 1);
        CHECK_INT(faccessat(fd, "accounts/test/key.pem", F_OK, 0), -1);
        CHECK_INT(faccessat(fd, account_file(fd), F_OK, 0), 0);
}

/* Cut between the key and its link; and a backup without links. */
static void link_lost(void) {
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *again = NULL, *none = NULL, *pending = NULL;
        _cleanup_close_ int fd = fresh_store();

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &made) == 0);
        CHECK_INT(unlinkat(fd, "accounts/test/current", 0), 0);
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &again) == 0);
        CHECK_INT(EVP_PKEY_eq(made, again), 1);
        REQUIRE(keystore_account_prepare(fd, "test", KEY_ECDSA_P256, NULL, &pending) == 0);
        CHECK_INT(unlinkat(fd, "accounts/test/current", 0), 0);
        CHECK_INT(keystore_account(fd, "test", KEY_ECDSA_P256, true, &none), -EBADMSG);
}

static bool is_current(int fd, EVP_PKEY *key) {
        _cleanup_(key_freep) EVP_PKEY *now = NULL;

        CHECK_INT(keystore_account(fd, "test", KEY_ECDSA_P256, false, &now), 0);
        return now && EVP_PKEY_eq(now, key) == 1;
}

static void rollover(void) {
        _cleanup_(key_freep) EVP_PKEY *old = NULL, *new = NULL, *again = NULL, *none = NULL;
        _cleanup_free_ char *thumbprint = NULL, *before = NULL;
        _cleanup_close_ int fd = fresh_store();

        CHECK_INT(keystore_account_prepare(fd, "test", KEY_ECDSA_P256, NULL, &none), -ENOKEY);
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &old) == 0);
        before = strdup(account_file(fd));
        CHECK_INT(keystore_account_pending(fd, "test", &none), -ENOKEY);
        REQUIRE(keystore_account_prepare(fd, "test", KEY_ECDSA_P384, NULL, &new) == 0);
        REQUIRE(keystore_account_prepare(fd, "test", KEY_ECDSA_P384, NULL, &again) == 0);
        CHECK_INT(EVP_PKEY_eq(new, again), 1);
        CHECK(is_current(fd, old));
        REQUIRE(jwk_thumbprint(new, &thumbprint) == 0);
        CHECK_INT(keystore_account_promote(fd, "test", "AAAA"), -ENOKEY);
        CHECK_INT(keystore_account_promote(fd, "test", thumbprint), 0);
        CHECK_INT(keystore_account_promote(fd, "test", thumbprint), 0);
        CHECK(is_current(fd, new));
        CHECK_INT(keystore_account_pending(fd, "test", &none), -ENOKEY);
        CHECK_INT(faccessat(fd, before, F_OK, 0), -1);
        CHECK_INT(keystore_is_account_key(fd, old), 1); /* for ever */
        CHECK_INT(keystore_is_account_key(fd, new), 1);
}

/* The link was renamed, the rest was not done. */
static void promotion_cut(void) {
        _cleanup_(key_freep) EVP_PKEY *old = NULL, *new = NULL, *none = NULL;
        _cleanup_free_ char *thumbprint = NULL, *before = NULL;
        _cleanup_close_ int fd = fresh_store(), dir_fd = -1;
        char link[80] = "";

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &old) == 0);
        before = strdup(account_file(fd));
        REQUIRE(keystore_account_prepare(fd, "test", KEY_ECDSA_P256, NULL, &new) == 0);
        CHECK(readlinkat(fd, "accounts/test/pending", link, sizeof(link) - 1) > 0);
        dir_fd = openat(fd, "accounts/test", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_INT(link_replace_at(dir_fd, "current", link), 0);
        CHECK_INT(keystore_account_pending(fd, "test", &none), -ENOKEY);
        CHECK_INT(faccessat(fd, before, F_OK, 0), -1);
        CHECK_INT(faccessat(fd, "accounts/test/pending", F_OK, AT_SYMLINK_NOFOLLOW), -1);
        REQUIRE(jwk_thumbprint(new, &thumbprint) == 0);
        CHECK_INT(keystore_account_promote(fd, "test", thumbprint), 0);
}

static void rollover_abandoned(void) {
        _cleanup_(key_freep) EVP_PKEY *old = NULL, *new = NULL, *none = NULL, *given = NULL,
                                      *taken = NULL;
        _cleanup_close_ int fd = fresh_store();

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &old) == 0);
        REQUIRE(keystore_account_prepare(fd, "test", KEY_ECDSA_P256, NULL, &new) == 0);
        CHECK_INT(keystore_account_abandon(fd, "test"), 0);
        CHECK_INT(keystore_account_abandon(fd, "test"), 0);
        CHECK_INT(keystore_account_pending(fd, "test", &none), -ENOKEY);
        CHECK(is_current(fd, old));
        CHECK_INT(keystore_is_account_key(fd, new), 1);
        REQUIRE(key_generate(KEY_ECDSA_P256, &given) == 0);
        REQUIRE(keystore_account_prepare(fd, "test", KEY_ECDSA_P256, given, &taken) == 0);
        CHECK_INT(EVP_PKEY_eq(given, taken), 1);
}

static void replaced(void) {
        _cleanup_(key_freep) EVP_PKEY *old = NULL, *new = NULL;
        _cleanup_close_ int fd = fresh_store();

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &old) == 0);
        REQUIRE(keystore_account_replace(fd, "test", KEY_ECDSA_P384, &new) == 0);
        CHECK(is_current(fd, new));
        CHECK_INT(keystore_is_account_key(fd, old), 1);
}

/* ---- compromised ---- */

static void blocked(void) {
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *none = NULL, *found = NULL;
        _cleanup_close_ int fd = fresh_store();
        char spki[SHA256_HEX_SIZE];

        REQUIRE(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &made) == 0);
        REQUIRE(key_spki_sha256(made, spki) == 0);
        CHECK_INT(blocked_has(fd, made), 0);
        CHECK_INT(blocked_add(fd, spki), 0);
        CHECK_INT(blocked_add(fd, spki), 0);
        CHECK_INT(blocked_has(fd, made), 1);
        CHECK_INT(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &none), -EKEYREVOKED);
        REQUIRE(keystore_find(fd, "a", spki, &found) == 0); /* for the revocation itself */
        CHECK_INT(EVP_PKEY_eq(found, made), 1);
        CHECK_INT(keystore_find(fd, "b", spki, &none), -ENOKEY);
}

/* ---- grants ---- */

static void grants(void) {
        const Grant g = { .action = GRANT_DEACTIVATE, .name = "test" };
        const Grant other = { .action = GRANT_DEACTIVATE, .name = "other" };
        _cleanup_close_ int fd = fresh_store();

        CHECK_INT(grant_use(fd, &g, "u", "p", NOW), -EPERM);
        CHECK_INT(grant_give(fd, &g, NULL, NOW), 0);
        CHECK_INT(grant_use(fd, &other, "u", "p", NOW), -EPERM);
        CHECK_INT(grant_use(fd, &g, "u", "p", NOW + 601), -EPERM);
        CHECK_INT(grant_use(fd, &g, "u", "p", NOW - 1), -EPERM); /* the clock was set back */
        CHECK_INT(grant_use(fd, &g, "u", "p", NOW + 1), 0);
        CHECK_INT(grant_use(fd, &g, "u", "p", NOW + 2), 0); /* with another nonce */
        CHECK_INT(grant_use(fd, &g, "u", "q", NOW + 2), -EPERM);
        CHECK_INT(grant_use(fd, &g, "v", "p", NOW + 2), -EPERM);
        CHECK_INT(grant_drop(fd, &g), 0);
        CHECK_INT(grant_drop(fd, &g), 0);
        CHECK_INT(grant_use(fd, &g, "u", "p", NOW + 2), -EPERM);
}

static void grant_of_leaf(void) {
        const Grant g = { .action = GRANT_REVOKE, .name = "a", .leaf = "00" };
        const Grant other = { .action = GRANT_REVOKE, .name = "a", .leaf = "01" };
        _cleanup_close_ int fd = fresh_store();

        CHECK_INT(grant_give(fd, &g, NULL, NOW), 0);
        CHECK_INT(grant_use(fd, &other, "u", "p", NOW), -EPERM);
        CHECK_INT(grant_use(fd, &g, "u", "p", NOW), 0);
}

static void grant_with_key(void) {
        const Grant g = { .action = GRANT_ROLLOVER, .name = "test" };
        _cleanup_(key_freep) EVP_PKEY *key = NULL, *back = NULL;
        _cleanup_(bytes_done) Bytes pem = { .secret = true };
        _cleanup_close_ int fd = fresh_store();

        REQUIRE(key_generate(KEY_ECDSA_P256, &key) == 0 && key_to_pem(key, &pem) == 0);
        CHECK_INT(grant_check(fd, &g, NOW, &back), -EPERM);
        CHECK_INT(grant_give(fd, &g, bytes_text(&pem), NOW), 0);
        REQUIRE(grant_check(fd, &g, NOW + 600, &back) == 0);
        CHECK_INT(EVP_PKEY_eq(key, back), 1);
        CHECK_INT(mode_of(fd, "grants"), 0700);
        CHECK_INT(mode_of(fd, "grants/rollover.test"), 0600);
}

/* Four processes ask for the same key at once; what each got is compared by its SPKI. */
static void at_once(void) {
        enum { COUNT = 4 };
        _cleanup_close_ int fd = fresh_store();
        char first[SHA256_HEX_SIZE] = "";
        int pipes[2];

        REQUIRE(fd >= 0 && pipe(pipes) == 0);
        for (int i = 0; i < COUNT; i++) {
                pid_t pid = fork();
                REQUIRE(pid >= 0);
                if (pid == 0) {
                        char spki[SHA256_HEX_SIZE];
                        EVP_PKEY *key = NULL;
                        int own = keystore_open(&paths);

                        if (keystore_certificate(own, "a", "1", KEY_RSA_2048, true, &key) < 0 ||
                            key_spki_sha256(key, spki) < 0 ||
                            write(pipes[1], spki, sizeof(spki)) != sizeof(spki))
                                _exit(1);
                        _exit(0);
                }
        }
        (void) close(pipes[1]);
        for (int i = 0; i < COUNT; i++) {
                char spki[SHA256_HEX_SIZE] = "";
                int status;

                CHECK(wait(&status) > 0);
                CHECK_INT(status, 0);
                CHECK_INT(read(pipes[0], spki, sizeof(spki)), sizeof(spki));
                if (i == 0)
                        memcpy(first, spki, sizeof(first));
                CHECK_STR(spki, first);
        }
        (void) close(pipes[0]);
}

/* ---- prune ---- */

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
        _cleanup_close_ int fd = fresh_store();
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
        _cleanup_close_ int fd = fresh_store();
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
        _cleanup_close_ int fd = fresh_store(), dir = -1;
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
        _cleanup_close_ int fd = fresh_store();
        KeystoreKept kept = {};
        size_t removed = 99;

        CHECK_INT(keystore_prune(fd, "a", &kept, NOW, &removed), 0);
        CHECK_INT(removed, 0);
        make_old(fd, "1", 99 * DAY);
        CHECK(keystore_prune(fd, "..", &kept, NOW, &removed) < 0);
}

TEST_MAIN({ "F-03 one account key per CA, never a second", account_key },
          { "O-06 one key per certificate and attempt, never a second", certificate_key },
          { "C-14 R1.4 key files are 0600 whatever the umask", rights },
          { "F-03 a damaged key is never replaced by a new one", damaged },
          { "R2.9.1 symbolic links are not followed", links },
          { "R1.2 attempt ids are names of files and no paths", names },
          { "C-13 an account key is never a certificate's key", account_key_as_certificate_key },
          { "O-06 processes that ask at once get the same key", at_once },
          { "keys of rehearsals are pruned at once", prune_rehearsals },
          { "old keys are pruned but the live, the open and the young ones", prune },
          { "what cannot be read is not pruned", prune_keeps_unreadable },
          { "pruning nothing is well", prune_nothing },
          { "accounts/CA/key.pem of before becomes THUMBPRINT.pem", migration },
          { "F-03 a lost link makes no second key", link_lost },
          { "F-12 rollover: pending, promoted, the old one destroyed and remembered (C-13)",
            rollover },
          { "Y-06 a promotion that was cut off ends at the next call", promotion_cut },
          { "F-13 an abandoned rollover leaves the old key", rollover_abandoned },
          { "F-10 another key for another account", replaced },
          { "R-03 a blocked key is used for no certificate", blocked },
          { "a grant lives ten minutes and is for one request", grants },
          { "a grant to revoke is for one certificate", grant_of_leaf },
          { "a grant to roll over may bring the key", grant_with_key })
