#pragma once

/* Stand-ins: self-signed certificates for services that cannot start without one, until the real one is there. */

#include "acme/key.h"
#include "base/strings.h"

#define STAND_IN_ORGANIZATION \
        "renewd stand-in" /* O= of subject and issuer: how they are recognised */
#define STAND_IN_LIFE_SEC ((int64_t) 30 * SEC_PER_DAY)

/* PEM of a certificate for these names, for servers, valid from a day before `now`; appended. `common_name` may be NULL, and is
 * left out if it is too long. */
int stand_in_build(
                EVP_PKEY *k,
                const StringList *names,
                const char *common_name,
                int64_t now,
                Bytes *ret);

/* Is the first certificate of this text one of these, and signed by itself? */
bool stand_in_is(const void *pem, size_t size);
