/* The directory: where a CA's resources are. Members that no order needs may be missing, null, or
 * of another type (E-01 … E-03). */

#include <string.h>

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
        free(d->website);
        string_list_done(&d->profiles);
        string_list_done(&d->caa_identities);
        string_list_done(&d->issuer_names);
        free(d->account_hash_prefix);
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

static int take_shown(const Json *meta, const char *key, char **ret) {
        const char *text;

        if (json_get_string(meta, key, &text) < 0)
                return 0;
        *ret = str_escape(text, URL_MAX);
        return *ret ? 0 : -ENOMEM;
}

/* Only names that could be asked for; the texts beside them are for people (U-01). */
static int take_profiles(const Json *meta, StringList *ret) {
        const Json *profiles;

        if (json_get_object(meta, "profiles", &profiles) < 0)
                return 0;
        for (size_t i = 0; i < json_count(profiles) && ret->count < META_LIST_MAX; i++) {
                const char *name = json_key_at(profiles, i);
                int r = profile_is_valid(name) ? string_list_add(ret, name) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

static int take_caa_identities(const Json *meta, StringList *ret) {
        const Json *list;

        if (json_get_array(meta, "caaIdentities", &list) < 0)
                return 0;
        for (size_t i = 0; i < json_count(list) && ret->count < META_LIST_MAX; i++) {
                const char *text = json_string_value(json_at(list, i));
                char name[CAA_NAME_MAX + 1];
                size_t n = text ? strnlen(text, CAA_NAME_MAX + 1) : 0;
                int r;

                if (n == 0 || n > CAA_NAME_MAX)
                        continue;
                for (size_t k = 0; k <= n; k++)
                        name[k] =
                                        (char) (text[k] >= 'A' && text[k] <= 'Z'
                                                                ? text[k] - 'A' + 'a'
                                                                : text[k]);
                if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != n)
                        continue;
                r = string_list_add(ret, name);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool profile_is_valid(const char *name) {
        size_t n = strnlen(name, PROFILE_MAX + 1);

        for (size_t i = 0; i < n; i++)
                if (name[i] < ' ' || name[i] > '~')
                        return false;
        return n > 0 && n <= PROFILE_MAX;
}

/* Domain names of the CA; what is none is left out. */
static int take_names(const Json *meta, const char *key, StringList *ret) {
        const Json *list;
        int r = 0;

        if (json_get_array(meta, key, &list) < 0)
                return 0;
        for (size_t i = 0; i < json_count(list) && ret->count < ISSUERS_MAX && r >= 0; i++) {
                const char *name = json_string_value(json_at(list, i));

                if (name && issuer_name_is_valid(name))
                        r = string_list_add(ret, name);
        }
        return r;
}

/* It becomes part of a record that a person copies: printable, no blank, no ';', no quote. */
static int take_hash_prefix(const Json *meta, char **ret) {
        const char *text;

        if (json_get_string(meta, "accountHashPrefix", &text) < 0 || strlen(text) > URL_MAX ||
            text[strcspn(text, " ;\"\\")])
                return 0;
        for (const char *p = text; *p; p++)
                if (*p <= ' ' || *p > '~')
                        return 0;
        return str_replace(ret, text);
}

static int take_meta(const Json *j, Directory *d) {
        const Json *meta;
        int r;

        if (json_get_object(j, "meta", &meta) < 0)
                return 0;
        r = take_names(meta, "issuerDomainNames", &d->issuer_names);
        if (r >= 0)
                r = take_hash_prefix(meta, &d->account_hash_prefix);
        if (r < 0)
                return r;
        (void) json_get_bool(meta, "externalAccountRequired", &d->external_account_required);
        r = take_shown(meta, "termsOfService", &d->terms_of_service);
        if (r >= 0)
                r = take_shown(meta, "website", &d->website);
        if (r >= 0)
                r = take_profiles(meta, &d->profiles);
        if (r >= 0)
                r = take_caa_identities(meta, &d->caa_identities);
        return r;
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
