/* What the order machine asks for and waits for: requests, the CSR, time (challenges: cert-show.c). Each ask is an object; freeing
 * it cancels it. Its answer steps the machine, and the pump (cert-order.c) goes on. */

#include <string.h>

#include "base/log.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-plan.h"

#define ONCE_LOST_MAX 3 /* --once: lost answers before the order is left open */
#define ONCE_WAIT_MAX (5 * SEC_PER_MIN)

/* ---- asks: effects that wait for an answer ---- */

CertAsk *cert_ask_new(Cert *c, const OrderEffect *e) {
        CertAsk *a = calloc(1, sizeof *a);

        if (!a)
                return NULL;
        *a = (CertAsk){ .cert = c, .next = c->asks, .id = e->id, .order_call = e->call };
        c->asks = a;
        return a;
}

void cert_ask_free(CertAsk *a) {
        for (CertAsk **i = &a->cert->asks; *i; i = &(*i)->next)
                if (*i == a) {
                        *i = a->next;
                        break;
                }
        (void) session_call_free(a->call);
        (void) helper_call_free(a->csr);
        presenter_forget(a->cert->presenter, a);
        (void) timer_free(a->timer);
        free(a);
}

void cert_asks_free(Cert *c) {
        while (c->asks)
                cert_ask_free(c->asks);
}

/* ---- CALL ---- */

static const SessionRequestKind kinds[CALL_MAX] = {
        [CALL_NEW_ORDER] = SESSION_NEW_ORDER, [CALL_AUTHORIZATION] = SESSION_POST_AS_GET,
        [CALL_CHALLENGE] = SESSION_CHALLENGE, [CALL_ORDER] = SESSION_POST_AS_GET,
        [CALL_FINALIZE] = SESSION_FINALIZE,   [CALL_CERTIFICATE] = SESSION_CERTIFICATE,
};

/* True: the signer's answer ended the order. */
static bool ended_by_signer(Cert *c, const SessionReply *reply) {
        if (!reply->signer_failed)
                return false;
        if (reply->error == -ENOKEY)
                cert_order_give_up(
                                c, CLASS_ORDER, true, "the key of this order is gone",
                                reply->message);
        else if (reply->error == -EPERM)
                cert_order_give_up(c, CLASS_LATER, false, "the signer refused", reply->message);
        else
                return false;
        return true;
}

static void note_lost(Cert *c, const SessionReply *reply) {
        const char *who = reply->signer_failed ? "the signer does not answer"
                                               : "the CA cannot be reached";
        const char *why = reply->message ? reply->message : errno_text(reply->error);

        if (c->lost++ == 0)
                c->lost_since = cert_now(c);
        free(c->lost_text);
        c->lost_text = NULL;
        (void) str_printf(&c->lost_text, "%s: %s", who, why);
}

/* There is another CA, and this one has been silent for too long. */
static bool is_lost_for_long(const Cert *c) {
        int64_t patience = cert_patience(c);

        return patience > 0 && c->lost > 1 && cert_now(c) - c->lost_since >= patience;
}

static void on_reply(const SessionReply *reply, void *userdata) {
        CertAsk *a = userdata;
        Cert *c = a->cert;
        OrderEvent event = {
                .kind = ORDER_EVENT_REPLY,
                .id = a->id,
                .error = reply->error,
                .unanswered = reply->unanswered,
                .status = reply->status,
                .location = reply->location,
                .content_type = reply->content_type,
                .links = reply->links,
                .retry_after_sec = reply->retry_after_sec,
                .body = reply->body,
                .size = reply->size,
        };

        if (ended_by_signer(c, reply))
                return;
        if (reply->error < 0)
                note_lost(c, reply);
        else
                c->lost = 0;
        if ((c->context->once && c->lost >= ONCE_LOST_MAX) || is_lost_for_long(c)) {
                cert_order_give_up(c, CLASS_UNREACHABLE, false, c->lost_text, NULL);
                return;
        }
        cert_order_step(c, &event);
        if (!c->machine)
                return; /* given up: the ask is gone, too */
        cert_ask_free(a);
        cert_order_pump(c);
}

int cert_ask_call(Cert *c, const OrderEffect *e) {
        const Bytes *csr = order_machine_csr(c->machine);
        bool names = e->call == CALL_NEW_ORDER, finalize = e->call == CALL_FINALIZE;
        SessionRequest request = {
                .kind = kinds[e->call],
                .owner = c,
                .url = e->url,
                .certificate = names || finalize ? c->config->name : NULL,
                .attempt = finalize ? c->record.attempt.id : NULL,
                .profile = e->profile,
                .replaces = e->replaces,
                .not_before = e->not_before,
                .not_after = e->not_after,
                .names = names ? &c->record.attempt.names : NULL,
                .csr = finalize ? csr->data : NULL,
                .csr_size = finalize ? csr->size : 0,
        };
        CertAsk *a = cert_ask_new(c, e);

        if (!a)
                return -ENOMEM;
        return session_send(c->ca.session, &request, on_reply, a, &a->call);
}

/* ---- CSR ---- */

static int read_csr(Cert *c, const HelperReply *reply, Bytes *ret) {
        const char *csr, *spki;
        int r;

        if (reply->error < 0)
                return reply->error == -ENOKEY ? -EIO : reply->error;
        if (reply->error_name)
                return str_equal(reply->error_name, "KeyMissing") ? -ENOKEY : -EIO;
        if (json_get_string(reply->parameters, "csr", &csr) < 0 ||
            json_get_string(reply->parameters, "spki", &spki) < 0)
                return -EPROTO;
        r = base64url_decode(csr, strlen(csr), ret);
        if (r < 0)
                return r;
        r = str_replace(&c->record.attempt.spki, spki);
        if (r < 0)
                return r;
        c->record.attempt.csr = true; /* durable with the machine's save, before finalize */
        return 0;
}

static void on_csr(const HelperReply *reply, void *userdata) {
        _cleanup_(bytes_done) Bytes der = {};
        CertAsk *a = userdata;
        Cert *c = a->cert;
        OrderEvent event = { .kind = ORDER_EVENT_CSR, .id = a->id };

        event.error = read_csr(c, reply, &der);
        if (event.error < 0)
                log_message(LOG_WARNING, &(LogFields){ .certificate = c->config->name },
                            "%s: the signer made no request: %s", c->config->name,
                            reply->message ? reply->message : errno_text(event.error));
        event.body = der.data;
        event.size = der.size;
        cert_order_step(c, &event);
        if (!c->machine)
                return;
        cert_ask_free(a);
        cert_order_pump(c);
}

/* The live key, when it shall be kept and the CA did not just refuse it (O-05, O-08). */
static const char *key_to_reuse(const Cert *c) {
        const char *type = c->record.error.type;

        if (!c->config->reuse_key || !c->present ||
            str_equal(type, problem_type_to_string(PROBLEM_BAD_CSR)) ||
            str_equal(type, problem_type_to_string(PROBLEM_BAD_PUBLIC_KEY)))
                return NULL;
        return c->info.spki_sha256;
}

/* Once a request was made with this attempt's key, no other key may take its place. */
static int csr_parameters(const Cert *c, bool another, Json *j) {
        const RecordAttempt *a = &c->record.attempt;
        int r;

        r = json_set_strings(j, "names", &a->names);
        if (r >= 0)
                r = json_set_string(j, "certificate", c->config->name);
        if (r >= 0)
                r = json_set_string(j, "attempt", a->id);
        if (r >= 0)
                r = json_set_bool(j, "create", !a->csr);
        if (r >= 0 && !another && key_to_reuse(c))
                r = json_set_string(j, "reuse", key_to_reuse(c));
        return r;
}

/* Another key for the same order: as if it were another attempt's. */
static int take_another_key(Cert *c) {
        RecordAttempt *a = &c->record.attempt;

        if (!a->csr) /* a crash ago */
                return 0;
        a->csr = false;
        free(a->spki);
        a->spki = NULL;
        return cert_attempt_id(c, &a->id);
}

int cert_ask_csr(Cert *c, const OrderEffect *e) {
        bool slow = key_family(c->config->key_type) == KEY_FAMILY_RSA && !c->config->request_path;
        _cleanup_(json_freep) Json *j = json_object_new();
        CertAsk *a;
        int r = j ? 0 : -ENOMEM;

        if (r >= 0 && e->another)
                r = take_another_key(c);
        if (r >= 0)
                r = csr_parameters(c, e->another, j);

        if (r < 0)
                return r;
        a = cert_ask_new(c, e);
        if (!a)
                return -ENOMEM;
        return helper_call(
                        c->context->engine->signer, slow ? HELPER_OWN : HELPER_SHARED,
                        "CertificateRequest", TAKE_PTR(j), on_csr, a, &a->csr);
}

static void on_retired(const HelperReply *reply, void *userdata) {
        Cert *c = userdata;

        if (reply->error < 0 || reply->error_name)
                log_debug("%s: key not retired: %s", c->config->name,
                          reply->message ? reply->message : "no answer");
        c->retire = helper_call_free(c->retire);
}

void cert_retire_key(Cert *c) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        if (!c->record.attempt.spki || c->config->request_path || c->rehearses)
                return;
        c->retire = helper_call_free(c->retire);
        r = j ? json_set_string(j, "certificate", c->config->name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "spki", c->record.attempt.spki);
        if (r >= 0)
                r = helper_call(c->context->engine->signer, HELPER_SHARED, "RetireKey", TAKE_PTR(j),
                                on_retired, c, &c->retire);
        if (r < 0) /* the record knows the refusal until the next success */
                log_debug("%s: key not retired: %s", c->config->name, errno_text(r));
}

/* ---- WAIT ---- */

static void on_waited(void *userdata) {
        CertAsk *a = userdata;
        Cert *c = a->cert;
        OrderEvent event = { .kind = ORDER_EVENT_TIMER, .id = a->id };

        cert_order_step(c, &event);
        if (!c->machine)
                return;
        cert_ask_free(a);
        cert_order_pump(c);
}

int cert_ask_wait(Cert *c, const OrderEffect *e) {
        CertAsk *a;

        if (c->context->once && e->delay_sec > ONCE_WAIT_MAX) {
                cert_order_give_up(c, CLASS_LATER, false, "the order is left open", NULL);
                return 0;
        }
        a = cert_ask_new(c, e);
        if (!a)
                return -ENOMEM;
        return loop_timer_after(
                        c->context->engine->loop, (usec_t) MAX(e->delay_sec, 0) * USEC_PER_SEC,
                        on_waited, a, &a->timer);
}
