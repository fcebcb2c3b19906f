#include "daemon/presenter.h"

#include <string.h>

#include "acme/challenge.h"
#include "base/log.h"
#include "daemon/presenter-internal.h"

/* ---- items ---- */

static PresentItem *item_free(PresentItem *i) {
        (void) dns_alias_free(i->alias);
        (void) propagation_free(i->propagation);
        free(i->identifier);
        free(i->token);
        free(i->authorization);
        free(i->record);
        free(i);
        return NULL;
}

void presenter_drop(PresentItem *i) {
        for (PresentItem **at = &i->presenter->items; *at; at = &(*at)->next)
                if (*at == i) {
                        *at = i->next;
                        break;
                }
        (void) item_free(i);
}

bool presenter_wants_something(const Presenter *p) {
        for (const PresentItem *i = p->items; i; i = i->next)
                if (!i->hide)
                        return true;
        return false;
}

static bool any(const Presenter *p, PresentPhase phase) {
        for (const PresentItem *i = p->items; i; i = i->next)
                if (i->phase == phase && !i->hide)
                        return true;
        return false;
}

static bool any_to_hide(const Presenter *p) {
        for (const PresentItem *i = p->items; i; i = i->next)
                if (i->hide)
                        return true;
        return false;
}

/* ---- answers ---- */

void presenter_answer(PresentItem *i, int error, const char *message) {
        Presenter *p = i->presenter;
        presented_fn fn = i->fn;

        i->phase = PRESENT_SHOWN;
        i->fn = NULL;
        p->owner.changed(p->owner.userdata);
        if (fn)
                fn(error, message, i->userdata); /* may hide the item, or end all */
}

static void on_propagated(const char *missing, void *userdata) {
        PresentItem *i = userdata;
        Presenter *p = i->presenter;
        LogFields fields = { .certificate = p->config->name };
        _cleanup_free_ char *text = NULL;
        bool post = !p->config->dns || p->config->dns->post_unseen;

        if (missing)
                (void) str_printf(
                                &text, "the record %s is not to be seen everywhere: %s", i->record,
                                missing);
        i->propagation = propagation_free(i->propagation);
        if (!missing) {
                presenter_answer(i, 0, NULL);
                return;
        }
        log_message(LOG_WARNING, &fields, "%s: %s%s", p->config->name, text ? text : "",
                    post ? ", the CA is asked nevertheless" : "");
        if (!post) {
                presenter_answer(i, -ETIMEDOUT, text);
                return;
        }
        free(p->warning);
        p->warning = TAKE_PTR(text);
        presenter_answer(i, 0, NULL);
}

void presenter_look(PresentItem *i) {
        Presenter *p = i->presenter;
        _cleanup_free_ char *value = NULL;
        PropagationSpec spec = {
                .dns = p->config->dns,
                .record = i->record,
                .lifetime_sec = i->lifetime_sec,
        };
        int r;

        if (i->hide) { /* nobody waits for it any more */
                i->phase = PRESENT_SHOWN;
                return;
        }
        if (!i->record || !p->config->dns || p->config->dns->propagation_sec == 0) {
                presenter_answer(i, 0, NULL);
                return;
        }
        i->phase = PRESENT_LOOKING;
        r = dns01_value(i->authorization, &value);
        spec.value = value;
        if (r >= 0)
                r = propagation_start(p->owner.engine, &spec, on_propagated, i, &i->propagation);
        if (r < 0)
                presenter_answer(i, r, errno_text(r));
        else
                p->owner.changed(p->owner.userdata);
}

/* ---- the pump: one call at a time ---- */

static void fail_called(Presenter *p, int error, const char *why) {
        for (PresentItem *i = p->items, *next; i; i = next) {
                next = i->next;
                if (!i->in_call)
                        continue;
                i->in_call = false;
                presenter_answer(i, error, why);
                next = p->items; /* the list may have changed */
        }
}

/* Durable before its effect: a crash from here on leaves a note that something may be shown. */
static int present_batch(Presenter *p) {
        int r;

        for (PresentItem *i = p->items; i; i = i->next)
                if (i->phase == PRESENT_READY && !i->hide) {
                        i->in_call = true;
                        i->phase = PRESENT_CALLED;
                }
        if (!p->noted) {
                r = p->owner.note(true, p->owner.userdata);
                if (r < 0)
                        return r;
                p->noted = true;
        }
        for (PresentItem *i = p->items; i; i = i->next)
                i->touched = i->touched || i->in_call;
        return presenter_call_present(p);
}

static int clean_batch(Presenter *p) {
        for (PresentItem *i = p->items; i; i = i->next)
                i->in_call = i->hide;
        return presenter_call_cleanup(p, !presenter_wants_something(p));
}

static void run(void *userdata) {
        Presenter *p = userdata;
        int r;

        if (any(p, PRESENT_READY) && !any(p, PRESENT_ALIAS) && !p->hold)
                r = present_batch(p);
        else if (!p->retry && (any_to_hide(p) || (p->sweep && !presenter_wants_something(p))))
                r = clean_batch(p);
        else {
                p->slot = slot_free(p->slot);
                return;
        }
        p->owner.changed(p->owner.userdata);
        if (r >= 0)
                return;
        log_debug("%s: %s", p->config->name, errno_text(r));
        p->slot = slot_free(p->slot);
        fail_called(p, r, errno_text(r));
}

void presenter_pump(Presenter *p) {
        bool present = any(p, PRESENT_READY) && !any(p, PRESENT_ALIAS) && !p->hold;
        bool clean = !p->retry && (any_to_hide(p) || (p->sweep && !presenter_wants_something(p)));
        int r;

        if (p->call || p->slot || (!present && !clean))
                return;
        r = slot_take(p->owner.installer, run, p, &p->slot);
        if (r > 0)
                run(p);
        else if (r < 0)
                log_debug("%s: %s", p->config->name, errno_text(r)); /* with the next change */
}

void presenter_go(Presenter *p, bool more) {
        p->hold = more;
        presenter_pump(p);
}

/* ---- wishes ---- */

static void on_alias(const char *target, void *userdata) {
        PresentItem *i = userdata;
        Presenter *p = i->presenter;
        int r = 0;

        if (!str_equal(target, i->record)) {
                LogFields fields = { .certificate = p->config->name };
                _cleanup_free_ char *shown = str_escape(target, STR_ESCAPE_MAX);

                log_message(LOG_INFO, &fields, "%s: %s is an alias, the record is written at %s",
                            p->config->name, i->record, shown ? shown : "?");
                r = str_replace(&i->record, target);
        }
        i->alias = dns_alias_free(i->alias);
        i->phase = PRESENT_READY;
        if (r < 0)
                presenter_answer(i, r, errno_text(r));
        presenter_pump(p);
}

static int item_name(PresentItem *i, const PresentWish *wish) {
        if (!challenge_is_dns(wish->type))
                return 0;
        if (wish->type == CHALLENGE_DNS_01)
                return dns01_name(wish->identifier, &i->record);
        return wish->account_url ? dns_account_name(wish->account_url, wish->identifier, &i->record)
                                 : -ENOKEY;
}

static int item_fill(PresentItem *i, const PresentWish *wish) {
        int r;

        i->type = wish->type;
        i->wildcard = wish->wildcard;
        i->lifetime_sec = wish->lifetime_sec;
        i->phase = PRESENT_READY;
        r = str_replace(&i->identifier, wish->identifier);
        if (r >= 0)
                r = str_replace(&i->token, wish->token);
        if (r >= 0)
                r = str_replace(&i->authorization, wish->authorization);
        if (r >= 0)
                r = item_name(i, wish);
        return r;
}

static PresentItem *find(
                const Presenter *p, ChallengeType type, const char *identifier, const char *token) {
        for (PresentItem *i = p->items; i; i = i->next)
                if (i->type == type && str_equal(i->identifier, identifier) &&
                    str_equal(i->token, token))
                        return i;
        return NULL;
}

int presenter_show(Presenter *p, const PresentWish *wish, presented_fn fn, void *userdata) {
        PresentItem *old = find(p, wish->type, wish->identifier, wish->token), *i;
        int r;

        if (old && !old->in_call)
                presenter_drop(old); /* the installer knows whether it is shown */
        if (!presenter_wants_something(p)) {
                free(p->warning);
                p->warning = NULL;
        }
        i = calloc(1, sizeof *i);
        if (!i)
                return -ENOMEM;
        i->presenter = p;
        r = item_fill(i, wish);
        if (r >= 0 && i->record) {
                const char *resolver = p->config->dns ? p->config->dns->resolver : NULL;

                i->phase = PRESENT_ALIAS;
                r = dns_alias_follow(p->owner.engine, resolver, i->record, on_alias, i, &i->alias);
        }
        if (r < 0) {
                (void) item_free(i);
                return r;
        }
        i->fn = fn;
        i->userdata = userdata;
        /* Behind the others: what came first is shown first. */
        PresentItem **at = &p->items;
        while (*at)
                at = &(*at)->next;
        *at = i;
        return 0;
}

void presenter_forget(Presenter *p, const void *userdata) {
        for (PresentItem *i = p ? p->items : NULL; i; i = i->next)
                if (i->userdata == userdata)
                        i->fn = NULL;
}

static void hide(PresentItem *i) {
        i->fn = NULL;
        if (!i->touched) {
                presenter_drop(i);
                return;
        }
        i->hide = true;
        i->alias = dns_alias_free(i->alias);
        i->propagation = propagation_free(i->propagation);
        if (i->phase == PRESENT_LOOKING)
                i->phase = PRESENT_SHOWN;
}

void presenter_hide(Presenter *p, ChallengeType type, const char *identifier, const char *token) {
        PresentItem *i = find(p, type, identifier, token);

        if (i)
                hide(i);
        else if (p->noted)
                p->sweep = true; /* of an earlier run */
}

void presenter_settle(Presenter *p) {
        for (PresentItem *i = p->items, *next; i; i = next) {
                next = i->next;
                hide(i);
        }
        if (p->noted && !p->items)
                p->sweep = true;
        presenter_go(p, false);
}

/* ---- life ---- */

int presenter_new(const PresenterOwner *owner, bool noted, Presenter **ret) {
        Presenter *p = calloc(1, sizeof *p);

        if (!p)
                return -ENOMEM;
        *p = (Presenter){ .owner = *owner, .noted = noted };
        *ret = p;
        return 0;
}

Presenter *presenter_free(Presenter *p) {
        if (!p)
                return NULL;
        (void) helper_call_free(p->call);
        (void) slot_free(p->slot);
        (void) timer_free(p->retry);
        while (p->items)
                presenter_drop(p->items);
        free(p->warning);
        free(p);
        return NULL;
}

void presenter_configure(Presenter *p, const CertificateConfig *config) {
        p->config = config;
}

bool presenter_has_program(const Presenter *p, ChallengeType type) {
        if (type == CHALLENGE_DNS_PERSIST_01)
                return false;
        return challenge_is_dns(type) ? p->config->dns != NULL
                                      : p->config->challenge_hook.count > 0;
}

bool presenter_is_settled(const Presenter *p) {
        return !p->call && !p->slot && (p->retry || (!p->items && !p->sweep));
}

int presenter_describe(const Presenter *p, char **ret) {
        *ret = NULL;
        for (const PresentItem *i = p->items; i; i = i->next)
                if (i->phase == PRESENT_LOOKING && i->propagation)
                        return propagation_describe(i->propagation, ret);
        if (p->call || p->slot)
                return str_printf(
                                ret, "%s the program for challenges",
                                p->cleaning ? "cleaning up with" : "running");
        return 0;
}

const char *presenter_warning(const Presenter *p) {
        return p->warning;
}
