/* Accounts as the signer keeps them: made, bound, changed and given up, each with its grant. */

#include <fcntl.h>
#include <sys/stat.h>

#include "acme/jwk.h"
#include "base/file.h"
#include "signer/keystore.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

static void account(void) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_free_ char *expected = NULL;

        set_up();
        _cleanup_free_ char *first = answer("Account", "{\"ca\":\"test\"}", "thumbprint");
        _cleanup_free_ char *again = answer("Account", "{\"ca\":\"test\"}", "thumbprint");
        _cleanup_free_ char *other = answer("Account", "{\"ca\":\"other\"}", "thumbprint");
        _cleanup_free_ char *algorithm = answer("Account", "{\"ca\":\"test\"}", "algorithm");
        _cleanup_close_ int fd = keystore_open(&paths);

        CHECK_STR(first, again);
        CHECK(strcmp(first, other) != 0);
        CHECK_STR(algorithm, "ES256");
        REQUIRE(keystore_account(fd, "test", KEY_ECDSA_P256, false, &key) == 0);
        CHECK_INT(jwk_thumbprint(key, &expected), 0);
        CHECK_STR(first, expected);
        CHECK_STR(error_of("Account", "{\"ca\":\"nobody\"}"), "UnknownCa");
        CHECK_STR(error_of("Account", "{\"ca\":\"../test\"}"), "UnknownCa");
        CHECK_STR(error_of("Account", "{}"), "InvalidParameter");
}

static void new_account(void) {
        set_up();
        _cleanup_free_ char *body = answer("SignNewAccount", "{" REQUEST_NO_KID "}", "body");
        _cleanup_free_ char *payload = part(body, "payload"), *protected = part(body, "protected");
        _cleanup_free_ char *find =
                        answer("SignNewAccount", "{" REQUEST_NO_KID ",\"onlyReturnExisting\":true}",
                               "body");
        _cleanup_free_ char *find_payload = part(find, "payload");

        CHECK_STR(payload,
                  "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:admin@example.org\"]}");
        CHECK_STR(find_payload, "{\"onlyReturnExisting\":true}");
        CHECK(strstr(protected, "\"jwk\":{"));
        CHECK(!strstr(protected, "\"kid\""));
        CHECK(strstr(protected, "\"url\":\"" URL "\""));
        CHECK(strstr(protected, "\"nonce\":\"" NONCE "\""));
        CHECK_STR(error_of("SignNewAccount", "{" REQUEST "}"), "InvalidParameter");
        CHECK_STR(error_of("SignNewAccount", "{" REQUEST_NO_KID ",\"onlyReturnExisting\":1}"),
                  "InvalidParameter");
}

static void terms(void) {
        set_up();
        const char *parameters =
                        "{\"request\":{\"ca\":\"other\",\"url\":\"https://other.example/a\",\"nonce\":\"" NONCE
                        "\"}}";
        CHECK_STR(error_of("SignNewAccount", parameters), "NotConfigured");
        CHECK(strstr(last_warning, "AgreeToTerms"));
        CHECK_STR(error_of("SignNewAccount",
                           "{\"onlyReturnExisting\":true,\"request\":{\"ca\":\"other\","
                           "\"url\":\"https://other.example/a\",\"nonce\":\"" NONCE "\"}}"),
                  "");
}

static const char eab[] = "kid=kid-1\nhmac=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";

static void write_credential(const char *name, const char *text) {
        static const FileRights rights = { 0600, (uid_t) -1, (gid_t) -1 };

        (void) snprintf(credentials, sizeof(credentials), "%s/credentials", test_root);
        (void) mkdir(credentials, 0700);
        _cleanup_close_ int fd = dir_open(credentials);
        CHECK_INT(file_replace_at(fd, name, text, strlen(text), rights), 0);
}

static void external_account(void) {
        set_up();
        write_credential("eab_test", eab);
        _cleanup_free_ char *kid = answer("Account", "{\"ca\":\"test\"}", "externalAccount");
        _cleanup_free_ char *body = answer("SignNewAccount", "{" REQUEST_NO_KID "}", "body");
        _cleanup_free_ char *payload = part(body, "payload"), *find = NULL, *other = NULL;

        CHECK_STR(kid, "kid-1");
        CHECK(strstr(payload, "\"externalAccountBinding\":{\"protected\":\"eyJhbGciOiJIUzI1NiIs"));
        find = answer("SignNewAccount", "{" REQUEST_NO_KID ",\"onlyReturnExisting\":true}", "body");
        other = part(find, "payload");
        CHECK_STR(other, "{\"onlyReturnExisting\":true}");
        CHECK(!strstr(last_warning, "AAEC"));
}

static void external_account_named(void) {
        set_up();
        write_credential("eab_other-name", eab);
        write_config("ca/test.conf",
                     "[CA]\nDirectory=https://ca.example/dir\nExternalAccount=other-name\n");
        _cleanup_free_ char *kid = answer("Account", "{\"ca\":\"test\"}", "externalAccount");

        CHECK_STR(kid, "kid-1");
}

static void external_account_handed_in(void) {
        set_up();
        write_credential("file", eab);
        _cleanup_close_ int dir_fd = dir_open(credentials);
        _cleanup_close_ int fd = openat(dir_fd, "file", O_RDONLY | O_CLOEXEC);
        char name[] = "eab_test";

        credentials[0] = '\0';
        handed = (ListenSocket){ .fd = fd, .name = name };
        for (int i = 0; i < 2; i++) { /* read twice from one descriptor */
                _cleanup_free_ char *kid =
                                answer("Account", "{\"ca\":\"test\"}", "externalAccount");

                CHECK_STR(kid, "kid-1");
        }
}

static void external_account_damaged(void) {
        set_up();
        write_credential("eab_test", "kid=x\nhmac=\n");
        _cleanup_free_ char *why = answer("Account", "{\"ca\":\"test\"}", "externalAccountError");

        CHECK(strstr(why, "hmac="));
        CHECK_STR(error_of("SignNewAccount", "{" REQUEST_NO_KID "}"), "NotConfigured");
        CHECK_STR(error_of("SignNewAccount", "{" REQUEST_NO_KID ",\"onlyReturnExisting\":true}"),
                  "");
}

static void account_update(void) {
        set_up();
        make_account();
        _cleanup_free_ char *both = payload_of(
                        "SignAccountUpdate", "{" REQUEST ",\"contact\":true,\"termsAgreed\":true}");
        CHECK_STR(both,
                  "{\"contact\":[\"mailto:admin@example.org\"],\"termsOfServiceAgreed\":true}");
        write_config("ca/test.conf", "[CA]\nDirectory=https://ca.example/dir\nContact=\n");
        _cleanup_free_ char *none =
                        payload_of("SignAccountUpdate", "{" REQUEST ",\"contact\":true}");
        CHECK_STR(none, "{\"contact\":[]}");
        CHECK_STR(error_of("SignAccountUpdate", "{" REQUEST "}"), "InvalidParameter");
        write_config("ca/test.conf",
                     "[CA]\nDirectory=https://ca.example/dir\nAgreeToTerms=no\nContact=a@b.c d@e.f\n");
        CHECK_STR(error_of("SignAccountUpdate", "{" REQUEST ",\"termsAgreed\":true}"),
                  "NotConfigured");
        _cleanup_free_ char *two =
                        payload_of("SignAccountUpdate", "{" REQUEST ",\"contact\":true}");
        CHECK_STR(two, "{\"contact\":[\"mailto:a@b.c\",\"mailto:d@e.f\"]}");
}

static void key_change(void) {
        set_up();
        make_account();
        _cleanup_free_ char *old = answer("Account", "{\"ca\":\"test\"}", "thumbprint");
        CHECK_STR(error_of("PrepareAccountKey", "{\"ca\":\"test\"}"), "NotGranted");
        CHECK_STR(error_of("SignKeyChange", "{" REQUEST "}"), "KeyMissing");
        CHECK_STR(error_of("SignPostAsGet", "{" REQUEST ",\"pending\":true}"), "KeyMissing");
        CHECK_STR(error_of("Grant", "{\"action\":\"rollover\",\"ca\":\"test\"}"), "");
        _cleanup_free_ char *new = answer("PrepareAccountKey", "{\"ca\":\"test\"}", "thumbprint");
        _cleanup_free_ char *again = answer("PrepareAccountKey", "{\"ca\":\"test\"}", "thumbprint");
        _cleanup_free_ char *pending = answer("Account", "{\"ca\":\"test\"}", "pending");
        CHECK_STR(again, new);
        CHECK_STR(pending, new);
        CHECK(!str_equal(new, old));

        _cleanup_free_ char *body = answer("SignKeyChange", "{" REQUEST "}", "body");
        _cleanup_free_ char *outer = part(body, "protected"), *inner = part(body, "payload");
        _cleanup_free_ char *header = part(inner, "protected"), *payload = part(inner, "payload");
        CHECK(strstr(outer, "\"kid\":\"" KID "\""));
        CHECK(strstr(header, "\"jwk\":{") && strstr(header, "\"url\":\"" URL "\""));
        CHECK(!strstr(header, "nonce") && !strstr(header, "kid"));
        CHECK(strstr(payload, "{\"account\":\"" KID "\",\"oldKey\":{"));

        char *promote = strdup(text("{\"ca\":\"test\",\"thumbprint\":\"%s\"}", new));
        CHECK_STR(error_of("PromoteAccountKey", "{\"ca\":\"test\",\"thumbprint\":\"AAAA\"}"),
                  "KeyMissing");
        CHECK_STR(error_of("PromoteAccountKey", promote), "");
        CHECK_STR(error_of("PromoteAccountKey", promote), "");
        free(promote);
        _cleanup_free_ char *now = answer("Account", "{\"ca\":\"test\"}", "thumbprint");
        CHECK_STR(now, new);
        CHECK_STR(error_of("PrepareAccountKey", "{\"ca\":\"test\"}"), "NotGranted"); /* once */
}

static void deactivation(void) {
        set_up();
        make_account();
        CHECK_STR(error_of("SignDeactivate", "{" REQUEST "}"), "NotGranted");
        CHECK_STR(error_of("Grant", "{\"action\":\"deactivate\",\"ca\":\"other\"}"), "");
        CHECK_STR(error_of("SignDeactivate", "{" REQUEST "}"), "NotGranted");
        CHECK_STR(error_of("Grant", "{\"action\":\"deactivate\",\"ca\":\"test\"}"), "");
        _cleanup_free_ char *payload = payload_of("SignDeactivate", "{" REQUEST "}");
        CHECK_STR(payload, "{\"status\":\"deactivated\"}");
        CHECK_STR(error_of("ReplaceAccountKey", "{\"ca\":\"test\"}"), "NotGranted");
        CHECK_STR(error_of("Grant", "{\"action\":\"new-key\",\"ca\":\"test\"}"), "");
        CHECK_STR(error_of("ReplaceAccountKey", "{\"ca\":\"test\"}"), "");
        CHECK_STR(error_of("ReplaceAccountKey", "{\"ca\":\"test\"}"), "NotGranted");
}

static void who_may_grant(void) {
        static const char grant[] = "{\"action\":\"deactivate\",\"ca\":\"test\"}";
        _cleanup_(varlink_reply_done) VarlinkReply reply = call_as(64999, "Grant", grant);

        set_up();
        CHECK_STR(reply.error, "org.varlink.service.PermissionDenied");
        CHECK_STR(error_of("Grant", "{\"action\":\"delete\",\"ca\":\"test\"}"), "InvalidParameter");
        CHECK_STR(error_of("Grant", "{\"action\":\"revoke\",\"certificate\":\"a\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("Grant", "{\"action\":\"rollover\",\"ca\":\"test\",\"key\":\"x\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("Grant", "{\"action\":\"rollover\",\"ca\":\"nobody\"}"), "UnknownCa");
}

TEST_MAIN({ "F-03 Account answers with the same key", account },
          { "F-01 C-04 newAccount has e-mail, agreement and jwk", new_account },
          { "F-04 without agreement nothing is agreed to", terms },
          { "G-01 a new account is bound by the credential", external_account },
          { "ExternalAccount= names another credential", external_account_named },
          { "G-06 the credential may be handed in as a descriptor", external_account_handed_in },
          { "G-03 a credential that cannot be used is told, and nothing is signed",
            external_account_damaged },
          { "F-08 an update has what changes, and is never empty", account_update },
          { "F-11 key change: granted, inner and outer, promoted", key_change },
          { "F-10 deactivation needs its grant", deactivation },
          { "only root grants, and only what there is", who_may_grant })
