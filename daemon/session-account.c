/* The account of a session.
 *
 * Its key was made by the signer before its first request (F-03), so that newAccount after a crash or a lost record finds
 * the same account again. An account that the CA does not know any more is looked up first, and registered again with the
 * same key only if it is really gone (F-15). A key of an external account is mostly good for one account: nothing is ever
 * sent with it twice unless it is known that the first did not arrive (G-05). */

#include <string.h>

#include "acme/url.h"
#include "base/log.h"
#include "daemon/session-internal.h"

#define BINDING_FAILURES_MAX 3 /* G-04 */

/* F-17 */
static void tell_moved(const Session *s, const char *url) {
        const AccountLife *life = account_life(s->account);

        if (!life->former_url || str_equal(life->former_url, url))
                return;
        log_message(LOG_WARNING, &(LogFields){ .ca = s->ca.name },
                    "%s: the account was '%s' and is '%s' now: change it where DNS names it (CAA accounturi, "
                    "dns-account-01 labels, dns-persist-01 records); validations of before do not count any more",
                    s->ca.name, life->former_url, url);
}

static int account_accept(Session *s, const SessionReply *reply, Failure *f) {
        AccountLife *life = account_life(s->account);
        bool bound = s->preparation == PREPARE_ACCOUNT && s->external_account;
        int r;

        if (!reply->location || url_check(reply->location, &s->ca.origins) < 0)
                return failure_set(
                                f, CLASS_LATER, PLACE_NEW_ACCOUNT,
                                "the CA's answer names no usable account URL");
        tell_moved(s, reply->location);
        r = session_note_contact(s, reply->status == 201 || session_answer_has_contact(s, reply));
        if (r >= 0 && bound)
                r = str_replace(&life->external_account, s->external_account);
        if (r >= 0)
                r = str_replace(&life->binding_refused, NULL);
        if (r >= 0)
                r = str_replace(&life->former_url, NULL);
        if (r < 0)
                return r;
        life->binding_failures = 0;
        r =
                        account_set_url(s->account, s->ca.directory, reply->location,
                                        s->directory.terms_of_service);
        if (r < 0)
                return failure_set(
                                f, CLASS_UNREACHABLE, PLACE_NEW_ACCOUNT,
                                "the account cannot be recorded: %s", errno_text(r));
        log_message(LOG_NOTICE, &(LogFields){ .ca = s->ca.name }, "%s: the account is '%s'",
                    s->ca.name, reply->location);
        return 0;
}

/* G-04: is it the binding that was refused? */
static bool is_of_binding(const Failure *f) {
        static const ProblemType types[] = {
                PROBLEM_NONE,           PROBLEM_EXTERNAL_ACCOUNT_REQUIRED,
                PROBLEM_UNAUTHORIZED,   PROBLEM_MALFORMED,
                PROBLEM_BAD_PUBLIC_KEY,
        };

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (f->problem.type == types[i])
                        return f->problem.status >= 400 && f->problem.status <= 499 &&
                               f->problem.status != 429;
        return false;
}

/* The account was asked for with a binding, and did not come. */
static int judge_binding(Session *s, Failure *f, bool ambiguous) {
        AccountLife *life = account_life(s->account);
        char *message;
        int r;

        if (s->preparation != PREPARE_ACCOUNT || !s->external_account)
                return 0;
        if (ambiguous)
                life->binding_failures++;
        if (ambiguous ? life->binding_failures < BINDING_FAILURES_MAX : !is_of_binding(f))
                return account_save(s->account);
        life->binding_failures = 0;
        r = str_replace(&life->binding_refused, s->external_account);
        if (r >= 0)
                r = str_printf(&message,
                               "%s; the external account key may be wrong, used or expired: %s %s --kid KEY-ID",
                               f->message, SESSION_BIND_HINT, s->ca.name);
        if (r < 0)
                return r;
        free(f->message);
        f->message = message;
        f->class = CLASS_PARK;
        r = ambiguous ? 0 : account_expect(s->account, false);
        return r < 0 ? r : account_save(s->account);
}

/* S-07: an account that was refused is asked for again after an hour at the earliest. */
static int account_refused(Session *s, const SessionReply *reply, Failure *f) {
        int64_t gap = reply->status >= 500 ? 5 * SEC_PER_MIN : NEW_ACCOUNT_GAP_SEC;
        int r;

        r = failure_from_answer(
                        f, PLACE_NEW_ACCOUNT, reply->status, reply->body, reply->size,
                        reply->retry_after_sec);
        if (r < 0)
                return r;
        if (f->problem.type == PROBLEM_BAD_NONCE) { /* D-07: it was sent often enough, for now */
                f->class = CLASS_LATER;
                return 0; /* the CA has not looked at the account yet: the backoff is enough */
        }
        (void) str_replace(&s->refusal, f->message); /* without memory: no reason is told */
        session_saved(s, account_set_retry_at(
                                         s->account,
                                         loop_wall_sec(s->engine->loop) +
                                                         MAX(gap, reply->retry_after_sec)));
        return judge_binding(s, f, reply->status >= 500);
}

static int account_unanswered(Session *s, const SessionReply *reply, Failure *f) {
        int r;

        r = failure_set(f, CLASS_UNREACHABLE, PLACE_NEW_ACCOUNT, "%s: %s",
                        reply->signer_failed ? "the signer cannot sign"
                                             : "the CA cannot be reached",
                        reply->message ? reply->message : errno_text(reply->error));
        return r < 0 || reply->signer_failed ? r : judge_binding(s, f, true);
}

static int account_read(Session *s, const SessionReply *reply, Failure *f) {
        int r;

        if (reply->error < 0)
                return account_unanswered(s, reply, f);
        if (reply->status == 200 || reply->status == 201)
                return account_accept(s, reply, f);
        r = account_refused(s, reply, f);
        if (r < 0)
                return r;
        if (s->preparation != PREPARE_LOOKUP || f->problem.type != PROBLEM_ACCOUNT_DOES_NOT_EXIST)
                return 0;
        if (s->find_only)
                return failure_set(
                                f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the CA has no account for this key; one is made by the first order, or by: "
                                "renewctl account create %s",
                                s->ca.name);
        failure_done(f); /* it is really gone */
        return account_set_retry_at(s->account, 0);
}

static void on_account(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        r = account_read(s, reply, &f);
        s->account_call = session_call_free(s->account_call);
        session_step_done(s, r, &f);
}

static int account_ask(Session *s, bool lookup) {
        SessionRequest request = {
                .kind = lookup ? SESSION_LOOKUP_ACCOUNT : SESSION_NEW_ACCOUNT,
                .owner = s,
                .url = s->directory.new_account,
        };
        int r;

        s->preparation = lookup ? PREPARE_LOOKUP : PREPARE_ACCOUNT;
        s->lookup_done = true;
        r = !lookup && s->external_account ? account_expect(s->account, true) : 0;
        return r < 0 ? r : session_send(s, &request, on_account, s, &s->account_call);
}

/* ---- is it still one? ---- */

static int set_status(Session *s, const char *status) {
        AccountLife *life = account_life(s->account);
        int r;

        life->status_at = loop_wall_sec(s->engine->loop);
        if (status && !str_equal(life->status, status))
                log_message(LOG_ERR, &(LogFields){ .ca = s->ca.name },
                            "%s: the account at the CA is %s; nothing is ordered with it",
                            s->ca.name, status);
        r = str_replace(&life->status, status);
        return r < 0 ? r : account_save(s->account);
}

/* F-09: an answer without a status is good; only two of them are bad. */
static const char *status_of(const SessionReply *reply) {
        static const AcmeStatus bad[] = { STATUS_DEACTIVATED, STATUS_REVOKED };
        _cleanup_(json_freep) Json *j = NULL;
        const char *text;

        if (!reply->body || json_parse(reply->body, reply->size, &j) < 0 ||
            json_get_string(j, "status", &text) < 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (acme_status_from_string(text) == bad[i])
                        return acme_status_to_string(bad[i]);
        return NULL;
}

static int check_read(Session *s, const SessionReply *reply, Failure *f) {
        if (reply->error < 0)
                return account_unanswered(s, reply, f);
        if (reply->status >= 200 && reply->status <= 299) {
                s->suspect = false;
                return set_status(s, status_of(reply));
        }
        if (reply->status != 401 && reply->status != 403)
                return 0; /* what is the matter, the next request shows */
        s->suspect = false;
        return set_status(s, "refused");
}

static void on_check(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        r = check_read(s, reply, &f);
        s->account_call = session_call_free(s->account_call);
        session_step_done(s, r, &f);
}

static int check_ask(Session *s) {
        SessionRequest request = {
                .kind = SESSION_READ_ACCOUNT,
                .owner = s,
                .url = s->account_url,
        };

        s->check_done = true;
        s->preparation = PREPARE_CHECK;
        return session_send(s, &request, on_check, s, &s->account_call);
}

/* ---- on to the next ---- */

static int advance_known(Session *s, const char *url) {
        AccountLife *life = account_life(s->account);
        int r;

        r = str_replace(&s->account_url, url);
        if (r >= 0 && !life->contact) /* a record of before: it was told then */
                r = session_note_contact(s, true);
        if (r < 0)
                return r;
        if ((s->suspect || life->status) && !s->check_done)
                return check_ask(s);
        if (session_wants_contact(s))
                return session_contact_send(s);
        session_prepare_end(s, NULL);
        return 0;
}

int session_advance_account(Session *s) {
        bool lookup = account_wants_lookup(s->account) && !s->lookup_done;
        const char *url = account_url(s->account, s->ca.directory);
        _cleanup_(failure_done) Failure f = {};
        int r;

        r = session_standing_obstacle(s, &f);
        if (r >= 0 && !f.message && url)
                return advance_known(s, url);
        if (r >= 0 && !f.message && !lookup)
                r = session_new_obstacle(s, &f);
        if (r >= 0 && !f.message)
                r = session_waiting_obstacle(s, &f);
        if (r < 0)
                return r;
        if (!f.message)
                return account_ask(s, lookup);
        session_prepare_end(s, &f);
        return 0;
}
