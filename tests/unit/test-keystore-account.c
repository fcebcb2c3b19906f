/* Account keys that follow one another. */

#include <fcntl.h>

#include "acme/jwk.h"
#include "base/file.h"
#include "signer/keystore.h"
#include "tests/unit/keystore-bench.h"
#include "tests/unit/test.h"

static void migration(void) {
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *again = NULL;
        _cleanup_close_ int fd = bench_store();

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &made) == 0);
        CHECK_INT(renameat(fd, bench_account_file(fd), fd, "accounts/test/key.pem"), 0);
        CHECK_INT(unlinkat(fd, "accounts/test/current", 0), 0);
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, false, &again) == 0);
        CHECK_INT(EVP_PKEY_eq(made, again), 1);
        CHECK_INT(faccessat(fd, "accounts/test/key.pem", F_OK, 0), -1);
        CHECK_INT(faccessat(fd, bench_account_file(fd), F_OK, 0), 0);
}

/* Cut between the key and its link; and a backup without links. */
static void link_lost(void) {
        _cleanup_(key_freep) EVP_PKEY *made = NULL, *again = NULL, *none = NULL, *pending = NULL;
        _cleanup_close_ int fd = bench_store();

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
        _cleanup_close_ int fd = bench_store();

        CHECK_INT(keystore_account_prepare(fd, "test", KEY_ECDSA_P256, NULL, &none), -ENOKEY);
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &old) == 0);
        before = strdup(bench_account_file(fd));
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
        _cleanup_close_ int fd = bench_store(), dir_fd = -1;
        char link[80] = "";

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &old) == 0);
        before = strdup(bench_account_file(fd));
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
        _cleanup_close_ int fd = bench_store();

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
        _cleanup_close_ int fd = bench_store();

        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, true, &old) == 0);
        REQUIRE(keystore_account_replace(fd, "test", KEY_ECDSA_P384, &new) == 0);
        CHECK(is_current(fd, new));
        CHECK_INT(keystore_is_account_key(fd, old), 1);
}

TEST_MAIN({ "accounts/CA/key.pem of before becomes THUMBPRINT.pem", migration },
          { "F-03 a lost link makes no second key", link_lost },
          { "F-12 rollover: pending, promoted, the old one destroyed and remembered (C-13)",
            rollover },
          { "Y-06 a promotion that was cut off ends at the next call", promotion_cut },
          { "F-13 an abandoned rollover leaves the old key", rollover_abandoned },
          { "F-10 another key for another account", replaced })
