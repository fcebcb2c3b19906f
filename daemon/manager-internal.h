#pragma once

/* The insides of the manager, for manager*.c only:
 *
 *   manager.c         the object
 *   manager-renew.c   what is asked of one certificate, step by step
 *   manager-ca.c      the CAs that its certificates use
 *   manager-account.c what a person sees and changes of their accounts
 *   manager-revoke.c  revocation
 *   manager-restore.c targets given back before the certificate is removed
 *   manager-probe.c   a token for who looks at the way of challenges
 *   manager-task.c    what these two wait for
 *   manager-reload.c  a new configuration is carried over
 *   manager-status.c  the sentence and the answers */

#include "acme/certinfo.h"
#include "daemon/cert.h"
#include "daemon/manager-task.h"
#include "daemon/manager.h"
#include "daemon/record.h"
#include "daemon/session-request.h"
#include "daemon/watch.h"

/* One CA that a certificate uses. */
typedef struct ManagerCa {
        char *name; /* all owned */
        Account *account;
        Session *session;
        Pacer *pacer;
        Budget *budget;
        bool renewed; /* its definition changed with the configuration that is being taken */
} ManagerCa;

struct ManagerTask {
        Manager *manager; /* borrowed */
        ManagerTask *next;
        char *ca;
        Session *session; /* borrowed, of the CA */
        AccountJob *job;  /* owns, as the next two; of accounts */
        SessionWait *wait;
        SessionCall *call;
        /* of a revocation */
        char *name;
        Bytes leaf; /* DER */
        char sha256[SHA256_HEX_SIZE];
        int64_t reason;
        bool with_key, replace;
        /* of giving back */
        HelperCall *helper; /* owns, as the next one */
        Timer *timer;
        size_t target; /* which one it is at */
        unsigned tries;
        Bytes words;

        manager_task_fn fn; /* NULL: nobody listens any more */
        void *userdata;
};

/* What is shown for somebody at this machine; token NULL: nothing. */
typedef struct ManagerProbe {
        StringList names;
        char *token;
        Timer *timer;
} ManagerProbe;

struct Manager {
        Engine engine; /* a copy; what it points to is borrowed */
        Config *config;
        CertContext context;
        ManagerCa *cas;
        size_t ca_count;
        Watches *watches;
        Cert **certs; /* in the order of the configuration */
        size_t cert_count;
        ManagerTask *tasks; /* owns */
        ManagerProbe probe;
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

/* manager-probe.c */
void manager_probe_end(Manager *m);

/* manager-task.c */
int manager_task_new(
                Manager *m, const char *ca, manager_task_fn fn, void *userdata, ManagerTask **ret);
void manager_task_free(ManagerTask *t);
void manager_task_end(ManagerTask *t, bool ok, const char *message); /* frees; tells */
void manager_tasks_of_session_gone(Manager *m, const Session *session);

/* manager-ca.c */
void manager_cas_free(ManagerCa *cas, size_t count);
/* One entry per CA of `config`, empty if no certificate uses it. What goes on is moved out of m->cas. */
int manager_cas_carry(Manager *m, const Config *config, ManagerCa **ret, size_t *ret_count);
CertCas manager_cas_of(ManagerCa *cas, size_t count, const CertificateConfig *config);
/* The CA of this name, opened also if no certificate uses it. -ENOENT: it is not configured. */
int manager_ca_open(Manager *m, const char *name, ManagerCa **ret);
bool manager_ca_is_renewed(ManagerCa *cas, size_t count, const CertificateConfig *config);
