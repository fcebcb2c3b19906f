/* The server: the object, nonces, faults, and the way from a URL to its resource (ca-resource.c). */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/fake/ca-internal.h"

FakeCa *fake_ca_new(Loop *loop, Responder *responder, const char *host) {
        FakeCa *ca = calloc(1, sizeof *ca);

        if (!ca)
                return NULL;
        ca->loop = loop;
        ca->responder = responder;
        (void) snprintf(ca->host, sizeof ca->host, "%s", host);
        ca->options = (FakeCaOptions){
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
                free(ca->orders[i]->replaces);
                free(ca->orders[i]->profile);
                free(ca->orders[i]->cert_id);
                free(ca->orders[i]);
        }
        for (size_t i = 0; i < ca->authorization_count; i++) {
                (void) timer_free(ca->authorizations[i]->timer);
                free(ca->authorizations[i]);
        }
        free(ca->orders);
        free(ca->authorizations);
        free(ca->thumbprint);
        free(ca->last_order);
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

const char *fake_ca_last_order(const FakeCa *ca) {
        return ca->last_order ? ca->last_order : "";
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

static void add_nonce(FakeCa *ca, HttpReply *ret) {
        ca->last_nonce++;
        ca->used[ca->last_nonce % ELEMENTSOF(ca->used)] = false;
        (void) str_printf(&ret->replay_nonce, "nonce-%llu", (unsigned long long) ca->last_nonce);
}

static void add_date(const FakeCa *ca, HttpReply *ret) {
        time_t now = (time_t) (fake_loop_true_sec(ca->loop) + ca->options.date_error_sec);
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
        _cleanup_(json_freep) Json *meta = json_object_new(), *profiles = json_object_new();
        _cleanup_free_ char *url = NULL;
        Json *j = json_object_new();

        ca_set_url(ca, j, "newNonce", "nonce", 0);
        ca_set_url(ca, j, "newAccount", "account", 0);
        ca_set_url(ca, j, "newOrder", "order-new", 0);
        if (!ca->options.no_renewal_info) {
                (void) str_printf(&url, "https://%s/renewal-info", ca->host);
                (void) json_set_string(j, "renewalInfo", url);
        }
        if (ca->options.profile) {
                (void) json_set_string(profiles, ca->options.profile, "https://ca.test/profiles");
                (void) json_set(meta, "profiles", json_copy(profiles));
        }
        (void) json_set(j, "meta", json_copy(meta));
        return ca_answer(ret, 200, j);
}

/* ---- requests ---- */

typedef struct Route {
        const char *segment;
        CaRequest request;
} Route;

static const Route routes[] = {
        { "dir", CA_DIRECTORY },
        { "nonce", CA_NONCE },
        { "account", CA_ACCOUNT },
        { "account-of", CA_ACCOUNT },
        { "order-new", CA_NEW_ORDER },
        { "authorization", CA_AUTHORIZATION },
        { "challenge", CA_CHALLENGE },
        { "order", CA_ORDER },
        { "finalize", CA_FINALIZE },
        { "certificate", CA_CERTIFICATE },
        { "renewal-info", CA_RENEWAL_INFO },
};

static bool route_of(const FakeCa *ca, const char *url, CaRequest *ret, size_t *ret_index) {
        char segment[32], host[64];
        size_t index = 0;

        if (sscanf(url, "https://%63[^/]/%31[^/]/%zu", host, segment, &index) < 2 ||
            strcmp(host, ca->host) != 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(routes); i++)
                if (strcmp(routes[i].segment, segment) == 0) {
                        *ret = routes[i].request;
                        *ret_index = index;
                        if (*ret == CA_RENEWAL_INFO)
                                *ret_index = ca_order_of_cert_id(ca, strrchr(url, '/') + 1);
                        return true;
                }
        return false;
}

static const char *identifier_of(
                const FakeCa *ca, CaRequest request, size_t index, const Json *payload) {
        const Json *list;

        if (request == CA_NEW_ORDER)
                return json_get_array(payload, "names", &list) < 0
                                       ? NULL
                                       : json_string_value(json_at(list, 0));
        if ((request == CA_ORDER || request == CA_FINALIZE || request == CA_CERTIFICATE ||
             request == CA_RENEWAL_INFO) &&
            index < ca->order_count)
                return ca->orders[index]->names.items[0];
        if ((request == CA_AUTHORIZATION || request == CA_CHALLENGE) &&
            index < ca->authorization_count)
                return ca->authorizations[index]->identifier;
        return NULL;
}

static int serve(FakeCa *ca, CaRequest request, size_t index, const Json *payload, HttpReply *ret) {
        size_t limit = request == CA_AUTHORIZATION || request == CA_CHALLENGE
                                       ? ca->authorization_count
                                       : ca->order_count;

        if (request >= CA_AUTHORIZATION && index >= limit)
                return ca_problem(ret, 404, "malformed", "no such resource");
        switch (request) {
        case CA_DIRECTORY:
                return directory(ca, ret);
        case CA_NONCE:
                ret->status = 200;
                return 0;
        case CA_ACCOUNT:
                return ca_serve_account(ca, payload, ret);
        case CA_NEW_ORDER:
                return ca_serve_new_order(ca, payload, ret);
        case CA_AUTHORIZATION:
                return ca_serve_authorization(ca, index, ret);
        case CA_CHALLENGE:
                return ca_serve_challenge(ca, index, ret);
        case CA_ORDER:
                return ca_serve_order_answer(ca, index, 200, ret);
        case CA_FINALIZE:
                return ca_serve_finalize(ca, index, payload, ret);
        case CA_CERTIFICATE:
                if (!ca->orders[index]->pem)
                        return ca_problem(ret, 404, "malformed", "no certificate");
                return ca_serve_certificate(ca, index, ret);
        case CA_RENEWAL_INFO:
                return ca_serve_renewal_info(ca, index, ret);
        case CA_REQUEST_MAX:
                break;
        }
        return -EINVAL;
}

static int refuse(FakeCa *ca, CaFault fault, HttpReply *ret) {
        switch (fault) {
        case CA_BAD_NONCE:
                return ca_problem(ret, 400, "badNonce", "not this one");
        case CA_ERROR_500:
                return ca_problem(ret, 500, "serverInternal", "oops");
        case CA_BUSY_503:
                (void) str_printf(
                                &ret->retry_after, "%lld", (long long) ca->options.retry_after_sec);
                return ca_problem(ret, 503, "serverInternal", "busy");
        case CA_RATE_429:
                (void) str_printf(
                                &ret->retry_after, "%lld", (long long) ca->options.retry_after_sec);
                return ca_problem(ret, 429, "rateLimited", "too many of everything");
        case CA_GARBAGE:
                ret->status = 200;
                return bytes_append_string(&ret->body, "<html>moved</html>");
        case CA_REFUSED:
                return ca_problem(ret, 403, "rejectedIdentifier", "policy forbids this name");
        case CA_TERMS:
                return ca_problem(ret, 403, "userActionRequired", "there are new terms");
        case CA_BAD_CSR:
                return ca_problem(ret, 400, "badCSR", "not this request");
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
               sscanf(strstr(kid, "/account-of/") ? strstr(kid, "/account-of/") : "",
                      "/account-of/%llu", &n) == 1 &&
               n == ca->account;
}

static int serve_account_shown(HttpReply *ret) {
        Json *j = json_object_new();

        (void) json_set_string(j, "status", "valid");
        return ca_answer(ret, 200, j);
}

static int serve_post(
                FakeCa *ca,
                CaRequest request,
                size_t index,
                const Json *body,
                CaFault fault,
                HttpReply *ret) {
        const char *nonce = NULL, *kid = NULL;
        const Json *payload = NULL;

        (void) json_get_string(body, "nonce", &nonce);
        (void) json_get_object(body, "payload", &payload);
        if (!use_nonce(ca, nonce))
                return ca_problem(ret, 400, "badNonce", "used or unknown");
        if (fault != CA_OK && fault != CA_LOST_AFTER)
                return refuse(ca, fault, ret);
        if (request == CA_ACCOUNT && json_get_string(body, "kid", &kid) >= 0 && is_ours(ca, body))
                return serve_account_shown(ret); /* its own URL */
        if ((request != CA_ACCOUNT || kid) && !is_ours(ca, body))
                return ca_problem(ret, 400, "accountDoesNotExist", "who are you?");
        return serve(ca, request, index, payload, ret);
}

int fake_ca_handle(
                FakeCa *ca,
                HttpMethod method,
                const char *url,
                const void *body,
                size_t size,
                HttpReply *ret) {
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
                fault =
                                ca->hooks.fault(request, identifier_of(ca, request, index, payload),
                                                ca->hooks.userdata);
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
        if (fault == CA_LOST_AFTER)
                r = -ECONNRESET;
        return ca->hooks.twist ? ca->hooks.twist(request, r, ret, ca->hooks.userdata) : r;
}
