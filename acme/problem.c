/* Problem documents. Only types of the ACME namespace are known; all else is judged by the HTTP
 * status, and no decision ever looks at `detail`. A document with sub-problems has the
 * type of the worst of them: what is judged is what must be mended. */

#include "acme/problem.h"

#include <string.h>

#include "base/strings.h"

#define DETAIL_MAX      ((size_t) 1024)
#define TYPE_TEXT_MAX   ((size_t) 256)
#define SUBPROBLEMS_MAX 100

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
};

/* How bad a class is beside the others: what waits for a person is worse than what waits for time. */
static const unsigned SEVERITY[CLASS_MAX] = {
        [CLASS_DONE] = 0, [CLASS_RETRY] = 1, [CLASS_UNREACHABLE] = 2, [CLASS_LATER] = 3,
        [CLASS_BUG] = 4,  [CLASS_ORDER] = 5, [CLASS_ACCOUNT] = 6,     [CLASS_PARK] = 7,
};

void problem_done(Problem *p) {
        free(p->type_text);
        free(p->detail);
        free(p->instance);
        free(p->identifier);
        *p = (Problem){};
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
static const Json *worst_subproblem(const Json *j) {
        const Json *list, *worst = NULL;

        if (json_get_array(j, "subproblems", &list) < 0)
                return NULL;
        for (size_t i = 0; i < MIN(json_count(list), (size_t) SUBPROBLEMS_MAX); i++) {
                const Json *sub = json_at(list, i);
                if (type_of(sub) == PROBLEM_NONE)
                        continue;
                if (!worst || severity_of(type_of(sub)) > severity_of(type_of(worst)))
                        worst = sub;
        }
        return worst;
}

static int take_subproblem(const Json *sub, Problem *p) {
        const Json *identifier;
        int r;

        if (p->type == PROBLEM_NONE || p->type == PROBLEM_COMPOUND ||
            severity_of(type_of(sub)) > severity_of(p->type))
                p->type = type_of(sub);
        if (!p->detail) {
                r = take_text(sub, "detail", DETAIL_MAX, &p->detail);
                if (r < 0)
                        return r;
        }
        if (json_get_object(sub, "identifier", &identifier) < 0)
                return 0;
        return take_text(identifier, "value", STR_ESCAPE_MAX, &p->identifier);
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
        if (r < 0)
                return r;

        const Json *sub = worst_subproblem(j);
        if (sub) {
                r = take_subproblem(sub, &p);
                if (r < 0)
                        return r;
        }
        *ret = p;
        p = (Problem){};
        return 0;
}
