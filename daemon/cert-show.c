/* Challenges shown and taken away: by the responder, by programs, or by both. */

#include "acme/challenge.h"
#include "base/log.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/cert-words.h"

static int authorization_of(const Cert *c, const OrderEffect *e, char **ret) {
        const char *thumbprint = session_thumbprint(c->ca.session);

        return thumbprint ? key_authorization(e->token, thumbprint, ret) : -ENOKEY;
}

/* ---- by the responder ---- */

/* What a person must do so that it can be shown. */
static void warn_no_way(const Cert *c, const OrderEffect *e, int error) {
        const LogFields fields = { .certificate = c->config->name };

        if (error == -EBUSY)
                log_message(LOG_WARNING, &fields,
                            "%s: '%s' is being validated for another certificate; this one waits",
                            c->config->name, e->identifier);
        if (error == -ENODEV && e->challenge == CHALLENGE_TLS_ALPN_01)
                log_message(LOG_WARNING, &fields,
                            "%s: nothing answers tls-alpn-01: enable renewd-https.socket, or set Listen= "
                            "in [TLS] and let the proxy on port 443 route acme-tls/1 there",
                            c->config->name);
        else if (error == -ENODEV)
                log_message(LOG_WARNING, &fields,
                            "%s: nothing answers on port 80: enable renewd-http.socket, or set "
                            "Listen= or ChallengeDirectory= in [HTTP]",
                            c->config->name);
}

/* Its record is there, or is not: it is a person's (L-08). */
static void tell_persist(const Cert *c, const OrderEffect *e) {
        log_message(LOG_INFO, &(LogFields){ .certificate = c->config->name },
                    "%s: dns-persist-01 for %s: the CA looks for the record that 'renewctl dns-persist %s' prints",
                    c->config->name, e->identifier, c->config->name);
}

static int show_here(Cert *c, const OrderEffect *e, const char *authorization) {
        Responder *responder = c->context->engine->responder;
        int r;

        if (challenge_is_dns(e->challenge))
                return 0;
        if (e->challenge == CHALLENGE_TLS_ALPN_01)
                r = responder_present_alpn(responder, e->identifier, e->token, authorization);
        else
                r = responder_present(responder, e->identifier, e->token, authorization);
        warn_no_way(c, e, r);
        return r;
}

/* ---- by a program ---- */

static void on_presented(int error, const char *message, void *userdata) {
        CertAsk *a = userdata;
        Cert *c = a->cert;
        OrderEvent event = {
                .kind = ORDER_EVENT_PRESENTED,
                .id = a->id,
                .error = error,
                .message = message,
        };

        if (error < 0)
                log_message(LOG_WARNING, &(LogFields){ .certificate = c->config->name },
                            "%s: a challenge cannot be shown: %s", c->config->name,
                            message ? message : errno_text(error));
        cert_order_step(c, &event);
        if (!c->machine)
                return; /* given up: the ask is gone, too */
        cert_ask_free(a);
        cert_order_pump(c);
}

static int show_by_program(Cert *c, const OrderEffect *e, const char *authorization) {
        PresentWish wish = {
                .type = e->challenge,
                .identifier = e->identifier,
                .token = e->token,
                .authorization = authorization,
                .account_url = session_account(c->ca.session),
                .lifetime_sec = cert_lifetime(c),
                .wildcard = e->wildcard,
        };
        CertAsk *a = cert_ask_new(c, e);
        int r = a ? presenter_show(c->presenter, &wish, on_presented, a) : -ENOMEM;

        if (r < 0 && a)
                cert_ask_free(a);
        return r;
}

/* ---- effects ---- */

void cert_show_present(Cert *c, const OrderEffect *e) {
        OrderEvent event = { .kind = ORDER_EVENT_PRESENTED, .id = e->id };
        _cleanup_free_ char *authorization = NULL;

        if (e->challenge == CHALLENGE_DNS_PERSIST_01)
                tell_persist(c, e);
        else {
                event.error = authorization_of(c, e, &authorization);
                if (event.error >= 0)
                        event.error = show_here(c, e, authorization);
                if (event.error >= 0 && presenter_has_program(c->presenter, e->challenge)) {
                        event.error = show_by_program(c, e, authorization);
                        if (event.error >= 0)
                                return; /* answered by on_presented() */
                } else if (event.error >= 0 && challenge_is_dns(e->challenge)) {
                        event.error = -EOPNOTSUPP;
                        event.message = "no DNS= is set";
                }
        }
        cert_order_step(c, &event);
}

void cert_show_remove(Cert *c, const OrderEffect *e) {
        if (e->challenge == CHALLENGE_HTTP_01 || e->challenge == CHALLENGE_TLS_ALPN_01)
                responder_retire(
                                c->context->engine->responder, e->challenge, e->identifier,
                                e->token);
        presenter_hide(c->presenter, e->challenge, e->identifier, e->token);
}

void cert_show_go(Cert *c) {
        presenter_go(c->presenter, c->machine && order_machine_unread(c->machine) > 0);
}

/* ---- the presenter's owner ---- */

static int note_shown(bool shown, void *userdata) {
        Cert *c = userdata;
        bool before = c->record.shown;
        int r;

        c->record.shown = shown;
        r = cert_save(c);
        if (r < 0)
                c->record.shown = before;
        return r;
}

static void on_changed(void *userdata) {
        Cert *c = userdata;

        cert_tell_step(cert_is_rehearsing(c) ? c->rehearsal : c);
        cert_changed(c);
}

int cert_show_init(Cert *c) {
        PresenterOwner owner = {
                .engine = c->context->engine,
                .installer = c->context->installer,
                .note = note_shown,
                .changed = on_changed,
                .userdata = c,
        };
        int r = presenter_new(&owner, c->record.shown, &c->presenter);

        if (r >= 0)
                presenter_configure(c->presenter, c->config);
        return r;
}
