/* What the signer is asked for one request: the method of its kind, and the facts of which it builds the payload. */

#include "daemon/session-call.h"
#include "daemon/session-internal.h"

static const char *const methods[SESSION_REQUEST_KIND_MAX] = {
        [SESSION_NEW_ACCOUNT] = "SignNewAccount",
        [SESSION_LOOKUP_ACCOUNT] = "SignNewAccount",
        [SESSION_READ_ACCOUNT] = "SignPostAsGet",
        [SESSION_READ_ACCOUNT_PENDING] = "SignPostAsGet",
        [SESSION_UPDATE_ACCOUNT] = "SignAccountUpdate",
        [SESSION_KEY_CHANGE] = "SignKeyChange",
        [SESSION_DEACTIVATE] = "SignDeactivate",
        [SESSION_REVOKE] = "SignRevoke",
        [SESSION_NEW_ORDER] = "SignNewOrder",
        [SESSION_POST_AS_GET] = "SignPostAsGet",
        [SESSION_CERTIFICATE] = "SignPostAsGet",
        [SESSION_CHALLENGE] = "SignChallenge",
        [SESSION_FINALIZE] = "SignFinalize",
};

const char *call_method(const SessionCall *c) {
        return methods[c->kind];
}

bool call_takes_kid(const SessionCall *c) {
        return c->kind != SESSION_NEW_ACCOUNT && c->kind != SESSION_LOOKUP_ACCOUNT && !c->with_key;
}

static int put_request(const SessionCall *c, Json *parameters) {
        Json *request = json_object_new();
        int r;

        r = request ? json_set_string(request, "ca", c->session->ca.name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(request, "url", c->url);
        if (r >= 0)
                r = json_set_string(request, "nonce", c->nonce);
        if (r >= 0 && call_takes_kid(c))
                r = json_set_string(request, "kid", c->session->account_url);
        if (r < 0) {
                (void) json_free(request);
                return r;
        }
        return json_set(parameters, "request", request);
}

static int put_text(Json *j, const char *key, const char *text) {
        return text ? json_set_string(j, key, text) : 0;
}

/* What a new order asks for besides its names. */
static int put_wishes(const SessionCall *c, Json *parameters) {
        int r;

        r = json_set_strings(parameters, "names", &c->names);
        if (r >= 0)
                r = put_text(parameters, "profile", c->profile);
        if (r >= 0)
                r = put_text(parameters, "replaces", c->replaces);
        if (r >= 0)
                r = put_text(parameters, "notBefore", c->not_before);
        if (r >= 0)
                r = put_text(parameters, "notAfter", c->not_after);
        return r;
}

static int put_update(const SessionCall *c, Json *j) {
        int r;

        r = json_set_bool(j, "contact", c->contact);
        return r < 0 ? r : json_set_bool(j, "termsAgreed", c->terms);
}

static int put_revocation(const SessionCall *c, Json *j) {
        int r;

        r = json_set_string(j, "leaf", c->leaf);
        if (r >= 0)
                r = json_set_int64(j, "reason", c->reason);
        return r < 0 ? r : json_set_bool(j, "withKey", c->with_key);
}

static int put_kind(const SessionCall *c, Json *j) {
        if (c->kind == SESSION_LOOKUP_ACCOUNT)
                return json_set_bool(j, "onlyReturnExisting", true);
        if (c->kind == SESSION_READ_ACCOUNT_PENDING)
                return json_set_bool(j, "pending", true);
        if (c->kind == SESSION_UPDATE_ACCOUNT)
                return put_update(c, j);
        if (c->kind == SESSION_REVOKE)
                return put_revocation(c, j);
        return c->kind == SESSION_NEW_ORDER ? put_wishes(c, j) : 0;
}

int call_parameters(const SessionCall *c, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? put_request(c, j) : -ENOMEM;
        if (r >= 0)
                r = put_kind(c, j);
        if (r >= 0)
                r = put_text(j, "certificate", c->certificate);
        if (r >= 0)
                r = put_text(j, "attempt", c->attempt);
        if (r >= 0)
                r = put_text(j, "csr", c->csr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}
