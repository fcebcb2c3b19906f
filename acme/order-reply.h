#pragma once

/* Answers and what follows from a bad one. For the order*.c files only:
 *
 *   order-reply.c    good, lost, later, refused; waits and deadlines
 *   order-failure.c  the end without a certificate */

#include "acme/order-internal.h"

#define LATER_MAX             8    /* refusals of class LATER in a row */
#define LATER_WAIT_MAX_SEC    3600 /* a longer Retry-After is the caller's to wait for */
#define POLL_MAX_SEC          60   /* S-04 */
#define AUTHORIZATION_MAX_SEC 600  /* S-05 */
#define ORDER_LIFE_MAX_SEC    ((int64_t) 7 * SEC_PER_DAY) /* H-07, whatever the CA says */
#define PROCESSING_MAX_SEC    ((int64_t) SEC_PER_DAY)     /* O-09, where the order does not say */
#define NEW_LAG_SEC           120 /* a new order may be unknown for so long (W-16) */

/* order-reply.c */
typedef enum ReplyKind {
        REPLY_GOOD,    /* 2xx */
        REPLY_LOST,    /* no answer */
        REPLY_LATER,   /* not now */
        REPLY_REFUSED, /* never */
} ReplyKind;

typedef struct Reply {
        ReplyKind kind;
        ProblemClass class;
        ProblemPlace place;
        Problem problem;
} Reply;

void reply_done(Reply *r);
int reply_read(const OrderMachine *m, const OrderEvent *e, ProblemPlace place, Reply *ret);
/* The reply is not good: the owner waits and asks again, or the order fails. */
int order_setback(
                OrderMachine *m,
                OrderPending *owner,
                Patience *patience,
                const Reply *r,
                const OrderEvent *e);
/* Reads the reply for `owner`. 0: good; 1: it was not, and what follows is queued. */
int order_check_reply(
                OrderMachine *m,
                OrderPending *owner,
                Patience *patience,
                ProblemPlace place,
                const OrderEvent *e);
/* A 2xx that cannot be understood counts as `later`. */
int order_bad_answer(
                OrderMachine *m,
                OrderPending *owner,
                Patience *patience,
                ProblemPlace place,
                const char *reason,
                const OrderEvent *e);
int64_t order_poll_delay(OrderMachine *m, const OrderEvent *e); /* S-05, or Retry-After */
/* Waits for the next poll in ORDER; counts the time spent in `status`. */
int order_wait_poll(OrderMachine *m, AcmeStatus status, int64_t delay_sec);

/* order-failure.c */
int order_fail(OrderMachine *m,
               ProblemClass class,
               ProblemPlace place,
               const char *identifier,
               const char *message);
int order_fail_problem(
                OrderMachine *m,
                ProblemClass class,
                ProblemPlace place,
                const Problem *p,
                const char *identifier,
                int64_t retry_after_sec);
/* Of a problem inside a dead order: a class that does not ask to repeat it. */
ProblemClass order_dead_class(const Problem *p, ProblemPlace place);
/* The order is invalid and the authorizations gave no reason. */
int order_fail_invalid(OrderMachine *m);
void order_failure_done(OrderFailure *f);
