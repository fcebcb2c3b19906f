#pragma once

/* What a person asks of the manager that takes its time: accounts, revocation, giving back. */

#include "daemon/account-job.h"
#include "daemon/manager.h"

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
