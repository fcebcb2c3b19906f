#pragma once

/* The order machine of an attempt, driven. For cert*.c only:
 *
 *   cert-order.c      its effects and its events
 *   cert-ask.c        what it asks for: requests, CSR, time
 *   cert-show.c       challenges shown and taken away
 *   cert-challenge.c  which types of them */

#include "daemon/cert-internal.h"

/* One effect that waits for its answer. */
struct CertAsk {
        Cert *cert;
        struct CertAsk *next;
        unsigned id;
        OrderCall order_call;
        SessionCall *call;
        HelperCall *csr;
        Timer *timer;
};

/* cert-order.c */
int cert_order_start(Cert *c);
void cert_order_pump(Cert *c);
void cert_order_stop(Cert *c); /* ABORT, and what it shows is removed */
void cert_order_step(Cert *c, OrderEvent *e);
/* Ends the attempt for a reason that the machine does not know. `why` may be NULL. */
void cert_order_give_up(Cert *c, ProblemClass class, bool dead, const char *what, const char *why);

/* cert-ask.c; after each of them the machine may be gone */
int cert_ask_call(Cert *c, const OrderEffect *e);
int cert_ask_csr(Cert *c, const OrderEffect *e);
int cert_ask_wait(Cert *c, const OrderEffect *e);
void cert_retire_key(Cert *c); /* the open attempt's: it is never kept for another */
void cert_asks_free(Cert *c);
CertAsk *cert_ask_new(Cert *c, const OrderEffect *e);
void cert_ask_free(CertAsk *a);

/* cert-show.c */
int cert_show_init(Cert *c);
void cert_show_present(Cert *c, const OrderEffect *e); /* after it the machine may be gone */
void cert_show_remove(Cert *c, const OrderEffect *e);
void cert_show_go(Cert *c); /* the pump has done what there is to do */

/* cert-challenge.c */
size_t cert_challenges(const Cert *c, ChallengeType ret[CHALLENGE_TYPE_MAX]);
int cert_describe_challenges(const Cert *c, char **ret);
