/* The signer's files: their rights, their places, and what is told when they are damaged. */

#include <sys/stat.h>

#include "signer/keystore.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

/* Below the store; static storage. */
static const char *account_file(void) {
        static char path[120];
        char link[80] = "";
        _cleanup_close_ int fd = keystore_open(&paths);

        CHECK(readlinkat(fd, "accounts/test/current", link, sizeof(link) - 1) > 0);
        (void) snprintf(path, sizeof(path), "accounts/test/%s", link);
        return path;
}

static void account_key_as_certificate_key(void) {
        set_up();
        make_account();
        free(make_csr("1"));
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(linkat(fd, account_file(), fd, "keys/a/2.pem", 0), 0);
        CHECK_STR(error_of("CertificateRequest",
                           "{\"certificate\":\"a\",\"attempt\":\"2\"," NAMES ",\"create\":true}"),
                  "Refused");
        CHECK_STR(error_of("SignFinalize", finalize("a", "2", "AAAA")), "Refused");
        CHECK(strstr(last_warning, "account key"));
}

static void files(void) {
        struct stat st = {};

        set_up();
        mode_t before = umask(0);
        make_account();
        free(make_csr("1"));
        (void) umask(before);
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(fstatat(fd, account_file(), &st, 0), 0);
        CHECK_INT(st.st_mode & 07777, 0600);
        CHECK_INT(fstatat(fd, "keys/a/1.pem", &st, 0), 0);
        CHECK_INT(st.st_mode & 07777, 0600);
        CHECK_INT(fstat(fd, &st), 0);
        CHECK_INT(st.st_mode & 07777, 0700);
}

static void storage(void) {
        set_up();
        make_account();
        char path[400];
        (void) snprintf(path, sizeof(path), "%s/signer/%s", state, account_file());
        CHECK_INT(truncate(path, 0), 0);
        CHECK_STR(error_of("Account", "{\"ca\":\"test\"}"), "Storage");
        CHECK_STR(error_of("SignPostAsGet", "{" REQUEST "}"), "Storage");
        (void) snprintf(state, sizeof(state), "%s/no/such/place", paths.runtime);
        CHECK_STR(error_of("Account", "{\"ca\":\"test\"}"), "Storage");
        CHECK_STR(error_of("Prune", "{\"certificate\":\"a\"}"), "Storage");
}

TEST_MAIN({ "C-13 an account key is never a certificate's key", account_key_as_certificate_key },
          { "C-14 R1.4 key files are 0600", files },
          { "a damaged or missing store is told", storage })
