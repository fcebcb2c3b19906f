/* Grants: what root allows the engine once. */

#include "signer/grant.h"
#include "tests/unit/keystore-bench.h"
#include "tests/unit/test.h"

static void grants(void) {
        const Grant g = { .action = GRANT_DEACTIVATE, .name = "test" };
        const Grant other = { .action = GRANT_DEACTIVATE, .name = "other" };
        _cleanup_close_ int fd = bench_store();

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
        _cleanup_close_ int fd = bench_store();

        CHECK_INT(grant_give(fd, &g, NULL, NOW), 0);
        CHECK_INT(grant_use(fd, &other, "u", "p", NOW), -EPERM);
        CHECK_INT(grant_use(fd, &g, "u", "p", NOW), 0);
}

static void grant_with_key(void) {
        const Grant g = { .action = GRANT_ROLLOVER, .name = "test" };
        _cleanup_(key_freep) EVP_PKEY *key = NULL, *back = NULL;
        _cleanup_(bytes_done) Bytes pem = { .secret = true };
        _cleanup_close_ int fd = bench_store();

        REQUIRE(key_generate(KEY_ECDSA_P256, &key) == 0 && key_to_pem(key, &pem) == 0);
        CHECK_INT(grant_check(fd, &g, NOW, &back), -EPERM);
        CHECK_INT(grant_give(fd, &g, bytes_text(&pem), NOW), 0);
        REQUIRE(grant_check(fd, &g, NOW + 600, &back) == 0);
        CHECK_INT(EVP_PKEY_eq(key, back), 1);
        CHECK_INT(bench_mode_of(fd, "grants"), 0700);
        CHECK_INT(bench_mode_of(fd, "grants/rollover.test"), 0600);
}

TEST_MAIN({ "a grant lives ten minutes and is for one request", grants },
          { "a grant to revoke is for one certificate", grant_of_leaf },
          { "a grant to roll over may bring the key", grant_with_key })
