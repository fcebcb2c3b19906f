/* The signer and what root does with certificates from elsewhere: requests, keys that are brought. */

#include <fcntl.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <utime.h>

#include "acme/csr.h"
#include "base/file.h"
#include "signer/blocked.h"
#include "signer/keystore.h"
#include "signer/manual.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

static char *asked(const char *more, const char *member) {
        _cleanup_free_ char *copy = strdup(more); /* perhaps of text() */

        more = copy;
        return answer("ManualRequest", text("{\"certificate\":\"c\",\"create\":true%s}", more),
                      member);
}

static void configure(const char *more) {
        _cleanup_free_ char *file = NULL;

        set_up();
        CHECK_INT(str_printf(&file,
                             "[Certificate]\nNames=www.c.example c.example 9.9.9.9\nCA=none\n%s",
                             more),
                  0);
        write_config("certificates/c.conf", file);
}

static void parsed(const char *csr, CsrInfo *ret, char **ret_subject) {
        _cleanup_(bytes_done) Bytes der = {};
        const char *reason = NULL;

        CHECK_INT(base64url_decode(csr, strlen(csr), &der), 0);
        CHECK_INT(csr_parse(der.data, der.size, ret, &reason), 0);
        const unsigned char *p = der.data;
        X509_REQ *q = d2i_X509_REQ(NULL, &p, (long) der.size);
        *ret_subject = X509_NAME_oneline(X509_REQ_get_subject_name(q), NULL, 0);
        X509_REQ_free(q);
}

static void same(void) {
        _cleanup_(csr_info_done) CsrInfo info = {};
        char *subject = NULL;

        configure("");
        CHECK_STR(error_of("ManualRequest", "{\"certificate\":\"c\",\"create\":false}"),
                  "KeyMissing");
        _cleanup_free_ char *first = asked(",\"subject\":{\"C\":\"DE\",\"O\":\"X\"}", "csr"),
                            *again = asked("", "csr"), *spki = asked("", "spki"),
                            *type = asked("", "keyType");
        CHECK_STR(again, first);
        CHECK_STR(type, "ecdsa-p256");
        parsed(first, &info, &subject);
        CHECK_STR(subject, "/C=DE/O=X/CN=www.c.example"); /* the name that was written first */
        CHECK_INT(info.names.count, 3);
        CHECK_STR(info.spki_sha256, spki);
        OPENSSL_free(subject);
        CHECK_STR(error_of("ManualRequest",
                           "{\"certificate\":\"c\",\"create\":true,\"keyType\":\"rsa-2048\"}"),
                  "Refused");
        _cleanup_free_ char *other = asked(text(",\"keyType\":\"rsa-2048\",\"other\":\"%s\"", spki),
                                           "keyType"),
                            *rsa = asked("", "spki");
        CHECK_STR(other, "rsa-2048");
        CHECK(strcmp(rsa, spki) != 0);
        /* Asked once more for another one than the first: there is one. */
        _cleanup_free_ char *more = asked(text(",\"other\":\"%s\"", spki), "spki");
        CHECK_STR(more, rsa);
}

static void changed(void) {
        _cleanup_(csr_info_done) CsrInfo info = {};
        char *subject = NULL;

        configure("");
        _cleanup_free_ char *first = asked(",\"subject\":{\"O\":\"X\"}", "csr"),
                            *spki = asked("", "spki");
        write_config("certificates/c.conf", "[Certificate]\nNames=c.example\nCA=none\n");
        _cleanup_free_ char *next = asked("", "csr"), *still = asked("", "spki");
        CHECK(strcmp(next, first) != 0);
        CHECK_STR(still, spki); /* the key is no worse for it */
        parsed(next, &info, &subject);
        CHECK_STR(subject, "/O=X/CN=www.c.example"); /* as it was asked for */
        CHECK_INT(info.names.count, 1);
        OPENSSL_free(subject);
}

static void refused(void) {
        static const char *const wrong[] = {
                "{\"certificate\":\"c\"}",
                "{\"certificate\":\"c\",\"create\":true,\"keyType\":\"rsa-1024\"}",
                "{\"certificate\":\"c\",\"create\":true,\"other\":\"../x\"}",
                "{\"certificate\":\"c\",\"create\":true,\"subject\":{\"X\":\"1\"}}",
                "{\"certificate\":\"c\",\"create\":true,\"subject\":{\"C\":1}}",
        };

        configure("");
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                CHECK_STR(error_of("ManualRequest", wrong[i]), "InvalidParameter");
        CHECK_STR(error_of("ManualRequest",
                           "{\"certificate\":\"c\",\"create\":true,\"subject\":{\"C\":\"Germany\"}}"),
                  "Refused");
        CHECK_STR(error_of("ManualRequest", "{\"certificate\":\"x\",\"create\":true}"),
                  "UnknownCertificate");
        _cleanup_(varlink_reply_done) VarlinkReply engine =
                        call_as(64701, "ManualRequest", "{\"certificate\":\"c\",\"create\":true}");
        CHECK_STR(engine.error, "org.varlink.service.PermissionDenied");
}

/* A key without its request is what a crash leaves. */
static void crash(void) {
        _cleanup_(key_freep) EVP_PKEY *made = NULL;
        char spki[SHA256_HEX_SIZE];

        configure("");
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(keystore_certificate(fd, "c", "manual-1", KEY_ECDSA_P256, true, &made), 0);
        CHECK_INT(key_spki_sha256(made, spki), 0);
        _cleanup_free_ char *found = asked("", "spki");
        CHECK_STR(found, spki);
        CHECK_INT(blocked_add(fd, spki), 0);
        _cleanup_free_ char *next = asked("", "spki");
        CHECK(strcmp(next, spki) != 0); /* */
}

static char *grant(EVP_PKEY *key) {
        _cleanup_(bytes_done) Bytes pem = { .secret = true };
        _cleanup_(json_freep) Json *j = json_object_new();
        char *line = NULL;

        CHECK_INT(key_to_pem(key, &pem), 0);
        CHECK_INT(json_set_string(j, "action", "import"), 0);
        CHECK_INT(json_set_string(j, "certificate", "c"), 0);
        CHECK_INT(json_set_string(j, "key", bytes_text(&pem)), 0);
        CHECK_INT(json_to_string(j, &line), 0);
        return line;
}

static bool is_found(const char *spki) {
        _cleanup_(varlink_reply_done) VarlinkReply reply =
                        call_as(geteuid(), "FindKey",
                                text("{\"certificate\":\"c\",\"spki\":\"%s\"}", spki));
        bool found = false;

        CHECK_INT(json_get_bool(reply.parameters, "found", &found), 0);
        return found;
}

static void brought(void) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL, *weak = NULL, *account = NULL;
        char spki[SHA256_HEX_SIZE];

        configure("");
        make_account();
        _cleanup_close_ int fd = keystore_open(&paths);
        REQUIRE(key_generate(KEY_RSA_3072, &key) == 0 && key_spki_sha256(key, spki) == 0);
        _cleanup_free_ char *good = grant(key);
        CHECK(!is_found(spki));
        CHECK_STR(error_of("Grant", good), "");
        CHECK_STR(error_of("Grant", good), "");
        CHECK(is_found(spki));
        _cleanup_close_ int keys = open(state, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        _cleanup_(string_list_done) StringList files = {};
        _cleanup_close_ int dir = openat(keys, "signer/keys/c", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        CHECK_INT(dir_list(dir, &files), 0);
        CHECK_INT(files.count, 1); /* twice is once */

        weak = EVP_RSA_gen(1024);
        _cleanup_free_ char *short_one = grant(weak);
        CHECK_STR(error_of("Grant", short_one), "Refused");
        CHECK_INT(keystore_account(fd, "test", KEY_ECDSA_P256, false, &account), 0);
        _cleanup_free_ char *own = grant(account);
        CHECK_STR(error_of("Grant", own), "Refused"); /* C-13 */
        CHECK_INT(blocked_add(fd, spki), 0);
        CHECK_STR(error_of("Grant", good), "Refused"); /* */
        CHECK(!is_found(spki));
        CHECK_STR(error_of("Grant", "{\"action\":\"import\",\"certificate\":\"c\",\"key\":\"x\"}"),
                  "InvalidParameter");
        _cleanup_(varlink_reply_done) VarlinkReply engine = call_as(64701, "Grant", good);
        CHECK_STR(engine.error, "org.varlink.service.PermissionDenied");
}

/* A CA on paper may take longer than thirty days. */
static void kept(void) {
        const KeystoreKept none = {};
        char path[400];
        size_t removed;

        configure("");
        free(asked("", "spki"));
        _cleanup_close_ int fd = keystore_open(&paths);
        (void) snprintf(path, sizeof path, "%s/signer/keys/c/manual-1.pem", state);
        const struct utimbuf age = { .actime = 1000, .modtime = 1000 };
        REQUIRE(utime(path, &age) == 0);
        CHECK_INT(keystore_prune(fd, "c", &none, 1000 + (int64_t) 399 * SEC_PER_DAY, &removed), 0);
        CHECK_INT(removed, 0);
        CHECK_INT(keystore_prune(fd, "c", &none, 1000 + (int64_t) 401 * SEC_PER_DAY, &removed), 0);
        CHECK_INT(removed, 1);
        _cleanup_free_ char *next = asked("", "spki"); /* and then there is another one */
        CHECK_INT(strlen(next), 64);
}

TEST_MAIN({ "asked again it is the same key and request, unless that key is not wanted", same },
          { "other names make another request for the same key and subject", changed },
          { "only root asks, and for what can be in a request", refused },
          { "the key that a crash left is the request's (F-03), a compromised one never (R-03)",
            crash },
          { "a key that root brings is kept once, if it is any good", brought },
          { "the key of a request is kept for more than a year", kept })
