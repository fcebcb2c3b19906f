#pragma once

/* Certification Authority Authorization (RFC 8659, RFC 8657): may this CA issue for this name, as far as the
 * zone says? Pure; asking the name servers, and climbing to the closest ancestor that has records, is for the caller. */

#include "base/strings.h"

typedef struct CaaRecord {
        uint8_t flags;
        const char *tag; /* borrowed, as the two below */
        const char *value; /* octets of the record as text; what is not printable makes the record unknown */
} CaaRecord;

typedef struct CaaQuestion {
        const StringList *
                        identities; /* the CA's own names, any of which may be written in the record */
        bool wildcard;              /* the name begins with "*." */
        const char *account;        /* URL; NULL: not known, accounturi is not looked at */
        const char *method;         /* "http-01" …; NULL: not known */
} CaaQuestion;

typedef enum CaaVerdict {
        CAA_ALLOWED, /* also when there are no records */
        CAA_OTHER_CA,
        CAA_NOBODY, /* issue ";" and nothing else */
        CAA_OTHER_ACCOUNT,
        CAA_OTHER_METHOD,
        CAA_CRITICAL, /* a critical property that nobody here knows */
} CaaVerdict;

/* The relevant record set of one name. With several reasons the closest to being allowed. */
CaaVerdict caa_evaluate(const CaaRecord *records, size_t count, const CaaQuestion *q);
