#pragma once

/* The authorizations of an order. For the order*.c files only:
 *
 *   order-rows.c    one row each, all in parallel
 *   order-row.c     one authorization: reading, showing, posting
 *   order-choice.c  which challenge a row takes */

#include "acme/order-internal.h"

#define ROWS_IN_FLIGHT_MAX    4 /* requests for rows at a time (J-01, X-05) */
#define CHALLENGE_POSTS_MAX   6 /* of one challenge: the first and five repeats (J-09) */
#define CHALLENGE_REFUSED_MAX 3 /* POSTs in vain before a refusal is believed (J-08) */
#define SETTLE_FIRST_SEC      2 /* J-11 */

typedef enum RowPhase {
        ROW_FETCH,   /* the authorization is to be read */
        ROW_PRESENT, /* the challenge is being shown */
        ROW_SETTLE,  /* it is shown; the POST is held back for a while (J-09) */
        ROW_ACCEPT,  /* the POST to the challenge is due or on its way */
        ROW_WAIT,    /* the CA validates */
        ROW_VALID,
        ROW_DEAD, /* read after the order became invalid, and no reason in it */
} RowPhase;

struct OrderRow {
        char *url;        /* owns; of the authorization */
        char *identifier; /* owns; NULL before the first read */
        RowPhase phase;
        OrderPending pending;
        Patience patience;
        ChallengeType type;  /* the chosen one; CHALLENGE_TYPE_MAX: none yet */
        char *token;         /* owns; "" for dns-persist-01 */
        char *challenge_url; /* owns */
        char *trouble;       /* owns; why the last one could not be shown; NULL */
        bool wildcard;
        unsigned tried;   /* bit per type that did not work here */
        unsigned posts;   /* to the chosen challenge */
        unsigned refused; /* of these */
        bool answered;    /* the last POST was accepted, or the server works already */
};

/* order-choice.c */
/* May an authorization for this identifier be answered? *ret_wildcard: by DNS only. */
bool order_wants_identifier(const OrderMachine *m, const Authorization *a, bool *ret_wildcard);
/* NULL: none left. */
const Challenge *order_choose(const OrderMachine *m, const OrderRow *row, const Authorization *a);
int order_fail_no_challenge(OrderMachine *m, const OrderRow *row, const Authorization *a);
/* The challenge's problem that says why an authorization is invalid (J-15); NULL if none. */
const Problem *authorization_reason(const Authorization *a);

/* order-row.c */
void row_forget_challenge(OrderRow *row);
/* Every path on which a row stops showing its challenge comes through here. */
int row_hide(OrderMachine *m, OrderRow *row);
int row_fetched(OrderMachine *m, OrderRow *row, const OrderEvent *e); /* the authorization */
int row_posted(OrderMachine *m, OrderRow *row, const OrderEvent *e);  /* the answer to {} */

/* order-rows.c */
int rows_create(OrderMachine *m, const StringList *urls);
int rows_look(OrderMachine *m, const OrderEvent *e); /* reads again what is not known to be valid */
int rows_advance(OrderMachine *m, const OrderEvent *e);
int rows_end(OrderMachine *m); /* all are valid or lost: nothing is shown any more */
bool rows_all_valid(const OrderMachine *m);
void rows_done(OrderMachine *m);
int row_on_reply(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int row_on_presented(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int row_on_timer(OrderMachine *m, OrderRow *row, const OrderEvent *e);
