/* The certificate in the world: live, and at its targets. Both are asked of the installer until they hold, without
 * any request to the CA. */

#include "daemon/cert-install.h"

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/cert-words.h"
#include "daemon/retry.h"

#define MISMATCHES_MAX 3 /* then the chain's key is gone for good */
#define NOT_LIVE_USEC  (5 * USEC_PER_SEC)

static const unsigned silence_delays[] = { 5, 15, 60, 300 };

/* ---- targets ---- */

static void on_target_changed(void *userdata);
static void on_not_live(void *userdata);

static Target *take_target(Cert *c, const char *name) {
        for (size_t i = 0; i < c->target_count; i++)
                if (c->targets[i] && str_equal(target_config(c->targets[i])->name, name))
                        return TAKE_PTR(c->targets[i]);
        return NULL;
}

static int target_for(Cert *c, const char *name, const TargetConfig *config, Target **ret) {
        TargetOwner owner = {
                .engine = c->context->engine,
                .installer = c->context->installer,
                .prober = c->context->prober,
                .groups = c->context->groups,
                .changed = on_target_changed,
                .not_live = on_not_live,
                .canary = cert_canary,
                .userdata = c,
        };

        *ret = take_target(c, config->name);
        if (!*ret)
                return target_new(&owner, name, config, ret);
        target_configure(*ret, name, config);
        return 0;
}

static void free_targets(Target **targets, size_t count) {
        for (size_t i = 0; i < count; i++)
                (void) target_free(targets[i]);
        free(targets);
}

int cert_targets_configure(Cert *c, const CertificateConfig *config) {
        Target **new = calloc(MAX(config->target_count, (size_t) 1), sizeof *new);
        size_t n = 0;
        int r = new ? 0 : -ENOMEM;

        for (; n < config->target_count && r >= 0; n++)
                r = target_for(c, config->name, &config->targets[n], &new[n]);
        /* What is left points to the old configuration: it goes, also when memory failed. */
        cert_targets_free(c);
        if (r < 0 && new)
                n--;
        c->targets = new;
        c->target_count = new ? n : 0;
        return r;
}

void cert_targets_free(Cert *c) {
        free_targets(c->targets, c->target_count);
        c->targets = NULL;
        c->target_count = 0;
}

static void want_targets(Cert *c) {
        int r;

        cert_inform_targets(c);
        for (size_t i = 0; i < c->target_count; i++) {
                r = target_want(c->targets[i], c->info.leaf_sha256, cert_lifetime(c),
                                c->live && !c->config->broken);
                if (r < 0)
                        log_debug("%s: %s", c->config->name, errno_text(r));
        }
}

void cert_give_back(Cert *c, bool given_back) {
        for (size_t i = 0; i < c->target_count; i++)
                target_give_back(c->targets[i], given_back);
}

bool cert_is_deployed(const Cert *c) {
        for (size_t i = 0; i < c->target_count; i++)
                if (!target_is_verified(c->targets[i]))
                        return false;
        return c->live || c->config->broken;
}

bool cert_install_is_settled(const Cert *c) {
        for (size_t i = 0; i < c->target_count; i++)
                if (!target_is_settled(c->targets[i]) || cert_target_awaits(c, c->targets[i]))
                        return false;
        return !c->publish && !c->slot;
}

/* That may be for weeks: whoever watches is let go. */
static void tell_hold(Cert *c) {
        _cleanup_free_ char *text = NULL;

        if (str_printf(&text, "issued; %s", cert_hold_words(c)) >= 0)
                cert_tell(c, true, true, text);
}

/* Whoever watches a renewal is told its end here. */
void cert_install_tell(Cert *c) {
        const char *trouble = c->publish_error;
        bool good = cert_is_deployed(c);

        if (!c->watches || c->phase != CERT_IDLE || c->wanted || !cert_install_is_settled(c))
                return;
        for (size_t i = 0; i < c->target_count && !trouble; i++)
                trouble = target_trouble(c->targets[i]);
        if (good)
                cert_tell(c, true, true,
                          c->target_count > 0          ? "installed"
                          : c->record.current.imported ? "imported"
                                                       : "issued");
        else if (trouble)
                cert_tell(c, true, false, trouble);
        else if (cert_hold_words(c))
                tell_hold(c);
}

static void on_target_changed(void *userdata) {
        Cert *c = userdata;

        cert_changed(c);
        cert_targets_changed(c);
        cert_hurry_twin(c);
        cert_install_tell(c);
}

/* ---- keys that are not needed any more ---- */

static void on_pruned(const HelperReply *reply, void *userdata) {
        Cert *c = userdata;

        if (reply->error < 0 || reply->error_name)
                log_debug("%s: keys not pruned: %s", c->config->name,
                          reply->message ? reply->message : "no answer");
        c->prune = helper_call_free(c->prune);
}

static void prune(Cert *c) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        if (!c->prune_wanted || !c->live || cert_is_rehearsing(c))
                return;
        c->prune_wanted = false;
        c->prune = helper_call_free(c->prune);
        j = json_object_new();
        r = j ? json_set_string(j, "certificate", c->config->name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "spki", c->info.spki_sha256);
        if (r >= 0)
                r = json_set_string(j, "attempt", c->record.attempt.id);
        if (r >= 0)
                r = helper_call(c->context->engine->signer, HELPER_SHARED, "Prune", TAKE_PTR(j),
                                on_pruned, c, &c->prune);
        if (r < 0) /* after the next renewal they go */
                log_debug("%s: keys not pruned: %s", c->config->name, errno_text(r));
}

void cert_prune_keys(Cert *c) {
        c->prune_wanted = true;
        prune(c);
}

/* ---- publish ---- */

static void on_publish_timer(void *userdata) {
        Cert *c = userdata;

        c->publish_timer = timer_free(c->publish_timer);
        cert_install(c);
}

static void publish_later(Cert *c, usec_t delay) {
        Loop *loop = c->context->engine->loop;

        c->publish_timer = timer_free(c->publish_timer);
        c->publish_at = loop_boot_usec(loop) + delay;
        /* Without memory for a timer: at the next change. */
        (void) loop_timer_after(loop, delay, on_publish_timer, c, &c->publish_timer);
}

static void on_not_live(void *userdata) {
        Cert *c = userdata;

        c->live = false;
        publish_later(c, NOT_LIVE_USEC);
        cert_changed(c);
}

static void set_publish_error(Cert *c, const char *what, const char *why) {
        LogFields fields = {
                .certificate = c->config->name,
                .message_id = MESSAGE_DEPLOY_FAILED,
        };
        char *text = NULL;

        (void) str_printf(&text, "%s: %s", what, why);
        if (text && !str_equal(text, c->publish_error))
                log_message(LOG_WARNING, &fields, "%s: %s", c->config->name, text);
        free(c->publish_error);
        c->publish_error = text;
}

/* The installer finds no key to this chain: it can never be used. The live one is left alone, and another is
 * ordered, within the guard. */
static void chain_is_useless(Cert *c) {
        int r;

        c->record.current.unusable = true;
        r = str_replace(&c->record.current.leaf, c->info.leaf_sha256);
        if (r >= 0)
                r = cert_save(c);
        if (r < 0)
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
        c->present = false;
        cert_plan(c);
}

static void publish_failed(Cert *c, const HelperReply *reply) {
        bool silent = reply->error < 0;
        bool mismatch = str_equal(reply->error_name, "Mismatch");
        size_t i = MIN((size_t) c->publish_failures, ELEMENTSOF(silence_delays) - 1);
        const char *why = reply->message ? reply->message : errno_text(reply->error);
        int64_t delay = silence_delays[i];

        c->publish_failures = MIN(c->publish_failures + 1, (unsigned) RECORD_FAILURES_MAX);
        if (!silent)
                delay = retry_deploy_delay(
                                c->publish_failures, cert_lifetime(c),
                                loop_random(c->context->engine->loop));
        set_publish_error(
                        c,
                        silent ? "the installer does not answer"
                               : "the certificate cannot be published",
                        why);
        c->mismatches = mismatch ? c->mismatches + 1 : 0;
        c->publish = helper_call_free(c->publish);
        c->slot = slot_free(c->slot);
        if (c->mismatches >= MISMATCHES_MAX)
                chain_is_useless(c);
        else
                publish_later(c, (usec_t) delay * USEC_PER_SEC);
        cert_changed(c);
        cert_install_tell(c);
}

static void on_published(const HelperReply *reply, void *userdata) {
        Cert *c = userdata;

        c->context->progress++;
        if (reply->error < 0 || reply->error_name) {
                publish_failed(c, reply);
                return;
        }
        c->publish = helper_call_free(c->publish);
        c->slot = slot_free(c->slot);
        c->live = true;
        c->publish_failures = c->mismatches = 0;
        free(c->publish_error);
        c->publish_error = NULL;
        prune(c);
        want_targets(c);
        cert_tell_step(c);
        cert_changed(c);
        cert_install_tell(c);
}

static void publish(void *userdata) {
        _cleanup_(json_freep) Json *j = json_object_new();
        Cert *c = userdata;
        int r;

        r = j ? json_set_string(j, "certificate", c->config->name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "leaf", c->info.leaf_sha256);
        if (r >= 0)
                r = helper_call(c->context->engine->installer, HELPER_OWN, "Publish", TAKE_PTR(j),
                                on_published, c, &c->publish);
        if (r < 0)
                publish_failed(c, &(HelperReply){ .error = r });
}

void cert_install_stop(Cert *c) {
        c->publish = helper_call_free(c->publish);
        c->publish_timer = timer_free(c->publish_timer);
        c->slot = slot_free(c->slot);
        cert_stand_in_stop(c);
}

void cert_install(Cert *c) {
        int r;

        cert_install_stop(c);
        if (!c->present) {
                cert_stand_in(c);
                return;
        }
        if (c->live || c->config->broken) { /* a broken one is watched only */
                want_targets(c);
                return;
        }
        r = slot_take(c->context->installer, publish, c, &c->slot);
        if (r < 0)
                publish_failed(c, &(HelperReply){ .error = r });
        else if (r > 0)
                publish(c);
        cert_tell_step(c);
}
