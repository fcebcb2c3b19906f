/* What leaves with a signature. A member that has no value is left out, never null (B-03). */

#include "signer/payload.h"

#include "acme/jwk.h"
#include "base/json.h"

/* Each builder hands its object here with the result so far; takes `j`. */
static int finish(Json *j, int r, char **ret) {
        if (!j)
                return -ENOMEM;
        if (r >= 0)
                r = json_to_string(j, ret);
        (void) json_free(j);
        return r;
}

int payload_find_account(char **ret) {
        Json *j = json_object_new();

        return finish(j, j ? json_set_bool(j, "onlyReturnExisting", true) : 0, ret);
}

static int put_contact(Json *j, const StringList *addresses) {
        Json *contact = json_array_new();
        int r = contact ? 0 : -ENOMEM;

        for (size_t i = 0; i < addresses->count && r >= 0; i++) {
                _cleanup_free_ char *url = NULL;

                r = str_printf(&url, "mailto:%s", addresses->items[i]);
                if (r >= 0)
                        r = json_append_string(contact, url);
        }
        if (r < 0) {
                (void) json_free(contact);
                return r;
        }
        return json_set(j, "contact", contact);
}

int payload_new_account(const StringList *contact, Json *binding, char **ret) {
        _cleanup_(json_freep) Json *taken = binding;
        Json *j = json_object_new();
        int r;

        r = j ? json_set_bool(j, "termsOfServiceAgreed", true) : 0;
        if (j && r >= 0 && contact->count > 0)
                r = put_contact(j, contact);
        if (j && r >= 0 && taken)
                r = json_set(j, "externalAccountBinding", TAKE_PTR(taken));
        return finish(j, r, ret);
}

int payload_account_update(const StringList *contact, bool terms_agreed, char **ret) {
        Json *j = json_object_new();
        int r;

        r = j && contact ? put_contact(j, contact) : 0;
        if (j && r >= 0 && terms_agreed)
                r = json_set_bool(j, "termsOfServiceAgreed", true);
        return finish(j, r, ret);
}

int payload_deactivate(char **ret) {
        Json *j = json_object_new();

        return finish(j, j ? json_set_string(j, "status", "deactivated") : 0, ret);
}

int payload_key_change(const char *account, EVP_PKEY *old, char **ret) {
        Json *j = json_object_new(), *jwk = NULL;
        int r;

        r = j ? json_set_string(j, "account", account) : 0;
        if (j && r >= 0)
                r = jwk_build(old, &jwk);
        if (j && r >= 0)
                r = json_set(j, "oldKey", jwk);
        return finish(j, r, ret);
}

int payload_revoke(const char *leaf, int64_t reason, char **ret) {
        Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "certificate", leaf) : 0;
        if (j && r >= 0 && reason > 0)
                r = json_set_int64(j, "reason", reason);
        return finish(j, r, ret);
}

static int append_identifier(Json *identifiers, const char *name) {
        Json *j = json_object_new();
        int r;

        if (!j)
                return -ENOMEM;
        r = json_set_string(j, "type", identifier_is_ip(name) ? "ip" : "dns");
        if (r >= 0)
                r = json_set_string(j, "value", name);
        if (r < 0) {
                (void) json_free(j);
                return r;
        }
        return json_append(identifiers, j);
}

static int put_wishes(Json *j, const OrderWishes *w) {
        const struct {
                const char *key, *value;
        } members[] = {
                { "notBefore", w->not_before },
                { "notAfter", w->not_after },
                { "replaces", w->replaces },
                { "profile", w->profile },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(members) && r >= 0; i++)
                if (members[i].value)
                        r = json_set_string(j, members[i].key, members[i].value);
        return r;
}

int payload_new_order(const StringList *names, const OrderWishes *wishes, char **ret) {
        _cleanup_(json_freep) Json *identifiers = json_array_new();
        Json *j;
        int r = 0;

        if (!identifiers)
                return -ENOMEM;
        for (size_t i = 0; i < names->count; i++) {
                r = append_identifier(identifiers, names->items[i]);
                if (r < 0)
                        return r;
        }
        j = json_object_new();
        if (j)
                r = json_set(j, "identifiers", TAKE_PTR(identifiers));
        if (j && r >= 0)
                r = put_wishes(j, wishes);
        return finish(j, r, ret);
}

int payload_finalize(const char *csr, char **ret) {
        Json *j = json_object_new();

        return finish(j, j ? json_set_string(j, "csr", csr) : 0, ret);
}
