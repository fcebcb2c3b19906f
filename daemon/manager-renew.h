#pragma once

/* What a person asks of one certificate, step by step: a renewal, an import, a stand-in, a rehearsal. */

#include "daemon/manager.h"

/* Each step is told to `step` until `done`. The watch is freed by its owner; freeing it does not stop what it looks at. */
typedef struct RenewWatch RenewWatch;
typedef void (*renew_step_fn)(const char *step, bool done, bool ok, void *userdata);
RenewWatch *renew_watch_free(RenewWatch *w);
DEFINE_CLEANUP(RenewWatch *, renew_watch_free)

typedef enum ManagerRenew {
        MANAGER_RENEW_PLAINLY = 0,
        MANAGER_RENEW_FORCE = 1 << 0,
        /* no window is waited for; what only waits is not ordered */
        MANAGER_RENEW_TELL_NOW = 1 << 1,
        MANAGER_RENEW_INSIST = 1 << 2, /* FORCE, and before the CA's Retry-After is over (S-11) */
} ManagerRenew;

/* Renew now. -ENOENT unknown, -EUCLEAN broken configuration, -EBUSY with FORCE: an order is on its way (it is watched all
 * the same without it), -EAGAIN: a Retry-After forbids it without INSIST, or the issuance guard without FORCE; *ret_message
 * (malloc'ed) says until when. */
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
