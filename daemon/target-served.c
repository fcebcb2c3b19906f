/* Handshakes. Each is a new connection: nginx still serves the old leaf on some right after a reload that
 * succeeded, so a deploy is followed by a minute of them; only then is it said that it does not serve. */

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/target-internal.h"

static void shake(void *userdata);

static void on_gap(void *userdata) {
        Target *t = userdata;

        t->timer = timer_free(t->timer);
        target_serve_once(t);
}

/* "nginx does not serve the new certificate yet: connection refused" */
static char *words_of(const Target *t, const char *detail) {
        bool was_good = t->row.state == ROW_VERIFIED;
        char *text = NULL;

        (void) str_printf(
                        &text, "%s %s: %s", t->config->name,
                        was_good ? "no longer serves the certificate"
                                 : "does not serve the new certificate yet",
                        detail);
        return text;
}

static void not_served(Target *t, TargetServed served, const char *detail) {
        usec_t now = target_now(t), gap = t->probe_gap_sec * USEC_PER_SEC;

        if (now + gap < t->serve_until) {
                t->probe_gap_sec = MIN(t->probe_gap_sec * 2, (unsigned) PROBE_GAP_MAX_SEC);
                target_set_phase(t, TARGET_PROBING);
                target_wait(t, gap, on_gap);
                return;
        }
        /* The one deploy that the window belongs to counts, not each look after it. */
        if (t->serve_until > 0 && served == SERVED_OTHER && t->deploy_at <= now)
                target_postpone_deploy(t);
        t->serve_until = 0;
        t->served = served;
        if (!t->trouble || !target_is_stopped(t)) /* that it is stopped says more */
                target_set_trouble(t, words_of(t, detail), MESSAGE_SERVED_WRONG);
        target_open(t);
}

static void on_result(const ProbeResult *result, void *userdata) {
        _cleanup_free_ char *detail = NULL;
        Target *t = userdata;
        bool seen = result && result->outcome == PROBE_SERVED;
        bool equal = seen && str_equal(result->leaf_sha256, t->leaf);

        if (result && result->detail)
                detail = str_escape(result->detail, STR_ESCAPE_MAX);
        t->probe = prober_call_free(t->probe);
        t->slot = slot_free(t->slot);
        if (!equal) {
                not_served(t, seen ? SERVED_OTHER : SERVED_UNREACHABLE,
                           seen                  ? "it serves another one"
                           : detail && detail[0] ? detail
                                                 : "no answer");
                return;
        }
        t->served = SERVED_YES;
        if (t->row.state == ROW_VERIFIED)
                target_verified(t);
        else if (target_lacks_proof(t) && target_now(t) < t->deploy_at)
                target_open(t); /* it has its own pauses */
        else
                target_confirm(t);
}

static void shake(void *userdata) {
        Target *t = userdata;
        ProbeEndpoint endpoint = {
                .host = t->config->probe_host,
                .port = t->config->probe_port,
                .server_name = t->config->probe_name,
                .key_family = t->config->probe_family,
        };
        int r;

        r =
                        prober_start(t->owner.engine->prober, &endpoint, PROBE_LIMIT_SEC, on_result,
                                     t, &t->probe);
        if (r < 0)
                not_served(t, SERVED_UNREACHABLE, errno_text(r));
}

void target_serve_once(Target *t) {
        int r;

        target_set_phase(t, t->serve_until > 0 ? TARGET_PROBING : TARGET_WAITING);
        r = slot_take(t->owner.prober, shake, t, &t->slot);
        if (r < 0)
                not_served(t, SERVED_UNREACHABLE, errno_text(r));
        else if (r > 0)
                shake(t);
}

void target_serve_begin(Target *t) {
        t->serve_until = target_now(t) + SERVE_WINDOW_SEC * USEC_PER_SEC;
        t->probe_gap_sec = 1;
        target_serve_once(t);
}
