#pragma once

/* What a person asks of the account of a session. */

#include "daemon/session.h"

/* What the file daemon/session-job.c does with an account when a person asks for it. */
typedef enum AccountAction {
        ACCOUNT_SHOW,       /* as the CA sees it */
        ACCOUNT_CREATE,     /* there is one; with a new key if asked for */
        ACCOUNT_FIND,       /* ask the CA, never make one (F-06) */
        ACCOUNT_UPDATE,     /* contacts as configured (F-08) */
        ACCOUNT_AGREE,      /* to changed terms (F-05) */
        ACCOUNT_ROLLOVER,   /* F-12 */
        ACCOUNT_DEACTIVATE, /* F-10 */
        ACCOUNT_REPAIR,     /* F-15, also where that was not tried any more */
        ACCOUNT_ACTION_MAX,
} AccountAction;

typedef struct AccountJob AccountJob;
/* `failure` NULL: done; `message`: what was done. Both borrowed. */
typedef void (*account_job_fn)(const Failure *failure, const char *message, void *userdata);

typedef struct AccountWish {
        AccountAction action;
        bool new_key;                    /* of ACCOUNT_CREATE */
        bool (*is_busy)(void *userdata); /* an order is under way with this account (F-14) */
        account_job_fn fn;               /* called once, from the loop */
        void *userdata;
} AccountWish;

/* Begins; one at a time (-EBUSY). Freeing the job cancels it: what the CA was asked is settled before its next request. */
int session_account_job(Session *s, const AccountWish *wish, AccountJob **ret);
AccountJob *account_job_free(AccountJob *j);
DEFINE_CLEANUP(AccountJob *, account_job_free)
