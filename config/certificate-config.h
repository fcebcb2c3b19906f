#pragma once

/* certificates/NAME.conf: what a certificate shall be, where it is ordered and where it is installed; and what is asked
 * of such a configuration. */

#include "acme/identifier.h"
#include "acme/key.h"
#include "acme/object.h"
#include "base/bytes.h"
#include "base/strings.h"
#include "config/dns-config.h"
#include "config/target-config.h"

#define CERTIFICATE_NAME_MAX 100
#define NAMES_MAX            100 /* of one certificate (H-03) */
#define KEY_TYPES_MAX        2   /* of KeyType=: twins */
#define CERTIFICATE_CAS_MAX  4   /* CA= of one certificate */

/* Whether a renewal is rehearsed some days before (Rehearse=). */
typedef enum Rehearse {
        REHEARSE_AUTO, /* if the lifetime is long enough */
        REHEARSE_YES,
        REHEARSE_NO,
} Rehearse;

typedef struct CertificateConfig {
        char *name;       /* file name without .conf: [a-z0-9][a-z0-9._-]*, "_wildcard." for "*." */
        char *path;       /* of the file, for messages */
        StringList names; /* A-labels, lower case, sorted, unique; the optional ones included */
        StringList optional_names; /* of these: may be left out of an order that they make fail */
        char *ca;                  /* name of a CaConfig that exists, unless broken or elsewhere */
        bool elsewhere;            /* CA=none: nothing is ordered, certificates are imported */
        char *first_name;          /* of Names= as written; that of a common name */
        StringList fallback_cas; /* names of those that are asked when the one before fails (CA-03) */
        KeyType key_type;        /* KEY_TYPE_INVALID: that of a request, and none of ours */
        bool reuse_key;
        bool strict_names;  /* a certificate with other names than these is refused (P-05) */
        char *twin;         /* name of the other certificate of KeyType=A B; NULL: none */
        char *twin_of;      /* of the second of them: name of the first; NULL */
        char *request_path; /* CertificateRequest=; NULL: the signer makes key and request */
        Bytes request;      /* its DER */
        char request_sha256[SHA256_HEX_SIZE]; /* of the DER; "" without a request */
        char request_spki[SHA256_HEX_SIZE];   /* of its public key */
        int64_t renew_before_sec;             /* 0: by lifetime */
        char *profile, *require_profile;      /* preferred, required (U-02); at most one is set */
        char *preferred_chain; /* common name or SHA-256; NULL: the CA's default (P-08) */
        int64_t lifetime_sec;  /* asked for; 0: the CA's default (H-04) */
        bool preflight;        /* the names are looked at before an order */
        Rehearse rehearse;
        char *staging; /* name of the CaConfig that its first CA is rehearsed at; NULL: none */
        ChallengeType challenges[CHALLENGE_TYPE_MAX];
        size_t challenge_count;    /* 0: what the machine can do (J-03) */
        StringList challenge_hook; /* argv; run beside our own answer to http-01; empty: none */
        char *dns_name;            /* of DNS=; NULL: none */
        DnsConfig *dns;            /* owns; NULL: none, or its file has an error */
        TargetConfig *targets;
        size_t target_count;
        bool broken; /* has an error message: nothing new is ordered or deployed */
} CertificateConfig;

bool certificate_has_stand_in(const CertificateConfig *c); /* at any target */
bool certificate_has_challenge(const CertificateConfig *c, ChallengeType type);
const TargetConfig *certificate_target(const CertificateConfig *c, const char *name);

/* The profile that is asked for, preferred or required; NULL: none. */
const char *certificate_profile(const CertificateConfig *c);

/* Is `ca` one of its CAs? */
bool certificate_has_ca(const CertificateConfig *c, const char *ca);

/* CA=none: certificates come from elsewhere. */
#define CA_NONE "none"

/* How the id of a key begins that was made for a request to a CA without ACME; it may take its time. */
#define ATTEMPT_OF_REQUEST "manual-"

/* How the id of a rehearsal's attempt begins: its key is of no use for any other CA, and does not stay. */
#define ATTEMPT_OF_REHEARSAL "rehearsal-"

/* Is `ca` the one where its renewal is rehearsed, and none of its own? */
bool certificate_rehearses_at(const CertificateConfig *c, const char *ca);

/* Some of its names, and all that are not optional? */
bool certificate_accepts_names(const CertificateConfig *c, const StringList *names);

/* Same order would be placed: names, CAs, key type, request, challenges, profile, chain, lifetime. */
bool certificate_same_order(const CertificateConfig *a, const CertificateConfig *b);

bool certificate_name_is_valid(const char *name);

/* Checks and folds one identifier of a certificate: DNS name (U-labels become A-labels; "*." leftmost), or IP address.
 * ret: malloc'ed canonical text. -EINVAL with *ret_reason (static): H-02, H-03. */
int identifier_normalize(const char *text, char **ret, const char **ret_reason);
