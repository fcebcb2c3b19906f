#include "acme/challenge.h"
#include "tests/unit/test.h"

#define TOKEN         "DGyRejmCefe7v4NfDGDKfA"
#define THUMBPRINT    "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E"
#define AUTHORIZATION TOKEN "." THUMBPRINT

static void authorization(void) {
        _cleanup_free_ char *text = NULL;

        CHECK_INT(key_authorization(TOKEN, THUMBPRINT, &text), 0);
        CHECK_STR(text, AUTHORIZATION);
        CHECK_INT(strlen(text), 66);
}

static void dns_value(void) {
        _cleanup_free_ char *value = NULL;

        CHECK_INT(dns01_value(AUTHORIZATION, &value), 0);
        CHECK_STR(value, "CDvMRM887iX2QQG9YH8BBRDYNalGOyle1JVKp8Hd0Co");
}

TEST_MAIN({ "J-05 K-02 key authorization is token, dot, thumbprint and nothing else",
            authorization },
          { "L-01 dns-01 value (appendix A)", dns_value })
