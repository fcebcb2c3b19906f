#pragma once

/* Problem documents (RFC 7807, RFC 8555 §6.7): what the CA says went wrong, and what that means for
 * the next attempt (section Q of the requirements). */

#include "base/json.h"

typedef enum ProblemType {
        PROBLEM_NONE, /* about:blank, unknown or no document: judge by status */
        PROBLEM_ACCOUNT_DOES_NOT_EXIST,
        PROBLEM_ALREADY_REPLACED,
        PROBLEM_ALREADY_REVOKED,
        PROBLEM_BAD_CSR,
        PROBLEM_BAD_NONCE,
        PROBLEM_BAD_PUBLIC_KEY,
        PROBLEM_BAD_REVOCATION_REASON,
        PROBLEM_BAD_SIGNATURE_ALGORITHM,
        PROBLEM_CAA,
        PROBLEM_COMPOUND,
        PROBLEM_CONNECTION,
        PROBLEM_DNS,
        PROBLEM_EXTERNAL_ACCOUNT_REQUIRED,
        PROBLEM_INCORRECT_RESPONSE,
        PROBLEM_INVALID_CONTACT,
        PROBLEM_INVALID_PROFILE,
        PROBLEM_MALFORMED,
        PROBLEM_ORDER_NOT_READY,
        PROBLEM_RATE_LIMITED,
        PROBLEM_REJECTED_IDENTIFIER,
        PROBLEM_SERVER_INTERNAL,
        PROBLEM_TLS,
        PROBLEM_UNAUTHORIZED,
        PROBLEM_UNSUPPORTED_CONTACT,
        PROBLEM_UNSUPPORTED_IDENTIFIER,
        PROBLEM_USER_ACTION_REQUIRED,
        PROBLEM_AGREEMENT_REQUIRED, /* Pebble 2.4, unregistered */
        PROBLEM_TYPE_MAX,
} ProblemType;

/* Classes of ACME.md section Q: what the failure costs and who must act. */
typedef enum ProblemClass {
        CLASS_RETRY,       /* N: at once, bounded */
        CLASS_LATER,       /* L: by backoff or Retry-After */
        CLASS_ORDER,       /* O: this order is dead; a new one by backoff */
        CLASS_PARK,        /* C: somebody must act; slow probe */
        CLASS_ACCOUNT,     /* A: account repair */
        CLASS_DONE,        /* I: treat as success */
        CLASS_BUG,         /* B: ours; later, loud */
        CLASS_UNREACHABLE, /* the CA gave no answer: costs no attempt (S-06) */
        CLASS_MAX,
} ProblemClass;

typedef struct Problem {
        ProblemType type;
        long status;      /* of HTTP; 0 inside objects */
        char *type_text;  /* escaped, as sent; may be NULL */
        char *detail;     /* escaped, ≤ 1 KiB; may be NULL */
        char *instance;   /* escaped URL to show; may be NULL */
        char *identifier; /* of the worst sub-problem; may be NULL */
} Problem;

void problem_done(Problem *p);
int problem_copy(const Problem *p, Problem *ret);

/* Reads a problem object (an answer's body or an `error` member); any JSON gives a Problem. */
int problem_parse(const Json *j, long status, Problem *ret);

const char *problem_type_to_string(ProblemType t); /* "rateLimited"; "" for PROBLEM_NONE */

/* Where the problem came from decides its class for `unauthorized`, `malformed` and others. */
typedef enum ProblemPlace {
        PLACE_DIRECTORY,
        PLACE_NONCE,
        PLACE_NEW_ACCOUNT,
        PLACE_NEW_ORDER,
        PLACE_AUTHORIZATION,
        PLACE_CHALLENGE, /* the challenge's own error: validation failed */
        PLACE_CHALLENGE_POST,
        PLACE_ORDER,
        PLACE_FINALIZE,
        PLACE_CERTIFICATE,
        PLACE_REVOCATION,
        PLACE_MAX,
} ProblemPlace;

ProblemClass problem_classify(const Problem *p, ProblemPlace place);

/* One sentence for a person: what it means and the next step ("" if the detail says it all). Static. */
const char *problem_advice(const Problem *p, ProblemPlace place);
