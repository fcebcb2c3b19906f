/* The loop of one target. What is known is the row of the installer's ledger and what a handshake showed; what
 * follows from both is the next step:
 *
 *   not here, or not verified        → Deploy, not sooner than the backoff says
 *   here and verified                → handshake → good for an hour
 *   deployed, handshake shows it     → Verified
 *   deployed, nobody answers         → OPEN: a handshake every 30 s (a service that starts is noticed)
 *   deployed, another leaf is served → OPEN: besides, Deploy again with backoff */

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/retry.h"
#include "daemon/target-internal.h"

#define HURRIES_MAX 3 /* then it is not the twin that it lacked */

int target_new(const TargetOwner *owner,
               const char *certificate,
               const TargetConfig *config,
               Target **ret) {
        Target *t = calloc(1, sizeof *t);

        if (!t)
                return -ENOMEM;
        t->owner = *owner;
        t->certificate = certificate;
        t->config = config;
        t->served = config->probe_count > 0 ? SERVED_UNKNOWN : SERVED_NOT_PROBED;
        *ret = t;
        return 0;
}

Target *target_free(Target *t) {
        if (!t)
                return NULL;
        target_set_phase(t, TARGET_NOTHING);
        target_row_done(&t->row);
        free(t->leaf);
        free(t->trouble);
        free(t->stand_in);
        target_endpoints_done(&t->endpoints);
        target_endpoints_done(&t->seen);
        free(t->hold);
        free(t);
        return NULL;
}

usec_t target_now(const Target *t) {
        return loop_boot_usec(t->owner.engine->loop);
}

/* A look does not end a deploy: an installer may still be at it. */
static bool keeps_turn(const Target *t, TargetPhase phase) {
        if (phase == TARGET_NOTHING || phase == TARGET_WAITING || phase == TARGET_VERIFIED)
                return false;
        return slot_is_taken(t->turn);
}

void target_set_phase(Target *t, TargetPhase phase) {
        t->call = helper_call_free(t->call);
        t->probe = prober_call_free(t->probe);
        t->timer = timer_free(t->timer);
        t->slot = slot_free(t->slot);
        t->wake_at = 0;
        t->held = false;
        if (!keeps_turn(t, phase))
                t->turn = slot_free(t->turn);
        t->phase = phase;
}

void target_set_trouble(Target *t, char *text, const char *message_id) {
        LogFields fields = {
                .certificate = t->certificate,
                .target = t->config->name,
                .message_id = message_id,
        };

        if (text && !str_equal(text, t->trouble))
                t->told = false;
        free(t->trouble);
        t->trouble = text;
        if (!text || t->told)
                return;
        t->told = true;
        log_message(LOG_WARNING, &fields, "%s: %s", t->certificate, text);
}

void target_set_told_trouble(Target *t, char *text) {
        free(t->trouble);
        t->trouble = text;
        t->told = true;
}

void target_set_stopped_trouble(Target *t) {
        char *text = NULL;

        (void) str_printf(
                        &text, "%s %s and will take the new certificate when it starts",
                        t->config->name, target_is_stopped(t) ? "is stopped" : "does not run");
        target_set_trouble(t, text, MESSAGE_DEPLOY_FAILED);
}

bool target_is_here(const Target *t) {
        return t->row.in_place && str_equal(t->row.leaf, t->leaf);
}

bool target_is_stopped(const Target *t) {
        return str_equal(t->row.unit, "inactive");
}

static bool lacks_twin(const Target *t) {
        return str_equal(t->row.step, "twin");
}

bool target_awaits_twin(const Target *t) {
        return t->phase == TARGET_WAITING && lacks_twin(t);
}

bool target_may_need_twin(const Target *t) {
        return t->phase == TARGET_WAITING && t->row.step && t->failures <= HURRIES_MAX;
}

void target_hurry(Target *t) {
        t->deploy_at = 0;
        target_look(t);
}

void target_wait(Target *t, usec_t delay, loop_fn fn) {
        t->timer = timer_free(t->timer);
        t->wake_at = target_now(t) + delay;
        /* Without memory for a timer the manager's next look at the target begins anew. */
        (void) loop_timer_after(t->owner.engine->loop, delay, fn, t, &t->timer);
}

void target_postpone_deploy(Target *t) {
        int64_t delay;

        if (t->failures < UINT32_MAX)
                t->failures++;
        delay = retry_deploy_delay(
                        t->failures, t->lifetime_sec, loop_random(t->owner.engine->loop));
        t->deploy_at = target_now(t) + (usec_t) MAX(delay, 1) * USEC_PER_SEC;
}

/* Deployed, told and served; but its own proof says no. Telling it again would not change that. */
bool target_lacks_proof(const Target *t) {
        return t->row.state == ROW_OPEN && str_equal(t->row.step, "prove") && t->row.activated &&
               target_is_here(t);
}

static bool wants_deploy(const Target *t) {
        if (!t->may_deploy)
                return false;
        return !target_is_here(t) || t->served == SERVED_OTHER || !t->row.activated;
}

/* Somebody changed what its service has loaded: that can be put back without a word to it. Once for each look. */
static bool may_mend(const Target *t) {
        return t->row.state == ROW_VERIFIED && str_equal(t->row.leaf, t->leaf) &&
               !t->row.in_place && !t->mend_tried;
}

/* It is due: told now, or when nothing holds it any more. */
static void deploy_or_hold(Target *t) {
        bool held = target_holds(t);

        if (held && may_mend(t))
                target_mend(t);
        else if (held)
                target_hold(t);
        else if (target_needs_consent(t))
                target_ask_consent(t);
        else
                target_take_turn(t);
}

static void on_open_timer(void *userdata) {
        Target *t = userdata;
        bool deploy = wants_deploy(t) && target_now(t) >= t->deploy_at;

        t->timer = timer_free(t->timer);
        if (deploy)
                deploy_or_hold(t);
        else if (t->config->probe_count > 0 && target_is_here(t) && !lacks_twin(t))
                target_serve_once(t);
        else
                target_look(t);
}

void target_open(Target *t) {
        int64_t look = t->config->probe_count > 0 ? OPEN_LOOK_SEC : STOPPED_LOOK_SEC;
        usec_t now = target_now(t), delay;

        /* Nobody watches a row without handshake that was activated but refused by a step of its own. */
        if (t->config->probe_count == 0 && !target_is_stopped(t))
                look = SEC_PER_HOUR;
        if ((!target_is_here(t) && !t->may_deploy) || lacks_twin(t))
                look = SEC_PER_HOUR;
        delay = (usec_t) look * USEC_PER_SEC;
        if (wants_deploy(t))
                delay = MIN(delay, t->deploy_at > now ? t->deploy_at - now : 0);
        else if (target_lacks_proof(t) && t->deploy_at > now)
                delay = MIN(delay, t->deploy_at - now);
        target_set_phase(t, TARGET_WAITING);
        target_wait(t, delay, on_open_timer);
        t->owner.changed(t->owner.userdata);
}

static void on_look_timer(void *userdata) {
        Target *t = userdata;

        t->timer = timer_free(t->timer);
        target_look(t);
}

static void tell_deployed(Target *t) {
        LogFields fields = {
                .certificate = t->certificate,
                .target = t->config->name,
                .message_id = MESSAGE_CERTIFICATE_DEPLOYED,
        };

        t->fresh = false;
        log_message(LOG_NOTICE, &fields, "%s: %s %s", t->certificate, t->config->name,
                    t->served == SERVED_YES ? "serves the new certificate"
                                            : "has the new certificate");
}

void target_verified(Target *t) {
        Loop *loop = t->owner.engine->loop;

        target_set_phase(t, TARGET_VERIFIED);
        if (t->served != SERVED_FLAWED)
                target_set_trouble(t, NULL, NULL);
        t->failures = 0;
        t->deploy_at = 0;
        t->hold_told = t->drift_told = false;
        if (t->fresh)
                tell_deployed(t);
        /* Without memory for a timer: looked at after the next change of configuration. */
        (void) loop_timer_at(
                        loop, loop_wall_sec(loop) + LOOK_SEC, LOOK_SLACK_SEC, on_look_timer, t,
                        &t->timer);
        t->owner.changed(t->owner.userdata);
}

static void blocked(Target *t) {
        char *text = NULL;

        (void) str_printf(&text, "%s waits for the configuration to be mended", t->config->name);
        target_set_trouble(t, text, NULL);
        target_open(t);
}

/* Somebody changed what was proved to be good: that is told once, and is trouble until it is mended. */
static void tell_drift(Target *t) {
        LogFields fields = {
                .certificate = t->certificate,
                .target = t->config->name,
                .message_id = MESSAGE_FILES_CHANGED,
        };
        char *text = NULL;

        if (t->row.state != ROW_VERIFIED || t->row.in_place || !str_equal(t->row.leaf, t->leaf))
                return;
        (void) str_printf(
                        &text, "%s: its files are not as renewd left them%s%s", t->config->name,
                        t->row.drift ? ": " : "", t->row.drift ? t->row.drift : "");
        if (!t->drift_told && text)
                log_message(LOG_WARNING, &fields, "%s: %s", t->certificate, text);
        t->drift_told = true;
        free(t->trouble);
        t->trouble = text;
        t->told = true;
}

void target_decide(Target *t) {
        if (target_is_here(t) && t->row.state == ROW_VERIFIED) {
                if (t->config->probe_count > 0)
                        target_serve_begin(t);
                else
                        target_verified(t);
                return;
        }
        tell_drift(t);
        if (!t->may_deploy)
                blocked(t);
        else if (target_now(t) < t->deploy_at)
                target_open(t);
        else if (target_lacks_proof(t) && t->config->probe_count == 0)
                target_confirm(t);
        else if (target_lacks_proof(t))
                target_serve_begin(t);
        else
                deploy_or_hold(t);
}

const TargetConfig *target_config(const Target *t) {
        return t->config;
}

void target_configure(Target *t, const char *certificate, const TargetConfig *config) {
        bool same = target_config_same(t->config, config) && !t->given_back;

        t->certificate = certificate;
        t->config = config;
        t->given_back = false;
        if (same || !t->leaf)
                return;
        t->served = config->probe_count > 0 ? SERVED_UNKNOWN : SERVED_NOT_PROBED;
        t->failures = 0;
        t->deploy_at = 0;
        t->hold_told = false;
        target_look(t);
}

void target_know(Target *t, int64_t not_after, int64_t former_not_after, bool now) {
        t->not_after = not_after;
        t->former_not_after = former_not_after;
        if (now && !t->now)
                t->deploy_at = 0;
        t->now = now;
}

int target_want(Target *t, const char *leaf, int64_t lifetime_sec, bool may_deploy) {
        int r;

        if (!str_equal(t->leaf, leaf)) {
                r = str_replace(&t->leaf, leaf);
                if (r < 0)
                        return r;
                t->failures = 0;
                t->deploy_at = 0;
                t->served = t->config->probe_count > 0 ? SERVED_UNKNOWN : SERVED_NOT_PROBED;
                t->hold_told = t->drift_told = false;
                target_set_trouble(t, NULL, NULL);
        }
        t->lifetime_sec = lifetime_sec;
        t->may_deploy = may_deploy;
        target_look(t);
        return 0;
}

void target_give_back(Target *t, bool given_back) {
        if (t->given_back == given_back)
                return;
        t->given_back = given_back;
        if (given_back)
                target_set_phase(t, TARGET_NOTHING);
        else
                target_look(t);
}

bool target_is_verified(const Target *t) {
        return (t->phase == TARGET_VERIFIED && t->served != SERVED_FLAWED) ||
               (!t->trouble && t->row.state == ROW_VERIFIED && target_is_here(t));
}

bool target_is_settled(const Target *t) {
        return t->phase == TARGET_NOTHING || t->phase == TARGET_WAITING ||
               t->phase == TARGET_VERIFIED;
}
