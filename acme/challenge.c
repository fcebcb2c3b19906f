/* What must be shown for a challenge. */

#include "acme/challenge.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/bytes.h"
#include "base/strings.h"

int key_authorization(const char *token, const char *thumbprint, char **ret) {
        return str_printf(ret, "%s.%s", token, thumbprint);
}

int dns01_value(const char *authorization, char **ret) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        size_t size;

        if (!EVP_Q_digest(NULL, "SHA256", NULL, authorization, strlen(authorization), digest,
                          &size))
                return -EIO;
        return base64url_encode(digest, size, ret);
}
