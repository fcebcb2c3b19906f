/* Twins: two certificates of the same names with different kinds of keys (KeyType=A B). A CA that finds an open order of
 * the same account for the same names hands it out again, so the second is only ordered when the first has none
 * (H-10). Each is woken by what the other one does; neither changes the other. */

#include "daemon/cert-install.h"
#include "daemon/cert-internal.h"
#include "daemon/cert-plan.h"

#define TWIN_LOOK_SEC (10 * SEC_PER_MIN) /* if nobody woke it */

void cert_join(Cert *c) {
        c->next = c->context->certs;
        c->context->certs = c;
}

void cert_leave(Cert *c) {
        for (Cert **i = &c->context->certs; *i; i = &(*i)->next)
                if (*i == c) {
                        *i = c->next;
                        return;
                }
}

Cert *cert_twin(const Cert *c) {
        if (!c->config->twin)
                return NULL;
        for (Cert *other = c->context->certs; other; other = other->next)
                if (str_equal(other->config->name, c->config->twin))
                        return other;
        return NULL;
}

/* An order that waits for its next try is open at the CA all the same; but nothing may expire for it. */
static bool is_ordering(const Cert *twin, bool urgent) {
        if (twin->phase != CERT_IDLE)
                return true;
        return twin->record.attempt.order && !twin->config->broken && !urgent &&
               !twin->context->once;
}

int64_t cert_await_twin(Cert *c, int64_t now) {
        const Cert *twin = cert_twin(c);
        bool urgent = c->plan.reason == RENEW_EMERGENCY || c->plan.reason == RENEW_EXPIRED;

        c->awaits_twin = twin && !c->record.attempt.order && is_ordering(twin, urgent);
        return c->awaits_twin ? now + TWIN_LOOK_SEC : 0;
}

static bool has_waiting_target(const Cert *c) {
        for (size_t i = 0; i < c->target_count; i++)
                if (target_awaits_twin(c->targets[i]))
                        return true;
        return false;
}

void cert_wake_twin(const Cert *c) {
        Cert *twin = cert_twin(c);

        if (twin && (twin->awaits_twin || has_waiting_target(twin)))
                cert_plan_soon(twin);
}

void cert_hurry_twin(const Cert *c) {
        const Cert *twin = cert_twin(c);

        for (size_t i = 0; twin && i < twin->target_count; i++) {
                Target *waiting = twin->targets[i];

                if (!target_may_need_twin(waiting))
                        continue;
                for (size_t k = 0; k < c->target_count; k++)
                        if (target_is_here(c->targets[k]) &&
                            str_equal(target_config(c->targets[k])->name,
                                      target_config(waiting)->name))
                                target_hurry(waiting);
        }
}

static bool is_coming(const Cert *twin) {
        if (twin->config->broken || !twin->ca.session)
                return false;
        if (!twin->present)
                return record_failures(&twin->record) == 0 && !cert_is_unreachable(twin);
        if (twin->publish_error)
                return false;
        for (size_t i = 0; i < twin->target_count; i++)
                if (target_trouble(twin->targets[i]) && !target_awaits_twin(twin->targets[i]))
                        return false;
        return !cert_is_deployed(twin);
}

bool cert_target_awaits(const Cert *c, const Target *t) {
        const Cert *twin = target_awaits_twin(t) ? cert_twin(c) : NULL;

        return twin && is_coming(twin);
}
