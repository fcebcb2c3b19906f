/* The server: one function per resource, found by the URL's first segment. */

#include "tests/fake/ca-internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ORDER_LIFE_SEC ((int64_t) 7 * SEC_PER_DAY)

FakeCa *fake_ca_new(Loop *loop, Responder *responder, const char *host) {
        FakeCa *ca = calloc(1, sizeof *ca);

        if (!ca)
                return NULL;
        ca->loop = loop;
        ca->responder = responder;
        (void) snprintf(ca->host, sizeof ca->host, "%s", host);
        ca->options = (FakeCaOptions) {
                .lifetime_sec = (int64_t) 90 * SEC_PER_DAY,
                .validate_sec = 1,
                .finalize_sec = 1,
                .retry_after_sec = 60,
        };
        return ca;
}

FakeCa *fake_ca_free(FakeCa *ca) {
        if (!ca)
                return NULL;
        for (size_t i = 0; i < ca->order_count; i++) {
                string_list_done(&ca->orders[i]->names);
                free(ca->orders[i]->authorizations);
                free(ca->orders[i]->pem);
                free(ca->orders[i]);
        }
        for (size_t i = 0; i < ca->authorization_count; i++) {
                (void) timer_free(ca->authorizations[i]->timer);
                free(ca->authorizations[i]);
        }
        free(ca->orders);
        free(ca->authorizations);
        free(ca->thumbprint);
        (void) key_free(ca->root_key);
        (void) key_free(ca->key);
        X509_free(ca->root);
        X509_free(ca->intermediate);
        free(ca);
        return NULL;
}

FakeCaOptions *fake_ca_options(FakeCa *ca) {
        return &ca->options;
}

FakeCaHooks *fake_ca_hooks(FakeCa *ca) {
        return &ca->hooks;
}

FakeCaCounts *fake_ca_counts(FakeCa *ca) {
        return &ca->counts;
}

const char *fake_ca_host(const FakeCa *ca) {
        return ca->host;
}

void fake_ca_set_down(FakeCa *ca, bool down) {
        ca->down = down;
}

void fake_ca_forget_accounts(FakeCa *ca) {
        ca->account = 0;
}

/* ---- answers ---- */

static int answer(HttpReply *ret, long status, Json *taken) {
        _cleanup_(json_freep) Json *j = taken;
        _cleanup_free_ char *text = NULL;

        ret->status = status;
        if (!j || json_to_string(j, &text) < 0)
                return 0;
        return bytes_append_string(&ret->body, text);
}

static int problem(HttpReply *ret, long status, const char *type, const char *detail) {
        _cleanup_free_ char *urn = NULL;
        Json *j = json_object_new();

        (void) str_printf(&urn, "urn:ietf:params:acme:error:%s", type);
        (void) json_set_string(j, "type", urn);
        (void) json_set_string(j, "detail", detail);
        return answer(ret, status, j);
}

static void set_url(const FakeCa *ca, Json *j, const char *key, const char *kind, size_t i) {
        _cleanup_free_ char *url = NULL;

        (void) str_printf(&url, "https://%s/%s/%zu", ca->host, kind, i);
        (void) json_set_string(j, key, url);
}

static void add_header(const FakeCa *ca, char **field, const char *kind, size_t i) {
        free(*field);
        *field = NULL;
        (void) str_printf(field, "https://%s/%s/%zu", ca->host, kind, i);
}

static void add_nonce(FakeCa *ca, HttpReply *ret) {
        ca->last_nonce++;
        ca->used[ca->last_nonce % ELEMENTSOF(ca->used)] = false;
        (void) str_printf(&ret->replay_nonce, "nonce-%llu", (unsigned long long) ca->last_nonce);
}

static void add_date(const FakeCa *ca, HttpReply *ret) {
        time_t now = (time_t) fake_loop_true_sec(ca->loop);
        char text[64];
        struct tm tm;

        (void) strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
        (void) str_replace(&ret->date, text);
}

static bool use_nonce(FakeCa *ca, const char *nonce) {
        unsigned long long n;

        if (!nonce || sscanf(nonce, "nonce-%llu", &n) != 1 || n > ca->last_nonce ||
            n + ELEMENTSOF(ca->used) <= ca->last_nonce || ca->used[n % ELEMENTSOF(ca->used)])
                return false;
        ca->used[n % ELEMENTSOF(ca->used)] = true;
        return true;
}

static int directory(FakeCa *ca, HttpReply *ret) {
        Json *j = json_object_new();

        set_url(ca, j, "newNonce", "nonce", 0);
        set_url(ca, j, "newAccount", "account", 0);
        set_url(ca, j, "newOrder", "order-new", 0);
        return answer(ret, 200, j);
}

/* ---- accounts ---- */

static int account(FakeCa *ca, const Json *payload, HttpReply *ret) {
        const char *thumbprint = "";
        bool only = false, existed = ca->account != 0;

        (void) json_get_bool(payload, "onlyReturnExisting", &only);
        (void) json_get_string(payload, "thumbprint", &thumbprint);
        if (!existed && only)
                return problem(ret, 400, "accountDoesNotExist", "no such account");
        if (!existed) {
                ca->account = ++ca->last_account;
                ca->counts.accounts++;
        }
        (void) str_replace(&ca->thumbprint, thumbprint);
        add_header(ca, &ret->location, "account-of", ca->account);
        return answer(ret, existed ? 200 : 201, json_object_new());
}

/* ---- authorizations ---- */

static void validate(void *userdata) {
        CaAuthorization *a = userdata;
        FakeCa *ca = a->ca;
        _cleanup_free_ char *expected = NULL;
        const char *shown = fake_responder_show(ca->responder, a->identifier, a->token);
        bool reachable = !ca->hooks.validates || ca->hooks.validates(a->identifier, ca->hooks.userdata);

        a->timer = timer_free(a->timer);
        (void) str_printf(&expected, "%s.%s", a->token, ca->thumbprint ? ca->thumbprint : "");
        if (!reachable || !str_equal(shown, expected)) {
                a->status = STATUS_INVALID;
                return;
        }
        a->status = STATUS_VALID;
        a->valid_until = fake_loop_true_sec(ca->loop) + MAX(ca->options.reuse_sec, (int64_t) SEC_PER_HOUR);
}

static unsigned authorization_for(FakeCa *ca, const char *identifier) {
        int64_t now = fake_loop_true_sec(ca->loop);
        CaAuthorization *a;

        for (size_t i = ca->authorization_count; i-- > 0 && ca->options.reuse_sec > 0;) {
                a = ca->authorizations[i];
                if (a->status == STATUS_VALID && a->account == ca->account && a->valid_until > now &&
                    strcmp(a->identifier, identifier) == 0)
                        return (unsigned) i;
        }
        a = calloc(1, sizeof *a);
        *a = (CaAuthorization) { .status = STATUS_PENDING, .account = ca->account, .ca = ca };
        (void) snprintf(a->identifier, sizeof a->identifier, "%s", identifier);
        (void) snprintf(a->token, sizeof a->token, "token_%06zu-%08x-%08xabcdef0", ca->authorization_count, fake_random(ca->loop), fake_random(ca->loop));
        ca->authorizations = reallocarray(ca->authorizations, ca->authorization_count + 1, sizeof a);
        ca->authorizations[ca->authorization_count] = a;
        return (unsigned) ca->authorization_count++;
}

static Json *challenge_json(FakeCa *ca, size_t i) {
        const CaAuthorization *a = ca->authorizations[i];
        AcmeStatus s = a->status == STATUS_PENDING && a->accepted ? STATUS_PROCESSING : a->status;
        Json *j = json_object_new(), *error;

        (void) json_set_string(j, "type", "http-01");
        set_url(ca, j, "url", "challenge", i);
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

static int authorization(FakeCa *ca, size_t i, HttpReply *ret) {
        const CaAuthorization *a = ca->authorizations[i];
        Json *j = json_object_new(), *identifier = json_object_new(), *challenges = json_array_new();

        (void) json_set_string(identifier, "type", "dns");
        (void) json_set_string(identifier, "value", a->identifier);
        (void) json_set(j, "identifier", identifier);
        (void) json_set_string(j, "status", acme_status_to_string(a->status));
        (void) json_set_string(j, "expires", "2099-01-01T00:00:00Z");
        (void) json_append(challenges, challenge_json(ca, i));
        (void) json_set(j, "challenges", challenges);
        return answer(ret, 200, j);
}

static int challenge(FakeCa *ca, size_t i, HttpReply *ret) {
        CaAuthorization *a = ca->authorizations[i];
        usec_t delay = (usec_t) ca->options.validate_sec * USEC_PER_SEC;

        if (a->status == STATUS_PENDING && !a->accepted) {
                a->accepted = true;
                (void) fake_loop_world_timer(ca->loop, delay, validate, a, &a->timer);
        }
        return answer(ret, 200, challenge_json(ca, i));
}

/* ---- orders ---- */

static bool is_open(const CaOrder *o) {
        return o->status == STATUS_PENDING || o->status == STATUS_READY || o->status == STATUS_PROCESSING;
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
                if (!str_equal(ca->orders[i]->names.items[0], identifier))
                        continue;
                refresh(ca, ca->orders[i]);
                n += is_open(ca->orders[i]);
        }
        return n;
}

static int order_answer(FakeCa *ca, size_t i, long status, HttpReply *ret) {
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
                (void) str_printf(&url, "https://%s/authorization/%u", ca->host, o->authorizations[k]);
                (void) json_append_string(list, url);
        }
        (void) json_set(j, "identifiers", names);
        (void) json_set(j, "authorizations", list);
        set_url(ca, j, "finalize", "finalize", i);
        if (o->status == STATUS_VALID)
                set_url(ca, j, "certificate", "certificate", i);
        add_header(ca, &ret->location, "order", i);
        return answer(ret, status, j);
}

/* As Let's Encrypt does, the same open order is handed back. */
static bool find_same(FakeCa *ca, const StringList *names, size_t *ret) {
        for (size_t i = 0; i < ca->order_count; i++) {
                CaOrder *o = ca->orders[i];

                if (o->account != ca->account || !is_open(o) || !string_list_same_set(&o->names, names))
                        continue;
                refresh(ca, o);
                if (o->status == STATUS_PENDING || o->status == STATUS_READY) {
                        *ret = i;
                        return true;
                }
        }
        return false;
}

static int new_order(FakeCa *ca, const Json *payload, HttpReply *ret) {
        _cleanup_(string_list_done) StringList names = {};
        const Json *list;
        CaOrder *o;
        size_t i;

        if (json_get_array(payload, "names", &list) < 0)
                return problem(ret, 400, "malformed", "no names");
        for (i = 0; i < json_count(list); i++)
                (void) string_list_add(&names, json_string_value(json_at(list, i)));
        if (find_same(ca, &names, &i))
                return order_answer(ca, i, 201, ret);
        o = calloc(1, sizeof *o);
        *o = (CaOrder) {
                .status = STATUS_PENDING,
                .account = ca->account,
                .expires = fake_loop_true_sec(ca->loop) + ORDER_LIFE_SEC,
        };
        (void) string_list_copy(&names, &o->names);
        o->authorizations = calloc(names.count, sizeof *o->authorizations);
        for (i = 0; i < names.count; i++)
                o->authorizations[i] = authorization_for(ca, names.items[i]);
        ca->orders = reallocarray(ca->orders, ca->order_count + 1, sizeof o);
        ca->orders[ca->order_count++] = o;
        ca->counts.orders++;
        ca->counts.most_open = MAX(ca->counts.most_open, (unsigned) fake_ca_open_orders(ca, names.items[0]));
        return order_answer(ca, ca->order_count - 1, 201, ret);
}

static int issue(FakeCa *ca, CaOrder *o, const Bytes *der) {
        _cleanup_(key_freep) EVP_PKEY *other = NULL;
        _cleanup_(bytes_done) Bytes pem = {};
        const unsigned char *p = der->data;
        X509_REQ *req = d2i_X509_REQ(NULL, &p, (long) der->size);
        EVP_PKEY *key = req ? X509_REQ_get0_pubkey(req) : NULL;
        int64_t now = fake_loop_true_sec(ca->loop);
        int r = key ? 0 : -EINVAL;

        if (r >= 0 && ca->hooks.spoils && ca->hooks.spoils(ca->hooks.userdata)) {
                r = key_generate(KEY_ECDSA_P256, &other);
                key = other;
        }
        if (r >= 0)
                r = fake_ca_issue(ca, key, &o->names, now - SEC_PER_HOUR, now - SEC_PER_HOUR + ca->options.lifetime_sec - 1, &pem);
        X509_REQ_free(req);
        if (r < 0)
                return r;
        o->pem = bytes_take_text(&pem);
        o->status = ca->options.finalize_sec > 0 ? STATUS_PROCESSING : STATUS_VALID;
        o->ready_at = now + ca->options.finalize_sec;
        ca->counts.issued++;
        if (ca->hooks.issued)
                ca->hooks.issued(o->names.items[0], now, ca->hooks.userdata);
        return 0;
}

static int finalize(FakeCa *ca, size_t i, const Json *payload, HttpReply *ret) {
        _cleanup_(bytes_done) Bytes der = {};
        CaOrder *o = ca->orders[i];
        const char *csr;

        refresh(ca, o);
        if (o->status != STATUS_READY)
                return problem(ret, 403, "orderNotReady", "the order is not ready");
        if (json_get_string(payload, "csr", &csr) < 0 || base64url_decode(csr, strlen(csr), &der) < 0 ||
            issue(ca, o, &der) < 0)
                return problem(ret, 400, "badCSR", "the CSR cannot be read");
        return order_answer(ca, i, 200, ret);
}

static int certificate(FakeCa *ca, size_t i, HttpReply *ret) {
        ret->status = 200;
        return bytes_append_string(&ret->body, ca->orders[i]->pem);
}

/* ---- requests ---- */

typedef struct Route {
        const char *segment;
        CaRequest request;
} Route;

static const Route routes[] = {
        { "dir", CA_DIRECTORY },         { "nonce", CA_NONCE },
        { "account", CA_ACCOUNT },       { "order-new", CA_NEW_ORDER },
        { "authorization", CA_AUTHORIZATION }, { "challenge", CA_CHALLENGE },
        { "order", CA_ORDER },           { "finalize", CA_FINALIZE },
        { "certificate", CA_CERTIFICATE },
};

static bool route_of(const FakeCa *ca, const char *url, CaRequest *ret, size_t *ret_index) {
        char segment[32], host[64];
        size_t index = 0;

        if (sscanf(url, "https://%63[^/]/%31[^/]/%zu", host, segment, &index) < 2 || strcmp(host, ca->host) != 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(routes); i++)
                if (strcmp(routes[i].segment, segment) == 0) {
                        *ret = routes[i].request;
                        *ret_index = index;
                        return true;
                }
        return false;
}

static const char *identifier_of(const FakeCa *ca, CaRequest request, size_t index, const Json *payload) {
        const Json *list;

        if (request == CA_NEW_ORDER)
                return json_get_array(payload, "names", &list) < 0 ? NULL : json_string_value(json_at(list, 0));
        if ((request == CA_ORDER || request == CA_FINALIZE || request == CA_CERTIFICATE) && index < ca->order_count)
                return ca->orders[index]->names.items[0];
        if ((request == CA_AUTHORIZATION || request == CA_CHALLENGE) && index < ca->authorization_count)
                return ca->authorizations[index]->identifier;
        return NULL;
}

static int serve(FakeCa *ca, CaRequest request, size_t index, const Json *payload, HttpReply *ret) {
        size_t limit = request == CA_AUTHORIZATION || request == CA_CHALLENGE ? ca->authorization_count : ca->order_count;

        if (request >= CA_AUTHORIZATION && index >= limit)
                return problem(ret, 404, "malformed", "no such resource");
        switch (request) {
        case CA_DIRECTORY:
                return directory(ca, ret);
        case CA_NONCE:
                ret->status = 200;
                return 0;
        case CA_ACCOUNT:
                return account(ca, payload, ret);
        case CA_NEW_ORDER:
                return new_order(ca, payload, ret);
        case CA_AUTHORIZATION:
                return authorization(ca, index, ret);
        case CA_CHALLENGE:
                return challenge(ca, index, ret);
        case CA_ORDER:
                return order_answer(ca, index, 200, ret);
        case CA_FINALIZE:
                return finalize(ca, index, payload, ret);
        case CA_CERTIFICATE:
                if (!ca->orders[index]->pem)
                        return problem(ret, 404, "malformed", "no certificate");
                return certificate(ca, index, ret);
        case CA_REQUEST_MAX:
                break;
        }
        return -EINVAL;
}

static int refuse(FakeCa *ca, CaFault fault, HttpReply *ret) {
        switch (fault) {
        case CA_BAD_NONCE:
                return problem(ret, 400, "badNonce", "not this one");
        case CA_ERROR_500:
                return problem(ret, 500, "serverInternal", "oops");
        case CA_BUSY_503:
                (void) str_printf(&ret->retry_after, "%lld", (long long) ca->options.retry_after_sec);
                return problem(ret, 503, "serverInternal", "busy");
        case CA_RATE_429:
                (void) str_printf(&ret->retry_after, "%lld", (long long) ca->options.retry_after_sec);
                return problem(ret, 429, "rateLimited", "too many of everything");
        case CA_GARBAGE:
                ret->status = 200;
                return bytes_append_string(&ret->body, "<html>moved</html>");
        case CA_REFUSED:
                return problem(ret, 403, "rejectedIdentifier", "policy forbids this name");
        case CA_OK:
        case CA_LOST_BEFORE:
        case CA_LOST_AFTER:
        case CA_FAULT_MAX:
                break;
        }
        return -EINVAL;
}

static bool is_ours(const FakeCa *ca, const Json *body) {
        unsigned long long n;
        const char *kid;

        return json_get_string(body, "kid", &kid) >= 0 && ca->account != 0 &&
               sscanf(strstr(kid, "/account-of/") ? strstr(kid, "/account-of/") : "", "/account-of/%llu", &n) == 1 &&
               n == ca->account;
}

static int serve_post(FakeCa *ca, CaRequest request, size_t index, const Json *body, CaFault fault, HttpReply *ret) {
        const char *nonce = NULL;
        const Json *payload = NULL;

        (void) json_get_string(body, "nonce", &nonce);
        (void) json_get_object(body, "payload", &payload);
        if (!use_nonce(ca, nonce))
                return problem(ret, 400, "badNonce", "used or unknown");
        if (fault != CA_OK && fault != CA_LOST_AFTER)
                return refuse(ca, fault, ret);
        if (request != CA_ACCOUNT && !is_ours(ca, body))
                return problem(ret, 400, "accountDoesNotExist", "who are you?");
        return serve(ca, request, index, payload, ret);
}

int fake_ca_handle(FakeCa *ca, HttpMethod method, const char *url, const void *body, size_t size, HttpReply *ret) {
        _cleanup_(json_freep) Json *j = NULL;
        const Json *payload = NULL;
        CaFault fault = CA_OK;
        CaRequest request;
        size_t index;
        int r;

        if (ca->down)
                return -EHOSTUNREACH;
        if (!route_of(ca, url, &request, &index))
                return -ENXIO;
        if (method == HTTP_POST && json_parse(body, size, &j) < 0)
                return -EBADMSG;
        (void) json_get_object(j, "payload", &payload);
        if (ca->hooks.fault)
                fault = ca->hooks.fault(request, identifier_of(ca, request, index, payload), ca->hooks.userdata);
        ca->counts.posts += method == HTTP_POST;
        ca->counts.heads += method == HTTP_HEAD;
        ca->counts.gets += method == HTTP_GET;
        ca->counts.by[request]++;
        if (fault == CA_LOST_BEFORE)
                return -ETIMEDOUT;
        add_date(ca, ret);
        if (method != HTTP_GET)
                add_nonce(ca, ret);
        if (method == HTTP_POST)
                r = serve_post(ca, request, index, j, fault, ret);
        else if (fault != CA_OK && fault != CA_LOST_AFTER && fault != CA_BAD_NONCE)
                r = refuse(ca, fault, ret);
        else
                r = serve(ca, request, index, NULL, ret);
        return fault == CA_LOST_AFTER ? -ECONNRESET : r;
}
