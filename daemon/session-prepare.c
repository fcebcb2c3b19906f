/* Making a session ready: directory → thumbprint of the account key → account. One flight for all who
 * wait (E-09); whoever comes while it is under way is told its end.
 *
 * The account key was made by the signer before its first request (F-03), so that newAccount after a crash
 * or a lost record finds the same account again. An account that the CA does not know any more is looked
 * up first, and registered again with the same key only if it is really gone (F-15). */

#include "acme/url.h"
#include "base/log.h"
#include "daemon/session-internal.h"

void session_prepare_done(Session *s) {
        s->directory_call = http_call_free(s->directory_call);
        s->thumbprint_call = helper_call_free(s->thumbprint_call);
        s->account_call = session_call_free(s->account_call);
        s->preparation = PREPARE_NOTHING;
}

/* The end of the flight, good or bad. */
static void finish(Session *s, const Failure *failure) {
        session_prepare_done(s);
        s->directory_tried = s->lookup_done = false;
        session_tell(s, failure, false);
        if (s->waits)
                session_plan(s);
}

static void finish_error(Session *s, int error) {
        _cleanup_(failure_done) Failure f = {};

        (void) failure_set(&f, CLASS_UNREACHABLE, PLACE_DIRECTORY, "%s", errno_text(error));
        finish(s, &f);
}

/* The end of one preparation: an error of ours, the other side's failure, or on to the next. */
static void step_done(Session *s, int r, const Failure *f) {
        if (r < 0) {
                finish_error(s, r);
                return;
        }
        if (f->message) {
                finish(s, f);
                return;
        }
        s->preparation = PREPARE_NOTHING;
        session_advance(s);
}

/* ---- directory ---- */

static void directory_failed(Session *s, const Failure *f) {
        if (!s->has_directory) {
                finish(s, f);
                return;
        }
        s->preparation = PREPARE_NOTHING; /* E-05: the old copy serves running orders */
        session_tell(s, f, true);
        session_plan(s);
}

static int directory_read(Session *s, const HttpReply *reply, Failure *f) {
        _cleanup_(json_freep) Json *j = NULL;
        Directory d = {};
        const char *reason = "it is no JSON";
        int r;

        if (reply->error < 0)
                return failure_set(
                                f, CLASS_UNREACHABLE, PLACE_DIRECTORY,
                                "the CA cannot be reached: %s",
                                reply->error_text ? reply->error_text : errno_text(reply->error));
        if (reply->status != 200)
                return failure_from_answer(
                                f, PLACE_DIRECTORY, reply->status, reply->body.data,
                                reply->body.size, session_retry_after(s, reply));
        r = json_parse(reply->body.data ? (const void *) reply->body.data : "", reply->body.size,
                       &j);
        if (r >= 0)
                r = directory_parse(j, &s->ca.origins, &d, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return failure_set(
                                f, CLASS_LATER, PLACE_DIRECTORY,
                                "the CA's directory makes no sense: %s", reason);
        directory_done(&s->directory);
        s->directory = d;
        s->has_directory = true;
        s->directory_at = MAX(loop_boot_usec(s->engine->loop), (usec_t) 1);
        return 0;
}

/* E-06: the operator agreed in the configuration, to whatever the CA names; a change is told. */
static void note_terms(Session *s) {
        const char *url = account_url(s->account, s->ca.directory);
        const char *terms = s->directory.terms_of_service;
        LogFields fields = { .ca = s->ca.name };
        int r;

        if (!url || !terms || str_equal(account_terms(s->account), terms))
                return;
        log_message(LOG_NOTICE, &fields, "%s: the CA's terms of service are now at '%s'",
                    s->ca.name, terms);
        r = account_set_url(s->account, s->ca.directory, url, terms);
        if (r < 0)
                log_debug("%s: not recorded: %s", s->ca.name, errno_text(r));
}

static void on_directory(const HttpReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        session_learn(s, reply);
        r = directory_read(s, reply, &f);
        s->directory_call = http_call_free(s->directory_call);
        if (r < 0) {
                finish_error(s, r);
                return;
        }
        if (f.message) {
                directory_failed(s, &f);
                return;
        }
        note_terms(s);
        s->preparation = PREPARE_NOTHING;
        session_advance(s);
}

static int directory_fetch(Session *s) {
        HttpRequest request = {
                .method = HTTP_GET,
                .url = s->ca.directory,
                .accept = "application/json",
                .ca = &s->ca,
        };

        s->directory_tried = true;
        s->preparation = PREPARE_DIRECTORY;
        return http_start(s->engine->http, &request, on_directory, s, &s->directory_call);
}

static bool directory_is_fresh(const Session *s) {
        return s->has_directory && s->directory_at > 0 &&
               loop_boot_usec(s->engine->loop) - s->directory_at < DIRECTORY_AGE_MAX;
}

/* ---- thumbprint ---- */

static int thumbprint_read(Session *s, const HelperReply *reply, Failure *f) {
        const char *thumbprint;

        if (reply->error < 0)
                return failure_set(
                                f, CLASS_UNREACHABLE, PLACE_NEW_ACCOUNT,
                                "the signer does not answer: %s",
                                reply->message ? reply->message : errno_text(reply->error));
        if (reply->error_name ||
            json_get_string(reply->parameters, "thumbprint", &thumbprint) < 0 ||
            !str_is_base64url(thumbprint))
                return failure_set(
                                f, CLASS_LATER, PLACE_NEW_ACCOUNT,
                                "the signer has no account key: %s",
                                reply->message ? reply->message : "no reason given");
        return str_replace(&s->thumbprint, thumbprint);
}

static void on_thumbprint(const HelperReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        r = thumbprint_read(s, reply, &f);
        s->thumbprint_call = helper_call_free(s->thumbprint_call);
        step_done(s, r, &f);
}

static int thumbprint_ask(Session *s) {
        Json *parameters = json_object_new();
        int r;

        r = parameters ? json_set_string(parameters, "ca", s->ca.name) : -ENOMEM;
        if (r < 0) {
                (void) json_free(parameters);
                return r;
        }
        s->preparation = PREPARE_THUMBPRINT;
        return helper_call(
                        s->engine->signer, HELPER_SHARED, "Account", parameters, on_thumbprint, s,
                        &s->thumbprint_call);
}

/* ---- account ---- */

/* What forbids to ask for an account now; f->message stays NULL if nothing does. */
static int account_obstacle(Session *s, Failure *f) {
        int64_t now = loop_wall_sec(s->engine->loop), wait;
        const char *terms = s->directory.terms_of_service;
        int r;

        if (!s->ca.terms_agreed)
                return failure_set(
                                f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the CA's terms of service are not agreed to%s%s: set "
                                "AgreeToTerms=yes in [Account]",
                                terms ? " " : "", terms ? terms : "");
        if (s->directory.external_account_required)
                return failure_set(
                                f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the CA wants an external account binding, which renewd does not "
                                "do: use another CA=");
        wait = account_retry_at(s->account) - now;
        if (wait <= 0 || wait > 7 * SEC_PER_DAY)
                return 0;
        r = failure_set(f, CLASS_LATER, PLACE_NEW_ACCOUNT,
                        "%s (not asked again before %lld min are over)",
                        s->refusal ? s->refusal : "the CA refused the account a short while ago",
                        (long long) (wait + SEC_PER_MIN - 1) / SEC_PER_MIN);
        f->retry_after_sec = wait;
        return r;
}

static int account_accept(Session *s, const SessionReply *reply, Failure *f) {
        int r;

        if (!reply->location || url_check(reply->location, &s->ca.origins) < 0)
                return failure_set(
                                f, CLASS_LATER, PLACE_NEW_ACCOUNT,
                                "the CA's answer names no usable account URL");
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
        r = account_set_retry_at(
                        s->account,
                        loop_wall_sec(s->engine->loop) + MAX(gap, reply->retry_after_sec));
        if (r < 0)
                log_debug("%s: not recorded: %s", s->ca.name, errno_text(r));
        return 0;
}

static int account_read(Session *s, const SessionReply *reply, Failure *f) {
        int r;

        if (reply->error < 0)
                return failure_set(
                                f, CLASS_UNREACHABLE, PLACE_NEW_ACCOUNT, "%s: %s",
                                reply->signer_failed ? "the signer cannot sign"
                                                     : "the CA cannot be reached",
                                reply->message ? reply->message : errno_text(reply->error));
        if (reply->status == 200 || reply->status == 201)
                return account_accept(s, reply, f);
        r = account_refused(s, reply, f);
        if (r < 0)
                return r;
        if (s->preparation == PREPARE_LOOKUP && f->problem.type == PROBLEM_ACCOUNT_DOES_NOT_EXIST) {
                failure_done(f); /* it is really gone */
                return account_set_retry_at(s->account, 0);
        }
        return 0;
}

static void on_account(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        r = account_read(s, reply, &f);
        s->account_call = session_call_free(s->account_call);
        step_done(s, r, &f);
}

static int account_ask(Session *s) {
        bool lookup = account_wants_lookup(s->account) && !s->lookup_done;
        SessionRequest request = {
                .kind = lookup ? SESSION_LOOKUP_ACCOUNT : SESSION_NEW_ACCOUNT,
                .owner = s,
                .url = s->directory.new_account,
        };

        s->preparation = lookup ? PREPARE_LOOKUP : PREPARE_ACCOUNT;
        s->lookup_done = true;
        return session_send(s, &request, on_account, s, &s->account_call);
}

/* ---- what is missing next ---- */

static bool somebody_wants_fresh(const Session *s) {
        for (const SessionWait *w = s->waits; w; w = w->next)
                if (!w->resume)
                        return true;
        return false;
}

static bool wants_directory(const Session *s) {
        if (s->directory_tried || directory_is_fresh(s))
                return false;
        return !s->has_directory || somebody_wants_fresh(s);
}

static int advance_account(Session *s) {
        _cleanup_(failure_done) Failure f = {};
        const char *url = account_url(s->account, s->ca.directory);
        int r;

        if (url) {
                r = str_replace(&s->account_url, url);
                if (r < 0)
                        return r;
                finish(s, NULL);
                return 0;
        }
        r = account_obstacle(s, &f);
        if (r < 0)
                return r;
        if (!f.message)
                return account_ask(s);
        finish(s, &f);
        return 0;
}

/* The end of the flight when nobody waits any more. */
static bool is_over(Session *s) {
        if (s->waits)
                return false;
        s->directory_tried = s->lookup_done = false;
        return true;
}

void session_advance(Session *s) {
        bool fetch;
        int r;

        if (is_over(s) || s->preparation != PREPARE_NOTHING)
                return;
        fetch = wants_directory(s);
        if (!fetch) {
                session_tell_directory(s);
                if (is_over(s))
                        return;
        }
        if (fetch)
                r = directory_fetch(s);
        else if (!s->thumbprint)
                r = thumbprint_ask(s);
        else
                r = advance_account(s);
        if (r < 0)
                finish_error(s, r);
}
