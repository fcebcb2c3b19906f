/* What the targets of a certificate wait for, though nothing is wrong: windows and the canary. How long that is safe goes
 * by the earliest end of what any of them may still have, which outlives a second renewal in the meantime. */

#include "base/log.h"
#include "daemon/cert-install.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"

#define LONG_PAST 1 /* an end that nothing waits for */

const char *cert_canary(const Target *t, void *userdata) {
        const Cert *c = userdata;

        if (target_config(t)->canary)
                return NULL;
        for (size_t i = 0; i < c->target_count; i++) {
                const Target *other = c->targets[i];

                if (other && target_config(other)->canary && !target_is_verified(other))
                        return target_config(other)->name;
        }
        return NULL;
}

void cert_inform_targets(Cert *c) {
        int64_t oldest = c->record.current.oldest_not_after;

        for (size_t i = 0; i < c->target_count; i++)
                target_know(c->targets[i], c->info.not_after,
                            oldest > 0 ? oldest : c->info.not_after, c->tell_now);
}

/* A certificate takes the place of another. Of one that was revoked, or whose CA wants it gone, and of one that nobody
 * knows, no day is waited for. */
int64_t cert_oldest_not_after(const Cert *c) {
        int64_t before = c->record.current.oldest_not_after, former = c->info.not_after;

        if (!c->present || c->record.current.unwanted || cert_is_recalled(c))
                return LONG_PAST;
        return before > 0 ? MIN(before, former) : former;
}

/* All have the present one. */
static void settle(Cert *c) {
        int r;

        if (c->tell_now) {
                c->tell_now = false;
                cert_inform_targets(c);
        }
        if (c->record.current.oldest_not_after == 0)
                return;
        c->record.current.oldest_not_after = 0;
        r = cert_save(c);
        if (r < 0) /* then windows hold a little shorter than they could */
                log_debug("%s: not recorded: %s", c->config->name, errno_text(r));
}

void cert_targets_changed(Cert *c) {
        if (c->live && c->present && !c->wanted && c->phase == CERT_IDLE && cert_is_deployed(c))
                settle(c);
        for (size_t i = 0; i < c->target_count; i++)
                if (c->targets[i])
                        target_canary_changed(c->targets[i]);
}

bool cert_only_waits(const Cert *c) {
        for (size_t i = 0; i < c->target_count; i++)
                if (!target_is_verified(c->targets[i]) && !target_hold_words(c->targets[i]))
                        return false;
        return c->live;
}

const char *cert_hold_words(const Cert *c) {
        for (size_t i = 0; i < c->target_count; i++)
                if (c->targets[i] && target_hold_words(c->targets[i]))
                        return target_hold_words(c->targets[i]);
        return NULL;
}
