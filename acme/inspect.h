#pragma once

/* A certificate looked at by a person's order: whatever can be read of it, and all that is wrong with it, each with the
 * next step. Nothing here decides for renewd; chain_check() does. Pure: the trusted roots are handed in. All text in a
 * result is escaped. */

#include "acme/certinfo.h"

#define INSPECT_SIZE_MAX         ((size_t) 1024 * 1024)
#define INSPECT_CERTIFICATES_MAX 64

typedef enum FindingKind {
        /* of the file */
        FINDING_NO_CERTIFICATE,
        FINDING_ENCRYPTED_FILE,
        FINDING_UNREADABLE_CERTIFICATE,
        FINDING_KEY_ENCRYPTED,
        FINDING_KEY_UNREADABLE,
        FINDING_KEY_MISMATCH,
        /* of the certificate */
        FINDING_EXPIRED,
        FINDING_NOT_YET_VALID,
        FINDING_BAD_DATES,
        FINDING_EXPIRES_SOON,
        FINDING_LONG_LIFETIME,
        FINDING_WRONG_NAME,
        FINDING_NO_SAN,
        FINDING_CN_ONLY,
        FINDING_CN_NOT_IN_SAN,
        FINDING_IP_AS_NAME,
        FINDING_BAD_NAME,
        FINDING_BAD_WILDCARD,
        FINDING_WEAK_KEY,
        FINDING_WEAK_CURVE,
        FINDING_UNUSUAL_CURVE,
        FINDING_WEAK_SIGNATURE,
        FINDING_IS_CA,
        FINDING_NOT_FOR_SERVERS,
        FINDING_KEY_USAGE,
        FINDING_OLD_VERSION,
        FINDING_BAD_SERIAL,
        FINDING_BAD_EXTENSIONS,
        FINDING_CRITICAL_EXTENSION,
        FINDING_MUST_STAPLE,
        /* of its chain */
        FINDING_SELF_SIGNED,
        FINDING_PRIVATE_CA,
        FINDING_MISSING_INTERMEDIATE,
        FINDING_REVERSED_CHAIN,
        FINDING_WRONG_ORDER,
        FINDING_UNRELATED_CERTIFICATE,
        FINDING_DUPLICATE_CERTIFICATE,
        FINDING_ROOT_IN_CHAIN,
        FINDING_BAD_SIGNATURE,
        FINDING_EXPIRED_ISSUER,
        FINDING_WEAK_ISSUER,
        FINDING_CHAIN_INVALID,
        /* of how it is told from others */
        FINDING_PIN_MISMATCH,
        FINDING_NOT_PINNED,
        FINDING_MAX,
} FindingKind;

const char *finding_to_string(FindingKind k); /* "weak-key" */
const char *finding_next_step(FindingKind k);

typedef struct Finding {
        FindingKind kind;
        bool fault; /* else worth knowing only */
        char *text;
} Finding;

typedef enum InspectSigner {
        SIGNER_UNKNOWN, /* its issuer is not at hand */
        SIGNER_SELF,
        SIGNER_PRIVATE_CA,
        SIGNER_PUBLIC_CA, /* a root that is trusted, and nobody here added */
        SIGNER_MAX,
} InspectSigner;
const char *inspect_signer_to_string(InspectSigner s);

typedef struct InspectedCertificate {
        char *subject, *issuer, *serial;
        char sha256[65], sha1[41], spki_sha256[65];
        char *pin; /* base64 of the SHA-256 of its public key, as in HPKP and curl */
        char *key; /* "RSA 2048 bits", "ECDSA P-256" */
        char *signature;
        int64_t not_before, not_after;
        bool in_path; /* belongs to the chain of the first one */
} InspectedCertificate;

typedef struct Inspection {
        InspectedCertificate *
                        certificates; /* the leaf, its issuers as far as they are there, the rest */
        size_t count;
        StringList names; /* of the leaf */
        InspectSigner signer;
        char *root; /* the trusted one that it ends at; NULL */
        bool has_key;
        Finding *findings;
        size_t finding_count;
} Inspection;

void inspection_done(Inspection *i);
bool inspection_is_good(const Inspection *i); /* no fault */

typedef struct InspectInput {
        const Bytes *data; /* PEM of whatever kind and order, DER, PKCS#7, PKCS#12 without password */
        bool served;       /* by a service: the first one is the leaf */
        const char *name;   /* that it must be for; NULL: not asked */
        const Bytes *roots; /* PEM of the trusted ones */
        const Bytes *local_roots; /* those of them that the administrator of this machine added; may be NULL */
        int64_t now;
} InspectInput;

/* Files without a certificate are a result, with count 0. -ENOMEM. */
int inspect(const InspectInput *input, Inspection *ret);

/* Adds a finding; its text is escaped here. */
int inspection_add(Inspection *i, FindingKind kind, bool fault, const char *format, ...)
                _printf_(4, 5);

/* How much is asked of it. */
typedef enum InspectLevel {
        LEVEL_ALL,         /* whatever is wrong */
        LEVEL_DISABLED,    /* nothing */
        LEVEL_BASIC,       /* a trusted CA, or the pin of the first time */
        LEVEL_RECOMMENDED, /* a trusted CA, or a pin that somebody confirmed */
        LEVEL_STRICT,      /* a trusted CA and the right name */
        LEVEL_MAX,
        LEVEL_INVALID = -EINVAL,
} InspectLevel;
InspectLevel inspect_level_from_string(const char *text);

typedef enum InspectPin { PIN_NONE, PIN_SAME, PIN_OTHER } InspectPin;

/* Does this text (pin in base64, or SHA-256 of key or certificate in hexadecimal, colons allowed) mean the leaf? */
bool inspection_matches_pin(const Inspection *i, const char *pin);

/* Makes notes of faults that do not count at this level, and adds what is wrong with the pin. */
int inspection_judge(Inspection *i, InspectLevel level, InspectPin pin);
