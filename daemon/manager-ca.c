/* The CAs of a configuration. When another one is taken, a CA that is the same goes on with its session; one that is
 * defined anew begins anew, with what its record says. */

#include "base/log.h"
#include "daemon/manager-internal.h"

static void ca_done(ManagerCa *ca) {
        (void) pacer_free(ca->pacer);
        (void) budget_free(ca->budget);
        (void) session_free(ca->session);
        (void) account_free(ca->account);
        free(ca->name);
        *ca = (ManagerCa){};
}

void manager_cas_free(ManagerCa *cas, size_t count) {
        for (size_t i = 0; i < count; i++)
                ca_done(&cas[i]);
        free(cas);
}

static int ca_open(Manager *m, const CaConfig *config, ManagerCa *ret) {
        ManagerCa ca = { .renewed = true };
        int r;

        r = str_replace(&ca.name, config->name);
        if (r >= 0)
                r = account_load(m->engine.store, config->name, &ca.account);
        if (r >= 0)
                r = session_new(&m->engine, config, ca.account, &ca.session);
        if (r >= 0)
                r = pacer_new(m->engine.loop, ca.account, config->max_orders, config->order_budget,
                              &ca.pacer);
        if (r >= 0)
                r = budget_load(m->engine.store, config->name, &ca.budget);
        if (r < 0) {
                ca_done(&ca);
                return r;
        }
        budget_configure(ca.budget, config->limits);
        *ret = ca;
        return 0;
}

static ManagerCa *find_ca(ManagerCa *cas, size_t count, const char *name) {
        for (size_t i = 0; i < count; i++)
                if (cas[i].name && str_equal(cas[i].name, name))
                        return &cas[i];
        return NULL;
}

static bool is_used(const Config *config, const char *ca) {
        for (size_t i = 0; i < config->certificate_count; i++)
                if (!config->certificates[i].broken &&
                    (certificate_has_ca(&config->certificates[i], ca) ||
                     certificate_rehearses_at(&config->certificates[i], ca)))
                        return true;
        return false;
}

int manager_ca_open(Manager *m, const char *name, ManagerCa **ret) {
        for (size_t i = 0; i < m->config->ca_count; i++) {
                const CaConfig *ca = &m->config->cas[i];
                int r;

                if (!str_equal(ca->name, name))
                        continue;
                r = m->cas[i].name ? 0 : ca_open(m, ca, &m->cas[i]);
                if (r >= 0)
                        *ret = &m->cas[i];
                return r;
        }
        return -ENOENT;
}

static bool goes_on(const ManagerCa *old, const CaConfig *config) {
        return old && session_fits(old->session, config);
}

/* Opens what is new. What goes on is left where it is, so that a failure changes nothing. */
static int open_new(Manager *m, const Config *config, ManagerCa *cas) {
        for (size_t i = 0; i < config->ca_count; i++) {
                const CaConfig *ca = &config->cas[i];
                int r;

                if (!is_used(config, ca->name) ||
                    goes_on(find_ca(m->cas, m->ca_count, ca->name), ca))
                        continue;
                r = ca_open(m, ca, &cas[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void move_old(Manager *m, const Config *config, ManagerCa *cas) {
        for (size_t i = 0; i < config->ca_count; i++) {
                const CaConfig *ca = &config->cas[i];
                ManagerCa *old = find_ca(m->cas, m->ca_count, ca->name);
                int r;

                if (cas[i].name || !is_used(config, ca->name) || !old)
                        continue;
                cas[i] = *old;
                *old = (ManagerCa){};
                cas[i].renewed = false;
                (void) account_set_retry_at(
                                cas[i].account, 0); /* unsaved: then it waits its hour */
                r = session_configure(cas[i].session, ca);
                if (r < 0)
                        log_debug("%s: not all is taken over: %s", ca->name, errno_text(r));
                pacer_configure(cas[i].pacer, ca->max_orders, ca->order_budget);
                pacer_unpark(cas[i].pacer);
                budget_configure(cas[i].budget, ca->limits);
        }
}

int manager_cas_carry(Manager *m, const Config *config, ManagerCa **ret, size_t *ret_count) {
        ManagerCa *cas = calloc(MAX(config->ca_count, (size_t) 1), sizeof *cas);
        int r = cas ? open_new(m, config, cas) : -ENOMEM;

        if (r < 0) {
                if (cas)
                        manager_cas_free(cas, config->ca_count);
                return r;
        }
        move_old(m, config, cas);
        *ret = cas;
        *ret_count = config->ca_count;
        return 0;
}

bool manager_ca_is_renewed(ManagerCa *cas, size_t count, const CertificateConfig *config) {
        for (size_t i = 0; i < count; i++)
                if (cas[i].name && cas[i].renewed && certificate_has_ca(config, cas[i].name))
                        return true;
        return false;
}

static CertCa ca_of(const ManagerCa *ca) {
        return (CertCa){
                .name = ca->name,
                .session = ca->session,
                .pacer = ca->pacer,
                .budget = ca->budget,
        };
}

static void add_ca(CertCas *to, const ManagerCa *ca) {
        if (ca && to->count < CERTIFICATE_CAS_MAX)
                to->list[to->count++] = ca_of(ca);
}

CertCas manager_cas_of(ManagerCa *cas, size_t count, const CertificateConfig *config) {
        const ManagerCa *staging = find_ca(cas, count, config->staging);
        CertCas found = {};

        if (config->broken)
                return found;
        add_ca(&found, find_ca(cas, count, config->ca));
        for (size_t i = 0; i < config->fallback_cas.count; i++)
                add_ca(&found, find_ca(cas, count, config->fallback_cas.items[i]));
        if (staging)
                found.staging = ca_of(staging);
        return found;
}
