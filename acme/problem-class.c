/* What a problem means for the next attempt: the table of types of the requirements (section Q).
 * Most types mean the same wherever they come from; those that do not have rows in EXCEPTIONS. Rows
 * marked "N once, then X" there are X here: who may try once more at once is the order machine's to
 * know. */

#include "acme/problem.h"
#include "base/strings.h"

static const ProblemClass CLASSES[PROBLEM_TYPE_MAX] = {
        [PROBLEM_NONE] = CLASS_MAX, /* by status */
        [PROBLEM_ACCOUNT_DOES_NOT_EXIST] = CLASS_ACCOUNT,
        [PROBLEM_ALREADY_REPLACED] = CLASS_RETRY,
        [PROBLEM_ALREADY_REVOKED] = CLASS_DONE,
        [PROBLEM_BAD_CSR] = CLASS_PARK,
        [PROBLEM_BAD_NONCE] = CLASS_RETRY,
        [PROBLEM_BAD_PUBLIC_KEY] = CLASS_PARK,
        [PROBLEM_BAD_REVOCATION_REASON] = CLASS_PARK,
        [PROBLEM_BAD_SIGNATURE_ALGORITHM] = CLASS_PARK,
        [PROBLEM_CAA] = CLASS_PARK,
        [PROBLEM_COMPOUND] = CLASS_MAX, /* its sub-problems said nothing */
        [PROBLEM_CONNECTION] = CLASS_ORDER,
        [PROBLEM_DNS] = CLASS_ORDER,
        [PROBLEM_EXTERNAL_ACCOUNT_REQUIRED] = CLASS_PARK,
        [PROBLEM_INCORRECT_RESPONSE] = CLASS_ORDER,
        [PROBLEM_INVALID_CONTACT] = CLASS_PARK,
        [PROBLEM_INVALID_PROFILE] = CLASS_PARK,
        [PROBLEM_MALFORMED] = CLASS_BUG,
        [PROBLEM_ORDER_NOT_READY] = CLASS_RETRY,
        [PROBLEM_RATE_LIMITED] = CLASS_LATER,
        [PROBLEM_REJECTED_IDENTIFIER] = CLASS_PARK,
        [PROBLEM_SERVER_INTERNAL] = CLASS_LATER,
        [PROBLEM_TLS] = CLASS_ORDER,
        [PROBLEM_UNAUTHORIZED] = CLASS_ACCOUNT, /* on any request with kid: F-16 */
        [PROBLEM_UNSUPPORTED_CONTACT] = CLASS_PARK,
        [PROBLEM_UNSUPPORTED_IDENTIFIER] = CLASS_PARK,
        [PROBLEM_USER_ACTION_REQUIRED] = CLASS_PARK,
        [PROBLEM_AGREEMENT_REQUIRED] = CLASS_PARK,
        [PROBLEM_CONFLICT] = CLASS_MAX, /* who else has the key shows by asking with it (F-13) */
        [PROBLEM_AUTO_RENEWAL_CANCELED] = CLASS_PARK,
        [PROBLEM_AUTO_RENEWAL_EXPIRED] = CLASS_PARK,
        [PROBLEM_AUTO_RENEWAL_CANCELLATION_INVALID] = CLASS_PARK,
        [PROBLEM_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED] = CLASS_PARK,
        [PROBLEM_UNKNOWN_DELEGATION] = CLASS_PARK,
        [PROBLEM_ONION_CAA_REQUIRED] = CLASS_PARK,
        [PROBLEM_BAD_ATTESTATION_STATEMENT] = CLASS_PARK,
};

#define ANY_STATUS (-1L)
#define INSIDE     0L /* an `error` member, not an answer */

static const struct {
        ProblemType type;
        ProblemPlace place;
        long status;
        ProblemClass class;
} EXCEPTIONS[] = {
        { PROBLEM_UNAUTHORIZED, PLACE_CHALLENGE, ANY_STATUS, CLASS_ORDER },
        { PROBLEM_UNAUTHORIZED, PLACE_ORDER, INSIDE, CLASS_ORDER },
        { PROBLEM_UNAUTHORIZED, PLACE_FINALIZE, ANY_STATUS, CLASS_ORDER },
        { PROBLEM_UNAUTHORIZED, PLACE_NEW_ORDER, ANY_STATUS, CLASS_PARK },
        { PROBLEM_UNAUTHORIZED, PLACE_NEW_ACCOUNT, ANY_STATUS, CLASS_PARK },
        { PROBLEM_UNAUTHORIZED, PLACE_REVOKE, ANY_STATUS, CLASS_PARK },
        /* The object is gone. */
        { PROBLEM_MALFORMED, PLACE_AUTHORIZATION, 404, CLASS_ORDER },
        { PROBLEM_MALFORMED, PLACE_CHALLENGE_POST, 404, CLASS_ORDER },
        { PROBLEM_MALFORMED, PLACE_ORDER, 404, CLASS_ORDER },
        { PROBLEM_MALFORMED, PLACE_FINALIZE, 404, CLASS_ORDER },
        { PROBLEM_MALFORMED, PLACE_CERTIFICATE, 404, CLASS_LATER }, /* replication lag (P-01) */
        /* Boulder's word for "the terms are not agreed to" (F-04). */
        { PROBLEM_MALFORMED, PLACE_NEW_ACCOUNT, ANY_STATUS, CLASS_PARK },
};

/* an answer that names no type of ours. */
static ProblemClass class_of_status(long status, ProblemPlace place) {
        if (status == INSIDE) /* the object's own error: it is invalid, whatever the reason */
                return place == PLACE_CHALLENGE || place == PLACE_ORDER ||
                                                       place == PLACE_AUTHORIZATION
                                       ? CLASS_ORDER
                                       : CLASS_LATER;
        if (status == 401 || status == 403)
                return CLASS_PARK;
        if (status == 400 || status == 413 || status == 415)
                return CLASS_BUG;
        return CLASS_LATER; /* 404, 405 and 410 too: the session reads the directory again first */
}

ProblemClass problem_classify(const Problem *p, ProblemPlace place) {
        if ((unsigned) p->type >= PROBLEM_TYPE_MAX || CLASSES[p->type] == CLASS_MAX)
                return class_of_status(p->status, place);
        for (size_t i = 0; i < ELEMENTSOF(EXCEPTIONS); i++)
                if (EXCEPTIONS[i].type == p->type && EXCEPTIONS[i].place == place &&
                    (EXCEPTIONS[i].status == ANY_STATUS || EXCEPTIONS[i].status == p->status))
                        return EXCEPTIONS[i].class;
        return CLASSES[p->type];
}

/* What time may mend (a limit, a trouble of the CA's) is nobody's fault. */
bool problem_blames(const Problem *p, size_t i) {
        Problem one = { .type = p->subproblems[i].type, .status = p->status };
        ProblemClass class = problem_classify(&one, PLACE_NEW_ORDER);

        return p->subproblems[i].identifier && (class == CLASS_PARK || class == CLASS_ORDER);
}
