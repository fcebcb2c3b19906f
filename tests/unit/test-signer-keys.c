/* The signer and the keys of certificates: made, kept and pruned ones, those of others, twins, and large requests. */

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "acme/csr.h"
#include "acme/jws.h"
#include "base/file.h"
#include "signer/keystore.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

#define C_NAMES "\"names\":[\"c.example.org\"]"

static char *spki_of(const char *certificate, const char *attempt, const char *more) {
        return answer("CertificateRequest",
                      text("{\"certificate\":\"%s\",\"attempt\":\"%s\"," C_NAMES
                           ",\"create\":true%s}",
                           certificate, attempt, more),
                      "spki");
}

static char *reuse_of(const char *certificate, const char *attempt, const char *spki) {
        _cleanup_free_ char *more = NULL;

        CHECK_INT(str_printf(&more, ",\"reuse\":\"%s\"", spki), 0);
        return spki_of(certificate, attempt, more);
}

static void reuse(void) {
        set_up();
        write_config("certificates/c.conf", "[Certificate]\nNames=c.example.org\nReuseKey=yes\n");
        write_config("certificates/d.conf", "[Certificate]\nNames=c.example.org\n");
        _cleanup_free_ char *first = spki_of("c", "1", ""), *again = reuse_of("c", "2", first);
        _cleanup_free_ char *third = spki_of("c", "3", ""), *own = spki_of("d", "1", "");
        _cleanup_free_ char *not_asked = reuse_of("d", "2", own);
        _cleanup_free_ char *of_other = reuse_of("c", "5", own);

        CHECK_STR(again, first);
        CHECK(strcmp(third, first) != 0);   /* the engine does not want it */
        CHECK(strcmp(not_asked, own) != 0); /* the configuration does not */
        CHECK(strcmp(of_other, own) != 0);  /* the key of another certificate */
        CHECK_STR(error_of("CertificateRequest", "{\"certificate\":\"c\",\"attempt\":\"6\"," C_NAMES
                                                 ",\"create\":true,\"reuse\":\"../1\"}"),
                  "InvalidParameter");
}

static void retire(void) {
        set_up();
        write_config("certificates/c.conf", "[Certificate]\nNames=c.example.org\nReuseKey=yes\n");
        _cleanup_free_ char *first = spki_of("c", "1", "");
        CHECK_STR(error_of("RetireKey", text("{\"certificate\":\"c\",\"spki\":\"%s\"}", first)),
                  "");
        _cleanup_free_ char *next = reuse_of("c", "2", first);

        CHECK(strcmp(next, first) != 0);
        CHECK_STR(error_of("RetireKey", "{\"certificate\":\"c\",\"spki\":\"x\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("RetireKey", text("{\"certificate\":\"../c\",\"spki\":\"%s\"}", first)),
                  "InvalidParameter");
        _cleanup_(varlink_reply_done) VarlinkReply foreign = call_as(
                        54321, "RetireKey", text("{\"certificate\":\"c\",\"spki\":\"%s\"}", next));
        CHECK_STR(foreign.error, "org.varlink.service.PermissionDenied");
}

static void twins(void) {
        _cleanup_(key_freep) EVP_PKEY *one = NULL, *other = NULL;

        set_up();
        write_config("certificates/c.conf",
                     "[Certificate]\nNames=c.example.org\nKeyType=ed25519 rsa-3072\n");
        free(spki_of("c", "1", ""));
        free(spki_of("c.rsa-3072", "1", ""));
        _cleanup_close_ int fd = keystore_open(&paths);
        REQUIRE(keystore_certificate(fd, "c", "1", KEY_ECDSA_P256, false, &one) == 0);
        REQUIRE(keystore_certificate(fd, "c.rsa-3072", "1", KEY_ECDSA_P256, false, &other) == 0);
        CHECK_INT(key_type_of(one), KEY_ED25519);
        CHECK_INT(key_type_of(other), KEY_RSA_3072);
        CHECK_STR(error_of("CertificateRequest",
                           "{\"certificate\":\"c.rsa-2048\",\"attempt\":\"1\"," C_NAMES
                           ",\"create\":true}"),
                  "UnknownCertificate");
}

static void put_request(EVP_PKEY *key, const char *name, char **ret_base64url) {
        static const FileRights rights = { 0644, (uid_t) -1, (gid_t) -1 };
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(bytes_done) Bytes der = {};
        _cleanup_close_ int fd = dir_open(paths.config);

        CHECK_INT(string_list_add(&names, "c.example.org"), 0);
        CHECK_INT(csr_build(key, &names, &der), 0);
        CHECK_INT(file_replace_at(fd, name, der.data, der.size, rights), 0);
        CHECK_INT(base64url_encode(der.data, der.size, ret_base64url), 0);
}

static void configure_request(void) {
        char lines[500];

        (void) snprintf(lines, sizeof lines, "[Certificate]\nCertificateRequest=%s/own.csr\n",
                        paths.config);
        write_config("certificates/c.conf", lines);
}

static void own_request(void) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL, *foreign = NULL;
        _cleanup_free_ char *own = NULL, *other = NULL, *expected = NULL;
        char spki[SHA256_HEX_SIZE];

        set_up();
        make_account();
        REQUIRE(key_generate(KEY_RSA_2048, &key) == 0 && key_generate(KEY_RSA_2048, &foreign) == 0);
        put_request(key, "own.csr", &own);
        put_request(foreign, "other.csr", &other);
        configure_request();
        _cleanup_free_ char *given = spki_of("c", "1", "");
        CHECK_INT(key_spki_sha256(key, spki), 0);
        CHECK_STR(given, spki);
        _cleanup_free_ char *csr = answer(
                        "CertificateRequest",
                        "{\"certificate\":\"c\",\"attempt\":\"1\"," C_NAMES ",\"create\":false}",
                        "csr");
        CHECK_STR(csr, own);
        _cleanup_free_ char *body = answer("SignFinalize", finalize("c", "1", own), "body");
        _cleanup_free_ char *payload = part(body, "payload");
        CHECK_INT(str_printf(&expected, "{\"csr\":\"%s\"}", own), 0);
        CHECK_STR(payload, expected);
        CHECK_STR(error_of("SignFinalize", finalize("c", "1", other)), "Refused");
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(faccessat(fd, "keys", F_OK, 0), -1); /* no key was made */
}

static void request_for_account_key(void) {
        _cleanup_(key_freep) EVP_PKEY *account = NULL;
        _cleanup_free_ char *csr = NULL;

        set_up();
        make_account();
        _cleanup_close_ int fd = keystore_open(&paths);
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, false, &account) == 0);
        put_request(account, "own.csr", &csr);
        configure_request();
        CHECK_STR(error_of("CertificateRequest",
                           "{\"certificate\":\"c\",\"attempt\":\"1\"," C_NAMES ",\"create\":true}"),
                  "Refused");
}

static void large(void) {
        static const char *const types[] = { "ecdsa-p256", "rsa-4096" };
        _cleanup_(bytes_done) Bytes names = {}, list = {};

        set_up();
        for (unsigned i = 0; i < 100; i++) {
                char name[254];

                (void) snprintf(name, sizeof name, "%063u.%063u.%063u.%049u.example.org", i, i, i,
                                i);
                CHECK_INT(strlen(name), 253);
                CHECK_INT(bytes_printf(&names, "%s%s", i ? " " : "", name), 0);
                CHECK_INT(bytes_printf(&list, "%s\"%s\"", i ? "," : "", name), 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                _cleanup_free_ char *lines = NULL, *ca = NULL;

                CHECK_INT(str_printf(&ca,
                                     "[CA]\nDirectory=https://ca.example/dir\nAccountKeyType=%s\n",
                                     types[i]),
                          0);
                CHECK_INT(str_printf(&lines, "[Certificate]\nNames=%s\nKeyType=%s\nCA=large%zu\n",
                                     bytes_text(&names), types[i], i),
                          0);
                write_config(text("ca/large%zu.conf", i), ca);
                write_config("certificates/c.conf", lines);
                free(answer("Account", text("{\"ca\":\"large%zu\"}", i), "thumbprint"));
                _cleanup_free_ char *request = NULL;
                CHECK_INT(str_printf(&request,
                                     "\"request\":{\"ca\":\"large%zu\",\"url\":\"" URL
                                     "\",\"nonce\":\"" NONCE "\",\"kid\":\"" KID "\"}",
                                     i),
                          0);
                _cleanup_free_ char *order =
                                answer("SignNewOrder",
                                       text("{%s,\"certificate\":\"c\",\"names\":[%s]}", request,
                                            bytes_text(&list)),
                                       "body");
                _cleanup_free_ char *csr = answer(
                                "CertificateRequest",
                                text("{\"certificate\":\"c\",\"attempt\":\"%zu\",\"names\":[%s],"
                                     "\"create\":true}",
                                     i, bytes_text(&list)),
                                "csr");
                _cleanup_free_ char *last = answer(
                                "SignFinalize",
                                text("{%s,\"certificate\":\"c\",\"attempt\":\"%zu\",\"csr\":\"%s\"}",
                                     request, i, csr),
                                "body");
                printf("# %s: newOrder has %zu octets, finalize %zu\n", types[i], strlen(order),
                       strlen(last));
                CHECK(strlen(order) > 25000 && strlen(order) < JWS_BODY_MAX);
                CHECK(strlen(last) > 25000 && strlen(last) < JWS_BODY_MAX);
        }
}

static void same_key(void) {
        set_up();
        const char *create = "{\"certificate\":\"a\",\"attempt\":\"20270103-120000-1f3a\"," NAMES
                             ",\"create\":true}";
        const char *find = "{\"certificate\":\"a\",\"attempt\":\"20270103-120000-1f3a\"," NAMES
                           ",\"create\":false}";
        const char *next = "{\"certificate\":\"a\",\"attempt\":\"20270104-120000-1f3a\"," NAMES
                           ",\"create\":true}";
        CHECK_STR(error_of("CertificateRequest", find), "KeyMissing");
        _cleanup_free_ char *first = answer("CertificateRequest", create, "spki");
        _cleanup_free_ char *again = answer("CertificateRequest", create, "spki");
        _cleanup_free_ char *found = answer("CertificateRequest", find, "spki");
        _cleanup_free_ char *other = answer("CertificateRequest", next, "spki");

        CHECK_STR(first, again);
        CHECK_STR(first, found);
        CHECK(strcmp(first, other) != 0);
}

static void key_type(void) {
        _cleanup_(key_freep) EVP_PKEY *a = NULL, *b = NULL;

        set_up();
        free(make_csr("1"));
        free(answer("CertificateRequest",
                    "{\"certificate\":\"b\",\"attempt\":\"1\",\"names\":[\"c.example.org\"],\"create\":true}",
                    "csr"));
        _cleanup_close_ int fd = keystore_open(&paths);
        REQUIRE(keystore_certificate(fd, "a", "1", KEY_RSA_4096, false, &a) == 0);
        REQUIRE(keystore_certificate(fd, "b", "1", KEY_RSA_4096, false, &b) == 0);
        CHECK_INT(key_type_of(a), KEY_ECDSA_P256);
        CHECK_INT(key_type_of(b), KEY_RSA_2048);
}

static void attempts(void) {
        static const char *const bad[] = { "", "../1", "A", "1.pem", "a/b" };

        set_up();
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_STR(error_of("CertificateRequest",
                                   text("{\"certificate\":\"a\",\"attempt\":\"%s\"," NAMES
                                        ",\"create\":true}",
                                        bad[i])),
                          "InvalidParameter");
        CHECK_STR(error_of("CertificateRequest",
                           "{\"certificate\":\"a\",\"attempt\":\"1\"," NAMES "}"),
                  "InvalidParameter");
}

static void prune(void) {
        struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

        set_up();
        free(make_csr("1"));
        free(make_csr("2"));
        free(make_csr("3"));
        _cleanup_free_ char *live = answer(
                        "CertificateRequest",
                        "{\"certificate\":\"a\",\"attempt\":\"2\"," NAMES ",\"create\":false}",
                        "spki");
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(utimensat(fd, "keys/a/1.pem", old, 0), 0);
        CHECK_INT(utimensat(fd, "keys/a/2.pem", old, 0), 0);
        CHECK_INT(utimensat(fd, "keys/a/3.pem", old, 0), 0);
        _cleanup_(varlink_reply_done) VarlinkReply reply = call_as(
                        geteuid(), "Prune",
                        text("{\"certificate\":\"a\",\"spki\":\"%s\",\"attempt\":\"3\"}", live));
        int64_t removed = -1;
        CHECK_INT(json_get_int64(reply.parameters, "removed", &removed), 0);
        CHECK_INT(removed, 1);
        CHECK_INT(faccessat(fd, "keys/a/1.pem", F_OK, 0), -1);
        CHECK_INT(faccessat(fd, "keys/a/2.pem", F_OK, 0), 0);
        CHECK_INT(faccessat(fd, "keys/a/3.pem", F_OK, 0), 0);
        CHECK_STR(error_of("Prune", "{\"certificate\":\"a\",\"spki\":\"xyz\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("Prune", "{\"certificate\":\"a\",\"attempt\":\"../x\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("Prune", "{\"certificate\":\"../accounts\"}"), "InvalidParameter");
        CHECK_STR(error_of("Prune", "{\"certificate\":\"gone\"}"), "");
}

TEST_MAIN({ "O-05 ReuseKey= keeps the live key, and nothing else does", reuse },
          { "O-05 a retired key is not kept", retire },
          { "H-10 twins have their own keys, each of its type", twins },
          { "R2.7.5 finalize is signed for the configured request, byte for byte", own_request },
          { "C-13 a configured request for an account's key is refused", request_for_account_key },
          { "C-15 100 names of 253 octets stay below 50000", large },
          { "O-06 the same certificate and attempt give the same key", same_key },
          { "O-05 the key is of the configured type", key_type },
          { "R1.2 attempt ids are checked", attempts },
          { "Prune keeps what is named", prune })
