#include <fcntl.h>
#include <sys/stat.h>

#include "base/strings.h"
#include "signer/keystore.h"
#include "tests/unit/test.h"

static Paths paths;

static int fresh_store(void) {
        paths = (Paths){ .state = test_directory() };
        int fd = keystore_open(&paths);

        CHECK(fd >= 0);
        return fd;
}

/* Of the attempt's key; "" if there is none. Static: two calls share it. */
static const char *spki_of(int fd, const char *attempt) {
        static char spki[4][SHA256_HEX_SIZE];
        static unsigned next;
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        char *ret = spki[next++ % ELEMENTSOF(spki)];

        ret[0] = 0;
        if (keystore_certificate(fd, "a", attempt, KEY_ECDSA_P256, false, &key) >= 0)
                CHECK_INT(key_spki_sha256(key, ret), 0);
        return ret;
}

static void make(int fd, const char *attempt, KeyType type) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;

        CHECK_INT(keystore_certificate(fd, "a", attempt, type, true, &key), 0);
}

static void reused(void) {
        _cleanup_close_ int fd = fresh_store();
        char live[SHA256_HEX_SIZE];
        struct stat st;

        make(fd, "1", KEY_ECDSA_P256);
        (void) snprintf(live, sizeof live, "%s", spki_of(fd, "1"));
        CHECK_INT(keystore_reuse(fd, "a", "2", KEY_ECDSA_P256, live), 0);
        make(fd, "2", KEY_ECDSA_P256);
        CHECK_STR(spki_of(fd, "2"), live);
        CHECK_INT(fstatat(fd, "keys/a/2.pem", &st, 0), 0);
        CHECK_INT(st.st_mode & 07777, 0600);
        CHECK_INT(keystore_reuse(fd, "a", "2", KEY_ECDSA_P256, live), 0); /* twice */
        CHECK_STR(spki_of(fd, "2"), live);
}

static void not_there(void) {
        _cleanup_close_ int fd = fresh_store();
        char other[SHA256_HEX_SIZE], before[SHA256_HEX_SIZE];

        memset(other, 'a', sizeof other);
        other[SHA256_HEX_SIZE - 1] = 0;
        CHECK_INT(keystore_reuse(fd, "a", "2", KEY_ECDSA_P256, other), 0); /* nothing at all */
        make(fd, "1", KEY_ECDSA_P256);
        CHECK_INT(keystore_reuse(fd, "a", "2", KEY_ECDSA_P256, other), 0);
        CHECK_STR(spki_of(fd, "2"), "");
        (void) snprintf(before, sizeof before, "%s", spki_of(fd, "1"));
        make(fd, "2", KEY_ECDSA_P256);
        CHECK(strcmp(spki_of(fd, "2"), before) != 0);
        /* an attempt that has a key keeps it */
        (void) snprintf(other, sizeof other, "%s", spki_of(fd, "2"));
        CHECK_INT(keystore_reuse(fd, "a", "2", KEY_ECDSA_P256, before), 0);
        CHECK_STR(spki_of(fd, "2"), other);
        CHECK_INT(keystore_reuse(fd, "a", "../2", KEY_ECDSA_P256, before), -EINVAL);
}

static void other_kind(void) {
        _cleanup_close_ int fd = fresh_store();

        make(fd, "1", KEY_ECDSA_P256);
        CHECK_INT(keystore_reuse(fd, "a", "2", KEY_ECDSA_P384, spki_of(fd, "1")), 0);
        CHECK_STR(spki_of(fd, "2"), "");
}

static void retired(void) {
        _cleanup_close_ int fd = fresh_store();
        char live[SHA256_HEX_SIZE];
        size_t removed = 0;

        make(fd, "1", KEY_ECDSA_P256);
        (void) snprintf(live, sizeof live, "%s", spki_of(fd, "1"));
        CHECK_INT(keystore_retire(fd, "a", live), 0);
        CHECK_INT(keystore_retire(fd, "a", live), 0);
        CHECK_INT(keystore_reuse(fd, "a", "2", KEY_ECDSA_P256, live), 0);
        CHECK_STR(spki_of(fd, "2"), "");
        /* also when the key itself was removed as old, and came back */
        CHECK_INT(keystore_prune(fd, "a", &(KeystoreKept){}, INT64_MAX, &removed), 0);
        CHECK_INT(removed, 1);
        CHECK_INT(faccessat(fd, "keys/a", F_OK, 0), 0);
        make(fd, "3", KEY_ECDSA_P256);
        CHECK_INT(keystore_retire(fd, "a", spki_of(fd, "3")), 0);
        CHECK_INT(keystore_reuse(fd, "a", "4", KEY_ECDSA_P256, spki_of(fd, "3")), 0);
        CHECK_STR(spki_of(fd, "4"), "");
        CHECK_INT(keystore_retire(fd, "never", live), 0); /* before any key */
}

TEST_MAIN({ "O-05 a renewal gets the live key", reused },
          { "O-05 without that key a new one is made", not_there },
          { "O-05 a key of another kind is not kept", other_kind },
          { "O-05 a retired key is never used again", retired })
