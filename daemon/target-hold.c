/* What a deploy that is due waits for, though nothing is wrong: its window, and the certificate's canary. Both are looked
 * at anew each time, by the clock and the ledger as they are then; nothing is remembered but words. Last comes its turn in its
 * group, so that nobody has the turn while it waits for something else. From the deadline on
 * neither holds. What is told nothing, or does not run, is not interrupted and needs no window. */

#include "base/log.h"
#include "daemon/target-internal.h"
#include "daemon/window.h"
#include "daemon/words.h"

static bool has_our_leaf(const Target *t) {
        return str_equal(t->row.leaf, t->leaf);
}

/* Of what the service has. The row may be OPEN with the wanted leaf already, but then nobody saw it served. */
static int64_t expiry(const Target *t) {
        bool has_it = has_our_leaf(t) && t->row.state == ROW_VERIFIED;
        int64_t at = has_it ? t->not_after : t->former_not_after;

        for (size_t i = 0; i < t->endpoints.count; i++) {
                const TargetEndpoint *e = &t->endpoints.items[i];

                if (e->served == SERVED_OTHER && e->not_after > 0)
                        at = MIN(at, e->not_after);
        }
        return at;
}

static WindowFacts facts_of(const Target *t) {
        return (WindowFacts){
                .config = t->config,
                .not_after = expiry(t),
                .lifetime_sec = t->lifetime_sec,
                .now = loop_wall_sec(t->owner.engine->loop),
                .offset = calendar_local_offset,
        };
}

static bool is_interrupted(const Target *t) {
        const TargetConfig *c = t->config;
        bool told = c->reload || c->restart || c->signal_number > 0 || c->command.count > 0 ||
                    c->hook.count > 0 || c->setup.count > 0;

        return told && !target_is_stopped(t) && !str_equal(t->row.unit, "failed");
}

static bool had_none(const Target *t) {
        return !t->row.proved && t->row.state != ROW_VERIFIED;
}

/* NULL: none holds. Where nothing was ever installed nothing can expire. */
static const char *held_by_canary(const Target *t, const WindowFacts *f) {
        bool late = !had_none(t) && f->now >= window_deadline(f);

        if (late || !t->owner.canary)
                return NULL;
        return t->owner.canary(t, t->owner.userdata);
}

static void forget(Target *t) {
        free(t->hold);
        t->hold = NULL;
        t->hold_until = 0;
        t->by_canary = false;
}

/* "Sun 03:00 (2027-01-03)" */
static void hold_for_window(Target *t, const WindowPlan *plan, int64_t now) {
        char date[WORDS_SIZE];

        (void) words_date(plan->at, now, date);
        if (plan->window)
                (void) str_printf(
                                &t->hold, "%s waits for the window %s (%s)", t->config->name,
                                plan->window->begin_text, date);
        else
                (void) str_printf(
                                &t->hold,
                                "%s waits until %s: no window comes before its certificate expires",
                                t->config->name, date);
        t->hold_until = plan->at;
}

bool target_holds(Target *t) {
        WindowFacts f = facts_of(t);
        WindowPlan plan = { .open = true };
        const char *canary;

        forget(t);
        if (t->now)
                return false;
        if (is_interrupted(t) && !had_none(t))
                plan = window_plan(&f);
        if (!plan.open) {
                hold_for_window(t, &plan, f.now);
                return true;
        }
        canary = held_by_canary(t, &f);
        if (canary) {
                (void) str_printf(
                                &t->hold, "%s waits for %s to have the new certificate first",
                                t->config->name, canary);
                t->hold_until = had_none(t) ? 0 : window_deadline(&f);
                t->by_canary = true;
                return true;
        }
        return false;
}

static void on_hold_timer(void *userdata) {
        Target *t = userdata;

        t->timer = timer_free(t->timer);
        target_look(t);
}

/* Once for each certificate. */
static void tell_hold(Target *t) {
        LogFields fields = { .certificate = t->certificate, .target = t->config->name };

        if (t->hold_told || !t->hold)
                return;
        t->hold_told = true;
        log_message(LOG_NOTICE, &fields, "%s: %s", t->certificate, t->hold);
}

void target_hold(Target *t) {
        Loop *loop = t->owner.engine->loop;
        int64_t now = loop_wall_sec(loop), at = now + LOOK_SEC;
        int64_t slack = LOOK_SLACK_SEC;

        target_set_phase(t, TARGET_WAITING);
        t->held = true;
        tell_hold(t);
        if (t->hold_until > now && t->hold_until < at) {
                at = t->hold_until;
                slack = 0;
        }
        /* Without memory for a timer: looked at after the next change of configuration. */
        (void) loop_timer_at(loop, at, slack, on_hold_timer, t, &t->timer);
        t->owner.changed(t->owner.userdata);
}

/* ---- its turn ---- */

/* The others took their time: perhaps its window has closed. */
static void on_turn(void *userdata) {
        Target *t = userdata;

        if (target_holds(t))
                target_hold(t);
        else
                target_deploy(t);
}

void target_take_turn(Target *t) {
        int r;

        if (!t->config->group || slot_is_taken(t->turn)) {
                target_deploy(t);
                return;
        }
        target_set_phase(t, TARGET_QUEUED);
        r = groups_turn(t->owner.groups, t->config->group, on_turn, t, &t->turn);
        if (r == 0) {
                t->owner.changed(t->owner.userdata);
                return;
        }
        if (r < 0) /* without memory for a place in the line it goes at once */
                log_debug("%s: %s: %s", t->certificate, t->config->name, errno_text(r));
        target_deploy(t);
}

/* ---- what is asked and told from outside ---- */

void target_canary_changed(Target *t) {
        if (t->held && t->by_canary && !t->owner.canary(t, t->owner.userdata))
                target_look(t);
}

const char *target_hold_words(const Target *t) {
        return t->held ? t->hold : NULL;
}

int64_t target_hold_until(const Target *t) {
        return t->held ? t->hold_until : 0;
}
