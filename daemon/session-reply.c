/* Answers: whatever the CA sends, its nonce and its clock are learned from (D-04). A refused nonce is the
 * session's own affair (D-06, D-07); everything else is handed up. */

#include <string.h>
#include <strings.h>

#include "acme/link.h"
#include "acme/timestamp.h"
#include "acme/url.h"
#include "base/log.h"
#include "base/message-id.h"
#include "daemon/retry.h"
#include "daemon/session-call.h"
#include "daemon/session-internal.h"
#include "daemon/words.h"

#define PROBLEM_CONTENT_TYPE "application/problem+json"

static bool answer_date(const HttpReply *reply, int64_t *ret) {
        return reply->date && http_date_parse(reply->date, ret) >= 0;
}

/* once, until it is right again. */
static void warn_of_clock(Session *s) {
        int64_t skew = session_skew_sec(s);
        bool wrong = skew > SKEW_WARN_SEC || skew < -SKEW_WARN_SEC;
        char words[WORDS_SIZE];

        if (wrong && !s->clock_told)
                log_message(LOG_WARNING, &(LogFields){ .ca = s->ca.name },
                            "%s: the clock of this machine is %s %s that of the CA", s->ca.name,
                            words_duration(skew < 0 ? -skew : skew, words),
                            skew < 0 ? "ahead of" : "behind");
        s->clock_told = wrong;
}

void session_learn(Session *s, const HttpReply *reply) {
        int64_t date;

        if (reply->error < 0)
                return;
        if (reply->replay_nonce)
                /* -ENOENT: no nonce that could be used, as if there were none (D-03) */
                (void) nonce_pool_put(
                                &s->nonces, reply->replay_nonce, loop_boot_usec(s->engine->loop));
        if (answer_date(reply, &date)) {
                s->has_date = true;
                s->date_less_boot =
                                date - (int64_t) (loop_boot_usec(s->engine->loop) / USEC_PER_SEC);
                warn_of_clock(s);
        }
}

/* More than a week is not believed, and nobody shall wonder why it is not waited for (S-04). Polls are not told of, they
 * are much more frequent anyway. */
static int64_t cut_retry_after(const Session *s, const HttpReply *reply, int64_t delay) {
        char words[WORDS_SIZE];

        if (delay <= RETRY_AFTER_MAX_SEC)
                return delay;
        if (reply->status >= 400)
                log_message(LOG_NOTICE, &(LogFields){ .ca = s->ca.name },
                            "%s: the CA wants to be left alone for %s, it is asked again after 7 days",
                            s->ca.name, words_duration(delay, words));
        return RETRY_AFTER_MAX_SEC;
}

int64_t session_retry_after(Session *s, const HttpReply *reply) {
        int64_t now, delay;

        if (reply->error < 0 || !reply->retry_after)
                return 0;
        if (!answer_date(reply, &now))
                now = loop_wall_sec(s->engine->loop);
        if (retry_after_parse(reply->retry_after, now, &delay) < 0)
                return 0;
        return cut_retry_after(s, reply, delay);
}

static int read_problem(const HttpReply *reply, Problem *ret) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        if (reply->status < 400 || reply->body.size == 0)
                return -ENOENT;
        r = json_parse(reply->body.data, reply->body.size, &j);
        return r < 0 ? r : problem_parse(j, reply->status, ret);
}

/* Some old CAs have no type for it, only words (D-10). */
static bool is_bad_nonce(SessionCall *c, const Problem *p) {
        if (p->type == PROBLEM_BAD_NONCE)
                return true;
        if (p->type != PROBLEM_NONE || p->status != 400 || c->odd_nonce || !p->detail ||
            !strcasestr(p->detail, "nonce"))
                return false;
        c->odd_nonce = true;
        return true;
}

static bool may_send_again(const SessionCall *c) {
        usec_t now = loop_boot_usec(c->session->engine->loop);

        return c->sends < SENDS_MAX && now - c->first_send < SENDS_TIME_MAX;
}

/* F-15: looked up, and if need be registered again, when somebody next waits for the session. */
static void forget_account(Session *s) {
        int r;

        log_message(LOG_WARNING, &(LogFields){ .ca = s->ca.name },
                    "%s: the CA does not know the account '%s', looking it up again", s->ca.name,
                    s->account_url ? s->account_url : "");
        free(s->account_url);
        s->account_url = NULL;
        r = account_forget_url(s->account);
        if (r < 0)
                log_debug("%s: not recorded: %s", s->ca.name, errno_text(r));
}

/* Link rel="terms-of-service", escaped; NULL if there is none. */
static char *terms_of(const HttpReply *reply, const char *url) {
        _cleanup_(string_list_done) StringList targets = {};

        for (size_t i = 0; i < reply->links.count; i++)
                /* What cannot be read is passed over. */
                (void) link_targets(reply->links.items[i], "terms-of-service", url, &targets);
        return targets.count > 0 ? str_escape(targets.items[0], STR_ESCAPE_MAX) : NULL;
}

/* F-05: all orders of the account wait, see session_standing_obstacle(). */
static void note_action(SessionCall *c, const HttpReply *reply, const Problem *p) {
        Session *s = c->session;
        AccountLife *life = account_life(s->account);
        _cleanup_free_ char *terms = terms_of(reply, c->url);
        LogFields fields = { .ca = s->ca.name, .message_id = MESSAGE_ACCOUNT_ACTION };
        int r;

        if (!str_equal(life->action_url, p->instance) || !str_equal(life->action_terms, terms))
                log_message(LOG_ERR, &fields,
                            "%s: the CA wants a person to act before it issues again: open '%s', read the terms '%s', "
                            "then run: renewctl account agree %s",
                            s->ca.name, p->instance ? p->instance : "", terms ? terms : "",
                            s->ca.name);
        life->action_at = loop_wall_sec(s->engine->loop);
        r = str_replace(&life->action_url, p->instance);
        if (r >= 0)
                r = str_replace(&life->action_terms, terms);
        session_saved(s, r < 0 ? r : account_save(s->account));
}

static bool is_own(const SessionCall *c) {
        return c->kind == SESSION_NEW_ACCOUNT || c->kind == SESSION_LOOKUP_ACCOUNT ||
               c->kind == SESSION_READ_ACCOUNT_PENDING || c->with_key;
}

/* What a refusal says of the account itself, whatever was asked. */
static void learn_account(SessionCall *c, const HttpReply *reply, const Problem *p) {
        Session *s = c->session;

        if (is_own(c) || !s->account_url)
                return;
        if (p->type == PROBLEM_ACCOUNT_DOES_NOT_EXIST)
                forget_account(s);
        else if (p->type == PROBLEM_USER_ACTION_REQUIRED && c->kind != SESSION_UPDATE_ACCOUNT)
                note_action(c, reply, p);
        else if (p->type == PROBLEM_UNAUTHORIZED &&
                 (c->kind == SESSION_NEW_ORDER || c->kind == SESSION_POST_AS_GET))
                s->suspect = true; /* F-16: looked at before the next order */
}

static void learn_problem(SessionCall *c, const HttpReply *reply, const Problem *p) {
        Session *s = c->session;
        bool own = is_own(c);

        if (reply->status == 405 || reply->status == 410 ||
            (reply->status == 404 && (own || c->kind == SESSION_NEW_ORDER)))
                s->directory_at = 0; /* E-04 */
        learn_account(c, reply, p);
}

/* a problem, whatever the status says. */
static bool is_disguised(const HttpReply *reply) {
        return reply->status >= 200 && reply->status <= 299 && reply->content_type &&
               strncasecmp(reply->content_type, PROBLEM_CONTENT_TYPE,
                           strlen(PROBLEM_CONTENT_TYPE)) == 0;
}

/* S-10: where the CA explains its limit. */
static void log_help(const SessionCall *c, const HttpReply *reply) {
        _cleanup_(string_list_done) StringList help = {};

        if (reply->status != 429)
                return;
        for (size_t i = 0; i < reply->links.count; i++)
                if (link_targets(reply->links.items[i], "help", c->url, &help) < 0)
                        return;
        for (size_t i = 0; i < help.count; i++) {
                _cleanup_free_ char *shown = str_escape(help.items[i], STR_ESCAPE_MAX);

                log_message(LOG_NOTICE, &(LogFields){ .ca = c->session->ca.name },
                            "%s: a limit of the CA is reached; it explains: %s",
                            c->session->ca.name, shown ? shown : "");
        }
}

static void hand_up(SessionCall *c, const HttpReply *reply) {
        _cleanup_free_ char *location = NULL;
        SessionReply up = {
                .error = reply->error,
                .message = reply->error_text,
                .unanswered = reply->unanswered && !c->repeated,
                .content_type = reply->content_type,
                .links = &reply->links,
                .status = is_disguised(reply) ? 500 : reply->status,
                .body = reply->body.data,
                .size = reply->body.size,
                .retry_after_sec = session_retry_after(c->session, reply),
        };

        log_help(c, reply);
        if (reply->error < 0)
                c->session->directory_at = 0; /* E-04: perhaps its host is no more */
        if (reply->error == 0 && reply->location &&
            url_resolve(c->url, reply->location, &location) >= 0)
                up.location = location;
        call_end(c, &up);
}

/* may it be sent again before it is known what became of it? A second newOrder is the only way to the first one's
 * order (H-12). Of the others its owner asks: the order (O-07), the authorization (J-08), the CA's accounts (G-05, F-12). */
static bool may_repeat(const SessionCall *c) {
        switch (c->kind) {
        case SESSION_CHALLENGE:
        case SESSION_FINALIZE:
        case SESSION_KEY_CHANGE:
                return false;
        case SESSION_NEW_ACCOUNT:
                return !c->session->external_account;
        case SESSION_LOOKUP_ACCOUNT:
        case SESSION_READ_ACCOUNT:
        case SESSION_READ_ACCOUNT_PENDING:
        case SESSION_UPDATE_ACCOUNT:
        case SESSION_DEACTIVATE:
        case SESSION_REVOKE:
        case SESSION_NEW_ORDER:
        case SESSION_POST_AS_GET:
        case SESSION_CERTIFICATE:
        case SESSION_REQUEST_KIND_MAX:
                break;
        }
        return true;
}

/* True: it is on its way once more, with another nonce, or has ended. */
static bool send_again(SessionCall *c) {
        int r = call_again(c);

        if (r < 0)
                call_end(c, &(SessionReply){ .error = r });
        return true;
}

static bool repeat_unanswered(SessionCall *c, const HttpReply *reply) {
        if (!reply->unanswered || c->repeated || !may_repeat(c))
                return false;
        c->repeated = true;
        return send_again(c);
}

static bool repeat_refused(SessionCall *c, const HttpReply *reply, const Problem *p) {
        if (!is_bad_nonce(c, p) || !may_send_again(c))
                return false;
        if (!reply->replay_nonce) /* D-06: the others are no better */
                nonce_pool_done(&c->session->nonces);
        return send_again(c);
}

void call_on_answer(const HttpReply *reply, void *userdata) {
        SessionCall *c = userdata;
        _cleanup_(problem_done) Problem p = {};

        session_learn(c->session, reply);
        if (repeat_unanswered(c, reply))
                return;
        if (reply->error == 0) {
                (void) read_problem(reply, &p); /* without one the status says it alone */
                if (repeat_refused(c, reply, &p))
                        return;
                learn_problem(c, reply, &p);
        }
        hand_up(c, reply);
}
