/* A new configuration is carried over: what stays the same goes on untouched, what changed is planned again, what is
 * gone is ended. */

#include <string.h>

#include "base/log.h"
#include "daemon/manager-internal.h"

typedef struct Carry {
        Config *config;
        ManagerCa *cas;
        size_t ca_count;
        Cert **certs;
        size_t cert_count;
} Carry;

static void end_cert(Cert *c) {
        cert_abort(c);
        (void) cert_free(c);
}

static int carry_cert(Manager *m, Carry *to, const CertificateConfig *config, Cert *old) {
        CertCas cas = manager_cas_of(to->cas, to->ca_count, config);
        bool renewed = manager_ca_is_renewed(to->cas, to->ca_count, config);
        Cert *new;
        int r;

        if (old) {
                to->certs[to->cert_count++] = old;
                return cert_configure(old, config, &cas, renewed);
        }
        r = cert_new(&m->context, config, &cas, &new);
        if (r < 0)
                return r;
        to->certs[to->cert_count++] = new;
        if (m->started)
                cert_start(new, 0);
        return 0;
}

/* Both lists are sorted. Every old certificate is carried or ended, also when memory fails on the way: none may
 * keep the old configuration. */
static int carry_certs(Manager *m, Carry *to) {
        size_t k = 0;
        int r, first = 0;

        for (size_t i = 0; i < to->config->certificate_count; i++) {
                const CertificateConfig *config = &to->config->certificates[i];
                Cert *old = NULL;

                while (k < m->cert_count &&
                       strcmp(cert_config(m->certs[k])->name, config->name) < 0)
                        end_cert(m->certs[k++]);
                if (k < m->cert_count && str_equal(cert_config(m->certs[k])->name, config->name))
                        old = m->certs[k++];
                r = carry_cert(m, to, config, old);
                if (r < 0 && first == 0)
                        first = r;
        }
        while (k < m->cert_count)
                end_cert(m->certs[k++]);
        return first;
}

int manager_reload(Manager *m, Config *config) {
        _cleanup_(config_freep) Config *taken = config;
        Carry to = { .config = config };
        int r;

        to.certs = calloc(MAX(config->certificate_count, (size_t) 1), sizeof(Cert *));
        r = to.certs ? manager_cas_carry(m, config, &to.cas, &to.ca_count) : -ENOMEM;
        if (r < 0) {
                free(to.certs);
                return r; /* nothing has changed */
        }
        helper_renew(m->engine.signer);
        helper_renew(m->engine.installer);
        manager_report_messages(config);
        r = carry_certs(m, &to);
        free(m->certs);
        for (size_t i = 0; i < m->ca_count; i++)
                if (m->cas[i].name) /* not carried over */
                        manager_tasks_of_session_gone(m, m->cas[i].session);
        manager_cas_free(m->cas, m->ca_count);
        if (m->started && !m->context.once)
                r = MIN(r, watches_configure(m->watches, config));
        (void) config_free(m->config);
        m->config = TAKE_PTR(taken);
        m->certs = to.certs;
        m->cert_count = to.cert_count;
        m->cas = to.cas;
        m->ca_count = to.ca_count;
        manager_on_changed(m);
        return r;
}
