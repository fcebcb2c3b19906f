/* The installer's part: Inspect, Deploy, Verified. Each is a connection of its own and may be sent twice; an answer
 * that does not come is asked for again. */

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/target-internal.h"

static const unsigned silence_delays[] = { 5, 15, 60, 300 };

static void on_silence(void *userdata) {
        Target *t = userdata;

        t->timer = timer_free(t->timer);
        target_look(t);
}

/* The installer is not there, or its answer is none: costs no deploy. */
static void silent(Target *t, const char *why) {
        size_t i = MIN((size_t) t->silence, ELEMENTSOF(silence_delays) - 1);
        char *text = NULL;

        t->silence++;
        (void) str_printf(&text, "%s: the installer does not answer: %s", t->config->name, why);
        target_set_phase(t, TARGET_WAITING);
        target_set_trouble(t, text, MESSAGE_DEPLOY_FAILED);
        target_wait(t, silence_delays[i] * USEC_PER_SEC, on_silence);
        t->owner.changed(t->owner.userdata);
}

static void on_refusal_over(void *userdata) {
        Target *t = userdata;

        t->timer = timer_free(t->timer);
        target_look(t);
}

/* It answered, and said no. */
static void refused(Target *t, const char *name, const char *message) {
        bool not_live = str_equal(name, "NotLive");
        char *text = NULL;
        usec_t now = target_now(t);

        (void) str_printf(
                        &text, "%s: the installer refused: %s", t->config->name,
                        message ? message : name);
        target_postpone_deploy(t);
        target_set_phase(t, TARGET_WAITING);
        target_set_trouble(t, text, MESSAGE_DEPLOY_FAILED);
        target_wait(t, t->deploy_at > now ? t->deploy_at - now : 0, on_refusal_over);
        if (not_live)
                t->owner.not_live(t->owner.userdata);
        else
                t->owner.changed(t->owner.userdata);
}

/* True: the row was taken over; else what follows is under way. */
static bool take_row(Target *t, const HelperReply *reply) {
        TargetRow row = {};
        int r;

        if (reply->error < 0) {
                silent(t, reply->message ? reply->message : errno_text(reply->error));
                return false;
        }
        t->silence = 0;
        if (reply->error_name) {
                refused(t, reply->error_name, reply->message);
                return false;
        }
        r = target_row_parse(reply->parameters, &row);
        if (r < 0) {
                silent(t, errno_text(r));
                return false;
        }
        if (target_is_stopped(t) && !str_equal(row.unit, "inactive"))
                t->deploy_at = 0; /* somebody started it: it may be told at once */
        if (!row.todo_known) {    /* not asked this time */
                row.todo = t->row.todo;
                t->row.todo = (StringList){};
        }
        target_row_done(&t->row);
        t->row = row;
        return true;
}

static void call(Target *t, const char *method, bool with_leaf, helper_fn fn) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "certificate", t->certificate) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "target", t->config->name);
        if (r >= 0 && with_leaf)
                r = json_set_string(j, "leaf", t->leaf);
        if (r >= 0)
                r = helper_call(t->owner.engine->installer, HELPER_OWN, method, TAKE_PTR(j), fn, t,
                                &t->call);
        if (r < 0)
                silent(t, errno_text(r));
}

/* Takes a place among the installer's processes; `go` runs now or when there is one. */
static void with_place(Target *t, TargetPhase phase, loop_fn go) {
        int r;

        target_set_phase(t, phase);
        r = slot_take(t->owner.installer, go, t, &t->slot);
        if (r < 0)
                silent(t, errno_text(r));
        else if (r > 0)
                go(t);
}

/* ---- Inspect ---- */

static void on_inspected(const HelperReply *reply, void *userdata) {
        Target *t = userdata;

        if (!take_row(t, reply))
                return;
        t->call = helper_call_free(t->call);
        t->slot = slot_free(t->slot);
        target_decide(t);
}

static void look(void *userdata) {
        call(userdata, "Inspect", false, on_inspected);
}

void target_look(Target *t) {
        if (!t->leaf || t->given_back)
                return;
        t->mend_tried = false;
        with_place(t, TARGET_LOOKING, look);
}

/* ---- Mended ---- */

static void on_mended(const HelperReply *reply, void *userdata) {
        Target *t = userdata;

        t->mend_tried = true;
        if (reply->error_name) /* then it waits as it is */
                log_message(LOG_WARNING,
                            &(LogFields){ .certificate = t->certificate,
                                          .target = t->config->name },
                            "%s: %s: its files cannot be put back before it may be told: %s",
                            t->certificate, t->config->name,
                            reply->message ? reply->message : reply->error_name);
        else if (!take_row(t, reply))
                return;
        t->call = helper_call_free(t->call);
        t->slot = slot_free(t->slot);
        target_decide(t);
}

static void mend(void *userdata) {
        call(userdata, "Mended", true, on_mended);
}

void target_mend(Target *t) {
        with_place(t, TARGET_DEPLOYING, mend);
}

/* ---- Deploy ---- */

/* The first of two pairs is in place. That is no trouble as long as the other one is on its way. */
static bool awaits_twin(Target *t) {
        char *text = NULL;

        if (!str_equal(t->row.step, "twin"))
                return false;
        (void) str_printf(
                        &text, "%s waits for both pairs: %s", t->config->name,
                        t->row.error ? t->row.error : "one is missing");
        free(t->trouble);
        t->trouble = text;
        t->told = true;
        target_postpone_deploy(t);
        target_open(t);
        return true;
}

static void deploy_failed(Target *t) {
        const char *name = t->config->name;
        const char *error = t->row.error ? t->row.error : "no reason given";
        char *text = NULL;

        if (awaits_twin(t))
                return;
        if (t->row.rolled_back)
                (void) str_printf(
                                &text, "%s refused the new certificate and keeps the old one: %s",
                                name, error);
        else
                (void) str_printf(
                                &text, "%s: %s failed: %s", name,
                                t->row.step ? t->row.step : "deploy", error);
        target_postpone_deploy(t);
        target_set_trouble(t, text, MESSAGE_DEPLOY_FAILED);
        target_open(t);
}

/* The service does not run. A handshake before it is said: what is started by its socket, when somebody comes, has
 * nothing to be told. */
static void was_not_told(Target *t) {
        target_postpone_deploy(t);
        t->serve_until = 0;
        if (t->config->probe_count > 0 && target_is_here(t)) {
                target_serve_once(t);
                return;
        }
        target_set_stopped_trouble(t);
        target_open(t);
}

static void on_deployed(const HelperReply *reply, void *userdata) {
        Target *t = userdata;

        if (!take_row(t, reply))
                return;
        t->call = helper_call_free(t->call);
        t->slot = slot_free(t->slot);
        t->served = t->config->probe_count > 0 ? SERVED_UNKNOWN : SERVED_NOT_PROBED;
        if (!t->row.step && !t->row.activated) {
                was_not_told(t);
                return;
        }
        if (!target_is_here(t) || t->row.rolled_back || !t->row.activated) {
                deploy_failed(t);
                return;
        }
        t->fresh = true;
        if (t->config->probe_count > 0)
                target_serve_begin(t);
        else
                target_confirm(t);
}

static void deploy(void *userdata) {
        call(userdata, "Deploy", true, on_deployed);
}

void target_deploy(Target *t) {
        with_place(t, TARGET_DEPLOYING, deploy);
}

/* ---- Verified ---- */

static void proof_failed(Target *t) {
        char *text = NULL;

        (void) str_printf(
                        &text, "%s: prove failed: %s", t->config->name,
                        t->row.error ? t->row.error : "no reason given");
        target_set_trouble(t, text, MESSAGE_SERVED_WRONG);
}

static void on_confirmed(const HelperReply *reply, void *userdata) {
        Target *t = userdata;

        if (!take_row(t, reply))
                return;
        t->call = helper_call_free(t->call);
        t->slot = slot_free(t->slot);
        if (t->row.state == ROW_VERIFIED && str_equal(t->row.leaf, t->leaf)) {
                target_verified(t);
                return;
        }
        target_postpone_deploy(t); /* files changed behind our back: from the beginning, slowly */
        if (target_lacks_proof(t))
                proof_failed(t);
        target_open(t);
}

static void confirm(void *userdata) {
        call(userdata, "Verified", true, on_confirmed);
}

void target_confirm(Target *t) {
        with_place(t, TARGET_CONFIRMING, confirm);
}
