/* The session object and those who wait for it. A session is made ready (session-prepare.c) when somebody
 * waits for it, and never otherwise: an idle daemon asks no CA anything. */

#include <string.h>

#include "daemon/session-call.h"
#include "daemon/session-internal.h"

static void ca_done(CaConfig *ca) {
        free(ca->name);
        free(ca->directory);
        free(ca->bundle);
        free(ca->external_account);
        free(ca->proxy);
        string_list_done(&ca->origins);
        string_list_done(&ca->caa_identities);
        string_list_done(&ca->contact);
}

static int ca_copy(const CaConfig *ca, CaConfig *ret) {
        int r;

        *ret = *ca;
        ret->name = ret->directory = ret->bundle = ret->external_account = ret->proxy = NULL;
        ret->origins = ret->caa_identities = ret->contact = (StringList){};
        r = str_replace(&ret->name, ca->name);
        if (r >= 0)
                r = str_replace(&ret->directory, ca->directory);
        if (r >= 0)
                r = str_replace(&ret->bundle, ca->bundle);
        if (r >= 0)
                r = string_list_copy(&ca->origins, &ret->origins);
        if (r >= 0)
                r = string_list_copy(&ca->caa_identities, &ret->caa_identities);
        if (r >= 0)
                r = str_replace(&ret->external_account, ca->external_account);
        if (r >= 0)
                r = str_replace(&ret->proxy, ca->proxy);
        if (r >= 0)
                r = string_list_copy(&ca->contact, &ret->contact);
        return r;
}

bool session_fits(const Session *s, const CaConfig *ca) {
        return str_equal(s->ca.name, ca->name) && str_equal(s->ca.directory, ca->directory) &&
               str_equal(s->ca.bundle, ca->bundle) && str_equal(s->ca.proxy, ca->proxy) &&
               string_list_same_set(&s->ca.origins, &ca->origins) &&
               string_list_same_set(&s->ca.caa_identities, &ca->caa_identities) &&
               s->ca.allow_private == ca->allow_private && s->ca.terms_agreed == ca->terms_agreed &&
               s->ca.renewal_info == ca->renewal_info && s->ca.replaces == ca->replaces;
}

/* The signer is asked anew for its part. */
int session_configure(Session *s, const CaConfig *ca) {
        AccountLife *life = account_life(s->account);
        StringList contact = {};
        int r;

        r = string_list_copy(&ca->contact, &contact);
        if (r < 0)
                return r;
        string_list_done(&s->ca.contact);
        s->ca.contact = contact;
        life->action_at = 0; /* unsaved, as the next line: then it waits its day */
        life->binding_failures = 0;
        r = str_replace(&s->ca.external_account, ca->external_account);
        if (r >= 0)
                r = str_replace(&life->binding_refused, NULL);
        if (r >= 0)
                r = str_replace(&life->contact_refused, NULL);
        if (r < 0)
                return r;
        s->signer_stale = true;
        return 0;
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
        if (s->job)
                session_job_orphan(s->job);
        session_prepare_done(s);
        session_infos_done(s);
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
        free(s->refusal);
        free(s->pending);
        free(s->external_account);
        free(s->external_error);
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

const CaConfig *session_ca(const Session *s) {
        return &s->ca;
}

bool session_has_profile(const Session *s, const char *name) {
        return s->has_directory && string_list_contains(&s->directory.profiles, name);
}

bool session_has_renewal_info(const Session *s) {
        return s->has_directory && s->directory.renewal_info;
}

const char *session_terms(const Session *s) {
        return s->directory.terms_of_service;
}

const char *session_external_account(const Session *s) {
        return s->external_account;
}

bool session_wants_external_account(const Session *s) {
        return s->directory.external_account_required;
}

const Directory *session_directory(const Session *s) {
        return s->has_directory ? &s->directory : NULL;
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

typedef bool (*wait_fn)(const SessionWait *w);

static bool any(const SessionWait *w) {
        (void) w;
        return true;
}

static bool is_fresh(const SessionWait *w) {
        return !w->resume;
}

static bool is_directory_only(const SessionWait *w) {
        return w->directory_only;
}

static SessionWait *take_wait(Session *s, wait_fn is_meant) {
        for (SessionWait **i = &s->waits; *i; i = &(*i)->next) {
                SessionWait *w = *i;

                if (!is_meant(w))
                        continue;
                *i = w->next;
                w->next = NULL;
                w->session = NULL;
                return w;
        }
        return NULL;
}

/* A callback may free its wait, or add one: that one comes behind those that are counted here. */
static void tell(Session *s, const Failure *failure, wait_fn is_meant) {
        size_t n = 0;
        SessionWait *w;

        for (w = s->waits; w; w = w->next)
                n++;
        while (n-- > 0 && (w = take_wait(s, is_meant)))
                w->fn(failure, w->userdata);
}

void session_tell(Session *s, const Failure *failure, bool only_fresh) {
        tell(s, failure, only_fresh ? is_fresh : any);
}

void session_tell_directory(Session *s) {
        tell(s, NULL, is_directory_only);
}

static int wait_add(Session *s, const SessionWait *filled, SessionWait **ret) {
        SessionWait *w = calloc(1, sizeof *w), **end = &s->waits;

        if (!w)
                return -ENOMEM;
        *w = *filled;
        w->session = s;
        while (*end)
                end = &(*end)->next;
        *end = w;
        session_plan(s);
        *ret = w;
        return 0;
}

int session_prepare(
                Session *s, bool resume, session_ready_fn fn, void *userdata, SessionWait **ret) {
        return wait_add(s, &(SessionWait){ .resume = resume, .fn = fn, .userdata = userdata }, ret);
}

int session_prepare_directory(Session *s, session_ready_fn fn, void *userdata, SessionWait **ret) {
        return wait_add(s, &(SessionWait){ .directory_only = true, .fn = fn, .userdata = userdata },
                        ret);
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
