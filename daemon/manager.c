/* All certificates of one configuration, and the CAs that they share. */

#include <string.h>

#include "base/log.h"
#include "base/message-id.h"
#include "daemon/manager-internal.h"

#define INSTALLER_PLACES 32 /* fewer than its socket's MaxConnections= */
#define PROBER_PLACES    32
#define PREFLIGHT_PLACES 4                     /* each fetches up to four pages */
#define SPREAD_SEC       60                    /* Y-08 */
#define CHANGED_USEC     (250 * USEC_PER_MSEC) /* several changes are told once */

/* ---- changes are told together ---- */

static void on_changed_timer(void *userdata) {
        Manager *m = userdata;

        m->changed_timer = timer_free(m->changed_timer);
        m->changed(m->userdata);
}

void manager_on_changed(void *userdata) {
        Manager *m = userdata;

        if (!m->changed_timer)
                /* Without memory for a timer the next change is told. */
                (void) loop_timer_after(
                                m->engine.loop, CHANGED_USEC, on_changed_timer, m,
                                &m->changed_timer);
}

/* ---- certificates ---- */

Cert *manager_cert(const Manager *m, const char *name) {
        size_t low = 0, high = m->cert_count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(name, cert_config(m->certs[middle])->name);

                if (order == 0)
                        return m->certs[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

void manager_report_messages(const Config *config) {
        for (size_t i = 0; i < config->message_count; i++) {
                const ConfigMessage *message = &config->messages[i];
                LogFields fields = {
                        .certificate = message->certificate,
                        .message_id = message->error ? MESSAGE_CONFIG_ERROR : NULL,
                };

                log_message(message->error ? LOG_ERR : LOG_WARNING, &fields, "%s", message->text);
        }
}

/* ---- life ---- */

static int manager_fill(Manager *m) {
        int r;

        r = manager_cas_carry(m, m->config, &m->cas, &m->ca_count);
        if (r < 0)
                return r;
        m->certs = calloc(MAX(m->config->certificate_count, (size_t) 1), sizeof(Cert *));
        if (!m->certs)
                return -ENOMEM;
        for (size_t i = 0; i < m->config->certificate_count; i++) {
                const CertificateConfig *config = &m->config->certificates[i];
                CertCas cas = manager_cas_of(m->cas, m->ca_count, config);

                r = cert_new(&m->context, config, &cas, &m->certs[m->cert_count]);
                if (r < 0)
                        return r;
                m->cert_count++;
        }
        return 0;
}

int manager_new(Engine *engine,
                Config *config,
                void (*changed)(void *userdata),
                void *userdata,
                Manager **ret) {
        _cleanup_(config_freep) Config *taken = config;
        _cleanup_(manager_freep) Manager *m = calloc(1, sizeof *m);
        int r;

        if (!m)
                return -ENOMEM;
        m->engine = *engine;
        m->config = TAKE_PTR(taken);
        m->changed = changed;
        m->userdata = userdata;
        m->context = (CertContext){
                .engine = &m->engine,
                .started = loop_wall_sec(engine->loop),
                .clock_floor = engine->build_time,
                .changed = manager_on_changed,
                .userdata = m,
        };
        m->looks = calloc(1, sizeof *m->looks);
        r = m->looks ? slots_new(engine->loop, INSTALLER_PLACES, &m->context.installer) : -ENOMEM;
        if (r >= 0)
                r = slots_new(engine->loop, PROBER_PLACES, &m->context.prober);
        if (r >= 0)
                r = slots_new(engine->loop, PREFLIGHT_PLACES, &m->context.preflights);
        if (r >= 0)
                r = groups_new(engine->loop, &m->context.groups);
        if (r >= 0)
                r = watches_new(&(WatchesOwner){ .engine = &m->engine,
                                                 .prober = m->context.prober,
                                                 .changed = manager_on_changed,
                                                 .userdata = m },
                                &m->watches);
        if (r >= 0)
                r = manager_fill(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m) {
        if (!m)
                return NULL;
        while (m->tasks)
                manager_task_free(m->tasks);
        manager_probe_end(m);
        for (size_t i = 0; i < m->cert_count; i++)
                (void) cert_free(m->certs[i]);
        free(m->certs);
        manager_cas_free(m->cas, m->ca_count);
        (void) watches_free(m->watches);
        (void) slots_free(m->context.installer);
        (void) slots_free(m->context.prober);
        (void) slots_free(m->context.preflights);
        (void) groups_free(m->context.groups);
        (void) timer_free(m->changed_timer);
        (void) config_free(m->config);
        free(m->looks);
        free(m);
        return NULL;
}

int manager_start(Manager *m, bool once) {
        m->started = true;
        m->context.once = once;
        m->context.started = loop_wall_sec(m->engine.loop);
        manager_report_messages(m->config);
        for (size_t i = 0; i < m->cert_count; i++)
                cert_start(m->certs[i], once ? 0 : SPREAD_SEC);
        manager_on_changed(m);
        return once ? 0 : watches_configure(m->watches, m->config);
}

const Config *manager_config(const Manager *m) {
        return m->config;
}
