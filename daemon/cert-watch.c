/* Those who look on while a certificate is renewed by hand. A callback may free any watch, so each round begins
 * at the head again and passes over those it has told. */

#include "daemon/cert-internal.h"
#include "daemon/cert-words.h"

static int watch(Cert *c, bool stand_in, cert_step_fn fn, void *userdata, CertWatch **ret) {
        CertWatch *w = calloc(1, sizeof *w);

        if (!w)
                return -ENOMEM;
        *w = (CertWatch){
                .cert = c,
                .stand_in = stand_in,
                .next = c->watches,
                .round = c->watch_round,
                .fn = fn,
                .userdata = userdata,
        };
        c->watches = w;
        *ret = w;
        return 0;
}

int cert_watch(Cert *c, cert_step_fn fn, void *userdata, CertWatch **ret) {
        return watch(c, false, fn, userdata, ret);
}

int cert_watch_stand_in(Cert *c, cert_step_fn fn, void *userdata, CertWatch **ret) {
        return watch(c, true, fn, userdata, ret);
}

static void detach(CertWatch *w) {
        if (!w->cert)
                return;
        for (CertWatch **i = &w->cert->watches; *i; i = &(*i)->next)
                if (*i == w) {
                        *i = w->next;
                        break;
                }
        w->cert = NULL;
        w->next = NULL;
}

CertWatch *cert_watch_free(CertWatch *w) {
        if (!w)
                return NULL;
        detach(w);
        free(w);
        return NULL;
}

static CertWatch *untold(Cert *c, bool stand_in) {
        for (CertWatch *w = c->watches; w; w = w->next)
                if (w->stand_in == stand_in && w->round != c->watch_round)
                        return w;
        return NULL;
}

static void tell(Cert *c, bool stand_in, bool done, bool ok, const char *step) {
        CertWatch *w;

        c->watch_round++;
        while ((w = untold(c, stand_in))) {
                w->round = c->watch_round;
                if (done)
                        detach(w);
                w->fn(step, done, ok, w->userdata);
        }
}

void cert_tell(Cert *c, bool done, bool ok, const char *step) {
        tell(c, false, done, ok, step);
}

void cert_tell_stand_in(Cert *c, bool done, bool ok, const char *step) {
        tell(c, true, done, ok, step);
}

void cert_tell_step(Cert *c) {
        _cleanup_free_ char *step = NULL;

        if (!c->watches || cert_describe(c, &step) < 0 || !step)
                return;
        cert_tell(c, false, true, step);
}

void cert_watches_free(Cert *c) {
        while (c->watches)
                detach(c->watches);
}
