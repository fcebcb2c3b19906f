#pragma once

/* The objects of RFC 8555 §7.1 as a server sends them, turned into plain values behind one gate: what
 * passes has checked URLs, tokens and types; unknown members are ignored, missing required ones are
 * -EBADMSG with *ret_reason = a sentence (static text). */

#include "acme/problem.h"
#include "base/strings.h"

typedef struct Directory {
        char *new_nonce, *new_account, *new_order;     /* required (E-01) */
        char *revoke_cert, *key_change, *renewal_info; /* may be NULL */
        char *terms_of_service, *website;              /* escaped; may be NULL */
        StringList profiles;                           /* names, as sent (U-01) */
        StringList caa_identities;                     /* domain names, lower case */
        bool external_account_required;
        StringList issuer_names;   /* of meta; for dns-persist-01 (L-07) */
        char *account_hash_prefix; /* of meta; NULL: the plain form (L-07) */
} Directory;

/* `origins`: allowed for every URL (R7.3). */
int directory_parse(
                const Json *j, const StringList *origins, Directory *ret, const char **ret_reason);
void directory_done(Directory *d);

/* Short and printable: what a profile that is asked for must be. */
#define PROFILE_MAX 100
bool profile_is_valid(const char *name);

typedef enum AcmeStatus {
        STATUS_UNKNOWN, /* B-07 */
        STATUS_PENDING,
        STATUS_READY,
        STATUS_PROCESSING,
        STATUS_VALID,
        STATUS_INVALID,
        STATUS_DEACTIVATED,
        STATUS_EXPIRED,
        STATUS_REVOKED,
        STATUS_MAX,
} AcmeStatus;

AcmeStatus acme_status_from_string(const char *text);
const char *acme_status_to_string(AcmeStatus s);

typedef struct Order {
        AcmeStatus status;
        int64_t expires;        /* 0: not said */
        StringList identifiers; /* values of type dns or ip, folded to lower case */
        StringList authorizations;
        char *finalize;
        char *certificate;        /* only when valid; may be NULL */
        char *profile, *replaces; /* as echoed; may be NULL (H-11) */
        bool has_error;
        Problem error; /* if has_error */
} Order;

int order_parse(const Json *j, const StringList *origins, Order *ret, const char **ret_reason);
void order_done(Order *o);

typedef enum ChallengeType {
        CHALLENGE_HTTP_01,
        CHALLENGE_DNS_01,
        CHALLENGE_TLS_ALPN_01,
        CHALLENGE_DNS_ACCOUNT_01,
        CHALLENGE_DNS_PERSIST_01, /* has no token, and is never written by us (L-06 … L-08) */
        CHALLENGE_TYPE_MAX
} ChallengeType;
const char *challenge_type_to_string(ChallengeType t);      /* "http-01" … */
ChallengeType challenge_type_from_string(const char *text); /* CHALLENGE_TYPE_MAX: unknown */
bool challenge_is_dns(ChallengeType t); /* shown by a TXT record: serves wildcards, not addresses */

typedef struct Challenge {
        ChallengeType type;
        char *url;
        char *token;        /* "" for dns-persist-01 */
        StringList issuers; /* dns-persist-01: 1 to 10 domain names of the CA, one is enough (L-06) */
        AcmeStatus status;
        bool has_error;
        Problem error;
} Challenge;

typedef struct Authorization {
        AcmeStatus status;
        char *identifier; /* value, lower case, without "*." */
        bool wildcard;
        int64_t expires;       /* 0: not said */
        Challenge *challenges; /* known types with a good token only (B-08, J-04) */
        size_t challenge_count;
        StringList offered; /* all types as sent, escaped, for messages (J-03) */
} Authorization;

int authorization_parse(
                const Json *j,
                const StringList *origins,
                Authorization *ret,
                const char **ret_reason);
void authorization_done(Authorization *a);

/* Token alphabet and length (J-04, R0.4: a usable token has at most 83 octets). */
bool token_is_valid(const char *token);
