#pragma once

/* All certificates of one configuration: starts their lives, carries a changed configuration over, answers questions. */

#include "daemon/account-job.h"
#include "daemon/engine.h"

typedef struct Manager Manager;

/* `config` is taken. `changed` is called (from the loop) when the answers to questions may have changed. */
int manager_new(Engine *engine,
                Config *config,
                void (*changed)(void *userdata),
                void *userdata,
                Manager **ret);
Manager *manager_free(Manager *m);
DEFINE_CLEANUP(Manager *, manager_free)

/* Plans every certificate and begins. With `once` nothing is spread over time. */
int manager_start(Manager *m, bool once);

/* Takes a new configuration: running orders of unchanged certificates go on untouched; changed ones are planned again;
 * removed ones are aborted and forgotten in memory (their state stays on disk). */
int manager_reload(Manager *m, Config *config);

const Config *manager_config(const Manager *m);

/* Nothing is under way and nothing is due now (for --once). */
bool manager_is_settled(const Manager *m);

/* Every certificate valid, deployed and verified, configuration without error? */
bool manager_is_degraded(const Manager *m);

/* "3 certificates valid; next renewal mail.example.org on 2027-01-03 (in 43 days)", or what is wrong and until when it
 * is safe to ignore. malloc'ed. */
int manager_sentence(const Manager *m, char **ret);

/* Grows whenever the scheduler made progress or looked and found nothing due: food of the watchdog. */
uint64_t manager_progress(const Manager *m);

/* See cert_persist_records(); -ENOENT: there is no such certificate. */
int manager_persist_records(const Manager *m, const char *name, StringList *ret);

/* The array of WatchedEndpoint; and pins of the first sight are forgotten (-ENOENT: there is no such watch). */
int manager_watches_json(const Manager *m, Json **ret);
int manager_forget_pins(Manager *m, const char *name);

/* Varlink shapes of io.renewd.Manager. -ENOENT: unknown name. */
int manager_status_json(const Manager *m, Json **ret);
size_t manager_count(const Manager *m);
int manager_certificate_json_at(const Manager *m, size_t i, Json **ret);
int manager_certificate_json(const Manager *m, const char *name, Json **ret);

/* ---- accounts and revocation ---- */

int manager_accounts_json(const Manager *m, Json **ret); /* an array */
int manager_account_json(const Manager *m, const char *ca, Json **ret);

/* The manager's own; whoever asked forgets it when he goes, and it goes on. */
typedef struct ManagerTask ManagerTask;
typedef void (*manager_task_fn)(bool ok, const char *message, void *userdata);
void manager_task_forget(ManagerTask *t);

typedef struct ManagerAccountWish {
        AccountAction action;
        bool new_key; /* of ACCOUNT_CREATE */
} ManagerAccountWish;

/* -ENOENT: unknown CA; -EBUSY: another one is under way there. `fn` is called once, from the loop. */
int manager_account(
                Manager *m,
                const char *ca,
                const ManagerAccountWish *wish,
                manager_task_fn fn,
                void *userdata,
                ManagerTask **ret);

typedef struct ManagerRevokeWish {
        const char *name; /* of a certificate that is, or was, configured */
        int64_t reason;   /* RFC 5280 §5.3.1 */
        bool with_key;
        bool replace; /* keyCompromise always is */
} ManagerRevokeWish;

/* -ENOENT: there is no such certificate, or its CA is not configured. */
int manager_revoke(
                Manager *m,
                const ManagerRevokeWish *wish,
                manager_task_fn fn,
                void *userdata,
                ManagerTask **ret);

/* What stood at its targets before renewd stands there again, and nothing more is done there until the configuration is read
 * anew. Of what was done `fn` gets a line each. -ENOENT: there is no such certificate; -EBUSY: it is under way. */
int manager_restore(
                Manager *m,
                const char *name,
                manager_task_fn fn,
                void *userdata,
                ManagerTask **ret);
typedef enum ManagerRenew {
        MANAGER_RENEW_PLAINLY = 0,
        MANAGER_RENEW_FORCE = 1 << 0,
        MANAGER_RENEW_TELL_NOW = 1
                                 << 1, /* no window is waited for; what only waits is not ordered */
        MANAGER_RENEW_INSIST = 1 << 2, /* FORCE, and before the CA's Retry-After is over (S-11) */
} ManagerRenew;

/* Shows a probe's answer at /.well-known/acme-challenge/TOKEN for each of the names, for a minute or until the next call.
 * -ENODEV: there is no listener and no directory to show it. */
int manager_show_probe(Manager *m, const StringList *names, char **ret_token, char **ret_answer);

/* Renew now. Each step is told to `step` until `done`. The watch is freed by its owner; freeing it does not stop the
 * renewal. -ENOENT unknown, -EUCLEAN broken configuration, -EBUSY with FORCE: an order is on its way (it is watched all the same
 * without it), -EAGAIN: a Retry-After forbids it without INSIST, or the issuance guard without FORCE; *ret_message (malloc'ed) says until when. */
typedef struct RenewWatch RenewWatch;
typedef void (*renew_step_fn)(const char *step, bool done, bool ok, void *userdata);
int manager_renew(
                Manager *m,
                const char *name,
                ManagerRenew how,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message);
/* The stand-in is at its targets; its end is told as above. -ENOENT, -EUCLEAN as above; -EEXIST: none is wanted. */
int manager_stand_in(
                Manager *m,
                const char *name,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message);
/* This chain is the certificate's, as cert_import() has it; its installation is told as above. -ENOENT: unknown. */
typedef struct ManagerImport {
        const char *name, *chain; /* PEM */
        bool force;
} ManagerImport;
int manager_import(
                Manager *m,
                const ManagerImport *wish,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message);
/* Rehearse now; steps as above. -ENOENT, -EUCLEAN as above; -EBUSY: an order of its names is on its way; -EOPNOTSUPP: its CA has
 * no Staging=. *ret_message as above. */
int manager_rehearse(
                Manager *m,
                const char *name,
                renew_step_fn step,
                void *userdata,
                RenewWatch **ret,
                char **ret_message);
RenewWatch *renew_watch_free(RenewWatch *w);
DEFINE_CLEANUP(RenewWatch *, renew_watch_free)
