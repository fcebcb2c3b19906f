/* Drives the order machine: carries its effects out in the order in which they come. Nothing goes on before what
 * must be durable is: a record that cannot be saved stops the pump until it can. */

#include "daemon/cert-order.h"

#include "base/log.h"
#include "daemon/cert-attempt.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-words.h"

static const unsigned save_delays[] = { 5, 15, 60, 300 };

void cert_order_give_up(Cert *c, ProblemClass class, bool dead, const char *what, const char *why) {
        _cleanup_(failure_done) Failure f = {};

        (void) failure_set(
                        &f, class, PLACE_FINALIZE, "%s%s%s", what, why ? ": " : "", why ? why : "");
        f.order_dead = dead;
        cert_order_stop(c);
        cert_attempt_fail(c, &f);
}

void cert_order_step(Cert *c, OrderEvent *e) {
        int r;

        e->now = cert_now(c);
        e->random = loop_random(c->context->engine->loop);
        c->context->progress++;
        r = order_machine_step(c->machine, e);
        if (r < 0) /* no memory: the order is followed again from its URL */
                cert_order_give_up(
                                c, CLASS_UNREACHABLE, false, "the order was interrupted",
                                errno_text(r));
}

/* ---- SAVE ---- */

static void on_save_timer(void *userdata) {
        Cert *c = userdata;

        c->save_timer = timer_free(c->save_timer);
        cert_order_pump(c);
}

/* True: durable. False: it will be tried again, and until then nothing goes on. */
static bool save_first(Cert *c) {
        size_t i = MIN((size_t) c->save_failures, ELEMENTSOF(save_delays) - 1);
        int r;

        if (!c->unsaved)
                return true;
        r = cert_save(c);
        if (r >= 0) {
                c->unsaved = false;
                c->save_failures = 0;
                return true;
        }
        if (c->save_failures++ == 0)
                log_message(LOG_ERR, &(LogFields){ .certificate = c->config->name },
                            "%s: the record cannot be saved, the order waits: %s", c->config->name,
                            errno_text(r));
        c->save_timer = timer_free(c->save_timer);
        /* Without memory for a timer the next answer tries again. */
        (void) loop_timer_after(
                        c->context->engine->loop, save_delays[i] * USEC_PER_SEC, on_save_timer, c,
                        &c->save_timer);
        return false;
}

/* the CA does not take it as a predecessor, and will not the next time. */
static void note_replaces(Cert *c) {
        if (!c->with_replaces || order_machine_replaces(c->machine))
                return;
        c->with_replaces = false;
        c->record.renewal.refused = str_equal(c->record.renewal.cert_id, c->info.cert_id);
}

static int do_save(Cert *c) {
        Json *saved = NULL;
        int r;

        note_replaces(c);
        r = order_machine_save(c->machine, &saved);
        if (r < 0)
                return r;
        (void) json_free(c->record.attempt.order);
        c->record.attempt.order = saved;
        c->unsaved = true;
        return 0;
}

/* ---- the pump ---- */

static int begin(Cert *c) {
        OrderEvent event = { .kind = c->begin };

        c->beginning = false;
        cert_order_step(c, &event);
        return 0;
}

static void tell(const Cert *c, const char *text) {
        LogFields fields = {
                .certificate = c->config->name,
                .ca = c->ca.name,
                .order = order_machine_url(c->machine),
        };

        log_message(LOG_WARNING, &fields, "%s: %s", c->config->name, text);
}

static int carry_out(Cert *c, const OrderEffect *e) {
        switch (e->kind) {
        case EFFECT_SAVE:
                return do_save(c);
        case EFFECT_CALL:
                return cert_ask_call(c, e);
        case EFFECT_PRESENT:
                cert_show_present(c, e);
                return 0;
        case EFFECT_REMOVE:
                cert_show_remove(c, e);
                return 0;
        case EFFECT_CSR:
                return cert_ask_csr(c, e);
        case EFFECT_WAIT:
                return cert_ask_wait(c, e);
        case EFFECT_TELL:
                tell(c, e->text);
                return 0;
        case EFFECT_DONE:
        case EFFECT_FAIL:
                break; /* ends of the pump */
        }
        return 0;
}

static void failed(Cert *c) {
        const OrderFailure *of = order_machine_failure(c->machine);
        bool lost = of->class == CLASS_UNREACHABLE && c->lost_text;
        /* Borrowed for the call: cert_attempt_fail() copies before it frees the machine. */
        Failure f = {
                .class = of->class,
                .place = of->place,
                .problem = of->problem,
                .message = lost ? c->lost_text : of->message,
                .identifier = of->identifier,
                .retry_after_sec = of->retry_after_sec,
                .order_dead = of->order_dead,
        };

        cert_attempt_fail(c, &f);
}

void cert_order_pump(Cert *c) {
        OrderEffect e;
        int r;

        while (c->machine) {
                if (!save_first(c))
                        return;
                if (c->beginning) {
                        (void) begin(c);
                        continue;
                }
                if (!order_machine_next(c->machine, &e))
                        break;
                if (e.kind == EFFECT_DONE) {
                        cert_chain_arrived(c);
                        return;
                }
                if (e.kind == EFFECT_FAIL) {
                        failed(c);
                        return;
                }
                r = carry_out(c, &e);
                if (r < 0 && c->machine)
                        cert_order_give_up(
                                        c, CLASS_UNREACHABLE, false, "the order was interrupted",
                                        errno_text(r));
        }
        if (c->machine) {
                cert_show_go(c);
                cert_tell_step(c);
        }
}

/* ---- begin and end ---- */

static const char *profile_to_ask(const Cert *c) {
        LogFields fields = { .certificate = c->config->name, .ca = c->ca.name };

        if (!c->config->profile || session_has_profile(c->ca.session, c->config->profile))
                return certificate_profile(c->config);
        log_message(LOG_WARNING, &fields,
                    "%s: the CA does not offer profile '%s' (Profile=), ordering without",
                    c->config->name, c->config->profile);
        return NULL;
}

/* What a new order asks for; the machine of an open one has no use for it. */
static void put_wishes(const Cert *c, OrderSpec *spec) {
        spec->profile = profile_to_ask(c);
        spec->profile_required = c->config->require_profile;
        spec->replaces = cert_predecessor(c);
        if (c->config->lifetime_sec > 0) /* H-04 */
                spec->not_after = cert_now(c) + c->config->lifetime_sec;
}

static int machine_make(Cert *c, OrderMachine **ret) {
        const RecordAttempt *a = &c->record.attempt;
        int64_t lifetime = cert_lifetime(c);
        ChallengeType challenges[CHALLENGE_TYPE_MAX];
        OrderSpec spec = {
                .names = &a->names,
                .origins = session_origins(c->ca.session),
                .challenges = challenges,
                .challenge_count = cert_challenges(c, challenges),
                .lifetime_hint_sec = lifetime,
                .emergency = lifetime > 0 ? c->info.not_after - MIN(lifetime / 10, SEC_PER_DAY) : 0,
                .preferred_chain = c->rehearses ? NULL : c->config->preferred_chain,
        };

        if (!a->order)
                put_wishes(c, &spec);
        c->with_replaces = spec.replaces;
        return a->order ? order_machine_load(&spec, a->order, ret) : order_machine_new(&spec, ret);
}

int cert_order_start(Cert *c) {
        int r;

        r = machine_make(c, &c->machine);
        if (r == -EBADMSG) { /* damaged: as an attempt that the CA has not answered */
                c->record.attempt.order = json_free(c->record.attempt.order);
                r = machine_make(c, &c->machine);
        }
        if (r < 0)
                return r;
        c->begin = c->record.attempt.order ? ORDER_EVENT_RESUME : ORDER_EVENT_START;
        c->beginning = true;
        c->unsaved = c->begin == ORDER_EVENT_START;
        return 0;
}

void cert_order_stop(Cert *c) {
        OrderEvent event = { .kind = ORDER_EVENT_ABORT, .now = cert_now(c) };
        OrderEffect e;

        /* An order that does not run may still show something from before a restart. */
        if (!c->machine && c->record.attempt.order && c->ca.session &&
            c->record.attempt.names.count > 0)
                (void) machine_make(c, &c->machine); /* damaged: nothing is known to be shown */
        if (!c->machine)
                return;
        if (order_machine_step(c->machine, &event) >= 0)
                while (order_machine_next(c->machine, &e))
                        if (e.kind == EFFECT_REMOVE)
                                cert_show_remove(c, &e);
        cert_asks_free(c);
        c->machine = order_machine_free(c->machine);
        c->beginning = false;
}
