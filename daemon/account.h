#pragma once

/* What is kept of one CA: the account's URL, how long the CA wants to be left alone, and how many orders
 * were placed lately (Y-01, S-07, S-09). accounts/CA.json. */

#include "daemon/store.h"

typedef struct Account Account;

/* A damaged or missing record gives an empty one: the key says who we are, and newAccount with it finds the
 * account again (F-03). */
int account_load(Store *store, const char *ca, Account **ret);
Account *account_free(Account *a);
DEFINE_CLEANUP(Account *, account_free)

/* The account's URL, if it is of this directory; else NULL. */
const char *account_url(const Account *a, const char *directory);
int account_set_url(Account *a, const char *directory, const char *url, const char *terms);

/* The CA does not know it (F-15). It is looked up before another one is made. */
int account_forget_url(Account *a);
bool account_wants_lookup(const Account *a);
const char *account_terms(const Account *a); /* as agreed to; NULL */

/* No new account is asked for before this instant (S-07); 0: none. */
int64_t account_retry_at(const Account *a);
int account_set_retry_at(Account *a, int64_t at);

int64_t account_hold_until(const Account *a);
int account_set_hold_until(Account *a, int64_t until);

/* ---- what else is known of it ---- */

/* A plain value: change it by str_replace(), then account_save(). Texts may be NULL, and are the CA's words escaped. */
typedef struct AccountLife {
        char *contact;          /* as the CA was told, divided by blanks; NULL: not known */
        char *contact_refused;  /* what it did not take */
        char *external_account; /* kid of the binding that it was made with */
        char *terms_seen; /* the directory's, told to a person; others than account_terms() are not agreed to (E-06) */
        char *status; /* "deactivated", "revoked" or "refused": of no use (F-16); NULL: good */
        int64_t status_at;
        char *action_terms, *action_url; /* of userActionRequired (F-05) */
        int64_t action_at;               /* 0: no action is required */
        char *binding_refused;           /* kid that the CA refused (G-04) */
        int64_t binding_failures;        /* ambiguous ones in a row (G-05) */
        char *former_url;                /* before the CA forgot it (F-17) */
} AccountLife;
AccountLife *account_life(Account *a);
int account_save(Account *a);

/* Durable before newAccount with a binding leaves: whatever becomes of it, the account is looked up first (G-05); false
 * when the CA has said that there is none. Nothing is written for what is so already. */
int account_expect(Account *a, bool expected);

/* New orders within `window_sec` before `now`, in steps of five minutes. */
int64_t account_orders(const Account *a, int64_t now, int64_t window_sec);
int account_add_order(Account *a, int64_t now);
/* When the oldest of them leaves the window; 0: there is none. */
int64_t account_oldest_leaves(const Account *a, int64_t now, int64_t window_sec);
