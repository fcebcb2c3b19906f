/* Handshakes: one after another with each probe of the target, at all addresses of its host. Each is a new connection:
 * nginx still serves the old leaf on some right after a reload that succeeded, so a deploy is followed by a minute of
 * them; only then is it said that it does not serve. And one answer of a new worker says nothing about the old ones that
 * still accept beside it: the new leaf counts as served when all of several looks in a row saw it. */

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/target-internal.h"
#include "probe/roots.h"

static void look(Target *t);
static void shake(void *userdata);

static void on_gap(void *userdata) {
        Target *t = userdata;

        t->timer = timer_free(t->timer);
        look(t);
}

/* Looks again after a pause. */
static void look_after(Target *t, usec_t gap) {
        target_set_phase(t, TARGET_PROBING);
        target_wait(t, gap, on_gap);
}

/* ---- events ---- */

/* A place that is wrong is told once for each way of being wrong, and once when it is well again. What a service serves
 * that has not got the new certificate yet is no event. */
static void tell_endpoint(const Target *t, TargetEndpoint *e) {
        bool wrong = e->served == SERVED_FLAWED ||
                     (e->served == SERVED_OTHER && t->row.state == ROW_VERIFIED);
        LogFields fields = {
                .certificate = t->certificate,
                .target = t->config->name,
                .endpoint = e->place,
                .message_id = wrong ? MESSAGE_SERVED_WRONG : MESSAGE_SERVED_WELL,
        };

        if (wrong && !str_equal(e->told, e->message)) {
                (void) str_replace(&e->told, e->message); /* else it is told again */
                log_message(LOG_WARNING, &fields, "%s: wrongly served by %s, %s: %s",
                            t->certificate, t->config->name, e->place, e->message);
        } else if (e->served == SERVED_YES && e->told) {
                (void) str_replace(&e->told, NULL);
                log_message(LOG_NOTICE, &fields, "%s: well served again by %s, %s", t->certificate,
                            t->config->name, e->place);
        }
}

static void tell_endpoints(Target *t) {
        for (size_t i = 0; i < t->endpoints.count; i++)
                if (!t->endpoints.items[i].spared)
                        tell_endpoint(t, &t->endpoints.items[i]);
}

/* ---- what follows from all of them ---- */

/* "nginx does not serve the new certificate yet: connection refused" */
static char *words_of(const Target *t, TargetServed served, const char *place, const char *detail) {
        const char *what = served == SERVED_FLAWED
                                           ? "does not serve the certificate as clients need it"
                           : t->row.state == ROW_VERIFIED
                                           ? "no longer serves the certificate"
                                           : "does not serve the new certificate yet";
        char *text = NULL;

        (void) str_printf(
                        &text, "%s %s%s%s%s: %s", t->config->name, what, place ? " (" : "",
                        place ? place : "", place ? ")" : "", detail);
        return text;
}

/* The leaf is where it shall be: nothing would be mended by another deploy of the same files. */
static void flawed(Target *t) {
        if (t->row.state == ROW_VERIFIED)
                target_verified(t);
        else if (target_lacks_proof(t) && target_now(t) < t->deploy_at)
                target_open(t);
        else
                target_confirm(t);
}

/* `place` only where there is more than one. */
static void not_served(Target *t, TargetServed served, const char *place, const char *detail) {
        usec_t now = target_now(t), gap = t->probe_gap_sec * USEC_PER_SEC;
        bool told;

        t->proofs = 0;
        if (now + gap < t->serve_until) {
                t->probe_gap_sec = MIN(t->probe_gap_sec * 2, (unsigned) PROBE_GAP_MAX_SEC);
                look_after(t, gap);
                return;
        }
        /* The one deploy that the window belongs to counts, not each look after it. And what is verified was not
         * deployed just now: somebody changed what is served, and it is put right without a pause. */
        if (t->serve_until > 0 && served == SERVED_OTHER && t->row.state != ROW_VERIFIED &&
            t->deploy_at <= now)
                target_postpone_deploy(t);
        t->serve_until = 0;
        t->served = served;
        tell_endpoints(t);
        told = served == SERVED_FLAWED || (served == SERVED_OTHER && t->row.state == ROW_VERIFIED);
        if (told)
                target_set_told_trouble(t, words_of(t, served, place, detail));
        else if (target_is_stopped(t) && t->row.state != ROW_VERIFIED)
                target_set_stopped_trouble(t);
        else if (!t->trouble || !target_is_stopped(t)) /* that it is stopped says more */
                target_set_trouble(t, words_of(t, served, place, detail), MESSAGE_SERVED_WRONG);
        if (served == SERVED_FLAWED)
                flawed(t);
        else
                target_open(t);
}

static void conclude(Target *t) {
        const TargetEndpoint *worst;

        target_endpoints_inherit(&t->seen, &t->endpoints);
        target_endpoints_done(&t->endpoints);
        t->endpoints = t->seen;
        t->seen = (TargetEndpoints){};
        t->slot = slot_free(t->slot);
        worst = target_endpoints_worst(&t->endpoints);
        if (!worst || worst->served != SERVED_YES) {
                not_served(t, worst ? worst->served : SERVED_UNREACHABLE,
                           worst && t->endpoints.count > 1 ? worst->place : NULL,
                           worst && worst->message ? worst->message : "no answer");
                return;
        }
        if (t->row.state != ROW_VERIFIED && ++t->proofs < SERVE_PROOFS) {
                look_after(t, PROOF_GAP_MSEC * USEC_PER_MSEC);
                return;
        }
        t->served = SERVED_YES;
        tell_endpoints(t);
        if (t->row.state == ROW_VERIFIED)
                target_verified(t);
        else if (target_lacks_proof(t) && target_now(t) < t->deploy_at)
                target_open(t); /* it has its own pauses */
        else
                target_confirm(t);
}

/* ---- one after another ---- */

/* What levels ask for besides; what cannot be read is not there: then nothing is trusted or known. */
static void read_known(const Target *t, Json **pins, Bytes *roots) {
        if (t->config->validation == VALIDATION_LEAF)
                return;
        if (probe_roots(NULL, roots) < 0)
                log_debug("%s: the trusted roots cannot be read", t->certificate);
        if (store_load(t->owner.engine->store, STORE_PINS, t->certificate, pins) < 0)
                *pins = json_object_new(); /* without memory nothing is pinned */
}

static int take_results(Target *t, const ProbeResult *results, size_t count) {
        _cleanup_(bytes_done) Bytes chain = {}, roots = { .limit = PROBE_ROOTS_MAX };
        _cleanup_(json_freep) Json *pins = NULL;
        Store *store = t->owner.engine->store;
        bool pinned = false;
        ServedExpectation expected = { .leaf = t->leaf, .chain = &chain };
        int r;

        if (store_load_chain(store, t->certificate, &chain) < 0)
                bytes_done(&chain); /* then the intermediates are not known */
        read_known(t, &pins, &roots);
        expected.rules = (ValidationRules){
                .level = t->config->validation,
                .name = t->config->probe_name,
                .pin = t->config->pin,
                .roots = &roots,
                .now = loop_wall_sec(t->owner.engine->loop),
                .pins = pins,
                .pinned = &pinned,
        };
        r = target_endpoints_add(
                        &t->seen, &t->config->probes[t->next_probe], results, count, &expected);
        if (r < 0 || !pinned)
                return r;
        /* Durable before it counts: what is forgotten would be pinned anew. */
        return store_save(store, STORE_PINS, t->certificate, pins);
}

static void on_result(const ProbeResult *results, size_t count, void *userdata) {
        Target *t = userdata;
        int r;

        t->probe = prober_call_free(t->probe);
        r = take_results(t, results, count);
        if (r < 0) {
                not_served(t, SERVED_UNREACHABLE, NULL, errno_text(r));
                return;
        }
        t->next_probe++;
        if (t->next_probe < t->config->probe_count)
                shake(t);
        else
                conclude(t);
}

static void shake(void *userdata) {
        Target *t = userdata;
        const ProbeConfig *p = &t->config->probes[t->next_probe];
        ProbeEndpoint endpoint = {
                .host = p->host,
                .port = p->port,
                .server_name = t->config->probe_name,
                .key_family = t->config->probe_family,
                .protocol = p->protocol,
        };
        int r;

        r =
                        prober_start(t->owner.engine->prober, &endpoint, PROBE_LIMIT_SEC, on_result,
                                     t, &t->probe);
        if (r < 0)
                not_served(t, SERVED_UNREACHABLE, NULL, errno_text(r));
}

static void look(Target *t) {
        int r;

        target_set_phase(t, t->serve_until > 0 || t->proofs > 0 ? TARGET_PROBING : TARGET_WAITING);
        target_endpoints_done(&t->seen);
        t->next_probe = 0;
        r = slot_take(t->owner.prober, shake, t, &t->slot);
        if (r < 0)
                not_served(t, SERVED_UNREACHABLE, NULL, errno_text(r));
        else if (r > 0)
                shake(t);
}

void target_serve_once(Target *t) {
        t->proofs = 0;
        look(t);
}

void target_serve_begin(Target *t) {
        t->serve_until = target_now(t) + SERVE_WINDOW_SEC * USEC_PER_SEC;
        t->probe_gap_sec = 1;
        target_serve_once(t);
}
