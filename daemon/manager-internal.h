#pragma once

/* The insides of the manager, for manager*.c only:
 *
 *   manager.c         the object, and renewals by hand
 *   manager-ca.c      the CAs that its certificates use
 *   manager-reload.c  a new configuration is carried over
 *   manager-status.c  the sentence and the answers */

#include "daemon/cert.h"
#include "daemon/manager.h"

/* One CA that a certificate uses. */
typedef struct ManagerCa {
        char *name; /* all owned */
        Account *account;
        Session *session;
        Pacer *pacer;
        Budget *budget;
        bool renewed; /* its definition changed with the configuration that is being taken */
} ManagerCa;

struct Manager {
        Engine engine; /* a copy; what it points to is borrowed */
        Config *config;
        CertContext context;
        ManagerCa *cas;
        size_t ca_count;
        Cert **certs; /* in the order of the configuration */
        size_t cert_count;
        bool started;
        Timer *changed_timer;
        void (*changed)(void *userdata);
        void *userdata;
        uint64_t *looks; /* manager_progress() is a question, but it looks */
};

/* manager.c */
void manager_on_changed(void *userdata); /* of one certificate; told together */
void manager_report_messages(const Config *config);
Cert *manager_cert(const Manager *m, const char *name); /* NULL: unknown */

/* manager-ca.c */
void manager_cas_free(ManagerCa *cas, size_t count);
/* One entry per CA of `config`, empty if no certificate uses it. What goes on is moved out of m->cas. */
int manager_cas_carry(Manager *m, const Config *config, ManagerCa **ret, size_t *ret_count);
CertCas manager_cas_of(ManagerCa *cas, size_t count, const CertificateConfig *config);
bool manager_ca_is_renewed(ManagerCa *cas, size_t count, const CertificateConfig *config);
