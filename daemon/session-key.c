/* Another account key is pending: either a rollover is under way, or the engine died in one. Which key the CA knows, the
 * CA alone can say, since an answer may be lost, and Pebble 2.6 and later answer 200 without changing anything when
 * the new key is another account's (F-12). So the account is read with the new key, then with the old one (Y-06), and the
 * signer is told: promoted, or abandoned. Until that is settled nothing else is asked. */

#include "base/log.h"
#include "daemon/session-internal.h"

static int key_asked(const SessionReply *reply, Failure *f) {
        if (reply->error < 0)
                return failure_set(
                                f, CLASS_UNREACHABLE, PLACE_NEW_ACCOUNT,
                                "which account key the CA knows is not settled: %s",
                                reply->message ? reply->message : errno_text(reply->error));
        if (reply->status == 429 || reply->status >= 500)
                return failure_from_answer(
                                f, PLACE_NEW_ACCOUNT, reply->status, reply->body, reply->size,
                                reply->retry_after_sec);
        return 0;
}

static bool is_good(const SessionReply *reply) {
        return reply->error == 0 && reply->status >= 200 && reply->status <= 299;
}

/* ---- the signer is told ---- */

static int settle_read(Session *s, const HelperReply *reply, Failure *f) {
        if (reply->error < 0 || reply->error_name)
                return failure_set(
                                f, CLASS_UNREACHABLE, PLACE_NEW_ACCOUNT,
                                "the signer does not settle the account key: %s",
                                reply->message ? reply->message : errno_text(reply->error));
        free(s->pending);
        s->pending = NULL;
        free(s->thumbprint); /* it is asked anew */
        s->thumbprint = NULL;
        return 0;
}

static void on_settled(const HelperReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        r = settle_read(s, reply, &f);
        s->thumbprint_call = helper_call_free(s->thumbprint_call);
        session_step_done(s, r, &f);
}

static int settle(Session *s, const char *method, bool with_thumbprint) {
        Json *parameters = json_object_new();
        int r;

        r = parameters ? json_set_string(parameters, "ca", s->ca.name) : -ENOMEM;
        if (r >= 0 && with_thumbprint)
                r = json_set_string(parameters, "thumbprint", s->pending);
        if (r < 0) {
                (void) json_free(parameters);
                return r;
        }
        s->preparation = PREPARE_SETTLE;
        return helper_call(
                        s->engine->signer, HELPER_SHARED, method, parameters, on_settled, s,
                        &s->thumbprint_call);
}

static int promote(Session *s) {
        log_message(LOG_NOTICE, &(LogFields){ .ca = s->ca.name },
                    "%s: the CA knows the account by its new key", s->ca.name);
        return settle(s, "PromoteAccountKey", true);
}

static int abandon(Session *s) {
        log_message(LOG_WARNING, &(LogFields){ .ca = s->ca.name },
                    "%s: the CA did not change the account key, the old one stays", s->ca.name);
        return settle(s, "AbandonAccountKey", false);
}

/* ---- the CA is asked ---- */

static void on_old_key(const SessionReply *reply, void *userdata);
static void on_new_key(const SessionReply *reply, void *userdata);

static int ask(Session *s, bool new_key) {
        SessionRequest request = {
                .kind = new_key ? SESSION_READ_ACCOUNT_PENDING : SESSION_READ_ACCOUNT,
                .owner = s,
                .url = s->account_url,
        };

        s->preparation = new_key ? PREPARE_NEW_KEY : PREPARE_OLD_KEY;
        return session_send(s, &request, new_key ? on_new_key : on_old_key, s, &s->account_call);
}

/* An error of ours or the CA's ends the flight. */
static void ended(Session *s, int r, const Failure *f) {
        if (r < 0 || f->message)
                session_step_done(s, r, f);
}

static void on_new_key(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        bool good = is_good(reply);
        int r;

        r = key_asked(reply, &f);
        s->account_call = session_call_free(s->account_call);
        if (r >= 0 && !f.message)
                r = good ? promote(s) : ask(s, false);
        ended(s, r, &f);
}

/* Neither key: if the CA has forgotten the account, the old key is as good as any. */
static int neither(Session *s, const SessionReply *reply, Failure *f) {
        if (!s->account_url) /* the answer said so (F-15) */
                return 0;
        return failure_set(
                        f, CLASS_LATER, PLACE_NEW_ACCOUNT,
                        "the CA takes neither the new nor the old account key (HTTP %ld); both are kept",
                        reply->status);
}

static void on_old_key(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        Session *s = userdata;
        int r;

        r = key_asked(reply, &f);
        if (r >= 0 && !f.message && !is_good(reply))
                r = neither(s, reply, &f);
        s->account_call = session_call_free(s->account_call);
        if (r >= 0 && !f.message)
                r = abandon(s);
        ended(s, r, &f);
}

int session_settle_key(Session *s) {
        const char *url = account_url(s->account, s->ca.directory);
        int r;

        if (!url) /* there is no account that could have a new key */
                return abandon(s);
        r = str_replace(&s->account_url, url);
        return r < 0 ? r : ask(s, true);
}
