/* The gate for a CA's objects: the vocabulary that all share, orders, and tokens. What passes is
 * typed and checked; whoever works with it needs no second look. */

#include "acme/object.h"

#include <string.h>

#include "acme/object-internal.h"
#include "acme/timestamp.h"
#include "acme/url.h"

static const char *const STATUS_NAMES[STATUS_MAX] = {
        [STATUS_UNKNOWN] = "unknown",
        [STATUS_PENDING] = "pending",
        [STATUS_READY] = "ready",
        [STATUS_PROCESSING] = "processing",
        [STATUS_VALID] = "valid",
        [STATUS_INVALID] = "invalid",
        [STATUS_DEACTIVATED] = "deactivated",
        [STATUS_EXPIRED] = "expired",
        [STATUS_REVOKED] = "revoked",
};

AcmeStatus acme_status_from_string(const char *text) {
        for (AcmeStatus s = STATUS_UNKNOWN + 1; s < STATUS_MAX; s++)
                if (str_equal(text, STATUS_NAMES[s]))
                        return s;
        return STATUS_UNKNOWN;
}

const char *acme_status_to_string(AcmeStatus s) {
        return (unsigned) s < STATUS_MAX ? STATUS_NAMES[s] : STATUS_NAMES[STATUS_UNKNOWN];
}

bool token_is_valid(const char *token) {
        size_t size = strnlen(token, TOKEN_MAX + 1);

        return size >= TOKEN_MIN && size <= TOKEN_MAX && str_is_base64url(token);
}

bool issuer_name_is_valid(const char *name) {
        size_t size = strnlen(name, 254);

        if (size == 0 || size > 253 || name[0] == '.' || name[size - 1] == '.' ||
            strstr(name, ".."))
                return false;
        return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == size;
}

/* ---- members ---- */

int object_refuse(const char **ret_reason, const char *reason) {
        if (ret_reason)
                *ret_reason = reason;
        return -EBADMSG;
}

int object_take_status(const Json *j, AcmeStatus *ret, const char **ret_reason) {
        const char *text;

        if (json_get_string(j, "status", &text) < 0)
                return object_refuse(ret_reason, "the object has no status");
        *ret = acme_status_from_string(text);
        return 0;
}

int64_t object_take_expires(const Json *j) {
        const char *text;
        int64_t t;

        if (json_get_string(j, "expires", &text) < 0 || rfc3339_parse(text, &t) < 0)
                return 0;
        return t;
}

int object_check_url(
                const char *text, const StringList *origins, char **ret, const char **ret_reason) {
        int r;

        r = url_check(text, origins);
        if (r == -EACCES)
                return object_refuse(
                                ret_reason, "a URL leads to a host that the CA's configuration "
                                            "does not allow (Origins=)");
        if (r == -EBADMSG)
                return object_refuse(ret_reason, "a URL is not an absolute https URL");
        if (r < 0)
                return r;
        return str_replace(ret, text);
}

int object_take_url(
                const Json *j,
                const char *key,
                const StringList *origins,
                char **ret,
                const char **ret_reason) {
        const char *text;
        int r;

        r = json_get_string(j, key, &text);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return object_refuse(ret_reason, "a URL is not a string");
        return object_check_url(text, origins, ret, ret_reason);
}

/* ---- order ---- */

void order_done(Order *o) {
        string_list_done(&o->identifiers);
        string_list_done(&o->authorizations);
        free(o->finalize);
        free(o->certificate);
        free(o->profile);
        free(o->replaces);
        problem_done(&o->error);
        *o = (Order){};
}

static int take_identifiers(const Json *j, StringList *ret, const char **ret_reason) {
        const Json *list;
        int r;

        if (json_get_array(j, "identifiers", &list) < 0 || json_count(list) == 0)
                return object_refuse(ret_reason, "the order has no identifiers");
        if (json_count(list) > IDENTIFIERS_MAX)
                return object_refuse(ret_reason, "the order has too many identifiers");
        for (size_t i = 0; i < json_count(list); i++) {
                _cleanup_free_ char *value = NULL;

                r = object_take_identifier(json_at(list, i), &value, ret_reason);
                if (r < 0)
                        return r;
                if (string_list_contains(ret, value))
                        continue;
                r = string_list_add(ret, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int take_authorizations(
                const Json *j,
                const StringList *origins,
                StringList *ret,
                const char **ret_reason) {
        const Json *list;
        int r;

        if (json_get_array(j, "authorizations", &list) < 0)
                return 0;
        if (json_count(list) > AUTHORIZATIONS_MAX)
                return object_refuse(ret_reason, "the order has too many authorizations");
        for (size_t i = 0; i < json_count(list); i++) {
                _cleanup_free_ char *url = NULL;
                const char *text = json_string_value(json_at(list, i));

                if (!text)
                        return object_refuse(ret_reason, "an authorization is not a URL");
                r = object_check_url(text, origins, &url, ret_reason);
                if (r < 0)
                        return r;
                if (string_list_contains(ret, url))
                        continue;
                r = string_list_add(ret, url);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Only compared with what was asked for: one that is too long is as none. */
static int take_echo(const Json *j, const char *key, char **ret) {
        const char *text;

        if (json_get_string(j, key, &text) < 0 || strnlen(text, ECHO_MAX + 1) > ECHO_MAX)
                return 0;
        return str_replace(ret, text);
}

/* What an order must have depends on what can still be done with it. */
static int check_order(const Order *o, const char **ret_reason) {
        bool open = o->status == STATUS_PENDING || o->status == STATUS_READY;

        if (open && !o->finalize)
                return object_refuse(ret_reason, "the order has no finalize URL");
        if (o->status == STATUS_PENDING && o->authorizations.count == 0)
                return object_refuse(ret_reason, "the order has no authorizations");
        if (o->authorizations.count > 2 * o->identifiers.count)
                return object_refuse(
                                ret_reason, "the order has too many authorizations"); /* H-06 */
        return 0;
}

int order_parse(const Json *j, const StringList *origins, Order *ret, const char **ret_reason) {
        _cleanup_(order_done) Order o = {};
        int r;

        if (!json_is_object(j))
                return object_refuse(ret_reason, "the order is not a JSON object");
        r = object_take_status(j, &o.status, ret_reason);
        if (r >= 0)
                r = take_identifiers(j, &o.identifiers, ret_reason);
        if (r >= 0)
                r = take_authorizations(j, origins, &o.authorizations, ret_reason);
        if (r >= 0)
                r = object_take_url(j, "finalize", origins, &o.finalize, ret_reason);
        if (r >= 0 && o.status == STATUS_VALID)
                r = object_take_url(j, "certificate", origins, &o.certificate, ret_reason);
        if (r >= 0)
                r = take_echo(j, "profile", &o.profile);
        if (r >= 0)
                r = take_echo(j, "replaces", &o.replaces);
        if (r >= 0)
                r = check_order(&o, ret_reason);
        if (r < 0)
                return r;
        o.expires = object_take_expires(j);

        const Json *error;
        if (o.status == STATUS_INVALID && json_get_object(j, "error", &error) >= 0) {
                r = problem_parse(error, 0, &o.error);
                if (r < 0)
                        return r;
                o.has_error = true;
        }
        *ret = o;
        o = (Order){};
        return 0;
}
