/* What a person asks of an account. Each job is a few steps, every one of which ends in the next or in job_end(); most of the
 * work is the session's own preparation, which a job only starts with other rules (by_hand, find_only). */

#include "base/log.h"
#include "daemon/session-call.h"
#include "daemon/session-internal.h"

struct AccountJob {
        Session *session; /* NULL: it has ended */
        AccountWish wish;
        SessionWait *wait;
        SessionCall *call;
        HelperCall *helper;
        Timer *timer;
        char *pending;   /* thumbprint that the account shall have */
        Failure refusal; /* what the CA said to keyChange */
};

static void job_detach(AccountJob *j) {
        Session *s = j->session;

        if (!s)
                return;
        s->job = NULL;
        s->by_hand = s->find_only = false;
        if (s->exclusive) {
                s->exclusive = false;
                session_plan(s);
        }
        j->session = NULL;
}

/* The caller's last statement. */
static void job_end(AccountJob *j, const Failure *failure, const char *message) {
        job_detach(j);
        j->wish.fn(failure, message, j->wish.userdata);
}

static void job_error(AccountJob *j, const char *what, int error) {
        _cleanup_(failure_done) Failure f = {};

        (void) failure_set(&f, CLASS_LATER, PLACE_NEW_ACCOUNT, "%s: %s", what, errno_text(error));
        job_end(j, &f, NULL);
}

/* ---- requests ---- */

static int job_send(AccountJob *j, SessionRequest request, session_reply_fn fn) {
        request.owner = j;
        j->call = session_call_free(j->call);
        return session_send(j->session, &request, fn, j, &j->call);
}

/* 0, or *f has the words. */
static int job_judge(const SessionReply *reply, Failure *f) {
        if (reply->error < 0)
                return failure_set(
                                f, CLASS_UNREACHABLE, PLACE_NEW_ACCOUNT, "%s: %s",
                                reply->signer_failed ? "the signer refuses"
                                                     : "the CA cannot be reached",
                                reply->message ? reply->message : errno_text(reply->error));
        if (reply->status >= 200 && reply->status <= 299)
                return 0;
        return failure_from_answer(
                        f, PLACE_NEW_ACCOUNT, reply->status, reply->body, reply->size,
                        reply->retry_after_sec);
}

static void job_answer(AccountJob *j, int r, const Failure *f, const char *message) {
        if (r < 0)
                job_error(j, "it cannot be recorded", r);
        else
                job_end(j, f->message ? f : NULL, message);
}

/* ---- show ---- */

static void on_shown(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        _cleanup_(json_freep) Json *json = NULL;
        _cleanup_free_ char *shown = NULL, *message = NULL;
        const char *status = NULL;
        AccountJob *j = userdata;
        int r;

        r = job_judge(reply, &f);
        if (r >= 0 && !f.message && reply->body && json_parse(reply->body, reply->size, &json) >= 0)
                (void) json_get_string(json, "status", &status); /* F-09 */
        shown = str_escape(status && *status ? status : "valid", 40);
        if (r >= 0)
                r = shown ? str_printf(&message, "the CA says: %s", shown) : -ENOMEM;
        job_answer(j, r, &f, message);
}

/* ---- update, agree ---- */

static int note_update(Session *s, const SessionRequest *what) {
        AccountLife *life = account_life(s->account);
        int r = 0;

        if (what->contact) {
                r = session_note_contact(s, true);
                if (r >= 0)
                        r = str_replace(&life->contact_refused, NULL);
        }
        if (r >= 0 && what->terms)
                r =
                                account_set_url(s->account, s->ca.directory, s->account_url,
                                                s->directory.terms_of_service);
        return r < 0 ? r : account_save(s->account);
}

static void on_updated(const SessionReply *reply, void *userdata) {
        AccountJob *j = userdata;
        SessionRequest what = { .contact = j->wish.action == ACCOUNT_UPDATE,
                                .terms = j->wish.action == ACCOUNT_AGREE };
        _cleanup_(failure_done) Failure f = {};
        int r;

        r = job_judge(reply, &f);
        if (r >= 0 && !f.message)
                r = note_update(j->session, &what);
        job_answer(j, r, &f,
                   what.terms ? "the CA knows that you agree to its terms of service"
                              : "the CA has the contacts as they are configured");
}

/* ---- deactivate ---- */

static int note_deactivated(Session *s) {
        AccountLife *life = account_life(s->account);
        int r;

        life->status_at = loop_wall_sec(s->engine->loop);
        r = str_replace(&life->status, "deactivated");
        return r < 0 ? r : account_save(s->account);
}

static void on_deactivated(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        AccountJob *j = userdata;
        int r;

        r = job_judge(reply, &f);
        if (r >= 0 && !f.message)
                r = note_deactivated(j->session);
        job_answer(j, r, &f, "the account is deactivated, for ever");
}

/* ---- rollover ---- */

static void on_rolled(const Failure *failure, void *userdata) {
        AccountJob *j = userdata;
        Session *s = j->session;
        _cleanup_(failure_done) Failure f = {};
        int r = 0;

        j->wait = session_wait_free(j->wait);
        if (failure) {
                job_end(j, failure, NULL);
                return;
        }
        if (!str_equal(s->thumbprint, j->pending))
                r = failure_set(&f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the account keeps its old key: %s",
                                j->refusal.message ? j->refusal.message
                                                   : "the CA said yes, but did not change the key; "
                                                     "perhaps it is another account's already");
        job_answer(j, r, &f, "the account has a new key, and the old one is destroyed");
}

/* Whatever was answered, or not: which key it is the next preparation finds out (F-12). */
static void on_key_changed(const SessionReply *reply, void *userdata) {
        AccountJob *j = userdata;
        Session *s = j->session;
        int r;

        if (reply->error == 0 && (reply->status < 200 || reply->status > 299))
                (void) failure_from_answer(
                                &j->refusal, PLACE_KEY_CHANGE, reply->status, reply->body,
                                reply->size, 0);
        s->exclusive = false;
        free(s->thumbprint);
        s->thumbprint = NULL;
        r = session_prepare(s, false, on_rolled, j, &j->wait);
        if (r < 0)
                job_error(j, "the account key is not settled", r);
}

static void on_key_prepared(const HelperReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        AccountJob *j = userdata;
        const char *thumbprint;
        int r = 0;

        if (reply->error < 0 || reply->error_name ||
            json_get_string(reply->parameters, "thumbprint", &thumbprint) < 0)
                r = failure_set(&f, CLASS_PARK, PLACE_NEW_ACCOUNT, "the signer has no new key: %s",
                                reply->message ? reply->message : errno_text(reply->error));
        else
                r = str_replace(&j->pending, thumbprint);
        j->helper = helper_call_free(j->helper);
        if (r >= 0 && !f.message)
                r = job_send(j,
                             (SessionRequest){ .kind = SESSION_KEY_CHANGE,
                                               .url = j->session->directory.key_change },
                             on_key_changed);
        if (r < 0 || f.message)
                job_answer(j, r, &f, NULL);
}

static int ask_signer(AccountJob *j, const char *method, helper_fn fn) {
        Json *parameters = json_object_new();
        int r;

        r = parameters ? json_set_string(parameters, "ca", j->session->ca.name) : -ENOMEM;
        if (r < 0) {
                (void) json_free(parameters);
                return r;
        }
        return helper_call(
                        j->session->engine->signer, HELPER_SHARED, method, parameters, fn, j,
                        &j->helper);
}

static int refuse(AccountJob *j, const char *words) {
        _cleanup_(failure_done) Failure f = {};
        int r = failure_set(&f, CLASS_PARK, PLACE_NEW_ACCOUNT, "%s", words);

        job_answer(j, r, &f, NULL);
        return 0;
}

/* F-14: key authorizations have the key's thumbprint in them. */
static int roll_over(AccountJob *j) {
        Session *s = j->session;

        if (!s->directory.key_change)
                return refuse(j, "the CA does not offer another key for an account");
        if (s->calls || (j->wish.is_busy && j->wish.is_busy(j->wish.userdata)))
                return refuse(j, "an order is on its way at this CA; try again when it has ended");
        s->exclusive = true;
        return ask_signer(j, "PrepareAccountKey", on_key_prepared);
}

/* ---- the session is ready ---- */

static int go_on(AccountJob *j) {
        Session *s = j->session;
        const char *url = s->account_url;
        _cleanup_free_ char *message = NULL;
        int r;

        switch (j->wish.action) {
        case ACCOUNT_SHOW:
                return job_send(j, (SessionRequest){ .kind = SESSION_READ_ACCOUNT, .url = url },
                                on_shown);
        case ACCOUNT_UPDATE:
        case ACCOUNT_AGREE:
                return job_send(j,
                                (SessionRequest){ .kind = SESSION_UPDATE_ACCOUNT,
                                                  .url = url,
                                                  .contact = j->wish.action == ACCOUNT_UPDATE,
                                                  .terms = j->wish.action == ACCOUNT_AGREE },
                                on_updated);
        case ACCOUNT_DEACTIVATE:
                return job_send(j, (SessionRequest){ .kind = SESSION_DEACTIVATE, .url = url },
                                on_deactivated);
        case ACCOUNT_ROLLOVER:
                return roll_over(j);
        case ACCOUNT_CREATE:
        case ACCOUNT_FIND:
        case ACCOUNT_REPAIR:
        case ACCOUNT_ACTION_MAX:
                break;
        }
        r = str_printf(&message, "the account is '%s'", url ? url : "");
        job_answer(j, r, &(Failure){}, message);
        return 0;
}

static void on_ready(const Failure *failure, void *userdata) {
        AccountJob *j = userdata;
        int r;

        j->wait = session_wait_free(j->wait);
        if (failure) {
                job_end(j, failure, NULL);
                return;
        }
        r = go_on(j);
        if (r < 0)
                job_error(j, "the CA cannot be asked", r);
}

/* ---- the beginning ---- */

/* What stood in the way waits for a person, and here is one. */
static int clear_obstacles(const AccountJob *j) {
        Session *s = j->session;
        AccountLife *life = account_life(s->account);
        bool asks = j->wish.action == ACCOUNT_FIND || j->wish.action == ACCOUNT_REPAIR;
        int r;

        life->action_at = 0;
        life->binding_failures = 0;
        r = str_replace(&life->binding_refused, NULL);
        if (r >= 0 && j->wish.new_key)
                r = str_replace(&life->status, NULL);
        if (r >= 0)
                r = account_set_retry_at(s->account, 0);
        if (r < 0)
                return r;
        s->by_hand = j->wish.action == ACCOUNT_CREATE || j->wish.action == ACCOUNT_REPAIR;
        s->find_only = j->wish.action == ACCOUNT_FIND;
        if (str_equal(life->status, "refused")) /* see again */
                s->suspect = true, life->status_at = 0;
        return asks || j->wish.new_key ? account_forget_url(s->account) : account_save(s->account);
}

static int prepare(AccountJob *j) {
        return session_prepare(j->session, false, on_ready, j, &j->wait);
}

/* The old key's account is not looked for with the new one. */
static void on_replaced(const HelperReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        AccountJob *j = userdata;
        Session *s = j->session;
        int r = 0;

        if (reply->error < 0 || reply->error_name)
                r = failure_set(&f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the signer makes no new key: %s",
                                reply->message ? reply->message : errno_text(reply->error));
        j->helper = helper_call_free(j->helper);
        if (r >= 0 && !f.message) {
                free(s->thumbprint);
                free(s->account_url);
                s->thumbprint = s->account_url = NULL;
                s->exclusive = false;
                r = clear_obstacles(j);
                if (r >= 0)
                        r = prepare(j);
        }
        if (r < 0 || f.message)
                job_answer(j, r, &f, NULL);
}

static int replace_key(AccountJob *j) {
        if (j->session->calls || (j->wish.is_busy && j->wish.is_busy(j->wish.userdata)))
                return refuse(j, "an order is on its way at this CA; try again when it has ended");
        j->session->exclusive = true;
        return ask_signer(j, "ReplaceAccountKey", on_replaced);
}

static int begin(AccountJob *j) {
        Session *s = j->session;
        bool existing = j->wish.action == ACCOUNT_SHOW || j->wish.action == ACCOUNT_UPDATE ||
                        j->wish.action == ACCOUNT_AGREE || j->wish.action == ACCOUNT_ROLLOVER ||
                        j->wish.action == ACCOUNT_DEACTIVATE;
        int r;

        if (existing && !account_url(s->account, s->ca.directory))
                return refuse(j,
                              "there is no account at this CA yet; one is made by the first order, or by: "
                              "renewctl account create");
        if (j->wish.new_key)
                return replace_key(j);
        r = j->wish.action == ACCOUNT_SHOW ? 0 : clear_obstacles(j);
        return r < 0 ? r : prepare(j);
}

/* From the loop, since `fn` is called from there only. */
static void on_timer(void *userdata) {
        AccountJob *j = userdata;
        int r;

        j->timer = timer_free(j->timer);
        r = begin(j);
        if (r < 0)
                job_error(j, "it cannot begin", r);
}

int session_account_job(Session *s, const AccountWish *wish, AccountJob **ret) {
        AccountJob *j;
        int r;

        if (s->job)
                return -EBUSY;
        j = calloc(1, sizeof *j);
        if (!j)
                return -ENOMEM;
        *j = (AccountJob){ .session = s, .wish = *wish };
        r = loop_timer_after(s->engine->loop, 0, on_timer, j, &j->timer);
        if (r < 0) {
                free(j);
                return r;
        }
        s->job = j;
        *ret = j;
        return 0;
}

void session_job_orphan(AccountJob *j) {
        _cleanup_(failure_done) Failure f = {};

        j->wait = session_wait_free(j->wait);
        j->call = session_call_free(j->call);
        j->helper = helper_call_free(j->helper);
        j->timer = timer_free(j->timer);
        (void) failure_set(
                        &f, CLASS_LATER, PLACE_NEW_ACCOUNT,
                        "the configuration of the CA was changed meanwhile; ask again");
        job_end(j, &f, NULL);
}

AccountJob *account_job_free(AccountJob *j) {
        if (!j)
                return NULL;
        job_detach(j);
        (void) session_wait_free(j->wait);
        (void) session_call_free(j->call);
        (void) helper_call_free(j->helper);
        (void) timer_free(j->timer);
        failure_done(&j->refusal);
        free(j->pending);
        free(j);
        return NULL;
}
