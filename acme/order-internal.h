#pragma once

/* The insides of the order machine, for the order*.c files only: the object and the table of states and events (order.c),
 * its durable form (order-save.c) and one clause for a person (order-describe.c). The rest has a header for each part:
 *
 *   order-effects.h  what is wanted of whoever drives it, and what is shown
 *   order-reply.h    answers, waits and the end without a certificate
 *   order-row.h      the authorizations
 *   order-steps.h    what an event means in a state */

#include "acme/order.h"

/* What an owner (the machine itself or a row) waits for; one thing at a time. */
typedef struct OrderPending {
        OrderEffectKind kind;
        unsigned id; /* 0: nothing */
} OrderPending;

/* Answers in vain, in a row; a good answer sets both to zero. */
typedef struct Patience {
        unsigned lost;  /* the CA could not be reached */
        unsigned later; /* it said: not now */
} Patience;

/* One challenge that is shown, or was when the file was written (J-13). */
typedef struct OrderShown {
        ChallengeType type;
        char *identifier; /* owns */
        char *token;      /* owns */
        bool live;        /* a row of this run stands behind it */
} OrderShown;

typedef struct OrderRow OrderRow;
typedef struct QueuedEffect QueuedEffect;

/* What newOrder asks for besides the names; members are taken out when the CA refuses them. */
typedef struct OrderWish {
        char *profile, *replaces; /* own */
        bool profile_required;
        int64_t not_before, not_after;
} OrderWish;

/* The chain that is being fetched. */
typedef struct OrderDownload {
        char *url;             /* owns; of the next request */
        Bytes pem;             /* what has come of this chain */
        unsigned hops;         /* issuers fetched one by one */
        bool alternate;        /* it is not the default one */
        StringList alternates; /* URLs still to be looked at, from `next` on */
        size_t next;
} OrderDownload;

struct OrderMachine {
        /* the specification, copied */
        StringList names; /* lower case */
        StringList origins;
        ChallengeType *challenges;
        size_t challenge_count;
        int64_t lifetime_hint_sec, emergency;
        OrderWish wish;
        char *preferred_chain;

        OrderState state;
        OrderPending pending;
        Patience patience;
        unsigned last_id;

        QueuedEffect *queue;
        size_t queue_size, queue_head; /* before the head: taken, borrowed until the next step */

        /* durable */
        char *url;
        char *finalize;
        int64_t created; /* when the order was first seen */
        int64_t expires; /* 0: not said */
        int64_t processing_since;
        Bytes csr;
        unsigned finalize_sent;
        bool csr_refused; /* another was asked for: once (O-08) */
        OrderShown *shown;
        size_t shown_count;

        /* of this run */
        bool placed;  /* by this run: what the CA does not know yet may still come (W-16) */
        bool learned; /* an order object was read */
        AcmeStatus last_status; /* of it; UNKNOWN before */
        bool odd_told;          /* that its status went where none leads */
        OrderDownload download;
        OrderRow *rows;
        size_t row_count;
        bool invalid; /* the order is; rows are read for the reason */
        bool has_error;
        Problem error;      /* the order's own, if invalid and has_error */
        Problem refusal;    /* the last one of finalize; status 0: none */
        bool last_look;     /* rows are read a last time before giving up */
        bool accepted;      /* finalize was answered with 2xx */
        unsigned polls;     /* position in the table of poll delays */
        unsigned not_ready; /* orderNotReady in a row */
        unsigned ready_lag;
        unsigned csr_tries;
        int64_t hint_sec;       /* longest Retry-After of the challenge POSTs */
        int64_t waited_sec;     /* in the present kind of waiting: see order_wait_poll() */
        AcmeStatus waiting_for; /* status that waited_sec counts in */
        Bytes chain;
        OrderFailure failure;
};

/* order.c */
void order_set_state(OrderMachine *m, OrderState to); /* the only writer of m->state */
