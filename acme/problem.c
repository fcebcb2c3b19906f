/* Problem documents. Only types of the ACME namespace are known; all else is judged by the HTTP
 * status, and no decision ever looks at `detail`. A document with sub-problems has the
 * type of the worst of them: what is judged is what must be mended. */

#include "acme/problem.h"

#include <string.h>

#include "base/bytes.h"
#include "base/strings.h"

#define DETAIL_MAX     ((size_t) 1024)
#define TYPE_TEXT_MAX  ((size_t) 256)
#define ALGORITHMS_MAX 16

static const char *const TYPE_NAMES[PROBLEM_TYPE_MAX] = {
        [PROBLEM_NONE] = "",
        [PROBLEM_ACCOUNT_DOES_NOT_EXIST] = "accountDoesNotExist",
        [PROBLEM_ALREADY_REPLACED] = "alreadyReplaced",
        [PROBLEM_ALREADY_REVOKED] = "alreadyRevoked",
        [PROBLEM_BAD_CSR] = "badCSR",
        [PROBLEM_BAD_NONCE] = "badNonce",
        [PROBLEM_BAD_PUBLIC_KEY] = "badPublicKey",
        [PROBLEM_BAD_REVOCATION_REASON] = "badRevocationReason",
        [PROBLEM_BAD_SIGNATURE_ALGORITHM] = "badSignatureAlgorithm",
        [PROBLEM_CAA] = "caa",
        [PROBLEM_COMPOUND] = "compound",
        [PROBLEM_CONNECTION] = "connection",
        [PROBLEM_DNS] = "dns",
        [PROBLEM_EXTERNAL_ACCOUNT_REQUIRED] = "externalAccountRequired",
        [PROBLEM_INCORRECT_RESPONSE] = "incorrectResponse",
        [PROBLEM_INVALID_CONTACT] = "invalidContact",
        [PROBLEM_INVALID_PROFILE] = "invalidProfile",
        [PROBLEM_MALFORMED] = "malformed",
        [PROBLEM_ORDER_NOT_READY] = "orderNotReady",
        [PROBLEM_RATE_LIMITED] = "rateLimited",
        [PROBLEM_REJECTED_IDENTIFIER] = "rejectedIdentifier",
        [PROBLEM_SERVER_INTERNAL] = "serverInternal",
        [PROBLEM_TLS] = "tls",
        [PROBLEM_UNAUTHORIZED] = "unauthorized",
        [PROBLEM_UNSUPPORTED_CONTACT] = "unsupportedContact",
        [PROBLEM_UNSUPPORTED_IDENTIFIER] = "unsupportedIdentifier",
        [PROBLEM_USER_ACTION_REQUIRED] = "userActionRequired",
        [PROBLEM_AGREEMENT_REQUIRED] = "agreementRequired",
        [PROBLEM_CONFLICT] = "conflict",
        [PROBLEM_AUTO_RENEWAL_CANCELED] = "autoRenewalCanceled",
        [PROBLEM_AUTO_RENEWAL_EXPIRED] = "autoRenewalExpired",
        [PROBLEM_AUTO_RENEWAL_CANCELLATION_INVALID] = "autoRenewalCancellationInvalid",
        [PROBLEM_AUTO_RENEWAL_REVOCATION_NOT_SUPPORTED] = "autoRenewalRevocationNotSupported",
        [PROBLEM_UNKNOWN_DELEGATION] = "unknownDelegation",
        [PROBLEM_ONION_CAA_REQUIRED] = "onionCAARequired",
        [PROBLEM_BAD_ATTESTATION_STATEMENT] = "badAttestationStatement",
};

/* How bad a class is beside the others: what waits for a person is worse than what waits for time. */
static const unsigned SEVERITY[CLASS_MAX] = {
        [CLASS_DONE] = 0, [CLASS_RETRY] = 1, [CLASS_UNREACHABLE] = 2, [CLASS_LATER] = 3,
        [CLASS_BUG] = 4,  [CLASS_ORDER] = 5, [CLASS_ACCOUNT] = 6,     [CLASS_PARK] = 7,
};

static void subproblem_done(Subproblem *s) {
        free(s->identifier);
        free(s->detail);
        *s = (Subproblem){};
}

void problem_done(Problem *p) {
        free(p->type_text);
        free(p->detail);
        free(p->instance);
        free(p->identifier);
        free(p->algorithms);
        for (size_t i = 0; i < p->subproblem_count; i++)
                subproblem_done(&p->subproblems[i]);
        free(p->subproblems);
        *p = (Problem){};
}

static int subproblems_copy(const Problem *p, Problem *ret) {
        int r = 0;

        if (p->subproblem_count == 0)
                return 0;
        ret->subproblems = calloc(p->subproblem_count, sizeof *ret->subproblems);
        if (!ret->subproblems)
                return -ENOMEM;
        for (size_t i = 0; i < p->subproblem_count && r >= 0; i++) {
                Subproblem *to = &ret->subproblems[ret->subproblem_count++];

                to->type = p->subproblems[i].type;
                r = str_replace(&to->identifier, p->subproblems[i].identifier);
                if (r >= 0)
                        r = str_replace(&to->detail, p->subproblems[i].detail);
        }
        return r;
}

int problem_copy(const Problem *p, Problem *ret) {
        _cleanup_(problem_done) Problem copy = { .type = p->type, .status = p->status };
        int r;

        r = str_replace(&copy.type_text, p->type_text);
        if (r >= 0)
                r = str_replace(&copy.detail, p->detail);
        if (r >= 0)
                r = str_replace(&copy.instance, p->instance);
        if (r >= 0)
                r = str_replace(&copy.identifier, p->identifier);
        if (r >= 0)
                r = str_replace(&copy.algorithms, p->algorithms);
        if (r >= 0)
                r = subproblems_copy(p, &copy);
        if (r < 0)
                return r;
        *ret = copy;
        copy = (Problem){};
        return 0;
}

const char *problem_type_to_string(ProblemType t) {
        return (unsigned) t < PROBLEM_TYPE_MAX ? TYPE_NAMES[t] : "";
}

static ProblemType type_from_urn(const char *urn) {
        const char *name = str_skip_prefix(urn, "urn:ietf:params:acme:error:");

        if (!name)
                name = str_skip_prefix(urn, "urn:acme:error:");
        if (!name)
                return PROBLEM_NONE;
        for (ProblemType t = PROBLEM_NONE + 1; t < PROBLEM_TYPE_MAX; t++)
                if (str_equal(name, TYPE_NAMES[t]))
                        return t;
        return PROBLEM_NONE;
}

/* The string member `key`, escaped, into *field; absent or of another type leaves it NULL (B-04). */
static int take_text(const Json *j, const char *key, size_t max, char **field) {
        const char *text;

        if (json_get_string(j, key, &text) < 0 || !*text)
                return 0;
        char *escaped = str_escape(text, max);
        if (!escaped)
                return -ENOMEM;
        free(*field);
        *field = escaped;
        return 0;
}

static ProblemType type_of(const Json *j) {
        const char *urn;

        return json_get_string(j, "type", &urn) < 0 ? PROBLEM_NONE : type_from_urn(urn);
}

static unsigned severity_of(ProblemType type) {
        Problem p = { .type = type };

        return SEVERITY[problem_classify(&p, PLACE_NEW_ORDER)];
}

/* Sub-problems without a type of ours say nothing that could be judged; they are passed over. */
static int take_subproblems(const Json *j, Problem *p) {
        const Json *list, *identifier;
        size_t count;
        int r = 0;

        if (json_get_array(j, "subproblems", &list) < 0)
                return 0;
        count = MIN(json_count(list), (size_t) SUBPROBLEMS_MAX);
        p->subproblems = calloc(MAX(count, (size_t) 1), sizeof *p->subproblems);
        if (!p->subproblems)
                return -ENOMEM;
        for (size_t i = 0; i < count && r >= 0; i++) {
                const Json *sub = json_at(list, i);
                Subproblem *to;

                if (type_of(sub) == PROBLEM_NONE)
                        continue;
                to = &p->subproblems[p->subproblem_count++];
                to->type = type_of(sub);
                r = take_text(sub, "detail", DETAIL_MAX, &to->detail);
                if (r >= 0 && json_get_object(sub, "identifier", &identifier) >= 0)
                        r = take_text(identifier, "value", STR_ESCAPE_MAX, &to->identifier);
        }
        return r;
}

static const Subproblem *worst_subproblem(const Problem *p) {
        const Subproblem *worst = NULL;

        for (size_t i = 0; i < p->subproblem_count; i++)
                if (!worst || severity_of(p->subproblems[i].type) > severity_of(worst->type))
                        worst = &p->subproblems[i];
        return worst;
}

static int heed_worst(Problem *p) {
        const Subproblem *worst = worst_subproblem(p);
        int r = 0;

        if (!worst)
                return 0;
        if (p->type == PROBLEM_NONE || p->type == PROBLEM_COMPOUND ||
            severity_of(worst->type) > severity_of(p->type))
                p->type = worst->type;
        if (!p->detail)
                r = str_replace(&p->detail, worst->detail);
        return r < 0 ? r : str_replace(&p->identifier, worst->identifier);
}

/* "ES256, RS256": what the CA would take (RFC 8555 §6.2). */
static int take_algorithms(const Json *j, Problem *p) {
        _cleanup_(bytes_done) Bytes b = {};
        const Json *list;
        int r = 0;

        if (json_get_array(j, "algorithms", &list) < 0)
                return 0;
        for (size_t i = 0; i < MIN(json_count(list), (size_t) ALGORITHMS_MAX) && r >= 0; i++) {
                const char *name = json_string_value(json_at(list, i));

                if (name && *name)
                        r = bytes_printf(&b, "%s%s", b.size > 0 ? ", " : "", name);
        }
        if (r < 0 || b.size == 0)
                return r;
        p->algorithms = str_escape(bytes_text(&b), TYPE_TEXT_MAX);
        return p->algorithms ? 0 : -ENOMEM;
}

int problem_parse(const Json *j, long status, Problem *ret) {
        _cleanup_(problem_done) Problem p = { .status = status };
        int r;

        p.type = type_of(j);
        r = take_text(j, "type", TYPE_TEXT_MAX, &p.type_text);
        if (r >= 0)
                r = take_text(j, "detail", DETAIL_MAX, &p.detail);
        if (r >= 0 && !p.detail)
                r = take_text(j, "title", DETAIL_MAX, &p.detail);
        if (r >= 0)
                r = take_text(j, "instance", STR_ESCAPE_MAX, &p.instance);
        if (r >= 0)
                r = take_algorithms(j, &p);
        if (r >= 0)
                r = take_subproblems(j, &p);
        if (r >= 0)
                r = heed_worst(&p);
        if (r < 0)
                return r;
        *ret = p;
        p = (Problem){};
        return 0;
}
