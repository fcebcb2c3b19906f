/* What is known of an account before the CA is asked, and what forbids to ask: the words say what a person can do. */

#include "base/log.h"
#include "daemon/session-internal.h"

/* Of what waits for a person (F-05, F-16): a little less than the day after which a parked order is tried again. */
#define PROBE_SEC (20 * SEC_PER_HOUR)

void session_saved(const Session *s, int r) {
        if (r < 0)
                log_debug("%s: not recorded: %s", s->ca.name, errno_text(r));
}

/* ---- what was learned ---- */

static int replace_member(char **p, const Json *j, const char *key) {
        const char *text = NULL;

        (void) json_get_string(j, key, &text); /* absent: NULL */
        return str_replace(p, text);
}

/* G-07 */
static void tell_external(Session *s) {
        const AccountLife *life = account_life(s->account);

        if (s->external_told || !s->external_account || !account_url(s->account, s->ca.directory) ||
            str_equal(life->external_account, s->external_account))
                return;
        s->external_told = true;
        log_message(LOG_NOTICE, &(LogFields){ .ca = s->ca.name },
                    "%s: there is an account already, the external account key is ignored until a new one is asked for",
                    s->ca.name);
}

int session_note_account(Session *s, const Json *parameters) {
        int r;

        r = replace_member(&s->pending, parameters, "pending");
        if (r >= 0)
                r = replace_member(&s->external_account, parameters, "externalAccount");
        if (r >= 0)
                r = replace_member(&s->external_error, parameters, "externalAccountError");
        if (r >= 0)
                tell_external(s);
        return r;
}

/* E-06: shown, never fetched, and not agreed to by being read. */
void session_note_terms(Session *s) {
        const char *terms = s->directory.terms_of_service;
        AccountLife *life = account_life(s->account);
        int r;

        if (!account_url(s->account, s->ca.directory) || !terms ||
            str_equal(account_terms(s->account), terms) || str_equal(life->terms_seen, terms))
                return;
        log_message(LOG_WARNING, &(LogFields){ .ca = s->ca.name },
                    "%s: the CA has other terms of service now: '%s'; if you agree run: renewctl account agree %s",
                    s->ca.name, terms, s->ca.name);
        r = str_replace(&life->terms_seen, terms);
        session_saved(s, r < 0 ? r : account_save(s->account));
}

/* ---- what stands in the way ---- */

static bool is_recent(const Session *s, int64_t at) {
        int64_t now = loop_wall_sec(s->engine->loop);

        return at > 0 && at <= now && now - at < PROBE_SEC;
}

/* F-16, F-05: once a day it is looked at again. *f stays empty if nothing is in the way. */
int session_standing_obstacle(Session *s, Failure *f) {
        const AccountLife *life = account_life(s->account);

        if (life->status && (!str_equal(life->status, "refused") || is_recent(s, life->status_at)))
                return failure_set(
                                f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the account at the CA is %s; for another one run: renewctl account create %s "
                                "--new-key",
                                life->status, s->ca.name);
        if (is_recent(s, life->action_at))
                return failure_set(
                                f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the CA wants a person to act: open '%s', read the terms '%s', then run: renewctl "
                                "account agree %s",
                                life->action_url ? life->action_url : "(it names no page)",
                                life->action_terms ? life->action_terms : "(it names none)",
                                s->ca.name);
        return 0;
}

/* E-08, G-04, F-15 */
static int binding_obstacle(Session *s, Failure *f) {
        const AccountLife *life = account_life(s->account);
        bool refused = s->external_account && str_equal(life->binding_refused, s->external_account);
        bool used = s->external_account && life->former_url &&
                    str_equal(life->external_account, s->external_account);

        if (s->external_error)
                return failure_set(
                                f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the external account key '%s' cannot be used: %s",
                                s->ca.external_account, s->external_error);
        if (s->directory.external_account_required && !s->external_account)
                return failure_set(
                                f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the CA wants an external account binding: %s %s --kid KEY-ID",
                                SESSION_BIND_HINT, s->ca.name);
        if (s->by_hand || (!refused && !used))
                return 0;
        return failure_set(
                        f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                        "%s: %s %s --kid KEY-ID; to try it once more: renewctl account create %s",
                        refused ? "the CA did not take the external account key, and most are good for one use"
                                : "the CA has forgotten the account, and its external account key was used for it",
                        SESSION_BIND_HINT, s->ca.name, s->ca.name);
}

int session_new_obstacle(Session *s, Failure *f) {
        const char *terms = s->directory.terms_of_service;

        if (!s->ca.terms_agreed)
                return failure_set(
                                f, CLASS_PARK, PLACE_NEW_ACCOUNT,
                                "the CA's terms of service are not agreed to%s%s: set "
                                "AgreeToTerms=yes in [Account]",
                                terms ? " " : "", terms ? terms : "");
        return binding_obstacle(s, f);
}

int session_waiting_obstacle(Session *s, Failure *f) {
        int64_t wait = account_retry_at(s->account) - loop_wall_sec(s->engine->loop);
        int r;

        if (wait <= 0 || wait > 7 * SEC_PER_DAY)
                return 0;
        r = failure_set(f, CLASS_LATER, PLACE_NEW_ACCOUNT,
                        "%s (not asked again before %lld min are over)",
                        s->refusal ? s->refusal : "the CA refused the account a short while ago",
                        (long long) (wait + SEC_PER_MIN - 1) / SEC_PER_MIN);
        f->retry_after_sec = wait;
        return r;
}
