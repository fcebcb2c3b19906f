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

/* ---- words ---- */

#define ACCOUNT_KEY_ADVICE                                                               \
        "The CA does not take this kind of account key; set another AccountKeyType= in " \
        "its file below ca/ and remove the key that was made, signer/accounts/CA/key.pem."

static const char *const ADVICE[PROBLEM_TYPE_MAX] = {
        [PROBLEM_ACCOUNT_DOES_NOT_EXIST] =
                        "The CA does not know this account (any more); it is registered again with "
                        "the same key.",
        [PROBLEM_BAD_CSR] = "The CA refuses the certificate request; check Names= and KeyType=.",
        [PROBLEM_BAD_PUBLIC_KEY] =
                        "The CA does not take this kind of key, or knows it as compromised; choose "
                        "another KeyType=.",
        [PROBLEM_BAD_SIGNATURE_ALGORITHM] = ACCOUNT_KEY_ADVICE,
        [PROBLEM_CAA] = "A CAA record forbids this CA to issue; allow it in the DNS zone of the name.",
        [PROBLEM_CONNECTION] =
                        "The CA could not connect to the name; check the firewall, port forwarding "
                        "and that A and AAAA records lead to this machine.",
        [PROBLEM_DNS] = "The CA could not look the name up; check that its A or AAAA record exists, "
                        "and DNSSEC.",
        [PROBLEM_EXTERNAL_ACCOUNT_REQUIRED] =
                        "The CA wants an external account binding, which has to be set up with it "
                        "first; choose another CA=.",
        [PROBLEM_INCORRECT_RESPONSE] =
                        "Something else answered in place of renewd; check which server has the "
                        "name's port 80.",
        [PROBLEM_INVALID_CONTACT] =
                        "The CA refuses the e-mail address; change Email= in [Account].",
        [PROBLEM_INVALID_PROFILE] = "The CA does not offer this profile.",
        [PROBLEM_RATE_LIMITED] =
                        "A limit of the CA is reached; it will be tried again when the CA allows, "
                        "and if its words name a link to lift a pause, open it.",
        [PROBLEM_REJECTED_IDENTIFIER] =
                        "The CA's policy forbids this name; remove it from Names= or choose another "
                        "CA=.",
        [PROBLEM_SERVER_INTERNAL] = "The CA has trouble of its own; it will be tried again.",
        [PROBLEM_TLS] = "The CA met a TLS error at the name; check where its address and its "
                        "redirects lead.",
        [PROBLEM_UNSUPPORTED_CONTACT] =
                        "The CA does not take this kind of contact; change Email= in [Account].",
        [PROBLEM_UNSUPPORTED_IDENTIFIER] =
                        "The CA does not issue for this kind of name; remove it from Names= or "
                        "choose another CA=.",
        [PROBLEM_USER_ACTION_REQUIRED] =
                        "The CA wants a person to act, mostly to read new terms of service: open "
                        "the link, then set AgreeToTerms=yes.",
        [PROBLEM_AGREEMENT_REQUIRED] =
                        "The CA's terms of service are not agreed to; read them, then set "
                        "AgreeToTerms=yes.",
};

static const struct {
        ProblemType type;
        ProblemPlace place;
        const char *text;
} PLACE_ADVICE[] = {
        { PROBLEM_UNAUTHORIZED, PLACE_CHALLENGE,
          "The CA got another answer than renewd's; check that the name's A and AAAA records lead to "
          "this machine and which server has its port 80." },
        { PROBLEM_UNAUTHORIZED, PLACE_NEW_ORDER,
          "The CA does not let this account order these names; see its words." },
        { PROBLEM_UNAUTHORIZED, PLACE_NEW_ACCOUNT,
          "The CA refuses this account; it may be deactivated." },
        { PROBLEM_UNAUTHORIZED, PLACE_AUTHORIZATION,
          "The CA refuses this account's requests; it may be deactivated or revoked." },
        { PROBLEM_UNAUTHORIZED, PLACE_ORDER,
          "The CA refuses this account's requests; it may be deactivated or revoked." },
        { PROBLEM_MALFORMED, PLACE_NEW_ACCOUNT,
          "The CA refuses the registration; mostly its terms are not agreed to (AgreeToTerms=yes), or it does "
          "not take the kind of key (AccountKeyType=)." },
        { PROBLEM_BAD_PUBLIC_KEY, PLACE_NEW_ACCOUNT, ACCOUNT_KEY_ADVICE },
};

const char *problem_advice(const Problem *p, ProblemPlace place) {
        for (size_t i = 0; i < ELEMENTSOF(PLACE_ADVICE); i++)
                if (PLACE_ADVICE[i].type == p->type && PLACE_ADVICE[i].place == place)
                        return PLACE_ADVICE[i].text;
        if ((unsigned) p->type < PROBLEM_TYPE_MAX && ADVICE[p->type])
                return ADVICE[p->type];
        if (p->type == PROBLEM_NONE && (p->status == 401 || p->status == 403))
                return "The CA refuses access; a proxy or its firewall may stand in the way.";
        return "";
}
