/* Making a session ready: directory → thumbprint of the account key → account. One flight for all who
 * wait (E-09); whoever comes while it is under way is told its end. */

#include "acme/timestamp.h"
#include "base/log.h"
#include "daemon/session-call.h"
#include "daemon/session-internal.h"

void session_prepare_done(Session *s) {
        s->directory_call = http_call_free(s->directory_call);
        s->thumbprint_call = helper_call_free(s->thumbprint_call);
        s->account_call = session_call_free(s->account_call);
        s->preparation = PREPARE_NOTHING;
}

static void forget_flight(Session *s) {
        s->directory_tried = s->lookup_done = s->check_done = s->contact_done = false;
}

void session_prepare_end(Session *s, const Failure *failure) {
        session_prepare_done(s);
        forget_flight(s);
        session_tell(s, failure, false);
        if (s->waits)
                session_plan(s);
}

void session_prepare_error(Session *s, int error) {
        _cleanup_(failure_done) Failure f = {};

        (void) failure_set(&f, CLASS_UNREACHABLE, PLACE_DIRECTORY, "%s", errno_text(error));
        session_prepare_end(s, &f);
}

void session_step_done(Session *s, int r, const Failure *f) {
        if (r < 0) {
                session_prepare_error(s, r);
                return;
        }
        if (f->message) {
                session_prepare_end(s, f);
                return;
        }
        s->preparation = PREPARE_NOTHING;
        session_advance(s);
}

/* ---- directory ---- */

static void directory_failed(Session *s, const Failure *f) {
        if (!s->has_directory) {
                session_prepare_end(s, f);
                return;
        }
        s->preparation = PREPARE_NOTHING; /* E-05: the old copy serves running orders */
        session_tell(s, f, true);
        session_plan(s);
}

/* E-04 */
static int64_t directory_age(const HttpReply *reply) {
        int64_t age;

        if (!reply->cache_control || max_age_parse(reply->cache_control, &age) < 0 ||
            age <= DIRECTORY_AGE_MIN)
                return DIRECTORY_AGE_MAX;
        return MIN(age, DIRECTORY_AGE_MAX);
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
        s->directory_age_max = directory_age(reply);
        s->directory_at = MAX(loop_boot_usec(s->engine->loop), (usec_t) 1);
        return 0;
}

static void on_directory(const HttpReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        session_learn(s, reply);
        r = directory_read(s, reply, &f);
        s->directory_call = http_call_free(s->directory_call);
        if (r < 0) {
                session_prepare_error(s, r);
                return;
        }
        if (f.message) {
                directory_failed(s, &f);
                return;
        }
        session_note_terms(s);
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
        usec_t age = loop_boot_usec(s->engine->loop) - s->directory_at;

        return s->has_directory && s->directory_at > 0 &&
               age < (usec_t) s->directory_age_max * USEC_PER_SEC;
}

/* ---- thumbprint ---- */

static int thumbprint_read(Session *s, const HelperReply *reply, Failure *f) {
        const char *thumbprint;
        int r;

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
        r = session_note_account(s, reply->parameters);
        s->signer_stale = false;
        if (r < 0 || str_equal(s->thumbprint, thumbprint)) /* who has it may keep it */
                return r;
        return str_replace(&s->thumbprint, thumbprint);
}

static void on_thumbprint(const HelperReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        r = thumbprint_read(s, reply, &f);
        s->thumbprint_call = helper_call_free(s->thumbprint_call);
        session_step_done(s, r, &f);
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

/* The end of the flight when nobody waits any more. */
static bool is_over(Session *s) {
        if (s->waits)
                return false;
        forget_flight(s);
        return true;
}

void session_advance(Session *s) {
        bool fetch;
        int r;

        if (is_over(s) || s->preparation != PREPARE_NOTHING || s->exclusive)
                return;
        fetch = wants_directory(s);
        if (!fetch) {
                session_tell_directory(s);
                if (is_over(s))
                        return;
        }
        if (fetch)
                r = directory_fetch(s);
        else if (!s->thumbprint || s->signer_stale)
                r = thumbprint_ask(s);
        else if (s->pending)
                r = session_settle_key(s);
        else
                r = session_advance_account(s);
        if (r < 0)
                session_prepare_error(s, r);
}
