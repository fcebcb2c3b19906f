/* One signed request: it waits for its place, takes a nonce (or fetches one), has the signer make the body,
 * and posts it. Calls stand in one list in the order of their coming; a place is a share of the limits. */

#include <string.h>

#include "acme/timestamp.h"
#include "daemon/session-call.h"
#include "daemon/session-internal.h"

static unsigned running(const Session *s, const void *owner) {
        unsigned n = 0;

        for (const SessionCall *c = s->calls; c; c = c->next)
                if (c->running && (!owner || c->owner == owner))
                        n++;
        return n;
}

static void call_begin(SessionCall *c);

void session_pump(Session *s) {
        unsigned all = running(s, NULL);

        for (SessionCall *c = s->calls; c && all < REQUESTS_MAX; c = c->next) {
                if (c->running || c->wait || running(s, c->owner) >= REQUESTS_PER_OWNER_MAX)
                        continue;
                c->running = true;
                all++;
                call_begin(c);
        }
}

static void call_stop(SessionCall *c) {
        c->sign = helper_call_free(c->sign);
        c->http = http_call_free(c->http);
        c->pause = timer_free(c->pause);
        c->wait = session_wait_free(c->wait);
        free(c->nonce);
        c->nonce = NULL;
}

static void call_detach(SessionCall *c) {
        Session *s = c->session;

        if (!s)
                return;
        for (SessionCall **i = &s->calls; *i; i = &(*i)->next)
                if (*i == c) {
                        *i = c->next;
                        break;
                }
        c->session = NULL;
        c->next = NULL;
        session_pump(s);
}

/* The HTTP call is not freed here: `reply` may point into it. */
void call_end(SessionCall *c, const SessionReply *reply) {
        call_detach(c);
        c->fn(reply, c->userdata);
}

static void on_late_error(void *userdata) {
        SessionCall *c = userdata;
        SessionReply reply = { .error = c->error };

        call_end(c, &reply);
}

static void on_pause(void *userdata) {
        SessionCall *c = userdata;

        c->pause = timer_free(c->pause);
        call_begin(c);
}

static void on_account(const Failure *failure, void *userdata) {
        SessionCall *c = userdata;
        SessionReply reply = { .error = -EAGAIN, .message = failure ? failure->message : NULL };

        c->wait = session_wait_free(c->wait);
        if (failure)
                call_end(c, &reply);
        else
                session_pump(c->session);
}

/* The CA has forgotten the account meanwhile (F-15): whoever needs it waits, without a place, since the account's own
 * requests want one. */
static int call_await_account(SessionCall *c) {
        int r;

        if (c->owner == c->session) /* it is one of those */
                return -EAGAIN;
        r = session_prepare(c->session, true, on_account, c, &c->wait);
        if (r >= 0)
                c->running = false;
        return r;
}

/* What cannot even begin is told later: never from within the call that asked. */
static void call_begin(SessionCall *c) {
        Loop *loop = c->session->engine->loop;

        c->error = call_takes_kid(c) && !c->session->account_url ? call_await_account(c)
                                                                 : call_send(c);
        if (c->error < 0) {
                call_stop(c);
                if (loop_timer_after(loop, 0, on_late_error, c, &c->pause) < 0)
                        c->running = false; /* no memory at all: the next pump tries again */
        }
}

/* ---- signature ---- */

static int signature_error(const HelperReply *reply, const char *body) {
        if (reply->error < 0)
                return reply->error;
        if (str_equal(reply->error_name, "KeyMissing"))
                return -ENOKEY;
        return reply->error_name || !body ? -EPERM : 0;
}

static int call_post(SessionCall *c, const char *body) {
        Session *s = c->session;
        HttpRequest request = {
                .method = HTTP_POST,
                .url = c->url,
                .accept = c->kind == SESSION_CERTIFICATE ? "application/pem-certificate-chain"
                                                         : "application/json",
                .body = body,
                .size = strlen(body),
                .ca = &s->ca,
                .timeout_sec = c->kind == SESSION_FINALIZE ? FINALIZE_TIMEOUT_SEC : 0,
        };
        usec_t now = loop_boot_usec(s->engine->loop);

        if (c->sends == 0)
                c->first_send = now;
        c->sends++;
        free(c->nonce); /* D-02: used, whatever becomes of the request */
        c->nonce = NULL;
        return http_start(s->engine->http, &request, call_on_answer, c, &c->http);
}

static void on_signature(const HelperReply *reply, void *userdata) {
        SessionCall *c = userdata;
        const char *body = NULL;
        SessionReply failed = { .signer_failed = true, .message = reply->message };
        int r;

        if (reply->error == 0 && !reply->error_name)
                (void) json_get_string(reply->parameters, "body", &body); /* NULL: refused */
        failed.error = signature_error(reply, body);
        if (failed.error < 0) {
                call_end(c, &failed);
                return;
        }
        r = call_post(c, body);
        c->sign = helper_call_free(c->sign);
        if (r < 0)
                call_end(c, &(SessionReply){ .error = r });
}

static int call_sign(SessionCall *c) {
        _cleanup_(json_freep) Json *parameters = NULL;
        int r;

        r = call_parameters(c, &parameters);
        if (r < 0)
                return r;
        return helper_call(
                        c->session->engine->signer, HELPER_SHARED, call_method(c),
                        TAKE_PTR(parameters), on_signature, c, &c->sign);
}

/* ---- nonce ---- */

static void on_nonce(const HttpReply *reply, void *userdata) {
        SessionCall *c = userdata;
        Session *s = c->session;
        SessionReply bad = {
                .error = reply->error,
                .message = reply->error_text,
                .status = reply->status,
        };

        session_learn(s, reply);
        c->nonce = nonce_pool_take(&s->nonces, loop_boot_usec(s->engine->loop));
        if (c->nonce) {
                c->http = http_call_free(c->http);
                call_begin(c);
                return;
        }
        if (reply->error < 0 || reply->status == 404 || reply->status == 405)
                s->directory_at = 0; /* E-04 */
        if (reply->error == 0 && reply->status >= 200 && reply->status <= 299) {
                bad.error = -EPROTO;
                bad.message = "the CA gives no nonce";
        }
        bad.retry_after_sec = session_retry_after(s, reply);
        bad.body = reply->body.data;
        bad.size = reply->body.size;
        call_end(c, &bad);
}

int call_fetch_nonce(SessionCall *c) {
        Session *s = c->session;
        HttpRequest request = { .method = HTTP_HEAD, .url = s->directory.new_nonce, .ca = &s->ca };

        if (!request.url)
                return -EAGAIN; /* no directory yet */
        return http_start(s->engine->http, &request, on_nonce, c, &c->http);
}

int call_send(SessionCall *c) {
        Session *s = c->session;

        if (c->nonce)
                return call_sign(c);
        if (c->sends == SENDS_AT_ONCE && !c->fetched) { /* D-07 */
                c->fetched = true;
                return call_fetch_nonce(c);
        }
        c->nonce = nonce_pool_take(&s->nonces, loop_boot_usec(s->engine->loop));
        return c->nonce ? call_sign(c) : call_fetch_nonce(c);
}

int call_again(SessionCall *c) {
        Loop *loop = c->session->engine->loop;
        usec_t delay = 500 + loop_random(loop) % 1000;

        c->http = http_call_free(c->http);
        if (c->sends >= SENDS_AT_ONCE)
                return loop_timer_after(loop, delay * USEC_PER_MSEC, on_pause, c, &c->pause);
        call_begin(c);
        return 0;
}

/* ---- public ---- */

static int fill_time(char **field, int64_t at) {
        char text[RFC3339_SIZE];

        return at == 0 ? 0 : str_replace(field, rfc3339_format(at, text));
}

static int fill_wishes(SessionCall *c, const SessionRequest *q) {
        int r;

        r = str_replace(&c->profile, q->profile);
        if (r >= 0)
                r = str_replace(&c->replaces, q->replaces);
        if (r >= 0)
                r = fill_time(&c->not_before, q->not_before);
        if (r >= 0)
                r = fill_time(&c->not_after, q->not_after);
        return r;
}

static int call_fill(SessionCall *c, const SessionRequest *q) {
        const Directory *d = &c->session->directory;
        const char *url = q->kind == SESSION_NEW_ORDER ? d->new_order
                          : q->kind == SESSION_REVOKE  ? d->revoke_cert
                                                       : q->url;
        int r;

        if (!url)
                return -EAGAIN;
        r = str_replace(&c->url, url);
        if (r >= 0)
                r = str_replace(&c->certificate, q->certificate);
        if (r >= 0)
                r = str_replace(&c->attempt, q->attempt);
        if (r >= 0 && q->names)
                r = string_list_copy(q->names, &c->names);
        if (r >= 0)
                r = fill_wishes(c, q);
        if (r >= 0 && q->csr)
                r = base64url_encode(q->csr, q->csr_size, &c->csr);
        if (r >= 0 && q->leaf)
                r = base64url_encode(q->leaf, q->leaf_size, &c->leaf);
        return r;
}

int session_send(
                Session *s,
                const SessionRequest *request,
                session_reply_fn fn,
                void *userdata,
                SessionCall **ret) {
        SessionCall *c = calloc(1, sizeof *c), **end = &s->calls;
        int r;

        if (!c)
                return -ENOMEM;
        *c = (SessionCall){
                .session = s,
                .kind = request->kind,
                .owner = request->owner,
                .contact = request->contact,
                .terms = request->terms,
                .with_key = request->with_key,
                .reason = request->reason,
                .fn = fn,
                .userdata = userdata,
        };
        r = call_fill(c, request);
        while (*end)
                end = &(*end)->next;
        *end = c;
        if (r < 0) {
                (void) session_call_free(c);
                return r;
        }
        *ret = c;
        session_pump(s);
        return 0;
}

SessionCall *session_call_free(SessionCall *c) {
        if (!c)
                return NULL;
        call_stop(c);
        call_detach(c);
        free(c->url);
        free(c->certificate);
        free(c->attempt);
        free(c->csr);
        free(c->profile);
        free(c->replaces);
        free(c->not_before);
        free(c->not_after);
        free(c->leaf);
        string_list_done(&c->names);
        free(c);
        return NULL;
}
