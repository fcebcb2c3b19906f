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

/* The file of one: its key, then its certificate, of which *ret_pem is the text within `text`. -EBADMSG: it is none of these, or no
 * pair. */
int stand_in_parse(const Bytes *text, EVP_PKEY **ret_key, const char **ret_pem);

/* Is the first certificate of this text one of these, and signed by itself? */
bool stand_in_is(const void *pem, size_t size);
