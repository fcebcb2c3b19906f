/* What the server has: accounts, authorizations, orders, certificates; one function per kind of request. */

#include <stdio.h>
#include <string.h>

#include "acme/renewal-info.h"
#include "tests/fake/ca-internal.h"

#define ORDER_LIFE_SEC ((int64_t) 7 * SEC_PER_DAY)

/* ---- answers ---- */

int ca_answer(HttpReply *ret, long status, Json *taken) {
        _cleanup_(json_freep) Json *j = taken;
        _cleanup_free_ char *text = NULL;

        ret->status = status;
        if (!j || json_to_string(j, &text) < 0)
                return 0;
        return bytes_append_string(&ret->body, text);
}

int ca_problem(HttpReply *ret, long status, const char *type, const char *detail) {
        _cleanup_free_ char *urn = NULL;
        Json *j = json_object_new();

        (void) str_printf(&urn, "urn:ietf:params:acme:error:%s", type);
        (void) json_set_string(j, "type", urn);
        (void) json_set_string(j, "detail", detail);
        return ca_answer(ret, status, j);
}

void ca_set_url(const FakeCa *ca, Json *j, const char *key, const char *kind, size_t i) {
        _cleanup_free_ char *url = NULL;

        (void) str_printf(&url, "https://%s/%s/%zu", ca->host, kind, i);
        (void) json_set_string(j, key, url);
}

void ca_set_location(const FakeCa *ca, char **field, const char *kind, size_t i) {
        free(*field);
        *field = NULL;
        (void) str_printf(field, "https://%s/%s/%zu", ca->host, kind, i);
}

/* ---- accounts ---- */

int ca_serve_account(FakeCa *ca, const Json *payload, HttpReply *ret) {
        const char *thumbprint = "";
        bool only = false, existed = ca->account != 0;

        (void) json_get_bool(payload, "onlyReturnExisting", &only);
        (void) json_get_string(payload, "thumbprint", &thumbprint);
        if (!existed && only)
                return ca_problem(ret, 400, "accountDoesNotExist", "no such account");
        if (!existed) {
                ca->account = ++ca->last_account;
                ca->counts.accounts++;
        }
        (void) str_replace(&ca->thumbprint, thumbprint);
        ca_set_location(ca, &ret->location, "account-of", ca->account);
        return ca_answer(ret, existed ? 200 : 201, json_object_new());
}

/* ---- authorizations ---- */

static void validate(void *userdata) {
        CaAuthorization *a = userdata;
        FakeCa *ca = a->ca;
        _cleanup_free_ char *expected = NULL;
        const char *shown = fake_responder_show(ca->responder, a->identifier, a->token);
        bool reachable = !ca->hooks.validates ||
                         ca->hooks.validates(a->identifier, ca->hooks.userdata);

        a->timer = timer_free(a->timer);
        (void) str_printf(&expected, "%s.%s", a->token, ca->thumbprint ? ca->thumbprint : "");
        if (!reachable || !str_equal(shown, expected)) {
                a->status = STATUS_INVALID;
                return;
        }
        a->status = STATUS_VALID;
        a->valid_until = fake_loop_true_sec(ca->loop) +
                         MAX(ca->options.reuse_sec, (int64_t) SEC_PER_HOUR);
}

static unsigned authorization_for(FakeCa *ca, const char *identifier) {
        int64_t now = fake_loop_true_sec(ca->loop);
        CaAuthorization *a;

        for (size_t i = ca->authorization_count; i-- > 0 && ca->options.reuse_sec > 0;) {
                a = ca->authorizations[i];
                if (a->status == STATUS_VALID && a->account == ca->account &&
                    a->valid_until > now && strcmp(a->identifier, identifier) == 0)
                        return (unsigned) i;
        }
        a = calloc(1, sizeof *a);
        *a = (CaAuthorization){ .status = STATUS_PENDING, .account = ca->account, .ca = ca };
        (void) snprintf(a->identifier, sizeof a->identifier, "%s", identifier);
        (void) snprintf(a->token, sizeof a->token, "token_%06zu-%08x-%08xabcdef0",
                        ca->authorization_count, fake_random(ca->loop), fake_random(ca->loop));
        ca->authorizations =
                        reallocarray(ca->authorizations, ca->authorization_count + 1, sizeof a);
        ca->authorizations[ca->authorization_count] = a;
        return (unsigned) ca->authorization_count++;
}

static Json *challenge_json(FakeCa *ca, size_t i) {
        const CaAuthorization *a = ca->authorizations[i];
        AcmeStatus s = a->status == STATUS_PENDING && a->accepted ? STATUS_PROCESSING : a->status;
        Json *j = json_object_new(), *error;

        (void) json_set_string(j, "type", "http-01");
        ca_set_url(ca, j, "url", "challenge", i);
        (void) json_set_string(j, "token", a->token);
        (void) json_set_string(j, "status", acme_status_to_string(s));
        if (s == STATUS_INVALID) {
                error = json_object_new();
                (void) json_set_string(error, "type", "urn:ietf:params:acme:error:connection");
                (void) json_set_string(error, "detail", "connection refused");
                (void) json_set(j, "error", error);
        }
        return j;
}

int ca_serve_authorization(FakeCa *ca, size_t i, HttpReply *ret) {
        const CaAuthorization *a = ca->authorizations[i];
        Json *j = json_object_new(), *identifier = json_object_new(),
             *challenges = json_array_new();

        (void) json_set_string(identifier, "type", "dns");
        (void) json_set_string(identifier, "value", a->identifier);
        (void) json_set(j, "identifier", identifier);
        (void) json_set_string(j, "status", acme_status_to_string(a->status));
        (void) json_set_string(j, "expires", "2099-01-01T00:00:00Z");
        (void) json_append(challenges, challenge_json(ca, i));
        (void) json_set(j, "challenges", challenges);
        return ca_answer(ret, 200, j);
}

int ca_serve_challenge(FakeCa *ca, size_t i, HttpReply *ret) {
        CaAuthorization *a = ca->authorizations[i];
        usec_t delay = (usec_t) ca->options.validate_sec * USEC_PER_SEC;

        if (a->status == STATUS_PENDING && !a->accepted) {
                a->accepted = true;
                (void) fake_loop_world_timer(ca->loop, delay, validate, a, &a->timer);
        }
        return ca_answer(ret, 200, challenge_json(ca, i));
}

/* ---- orders ---- */

static bool is_open(const CaOrder *o) {
        return o->status == STATUS_PENDING || o->status == STATUS_READY ||
               o->status == STATUS_PROCESSING;
}

static void refresh(FakeCa *ca, CaOrder *o) {
        int64_t now = fake_loop_true_sec(ca->loop);
        size_t valid = 0;

        if (o->status == STATUS_PROCESSING && now >= o->ready_at)
                o->status = STATUS_VALID;
        if (is_open(o) && now > o->expires)
                o->status = STATUS_INVALID;
        if (o->status != STATUS_PENDING)
                return;
        for (size_t i = 0; i < o->names.count; i++) {
                AcmeStatus s = ca->authorizations[o->authorizations[i]]->status;

                valid += s == STATUS_VALID;
                if (s == STATUS_INVALID)
                        o->status = STATUS_INVALID;
        }
        if (valid == o->names.count)
                o->status = STATUS_READY;
}

size_t fake_ca_open_orders(FakeCa *ca, const char *identifier) {
        size_t n = 0;

        for (size_t i = 0; i < ca->order_count; i++) {
                if (ca->orders[i]->account != ca->account ||
                    !str_equal(ca->orders[i]->names.items[0], identifier))
                        continue;
                refresh(ca, ca->orders[i]);
                n += is_open(ca->orders[i]);
        }
        return n;
}

int ca_serve_order_answer(FakeCa *ca, size_t i, long status, HttpReply *ret) {
        CaOrder *o = ca->orders[i];
        Json *j = json_object_new(), *list = json_array_new(), *names = json_array_new();

        refresh(ca, o);
        (void) json_set_string(j, "status", acme_status_to_string(o->status));
        (void) json_set_string(j, "expires", "2099-01-01T00:00:00Z");
        for (size_t k = 0; k < o->names.count; k++) {
                _cleanup_free_ char *url = NULL;
                Json *name = json_object_new();

                (void) json_set_string(name, "type", "dns");
                (void) json_set_string(name, "value", o->names.items[k]);
                (void) json_append(names, name);
                (void) str_printf(
                                &url, "https://%s/authorization/%u", ca->host,
                                o->authorizations[k]);
                (void) json_append_string(list, url);
        }
        (void) json_set(j, "identifiers", names);
        (void) json_set(j, "authorizations", list);
        ca_set_url(ca, j, "finalize", "finalize", i);
        if (o->replaces)
                (void) json_set_string(j, "replaces", o->replaces);
        if (o->profile)
                (void) json_set_string(j, "profile", o->profile);
        if (o->status == STATUS_VALID)
                ca_set_url(ca, j, "certificate", "certificate", i);
        ca_set_location(ca, &ret->location, "order", i);
        return ca_answer(ret, status, j);
}

/* As Let's Encrypt does, the same open order is handed back. */
static bool find_same(FakeCa *ca, const StringList *names, size_t *ret) {
        for (size_t i = 0; i < ca->order_count; i++) {
                CaOrder *o = ca->orders[i];

                if (o->account != ca->account || !is_open(o) ||
                    !string_list_same_set(&o->names, names))
                        continue;
                refresh(ca, o);
                if (o->status == STATUS_PENDING || o->status == STATUS_READY) {
                        *ret = i;
                        return true;
                }
        }
        return false;
}

/* 1: the order is taken, and `o` says what it has; else the answer's result. */
static int take_wishes(FakeCa *ca, const Json *payload, CaOrder *o, HttpReply *ret) {
        const char *replaces = NULL, *profile = NULL;
        size_t i;

        (void) json_get_string(payload, "replaces", &replaces);
        (void) json_get_string(payload, "profile", &profile);
        if (replaces && ca->options.refuses_replaces)
                return ca_problem(ret, ca->options.refuses_replaces, "malformed", "not this one");
        i = replaces ? ca_order_of_cert_id(ca, replaces) : 0;
        if (replaces && i >= ca->order_count)
                return ca_problem(ret, 404, "malformed", "no such certificate");
        if (replaces && ca->orders[i]->replaced)
                return ca_problem(ret, 409, "alreadyReplaced", "that was replaced before");
        if (profile && !ca->options.ignores_profile && !str_equal(profile, ca->options.profile))
                return ca_problem(ret, 400, "invalidProfile", "no such profile");
        (void) str_replace(&o->replaces, replaces);
        if (!ca->options.ignores_profile)
                (void) str_replace(&o->profile, profile);
        return 1;
}

static int place_order(FakeCa *ca, const StringList *names, CaOrder *taken, HttpReply *ret) {
        CaOrder *o = calloc(1, sizeof *o);

        *o = *taken;
        *taken = (CaOrder){};
        o->status = STATUS_PENDING;
        o->account = ca->account;
        o->expires = fake_loop_true_sec(ca->loop) + ORDER_LIFE_SEC;
        (void) string_list_copy(names, &o->names);
        o->authorizations = calloc(names->count, sizeof *o->authorizations);
        for (size_t i = 0; i < names->count; i++)
                o->authorizations[i] = authorization_for(ca, names->items[i]);
        ca->orders = reallocarray(ca->orders, ca->order_count + 1, sizeof o);
        ca->orders[ca->order_count++] = o;
        ca->counts.orders++;
        ca->counts.with_replaces += o->replaces != NULL;
        ca->counts.most_open = MAX(
                        ca->counts.most_open, (unsigned) fake_ca_open_orders(ca, names->items[0]));
        return ca_serve_order_answer(ca, ca->order_count - 1, 201, ret);
}

int ca_serve_new_order(FakeCa *ca, const Json *payload, HttpReply *ret) {
        _cleanup_(string_list_done) StringList names = {};
        const Json *list;
        CaOrder wishes = {};
        size_t i;
        int r;

        if (json_get_array(payload, "names", &list) < 0)
                return ca_problem(ret, 400, "malformed", "no names");
        for (i = 0; i < json_count(list); i++)
                (void) string_list_add(&names, json_string_value(json_at(list, i)));
        free(ca->last_order);
        ca->last_order = NULL;
        (void) json_to_string(payload, &ca->last_order);
        r = take_wishes(ca, payload, &wishes, ret);
        if (r > 0 && !find_same(ca, &names, &i))
                r = place_order(ca, &names, &wishes, ret);
        else if (r > 0)
                r = ca_serve_order_answer(ca, i, 201, ret);
        free(wishes.replaces);
        free(wishes.profile);
        return r;
}

static int issue(FakeCa *ca, CaOrder *o, const Bytes *der) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(key_freep) EVP_PKEY *other = NULL;
        _cleanup_(bytes_done) Bytes pem = {};
        const unsigned char *p = der->data;
        X509_REQ *req = d2i_X509_REQ(NULL, &p, (long) der->size);
        EVP_PKEY *key = req ? X509_REQ_get0_pubkey(req) : NULL;
        int64_t now = fake_loop_true_sec(ca->loop);
        int r = key ? 0 : -EINVAL;
        size_t i;

        if (r >= 0 && ca->hooks.spoils && ca->hooks.spoils(ca->hooks.userdata)) {
                r = key_generate(KEY_ECDSA_P256, &other);
                key = other;
        }
        o->not_before = now - SEC_PER_HOUR;
        o->not_after = o->not_before + ca->options.lifetime_sec - 1;
        if (r >= 0)
                r = string_list_copy(&o->names, &names);
        if (r >= 0 && ca->options.extra_name)
                r = string_list_add(&names, ca->options.extra_name);
        if (r >= 0)
                r = fake_ca_issue(ca, key, &names, o->not_before, o->not_after, &pem);
        if (r >= 0)
                r = cert_id_of_chain(pem.data, pem.size, &o->cert_id);
        X509_REQ_free(req);
        if (r < 0)
                return r;
        o->pem = bytes_take_text(&pem);
        o->status = ca->options.finalize_sec > 0 ? STATUS_PROCESSING : STATUS_VALID;
        o->ready_at = now + ca->options.finalize_sec;
        ca->counts.issued++;
        i = o->replaces ? ca_order_of_cert_id(ca, o->replaces) : ca->order_count;
        if (i < ca->order_count)
                ca->orders[i]->replaced = true;
        if (ca->hooks.issued)
                ca->hooks.issued(o->names.items[0], now, ca->hooks.userdata);
        return 0;
}

int ca_serve_finalize(FakeCa *ca, size_t i, const Json *payload, HttpReply *ret) {
        _cleanup_(bytes_done) Bytes der = {};
        CaOrder *o = ca->orders[i];
        const char *csr;

        refresh(ca, o);
        if (o->status != STATUS_READY)
                return ca_problem(ret, 403, "orderNotReady", "the order is not ready");
        if (json_get_string(payload, "csr", &csr) < 0 ||
            base64url_decode(csr, strlen(csr), &der) < 0 || issue(ca, o, &der) < 0)
                return ca_problem(ret, 400, "badCSR", "the CSR cannot be read");
        return ca_serve_order_answer(ca, i, 200, ret);
}

int ca_serve_certificate(FakeCa *ca, size_t i, HttpReply *ret) {
        ret->status = 200;
        return bytes_append_string(&ret->body, ca->orders[i]->pem);
}
