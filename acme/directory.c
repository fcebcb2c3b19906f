/* The directory: where a CA's resources are. Members that no order needs may be missing, null, or
 * of another type (E-01 … E-03). */

#include "acme/object-internal.h"
#include "acme/url.h"

void directory_done(Directory *d) {
        free(d->new_nonce);
        free(d->new_account);
        free(d->new_order);
        free(d->revoke_cert);
        free(d->key_change);
        free(d->renewal_info);
        free(d->terms_of_service);
        *d = (Directory){};
}

static int take_required(
                const Json *j,
                const char *key,
                const StringList *origins,
                char **ret,
                const char **ret_reason) {
        int r;

        r = object_take_url(j, key, origins, ret, ret_reason);
        if (r >= 0 && !*ret)
                return object_refuse(
                                ret_reason,
                                "this is no ACME directory: newNonce, newAccount or newOrder is "
                                "missing");
        return r;
}

/* A bad one is as good as none: it is never used. */
static int take_optional(const Json *j, const char *key, const StringList *origins, char **ret) {
        int r;

        r = object_take_url(j, key, origins, ret, NULL);
        return r == -EBADMSG ? 0 : r;
}

static int take_meta(const Json *j, Directory *d) {
        const char *terms;
        const Json *meta;

        if (json_get_object(j, "meta", &meta) < 0)
                return 0;
        (void) json_get_bool(meta, "externalAccountRequired", &d->external_account_required);
        if (json_get_string(meta, "termsOfService", &terms) < 0)
                return 0;
        d->terms_of_service = str_escape(terms, URL_MAX);
        return d->terms_of_service ? 0 : -ENOMEM;
}

int directory_parse(
                const Json *j, const StringList *origins, Directory *ret, const char **ret_reason) {
        _cleanup_(directory_done) Directory d = {};
        int r;

        if (!json_is_object(j))
                return object_refuse(ret_reason, "the directory is not a JSON object");
        r = take_required(j, "newNonce", origins, &d.new_nonce, ret_reason);
        if (r >= 0)
                r = take_required(j, "newAccount", origins, &d.new_account, ret_reason);
        if (r >= 0)
                r = take_required(j, "newOrder", origins, &d.new_order, ret_reason);
        if (r >= 0)
                r = take_optional(j, "revokeCert", origins, &d.revoke_cert);
        if (r >= 0)
                r = take_optional(j, "keyChange", origins, &d.key_change);
        if (r >= 0)
                r = take_optional(j, "renewalInfo", origins, &d.renewal_info);
        if (r >= 0)
                r = take_meta(j, &d);
        if (r < 0)
                return r;
        *ret = d;
        d = (Directory){};
        return 0;
}
