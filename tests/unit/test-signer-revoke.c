/* What the signer lets be revoked, and what becomes of the key. */

#include <openssl/x509.h>
#include <time.h>

#include "signer/keystore.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

/* A self-signed certificate of the key of attempt 1: its DER as base64url, and its SHA-256. */
static char *make_leaf(const char *certificate, char sha256[SHA256_HEX_SIZE]) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_close_ int fd = keystore_open(&paths);
        _cleanup_free_ char *hex = NULL;
        unsigned char octets[EVP_MAX_MD_SIZE], *der = NULL;
        X509 *x = X509_new();
        char *encoded = NULL;
        size_t size;

        CHECK_INT(keystore_certificate(fd, certificate, "1", KEY_ECDSA_P256, false, &key), 0);
        (void) X509_gmtime_adj(X509_getm_notBefore(x), 0);
        (void) X509_gmtime_adj(X509_getm_notAfter(x), 100);
        (void) X509_set_pubkey(x, key);
        CHECK(X509_sign(x, key, EVP_sha256()) > 0);
        int n = i2d_X509(x, &der);
        CHECK(EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t) n, octets, &size) == 1);
        CHECK_INT(hex_encode(octets, size, &hex), 0);
        (void) snprintf(sha256, SHA256_HEX_SIZE, "%s", hex);
        CHECK_INT(base64url_encode(der, (size_t) n, &encoded), 0);
        OPENSSL_free(der);
        X509_free(x);
        return encoded;
}

static void revocation(void) {
        char sha256[SHA256_HEX_SIZE];

        set_up();
        make_account();
        free(make_csr("1"));
        _cleanup_free_ char *leaf = make_leaf("a", sha256), *expected = NULL;
        char *by_account = strdup(text(
                        "{" REQUEST ",\"certificate\":\"a\",\"leaf\":\"%s\",\"reason\":4}", leaf));
        char *by_key =
                        strdup(text("{" REQUEST_NO_KID ",\"certificate\":\"a\",\"leaf\":\"%s\","
                                    "\"reason\":1,\"withKey\":true}",
                                    leaf));
        CHECK_STR(error_of("SignRevoke", by_account), "NotGranted");
        CHECK_STR(error_of("Grant",
                           "{\"action\":\"revoke\",\"certificate\":\"a\",\"leaf\":\""
                           "0000000000000000000000000000000000000000000000000000000000000000\"}"),
                  "");
        CHECK_STR(error_of("SignRevoke", by_account), "NotGranted");
        CHECK_STR(error_of("Grant",
                           text("{\"action\":\"revoke\",\"certificate\":\"a\",\"leaf\":\"%s\"}",
                                sha256)),
                  "");
        _cleanup_free_ char *payload = payload_of("SignRevoke", by_account);
        CHECK_INT(str_printf(&expected, "{\"certificate\":\"%s\",\"reason\":4}", leaf), 0);
        CHECK_STR(payload, expected);
        CHECK_STR(error_of("CertificateRequest",
                           "{\"certificate\":\"a\",\"attempt\":\"1\"," NAMES ",\"create\":true}"),
                  "");

        _cleanup_free_ char *body = answer("SignRevoke", by_key, "body");
        _cleanup_free_ char *header = part(body, "protected");
        CHECK(strstr(header, "\"jwk\":{") && !strstr(header, "kid"));
        CHECK_STR(error_of("CertificateRequest", /* */
                           "{\"certificate\":\"a\",\"attempt\":\"1\"," NAMES ",\"create\":true}"),
                  "KeyMissing");
        CHECK_STR(error_of("SignRevoke", by_key), ""); /* and still it can be revoked with */
        free(by_account);
        free(by_key);
}

#define C_REQUEST(attempt, more)                        \
        "{\"certificate\":\"c\",\"attempt\":\"" attempt \
        "\",\"names\":[\"c.example.org\"],\"create\":true" more "}"

static void revoked_key(void) {
        char sha256[SHA256_HEX_SIZE];

        set_up();
        write_config("certificates/c.conf", "[Certificate]\nNames=c.example.org\nReuseKey=yes\n");
        make_account();
        _cleanup_free_ char *first = answer("CertificateRequest", C_REQUEST("1", ""), "spki");
        _cleanup_free_ char *leaf = make_leaf("c", sha256);
        CHECK_STR(error_of("Grant",
                           text("{\"action\":\"revoke\",\"certificate\":\"c\",\"leaf\":\"%s\"}",
                                sha256)),
                  "");
        CHECK_STR(error_of("SignRevoke",
                           text("{" REQUEST ",\"certificate\":\"c\",\"leaf\":\"%s\",\"reason\":4}",
                                leaf)),
                  "");
        _cleanup_free_ char *next =
                        answer("CertificateRequest",
                               text(C_REQUEST("2", ",\"reuse\":\"%s\""), first), "spki");
        CHECK(strcmp(next, first) != 0);
}

TEST_MAIN({ "R-03 O-05 the key of a revoked certificate is not kept", revoked_key },
          { "R-01 R-03 revocation: granted for one certificate, the key blocked", revocation })
