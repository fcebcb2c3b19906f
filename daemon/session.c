/* The session object and those who wait for it. A session is made ready (session-prepare.c) when somebody
 * waits for it, and never otherwise: an idle daemon asks no CA anything. */

#include <string.h>

#include "daemon/session-internal.h"

static void ca_done(CaConfig *ca) {
        free(ca->name);
        free(ca->directory);
        free(ca->bundle);
        string_list_done(&ca->origins);
}

static int ca_copy(const CaConfig *ca, CaConfig *ret) {
        int r;

        *ret = *ca;
        ret->name = ret->directory = ret->bundle = NULL;
        ret->origins = (StringList){};
        r = str_replace(&ret->name, ca->name);
        if (r >= 0)
                r = str_replace(&ret->directory, ca->directory);
        if (r >= 0)
                r = str_replace(&ret->bundle, ca->bundle);
        if (r >= 0)
                r = string_list_copy(&ca->origins, &ret->origins);
        return r;
}

bool session_fits(const Session *s, const CaConfig *ca) {
        return str_equal(s->ca.name, ca->name) && str_equal(s->ca.directory, ca->directory) &&
               str_equal(s->ca.bundle, ca->bundle) &&
               string_list_same_set(&s->ca.origins, &ca->origins) &&
               s->ca.allow_private == ca->allow_private && s->ca.terms_agreed == ca->terms_agreed;
}

int session_new(Engine *engine, const CaConfig *ca, Account *account, Session **ret) {
        _cleanup_(session_freep) Session *s = calloc(1, sizeof *s);
        int r;

        if (!s)
                return -ENOMEM;
        s->engine = engine;
        s->account = account;
        r = ca_copy(ca, &s->ca);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

Session *session_free(Session *s) {
        if (!s)
                return NULL;
        session_prepare_done(s);
        for (SessionWait *w = s->waits; w; w = w->next)
                w->session = NULL;
        for (SessionCall *c = s->calls; c; c = c->next) {
                c->session = NULL;
                c->sign = helper_call_free(c->sign);
                c->http = http_call_free(c->http);
                c->pause = timer_free(c->pause);
        }
        (void) timer_free(s->timer);
        nonce_pool_done(&s->nonces);
        directory_done(&s->directory);
        free(s->thumbprint);
        free(s->account_url);
        ca_done(&s->ca);
        free(s);
        return NULL;
}

bool session_has_account(const Session *s) {
        return account_url(s->account, s->ca.directory);
}

const char *session_account(const Session *s) {
        return s->account_url;
}

const char *session_thumbprint(const Session *s) {
        return s->thumbprint;
}

const StringList *session_origins(const Session *s) {
        return &s->ca.origins;
}

int64_t session_skew_sec(const Session *s) {
        Loop *loop = s->engine->loop;

        if (!s->has_date)
                return 0;
        return s->date_less_boot + (int64_t) (loop_boot_usec(loop) / USEC_PER_SEC) -
               loop_wall_sec(loop);
}

static void on_timer(void *userdata) {
        Session *s = userdata;

        s->timer = timer_free(s->timer);
        session_advance(s);
}

void session_plan(Session *s) {
        if (!s->timer)
                /* Without memory for it, whoever waits next tries again. */
                (void) loop_timer_after(s->engine->loop, 0, on_timer, s, &s->timer);
}

static SessionWait *take_wait(Session *s, bool only_fresh) {
        for (SessionWait **i = &s->waits; *i; i = &(*i)->next) {
                SessionWait *w = *i;

                if (only_fresh && w->resume)
                        continue;
                *i = w->next;
                w->next = NULL;
                w->session = NULL;
                return w;
        }
        return NULL;
}

/* A callback may free its wait, or add one: that one comes behind those that are counted here. */
void session_tell(Session *s, const Failure *failure, bool only_fresh) {
        size_t n = 0;
        SessionWait *w;

        for (w = s->waits; w; w = w->next)
                n++;
        while (n-- > 0 && (w = take_wait(s, only_fresh)))
                w->fn(failure, w->userdata);
}

int session_prepare(
                Session *s, bool resume, session_ready_fn fn, void *userdata, SessionWait **ret) {
        SessionWait *w = calloc(1, sizeof *w), **end = &s->waits;

        if (!w)
                return -ENOMEM;
        *w = (SessionWait){ .session = s, .resume = resume, .fn = fn, .userdata = userdata };
        while (*end)
                end = &(*end)->next;
        *end = w;
        session_plan(s);
        *ret = w;
        return 0;
}

SessionWait *session_wait_free(SessionWait *w) {
        if (!w)
                return NULL;
        if (w->session)
                for (SessionWait **i = &w->session->waits; *i; i = &(*i)->next)
                        if (*i == w) {
                                *i = w->next;
                                break;
                        }
        free(w);
        return NULL;
}
