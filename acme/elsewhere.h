#pragma once

/* What a certificate that came from elsewhere must satisfy: renewctl says it before anything is changed, and the engine
 * looks again. */

#include "acme/certinfo.h"

/* Is `name` among the names of a certificate, or covered by a wildcard of them (RFC 6125 §6.4.3)? */
bool names_cover(const StringList *names, const char *name);

typedef struct ElsewhereExpectation {
        const StringList *names;          /* that are configured */
        const StringList *optional_names; /* of these; may be missing */
        const char *spki_sha256;          /* of the key; NULL: not checked */
        KeyFamily family;                 /* of twins; KEY_FAMILY_ANY: whatever it is */
        int64_t now;
} ElsewhereExpectation;

/* 0 with *ret_info, or -EKEYREJECTED with *ret_why, a sentence with the next step (malloc'ed, escaped): key, names, dates,
 * purpose, strength, order and signatures of the chain (P-04). */
int elsewhere_check(
                const void *pem,
                size_t size,
                const ElsewhereExpectation *e,
                CertInfo *ret_info,
                char **ret_why);
