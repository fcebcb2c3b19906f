/* TakeOver=no: a product may have a certificate that it renews itself. What a service shows before the first deploy tells:
 * a valid certificate of a CA that everybody trusts, and not renewd's, is somebody's work and is left alone until a person
 * says that it may go (S1.4). A vendor's self-signed one is nobody's. */

#include <string.h>

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/target-internal.h"
#include "daemon/words.h"
#include "probe/trust.h"

bool target_needs_consent(const Target *t) {
        bool is_ours = t->row.proved || t->row.activated || t->row.state == ROW_VERIFIED;

        return str_equal(t->config->take_over, "no") && t->config->probe_count > 0 && !is_ours;
}

static void on_wait_over(void *userdata) {
        Target *t = userdata;

        t->timer = timer_free(t->timer);
        target_look(t);
}

static void wait_with(Target *t, char *text, int64_t sec) {
        target_set_phase(t, TARGET_WAITING);
        target_set_trouble(t, text, MESSAGE_DEPLOY_FAILED);
        target_wait(t, (usec_t) sec * USEC_PER_SEC, on_wait_over);
        t->owner.changed(t->owner.userdata);
}

static void refuse(Target *t, const ProbeResult *theirs) {
        char date[WORDS_SIZE], *text = NULL;

        (void) words_date(theirs->not_after, loop_wall_sec(t->owner.engine->loop), date);
        (void) str_printf(
                        &text,
                        "%s appears to manage its own certificate (from '%s', until %s), which is not replaced; "
                        "to take it over write TakeOver=yes into [Deploy %s]",
                        t->config->name, theirs->issuer ? theirs->issuer : "?", date,
                        t->config->name);
        wait_with(t, text, LOOK_SEC);
}

static void unseen(Target *t, const char *detail) {
        char *text = NULL;

        (void) str_printf(
                        &text,
                        "%s cannot be asked whose certificate it has: %s; nothing is installed until it "
                        "answers, or TakeOver=yes is set",
                        t->config->name, detail && *detail ? detail : "no answer");
        wait_with(t, text, OPEN_LOOK_SEC);
}

/* What is stopped is told nothing by a deploy either, and asked again before the next one. */
static void judge(Target *t, const ProbeResult *results, size_t count) {
        int64_t now = loop_wall_sec(t->owner.engine->loop);
        bool answered = false;

        for (size_t i = 0; i < count; i++) {
                const ProbeResult *r = &results[i];

                answered = answered || r->outcome != PROBE_UNREACHABLE;
                if (r->outcome == PROBE_SERVED && strcmp(r->leaf_sha256, t->leaf) != 0 &&
                    probe_is_trusted(r->chain_pem, now)) {
                        refuse(t, r);
                        return;
                }
        }
        if (answered || target_is_stopped(t))
                target_deploy(t);
        else
                unseen(t, count > 0 ? results[0].detail : NULL);
}

static void on_result(const ProbeResult *results, size_t count, void *userdata) {
        Target *t = userdata;

        t->probe = prober_call_free(t->probe);
        t->slot = slot_free(t->slot);
        judge(t, results, count);
}

static void shake(void *userdata) {
        Target *t = userdata;
        ProbeEndpoint endpoint = {
                .host = t->config->probes[0].host,
                .port = t->config->probes[0].port,
                .server_name = t->config->probe_name,
                .protocol = t->config->probes[0].protocol,
        };
        int r;

        r =
                        prober_start(t->owner.engine->prober, &endpoint, PROBE_LIMIT_SEC, on_result,
                                     t, &t->probe);
        if (r < 0)
                unseen(t, errno_text(r));
}

void target_ask_consent(Target *t) {
        int r;

        target_set_phase(t, TARGET_PROBING);
        r = slot_take(t->owner.prober, shake, t, &t->slot);
        if (r < 0)
                unseen(t, errno_text(r));
        else if (r > 0)
                shake(t);
}
