#pragma once

/* The way of an order, step by step. For the order*.c files only:
 *
 *   order-handlers.c  one handler per cell: what an event means in a state
 *   order-new.c       newOrder: what it carries, and what is left out when it is refused
 *   order-follow.c    what follows from the status of an order that was read
 *   order-download.c  the chain: alternates, issuers apart, replication lag */

#include "acme/order-internal.h"

#define FINALIZE_MAX         3 /* the first and two repeats (O-07) */
#define NOT_READY_MAX        5 /* orderNotReady (I-04) */
#define READY_LAG_MAX        3 /* polls that still say `ready` after an accepted finalize (O-06) */
#define CSR_TRIES_MAX        5
#define LOOK_EVERY_POLLS     6   /* order polls between two looks at the authorizations (J-09) */
#define READY_MAX_SEC        300 /* S-05 */
#define PROCESSING_FRONT_SEC 600 /* S-05: then hourly */
#define CERTIFICATE_LAG_SEC  300 /* O-10 */
#define DOWNLOAD_MAX_SEC     120 /* P-01 */
#define ISSUER_HOPS_MAX      5   /* P-06 */
#define ALTERNATES_MAX       10  /* chains that are looked at (P-07) */
#define STUCK_POLL_SEC       300 /* O-09, in emergency time */
#define STUCK_SEC            ((int64_t) SEC_PER_HOUR) /* processing, in emergency time (O-09) */
#define FINALIZE_WAIT_SEC    3                        /* O-06 */
#define EXPIRES_SOON_SEC     120                      /* H-07 */

typedef int (*OrderHandler)(OrderMachine *m, OrderRow *row, const OrderEvent *e);

/* order-handlers.c */
int order_on_start(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_resume(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_order(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_poll(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_csr(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_csr_timer(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_finalize(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_abort(OrderMachine *m, OrderRow *row, const OrderEvent *e);

/* order-new.c */
int order_wish_fill(OrderWish *w, const OrderSpec *spec);
void order_wish_done(OrderWish *w);
int order_send_new(OrderMachine *m);
/* The order that newOrder gave: does it have what was asked for (H-11)? 1: no, it was given up. */
int order_check_echo(OrderMachine *m, const Order *o);
int order_on_new_order(OrderMachine *m, OrderRow *row, const OrderEvent *e);

/* order-follow.c */
/* Reads an order object and follows its status. `place` names the answer it came in. */
int order_follow(OrderMachine *m, const OrderEvent *e, ProblemPlace place);
int order_send_finalize(OrderMachine *m);
int order_ask_csr(OrderMachine *m);

/* order-download.c */
int order_download(OrderMachine *m, const char *url); /* begins with the default chain */
void order_download_done(OrderDownload *d);
int order_on_certificate(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_download_timer(OrderMachine *m, OrderRow *row, const OrderEvent *e);
