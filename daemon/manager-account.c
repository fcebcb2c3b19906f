/* The accounts, as a person sees and changes them. */

#include "base/log.h"
#include "daemon/manager-internal.h"

/* ---- shown ---- */

static const char *status_of(const Account *a, const CaConfig *ca, const AccountLife *life) {
        if (life->status)
                return life->status;
        if (life->action_at > 0)
                return "action-required";
        return account_url((Account *) a, ca->directory) ? "valid" : "none";
}

static int put_life(Json *j, const AccountLife *life) {
        const struct {
                const char *key, *text;
        } members[] = {
                { "contact", life->contact },
                { "external_account", life->external_account },
                { "terms_now", life->terms_seen },
                { "action_url", life->action_at > 0 ? life->action_url : NULL },
                { "action_terms", life->action_at > 0 ? life->action_terms : NULL },
                { "external_account_refused", life->binding_refused },
                { "former_account", life->former_url },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(members) && r >= 0; i++)
                r = json_set_string(j, members[i].key, members[i].text);
        return r;
}

static int put_session(Json *j, const Session *s) {
        int r;

        r = json_set_string(j, "thumbprint", session_thumbprint(s));
        if (r >= 0)
                r = json_set_string(j, "external_account_key", session_external_account(s));
        if (r >= 0 && session_terms(s))
                r = json_set_string(j, "terms_now", session_terms(s));
        if (r >= 0)
                r = json_set_bool(
                                j, "external_account_required", session_wants_external_account(s));
        return r;
}

static int account_json(const CaConfig *ca, Account *a, const Session *s, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        AccountLife *life = account_life(a);
        int r;

        r = j ? json_set_string(j, "ca", ca->name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "directory", ca->directory);
        if (r >= 0)
                r = json_set_string(j, "status", status_of(a, ca, life));
        if (r >= 0)
                r = json_set_string(j, "account", account_url(a, ca->directory));
        if (r >= 0)
                r = json_set_string(j, "terms", account_terms(a));
        if (r >= 0)
                r = put_life(j, life);
        if (r >= 0)
                r = json_set_int64(j, "next_attempt", account_retry_at(a));
        if (r >= 0 && s)
                r = put_session(j, s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

/* Of the CA at `i` of the configuration; *ret NULL if nobody uses it and there is no account. */
static int account_at(const Manager *m, size_t i, bool always, Json **ret) {
        const CaConfig *ca = &m->config->cas[i];
        _cleanup_(account_freep) Account *loaded = NULL;
        int r;

        *ret = NULL;
        if (i < m->ca_count && m->cas[i].name)
                return account_json(ca, m->cas[i].account, m->cas[i].session, ret);
        r = account_load(m->engine.store, ca->name, &loaded);
        if (r < 0 || (!always && !account_url(loaded, ca->directory)))
                return r;
        return account_json(ca, loaded, NULL, ret);
}

int manager_accounts_json(const Manager *m, Json **ret) {
        _cleanup_(json_freep) Json *list = json_array_new();
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < m->config->ca_count && r >= 0; i++) {
                Json *j = NULL;

                r = account_at(m, i, false, &j);
                if (r >= 0 && j)
                        r = json_append(list, j);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

int manager_account_json(const Manager *m, const char *ca, Json **ret) {
        for (size_t i = 0; i < m->config->ca_count; i++)
                if (str_equal(m->config->cas[i].name, ca))
                        return account_at(m, i, true, ret);
        return -ENOENT;
}

/* ---- changed ---- */

static bool is_busy(void *userdata) {
        ManagerTask *t = userdata;
        Manager *m = t->manager;

        for (size_t i = 0; i < m->cert_count; i++)
                if (cert_is_ordering_at(m->certs[i], t->ca))
                        return true;
        return false;
}

static void on_job(const Failure *failure, const char *message, void *userdata) {
        ManagerTask *t = userdata;
        Manager *m = t->manager;

        for (size_t i = 0; i < m->cert_count && !failure; i++)
                cert_retry_parked_at(m->certs[i], t->ca);
        if (failure)
                message = failure->message;
        manager_on_changed(m);
        manager_task_end(t, !failure, message ? message : "it failed");
}

/* What waits for its next attempt at this account cannot go on with another key. */
static void forget_orders(Manager *m, const char *ca) {
        for (size_t i = 0; i < m->cert_count; i++)
                cert_forget_order_at(m->certs[i], ca);
}

int manager_account(
                Manager *m,
                const char *name,
                const ManagerAccountWish *wish,
                manager_task_fn fn,
                void *userdata,
                ManagerTask **ret) {
        ManagerCa *ca = NULL;
        ManagerTask *t;
        AccountWish job = {
                .action = wish->action, .new_key = wish->new_key, .is_busy = is_busy, .fn = on_job
        };
        int r;

        r = manager_ca_open(m, name, &ca);
        if (r >= 0)
                r = manager_task_new(m, name, fn, userdata, &t);
        if (r < 0)
                return r;
        job.userdata = t;
        t->session = ca->session;
        if ((wish->action == ACCOUNT_ROLLOVER || wish->new_key) && !is_busy(t))
                forget_orders(m, name);
        r = session_account_job(ca->session, &job, &t->job);
        if (r < 0) {
                manager_task_free(t);
                return r;
        }
        *ret = t;
        return 0;
}
