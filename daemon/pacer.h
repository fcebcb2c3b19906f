#pragma once

/* Admission to one CA (S-07, S-09, X-06): so many orders in flight, so many new ones in three hours, none while the
 * CA wants to be left alone. Nearest expiry first, with a reserve for what is urgent. */

#include "daemon/account.h"
#include "daemon/loop.h"

typedef struct Pacer Pacer;
typedef struct PacerTicket PacerTicket;

typedef struct PacerWish {
        int64_t not_after; /* of the certificate to be replaced; 0: none */
        bool urgent;       /* it is about to expire, or has: may use the reserve (T-13) */
        bool fresh;        /* a new order will be placed */
        bool extra;        /* no renewal: another share of the budget is kept back from it */
        bool force;        /* a person says so: but for the CA's own word nothing counts (S-11) */
        bool insist;       /* and that neither */
} PacerWish;

/* `account` is borrowed; it keeps holds and orders over restarts. */
int pacer_new(Loop *loop, Account *account, int64_t max_orders, int64_t budget, Pacer **ret);
Pacer *pacer_free(Pacer *p); /* tickets that are left become empty */
DEFINE_CLEANUP(Pacer *, pacer_free)

void pacer_configure(Pacer *p, int64_t max_orders, int64_t budget);

/* `fn` is called from the loop when the order may begin. Freeing the ticket gives its place back. */
int pacer_acquire(Pacer *p, const PacerWish *wish, loop_fn fn, void *userdata, PacerTicket **ret);
PacerTicket *pacer_ticket_free(PacerTicket *t);
DEFINE_CLEANUP(PacerTicket *, pacer_ticket_free)

/* newOrder is about to be sent: it counts from now on, durably. */
int pacer_spend(PacerTicket *t);

/* Nobody begins before this instant; a hold grows but does not shrink. */
int pacer_hold(Pacer *p, int64_t until);

/* Nobody begins before this instant, or before somebody has acted and said so (F-05). Not kept over a restart: whoever
 * begins then learns it again. */
void pacer_park(Pacer *p, int64_t until);
void pacer_unpark(Pacer *p);

/* The CA limited the order of `who` without saying that the limit is only this certificate's. When another one
 * meets the same before the first may go on, it is everybody's. */
int pacer_limited(Pacer *p, const char *who, int64_t until);

/* Why a ticket is not admitted yet. */
typedef enum PacerDelay {
        PACER_TURN,  /* others come first */
        PACER_HELD,  /* the CA wants to be left alone until *ret_until */
        PACER_SPENT, /* the budget of three hours is used up, until *ret_until at the earliest */
} PacerDelay;
PacerDelay pacer_delay(const PacerTicket *t, int64_t *ret_until);
int64_t pacer_budget(const Pacer *p); /* new orders in three hours; 0: any number */

/* Unix seconds, or 0: not held. */
int64_t pacer_held_until(const Pacer *p);

/* The same, but only of what the CA said itself (S-11). */
int64_t pacer_asked_until(const Pacer *p);
