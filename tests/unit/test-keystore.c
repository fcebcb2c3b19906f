/* The keys in the store: one of each, for nothing else, whatever stands there. */

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "signer/blocked.h"
#include "signer/keystore.h"
#include "tests/unit/keystore-bench.h"
#include "tests/unit/test.h"

static bool same_key(int fd, const char *attempt, EVP_PKEY *key) {
        _cleanup_(key_freep) EVP_PKEY *again = NULL;

        CHECK_INT(keystore_certificate(fd, "a", attempt, KEY_RSA_2048, false, &again), 0);
        return again && EVP_PKEY_eq(again, key) == 1;
}

static void account_key(void) {
        _cleanup_(key_freep) EVP_PKEY *missing = NULL, *made = NULL, *again = NULL, *other = NULL;
        _cleanup_close_ int fd = bench_store();

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
        _cleanup_close_ int fd = bench_store();

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
                _cleanup_close_ int fd = bench_store();

                CHECK_INT(keystore_account(fd, "test", KEY_ECDSA_P256, true, &account), 0);
                CHECK_INT(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &key), 0);
                (void) umask(before);
                CHECK_INT(bench_mode_of(fd, "."), 0700);
                CHECK_INT(bench_mode_of(fd, "accounts/test"), 0700);
                CHECK_INT(bench_mode_of(fd, bench_account_file(fd)), 0600);
                CHECK_INT(bench_mode_of(fd, "keys/a"), 0700);
                CHECK_INT(bench_mode_of(fd, "keys/a/1.pem"), 0600);
        }
}

static void damaged(void) {
        static const FileRights rights_ = { 0600, (uid_t) -1, (gid_t) -1 };
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *again = NULL, *key = NULL;
        _cleanup_(bytes_done) Bytes kept = {};
        _cleanup_close_ int fd = bench_store(), account = -1, keys = -1;

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
        _cleanup_close_ int fd = bench_store();

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
        _cleanup_close_ int fd = bench_store();
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
        _cleanup_close_ int fd = bench_store();

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &account) == 0);
        REQUIRE(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, true, &other) == 0);
        CHECK_INT(linkat(fd, bench_account_file(fd), fd, "keys/a/2.pem", 0), 0);
        CHECK_INT(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, true, &key), -EKEYREJECTED);
        CHECK_INT(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, false, &key), -EKEYREJECTED);
        CHECK(!key);

        /* A former one, kept beside it. */
        CHECK_INT(renameat(fd, bench_account_file(fd), fd, "accounts/test/old.pem"), 0);
        CHECK_INT(keystore_certificate(fd, "a", "2", KEY_ECDSA_P256, false, &key), -EKEYREJECTED);
        CHECK_INT(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, false, &key), 0);
}

static void blocked(void) {
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *none = NULL, *found = NULL;
        _cleanup_close_ int fd = bench_store();
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

/* Four processes ask for the same key at once; what each got is compared by its SPKI. */
static void at_once(void) {
        enum { COUNT = 4 };
        _cleanup_close_ int fd = bench_store();
        char first[SHA256_HEX_SIZE] = "";
        int pipes[2];

        REQUIRE(fd >= 0 && pipe(pipes) == 0);
        for (int i = 0; i < COUNT; i++) {
                pid_t pid = fork();
                REQUIRE(pid >= 0);
                if (pid == 0) {
                        char spki[SHA256_HEX_SIZE];
                        EVP_PKEY *key = NULL;
                        int own = keystore_open(&bench_paths);

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

TEST_MAIN({ "F-03 one account key per CA, never a second", account_key },
          { "O-06 one key per certificate and attempt, never a second", certificate_key },
          { "C-14 R1.4 key files are 0600 whatever the umask", rights },
          { "F-03 a damaged key is never replaced by a new one", damaged },
          { "R2.9.1 symbolic links are not followed", links },
          { "R1.2 attempt ids are names of files and no paths", names },
          { "C-13 an account key is never a certificate's key", account_key_as_certificate_key },
          { "O-06 processes that ask at once get the same key", at_once },
          { "R-03 a blocked key is used for no certificate", blocked })
