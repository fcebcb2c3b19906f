/* What the signer lets an order be finalized with. */

#include "acme/csr.h"
#include "signer/keystore.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

static void finalizes(void) {
        set_up();
        make_account();
        _cleanup_free_ char *csr = make_csr("1"), *expected = NULL;
        _cleanup_free_ char *body = answer("SignFinalize", finalize("a", "1", csr), "body");
        _cleanup_free_ char *payload = part(body, "payload");

        CHECK_INT(str_printf(&expected, "{\"csr\":\"%s\"}", csr), 0);
        CHECK_STR(payload, expected);
        CHECK_STR(error_of("SignFinalize", finalize("a", "2", csr)), "KeyMissing");
        CHECK_STR(error_of("SignFinalize", finalize("b", "1", csr)), "KeyMissing");
        CHECK_STR(error_of("SignFinalize", finalize("a", "../1", csr)), "InvalidParameter");
}

/* A CSR that the engine made for a key of its own, for one of ours with other names, and octets. */
static void foreign_csr(void) {
        _cleanup_(string_list_done) StringList names = {}, other_names = {};
        _cleanup_(bytes_done) Bytes foreign_der = {}, other_der = {};
        _cleanup_free_ char *foreign = NULL, *other = NULL;
        _cleanup_(key_freep) EVP_PKEY *evil = NULL, *ours = NULL;

        set_up();
        make_account();
        _cleanup_free_ char *csr = make_csr("1"), *second = make_csr("2");
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(string_list_add(&names, "a.example.org"), 0);
        CHECK_INT(string_list_add(&names, "b.example.org"), 0);
        CHECK_INT(string_list_add(&names, "9.9.9.9"), 0);
        CHECK_INT(string_list_add(&other_names, "evil.example.org"), 0);
        REQUIRE(key_generate(KEY_ECDSA_P256, &evil) == 0);
        REQUIRE(keystore_certificate(fd, "a", "1", KEY_ECDSA_P256, false, &ours) == 0);
        CHECK_INT(csr_build(evil, &names, &foreign_der), 0);
        CHECK_INT(csr_build(ours, &other_names, &other_der), 0);
        CHECK_INT(base64url_encode(foreign_der.data, foreign_der.size, &foreign), 0);
        CHECK_INT(base64url_encode(other_der.data, other_der.size, &other), 0);

        warnings = 0;
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", foreign)), "Refused");
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", second)), "Refused");
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", other)), "NotConfigured");
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", "AAAA")), "Refused");
        CHECK_INT(warnings, 4);
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", "A=")), "InvalidParameter");
        CHECK_STR(error_of("SignFinalize", finalize("a", "1", csr)), "");
}

TEST_MAIN({ "O-01 finalize has the CSR", finalizes },
          { "R2.7.5 O-02 a CSR not its own is refused for finalize", foreign_csr })
