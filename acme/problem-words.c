/* A problem in words that a person can act on: what was refused, what the CA says, what it means and the next
 * step. What the CA sent was escaped when it was read. */

#include "acme/identifier.h"
#include "acme/problem.h"
#include "base/bytes.h"
#include "base/strings.h"

#define NAMES_SHOWN_MAX 5
#define NOT_USED \
        "The CA speaks of something that renewd does not use; choose another CA= or see the CA's words."

static const char *const PLACE_TEXTS[PLACE_MAX] = {
        [PLACE_DIRECTORY] = "the CA's directory cannot be read",
        [PLACE_NONCE] = "the CA gives no nonce",
        [PLACE_NEW_ACCOUNT] = "the CA refused the account",
        [PLACE_NEW_ORDER] = "the CA refused the order",
        [PLACE_AUTHORIZATION] = "the CA refused the authorization",
        [PLACE_CHALLENGE] = "the CA could not validate the name",
        [PLACE_CHALLENGE_POST] = "the CA refused the challenge",
        [PLACE_ORDER] = "the order failed at the CA",
        [PLACE_FINALIZE] = "the CA refused to issue",
        [PLACE_CERTIFICATE] = "the certificate could not be fetched",
        [PLACE_REVOKE] = "the CA refused to revoke",
        [PLACE_KEY_CHANGE] = "the CA refused the new account key",
};

#define ACCOUNT_KEY_ADVICE                                                               \
        "The CA does not take this kind of account key; set another AccountKeyType= in " \
        "its file below ca/, then: renewctl account create CA --new-key."

#define ADDRESS_ADVICE                                                                  \
        "Many CAs take IP addresses with a certain profile only (RequireProfile=, for " \
        "example shortlived), others not at all; set it, or choose another CA=."

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
        [PROBLEM_BAD_REVOCATION_REASON] =
                        "The CA does not take this reason; revoke without --reason.",
        [PROBLEM_CONFLICT] =
                        "Another account at the CA has this key already; roll over to another one.",
        [PROBLEM_CONNECTION] =
                        "The CA could not connect to the name; check the firewall, port forwarding "
                        "and that A and AAAA records lead to this machine.",
        [PROBLEM_DNS] = "The CA could not look the name up; check that its A or AAAA record exists, "
                        "and DNSSEC.",
        [PROBLEM_EXTERNAL_ACCOUNT_REQUIRED] =
                        "The CA wants an external account binding: get a key id and an HMAC key from "
                        "it, then: renewctl account bind.",
        [PROBLEM_INCORRECT_RESPONSE] =
                        "Something else answered in place of renewd; check which server has the "
                        "name's port 80.",
        [PROBLEM_INVALID_CONTACT] =
                        "The CA refuses the e-mail address; change Email= in [Account], or Contact= of "
                        "the CA.",
        [PROBLEM_INVALID_PROFILE] =
                        "The CA does not offer this profile to these names; change Profile= or "
                        "RequireProfile=.",
        [PROBLEM_MALFORMED] =
                        "That is a fault of renewd's or of the CA's; please report it with these words.",
        [PROBLEM_ONION_CAA_REQUIRED] = NOT_USED,
        [PROBLEM_UNKNOWN_DELEGATION] = NOT_USED,
        [PROBLEM_BAD_ATTESTATION_STATEMENT] = NOT_USED,
        [PROBLEM_AUTO_RENEWAL_CANCELED] = NOT_USED,
        [PROBLEM_AUTO_RENEWAL_EXPIRED] = NOT_USED,
        [PROBLEM_AUTO_RENEWAL_CANCELLATION_INVALID] = NOT_USED,
        [PROBLEM_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED] = NOT_USED,
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
                        "The CA does not take this kind of contact; change Email= in [Account], or "
                        "Contact= of the CA.",
        [PROBLEM_UNSUPPORTED_IDENTIFIER] =
                        "The CA does not issue for this kind of name; remove it from Names= or "
                        "choose another CA=.",
        [PROBLEM_USER_ACTION_REQUIRED] =
                        "The CA wants a person to act, mostly to read new terms of service: open "
                        "the link, then run: renewctl account agree.",
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
        { PROBLEM_UNAUTHORIZED, PLACE_FINALIZE,
          "The CA does not accept the request for these names any more; a new order is placed." },
        { PROBLEM_UNAUTHORIZED, PLACE_REVOKE,
          "This account may not revoke the certificate; try with the certificate's own key (--with-key)." },
        { PROBLEM_MALFORMED, PLACE_NEW_ACCOUNT,
          "The CA refuses the registration; mostly its terms are not agreed to (AgreeToTerms=yes), or it does "
          "not take the kind of key (AccountKeyType=)." },
        { PROBLEM_BAD_PUBLIC_KEY, PLACE_NEW_ACCOUNT, ACCOUNT_KEY_ADVICE },
};

/* N-04: not every CA says so in its words, and which profiles there are only its directory knows. */
static bool is_about_address(const Problem *p) {
        return p->identifier && identifier_is_ip(p->identifier) &&
               (p->type == PROBLEM_REJECTED_IDENTIFIER ||
                p->type == PROBLEM_UNSUPPORTED_IDENTIFIER);
}

/* F-13: servers hardly name the reason; one says 501 with 'rejectedIdentifier', some 409 and nothing else. */
static const char *key_change_advice(const Problem *p) {
        if (p->status == 409)
                return ADVICE[PROBLEM_CONFLICT];
        if (p->status == 501 || p->status == 404 || p->status == 405)
                return "The CA does not offer another key for an account; the old one stays in use.";
        return NULL;
}

const char *problem_advice(const Problem *p, ProblemPlace place) {
        const char *text = place == PLACE_KEY_CHANGE ? key_change_advice(p) : NULL;

        if (text)
                return text;
        if (is_about_address(p))
                return ADDRESS_ADVICE;
        for (size_t i = 0; i < ELEMENTSOF(PLACE_ADVICE); i++)
                if (PLACE_ADVICE[i].type == p->type && PLACE_ADVICE[i].place == place)
                        return PLACE_ADVICE[i].text;
        if ((unsigned) p->type < PROBLEM_TYPE_MAX && ADVICE[p->type])
                return ADVICE[p->type];
        if (p->type == PROBLEM_NONE && (p->status == 401 || p->status == 403))
                return "The CA refuses access; a proxy or its firewall may stand in the way.";
        return "";
}

/* ---- the sentence ---- */

static const char *name_of(const Problem *p, bool foreign) {
        const char *type = problem_type_to_string(p->type);

        if (type[0])
                return type;
        if (foreign)
                return "not an ACME answer";
        return p->type_text ? p->type_text : "no reason given";
}

/* Which names, and what of each. */
static int append_names(Bytes *b, const Problem *p) {
        size_t shown = 0;
        int r = 0;

        for (size_t i = 0; i < p->subproblem_count && r >= 0; i++) {
                const Subproblem *s = &p->subproblems[i];

                if (!s->identifier)
                        continue;
                if (shown++ == NAMES_SHOWN_MAX)
                        return bytes_append_string(b, ", and more");
                r = bytes_printf(
                                b, "%s%s: %s", shown == 1 ? " [" : ", ", s->identifier,
                                s->detail ? s->detail : problem_type_to_string(s->type));
        }
        if (r >= 0 && shown > 0)
                r = bytes_append_string(b, "]");
        else if (r >= 0 && p->identifier)
                r = bytes_printf(b, " [%s]", p->identifier);
        return r;
}

int problem_sentence(const Problem *p, ProblemPlace place, bool foreign, char **ret) {
        const char *advice = problem_advice(p, place);
        _cleanup_(bytes_done) Bytes b = {};
        int r;

        r = bytes_printf(&b, "%s: '%s'", PLACE_TEXTS[place], name_of(p, foreign));
        if (r >= 0 && p->status > 0)
                r = bytes_printf(&b, " (HTTP %ld)", p->status);
        if (r >= 0 && p->detail && p->detail[0])
                r = bytes_printf(&b, ": %s", p->detail);
        if (r >= 0)
                r = append_names(&b, p);
        if (r >= 0 && p->instance)
                r = bytes_printf(&b, " (see %s)", p->instance);
        if (r >= 0 && p->algorithms)
                r = bytes_printf(&b, " (it takes %s)", p->algorithms);
        if (r >= 0 && advice[0])
                r = bytes_printf(&b, "; %s", advice);
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
}
