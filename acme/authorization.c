/* Authorizations and their challenges. New types of challenges appear in the wild before clients
 * know them: what is not understood is passed over, never an error (B-08). */

#include <string.h>

#include "acme/identifier.h"
#include "acme/object-internal.h"

#define DNS_NAME_MAX ((size_t) 255) /* 253 and "*." */

static const char *const TYPE_NAMES[CHALLENGE_TYPE_MAX] = {
        [CHALLENGE_HTTP_01] = "http-01",
        [CHALLENGE_DNS_01] = "dns-01",
        [CHALLENGE_TLS_ALPN_01] = "tls-alpn-01",
        [CHALLENGE_DNS_ACCOUNT_01] = "dns-account-01",
        [CHALLENGE_DNS_PERSIST_01] = "dns-persist-01",
};

const char *challenge_type_to_string(ChallengeType t) {
        return (unsigned) t < CHALLENGE_TYPE_MAX ? TYPE_NAMES[t] : "unknown";
}

ChallengeType challenge_type_from_string(const char *text) {
        for (ChallengeType t = 0; t < CHALLENGE_TYPE_MAX; t++)
                if (str_equal(text, TYPE_NAMES[t]))
                        return t;
        return CHALLENGE_TYPE_MAX;
}

bool challenge_is_dns(ChallengeType t) {
        return t == CHALLENGE_DNS_01 || t == CHALLENGE_DNS_ACCOUNT_01 ||
               t == CHALLENGE_DNS_PERSIST_01;
}

/* ---- identifiers ---- */

static int fold_dns(const char *text, char **ret, const char **ret_reason) {
        size_t size = strnlen(text, DNS_NAME_MAX + 1);

        if (size == 0 || size > DNS_NAME_MAX)
                return object_refuse(ret_reason, "an identifier is empty or too long");
        _cleanup_free_ char *name = strdup(text);
        if (!name)
                return -ENOMEM;
        for (char *p = name; *p; p++) {
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p + ('a' - 'A'));
                if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-._*", *p))
                        return object_refuse(ret_reason, "an identifier is no DNS name");
        }
        *ret = TAKE_PTR(name);
        return 0;
}

static int fold_ip(const char *text, char **ret, const char **ret_reason) {
        int r = identifier_canonical_ip(text, ret);

        return r == -EINVAL ? object_refuse(ret_reason, "an identifier is no IP address") : r;
}

int object_take_identifier(const Json *j, char **ret, const char **ret_reason) {
        const char *type, *value;

        if (json_get_string(j, "type", &type) < 0 || json_get_string(j, "value", &value) < 0)
                return object_refuse(ret_reason, "an identifier has no type or value");
        if (str_equal(type, "dns"))
                return fold_dns(value, ret, ret_reason);
        if (str_equal(type, "ip"))
                return fold_ip(value, ret, ret_reason);
        return object_refuse(ret_reason, "an identifier is of a type that was not asked for");
}

/* ---- challenges ---- */

static void challenge_done(Challenge *c) {
        free(c->url);
        free(c->token);
        string_list_done(&c->issuers);
        problem_done(&c->error);
        *c = (Challenge){};
}

/* L-06: 1 to 10 lower-case A-labels; anything else makes the challenge one to refuse. The member was renamed in the
 * draft's next form (L-07). 1: good. */
static int take_issuers(const Json *j, StringList *ret) {
        const Json *list;

        if (json_get_array(j, "issuerDomainNames", &list) < 0 &&
            json_get_array(j, "issuer-domain-names", &list) < 0)
                return 0;
        size_t count = json_count(list);
        if (count == 0 || count > ISSUERS_MAX)
                return 0;
        for (size_t i = 0; i < count; i++) {
                const char *name = json_string_value(json_at(list, i));
                int r;

                if (!name || !issuer_name_is_valid(name))
                        return 0;
                r = string_list_add(ret, name);
                if (r < 0)
                        return r;
        }
        return 1;
}

/* What proves control by this challenge: a token, or for dns-persist-01 the names of the CA. 1: it is there. */
static int take_proof(const Json *j, Challenge *c) {
        const char *token;
        int r;

        if (c->type == CHALLENGE_DNS_PERSIST_01) {
                r = take_issuers(j, &c->issuers);
                return r <= 0 ? r : str_replace(&c->token, "") < 0 ? -ENOMEM : 1;
        }
        if (json_get_string(j, "token", &token) < 0 || !token_is_valid(token))
                return 0;
        r = str_replace(&c->token, token);
        return r < 0 ? r : 1;
}

/* 1 if it is one that we could answer, 0 if it is to be passed over. */
static int challenge_parse(
                const Json *j, const StringList *origins, Challenge *ret, const char **ret_reason) {
        _cleanup_(challenge_done) Challenge c = {};
        const char *type, *status;
        const Json *error;
        int r;

        if (json_get_string(j, "type", &type) < 0)
                return 0;
        c.type = challenge_type_from_string(type);
        if (c.type == CHALLENGE_TYPE_MAX)
                return 0;
        r = take_proof(j, &c);
        if (r == 0)
                return 0;
        if (r > 0)
                r = object_take_url(j, "url", origins, &c.url, ret_reason);
        if (r < 0)
                return r;
        if (!c.url)
                return 0;
        if (json_get_string(j, "status", &status) >= 0)
                c.status = acme_status_from_string(status);
        if (json_get_object(j, "error", &error) >= 0) {
                r = problem_parse(error, 0, &c.error);
                if (r < 0)
                        return r;
                c.has_error = true;
        }
        *ret = c;
        c = (Challenge){};
        return 1;
}

static int note_offered(const Json *j, StringList *offered) {
        const char *type;

        if (json_get_string(j, "type", &type) < 0)
                return 0;
        _cleanup_free_ char *escaped = str_escape(type, 64);
        if (!escaped)
                return -ENOMEM;
        return string_list_add(offered, escaped);
}

static int take_challenges(
                const Json *j,
                const StringList *origins,
                Authorization *a,
                const char **ret_reason) {
        const Json *list;
        int r;

        if (json_get_array(j, "challenges", &list) < 0)
                return 0;
        size_t count = json_count(list);
        if (count > CHALLENGES_MAX)
                return object_refuse(ret_reason, "the authorization has too many challenges");
        a->challenges = calloc(count ? count : 1, sizeof(*a->challenges));
        if (!a->challenges)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                r = note_offered(json_at(list, i), &a->offered);
                if (r < 0)
                        return r;
                r =
                                challenge_parse(json_at(list, i), origins,
                                                a->challenges + a->challenge_count, ret_reason);
                if (r < 0)
                        return r;
                a->challenge_count += (size_t) r;
        }
        return 0;
}

/* ---- authorization ---- */

void authorization_done(Authorization *a) {
        for (size_t i = 0; i < a->challenge_count; i++)
                challenge_done(a->challenges + i);
        free(a->challenges);
        free(a->identifier);
        string_list_done(&a->offered);
        *a = (Authorization){};
}

static int take_name(const Json *j, Authorization *a, const char **ret_reason) {
        _cleanup_free_ char *value = NULL;
        const Json *identifier;
        int r;

        if (json_get_object(j, "identifier", &identifier) < 0)
                return object_refuse(ret_reason, "the authorization has no identifier");
        r = object_take_identifier(identifier, &value, ret_reason);
        if (r < 0)
                return r;
        (void) json_get_bool(j, "wildcard", &a->wildcard); /* absent or odd: false */

        /* The base name is what is asked for; some servers leave the star in. */
        const char *base = str_skip_prefix(value, "*.");
        if (base)
                a->wildcard = true;
        return str_replace(&a->identifier, base ? base : value);
}

int authorization_parse(
                const Json *j,
                const StringList *origins,
                Authorization *ret,
                const char **ret_reason) {
        _cleanup_(authorization_done) Authorization a = {};
        int r;

        if (!json_is_object(j))
                return object_refuse(ret_reason, "the authorization is not a JSON object");
        r = object_take_status(j, &a.status, ret_reason);
        if (r >= 0)
                r = take_name(j, &a, ret_reason);
        if (r >= 0)
                r = take_challenges(j, origins, &a, ret_reason);
        if (r < 0)
                return r;
        a.expires = object_take_expires(j);
        *ret = a;
        a = (Authorization){};
        return 0;
}
