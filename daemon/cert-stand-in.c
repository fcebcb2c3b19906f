/* Stand-ins, as long as there is no certificate: the signer has one (StandIn), and it is at each target that wants it (StandIn of
 * the installer), looked at hourly like what is verified. Neither is part of the plan or of a target's row: an order never waits
 * for it, and the first deploy is a first one. */

#include "base/log.h"
#include "daemon/cert-install.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-words.h"

#define LOOK_SEC       SEC_PER_HOUR
#define LOOK_SLACK_SEC (15 * SEC_PER_MIN)

static const unsigned retry_delays[] = { 5, 60, 600, 3600 };

static void next_target(Cert *c);

static bool is_wanted(const Cert *c) {
        return !c->present && !c->live && !c->rehearses && !c->config->broken &&
               !c->config->request_path && certificate_has_stand_in(c->config);
}

void cert_stand_in_stop(Cert *c) {
        c->stand_in.call = helper_call_free(c->stand_in.call);
        c->stand_in.slot = slot_free(c->stand_in.slot);
        c->stand_in.timer = timer_free(c->stand_in.timer);
}

bool cert_has_stand_in(const Cert *c) {
        for (size_t i = 0; is_wanted(c) && i < c->target_count; i++)
                if (str_equal(target_stand_in(c->targets[i]), "placed"))
                        return true;
        return false;
}

static void on_timer(void *userdata) {
        cert_stand_in(userdata);
}

/* ---- ends of a round ---- */

static void failed(Cert *c, const char *what, const HelperReply *reply) {
        size_t i = MIN((size_t) c->stand_in.failures, ELEMENTSOF(retry_delays) - 1);
        const char *why = reply->message ? reply->message : errno_text(reply->error);
        _cleanup_free_ char *text = NULL;

        if (str_printf(&text, "%s: %s", what, why) < 0)
                text = NULL;
        cert_stand_in_stop(c); /* with it the reply */
        if (c->stand_in.failures++ == 0)
                log_message(LOG_WARNING, &(LogFields){ .certificate = c->config->name },
                            "%s: no stand-in: %s", c->config->name, text ? text : what);
        /* Without memory for a timer: at the next change. */
        (void) loop_timer_after(
                        c->context->engine->loop, (usec_t) retry_delays[i] * USEC_PER_SEC, on_timer,
                        c, &c->stand_in.timer);
        cert_changed(c);
        cert_tell_stand_in(c, true, false, text ? text : what);
}

static void done(Cert *c) {
        Loop *loop = c->context->engine->loop;
        bool placed = cert_has_stand_in(c);

        cert_stand_in_stop(c);
        c->stand_in.failures = 0;
        (void) loop_timer_at(
                        loop, loop_wall_sec(loop) + LOOK_SEC, LOOK_SLACK_SEC, on_timer, c,
                        &c->stand_in.timer);
        cert_changed(c);
        cert_tell_stand_in(
                        c, true, placed,
                        placed ? "the stand-in is there"
                               : "another certificate is there, and stays until the first one of renewd's");
}

/* ---- the installer's part ---- */

static void on_placed(const HelperReply *reply, void *userdata) {
        const char *state;
        Cert *c = userdata;

        if (reply->error < 0 || reply->error_name ||
            json_get_string(reply->parameters, "state", &state) < 0) {
                failed(c, target_config(c->targets[c->stand_in.next])->name, reply);
                return;
        }
        target_set_stand_in(c->targets[c->stand_in.next], state);
        c->stand_in.call = helper_call_free(c->stand_in.call);
        c->stand_in.next++;
        next_target(c);
}

static void next_target(Cert *c) {
        _cleanup_(json_freep) Json *j = NULL;
        size_t *i = &c->stand_in.next;
        int r;

        while (*i < c->target_count && !target_config(c->targets[*i])->stand_in)
                (*i)++;
        if (*i >= c->target_count) {
                done(c);
                return;
        }
        j = json_object_new();
        r = j ? json_set_string(j, "certificate", c->config->name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "target", target_config(c->targets[*i])->name);
        if (r >= 0)
                r = helper_call(c->context->engine->installer, HELPER_OWN, "StandIn", TAKE_PTR(j),
                                on_placed, c, &c->stand_in.call);
        if (r < 0)
                failed(c, "the installer", &(HelperReply){ .error = r });
}

/* ---- the signer's part ---- */

static void on_made(const HelperReply *reply, void *userdata) {
        Cert *c = userdata;

        if (reply->error < 0 || reply->error_name) {
                failed(c, "the signer", reply);
                return;
        }
        c->stand_in.call = helper_call_free(c->stand_in.call);
        c->stand_in.next = 0;
        next_target(c);
}

static void make(void *userdata) {
        _cleanup_(json_freep) Json *j = json_object_new();
        Cert *c = userdata;
        int r;

        r = j ? json_set_string(j, "certificate", c->config->name) : -ENOMEM;
        if (r >= 0)
                r = helper_call(c->context->engine->signer, HELPER_OWN, "StandIn", TAKE_PTR(j),
                                on_made, c, &c->stand_in.call);
        if (r < 0)
                failed(c, "the signer", &(HelperReply){ .error = r });
}

void cert_stand_in(Cert *c) {
        int r;

        cert_stand_in_stop(c);
        if (!is_wanted(c))
                return;
        r = slot_take(c->context->installer, make, c, &c->stand_in.slot);
        if (r < 0)
                failed(c, "the installer", &(HelperReply){ .error = r });
        else if (r > 0)
                make(c);
}

int cert_stand_in_now(Cert *c, char **ret_message) {
        int r;

        *ret_message = NULL;
        if (c->config->broken)
                return -EUCLEAN;
        if (is_wanted(c)) {
                cert_stand_in(c);
                return 0;
        }
        r = str_printf(ret_message, "%s: %s", c->config->name,
                       c->present || c->live ? "the certificate is there, nothing stands in for it"
                       : c->config->request_path ? "its key is elsewhere (CertificateRequest=)"
                                                 : "no [Deploy] of it has StandIn=yes");
        return r < 0 ? r : -EEXIST;
}
