#pragma once

/* The insides of the order machine, for the order-*.c files only:
 *
 *   order.c           the object and the table of states and events
 *   order-handlers.c  one handler per cell: what an event means in a state
 *   order-new.c       newOrder: what it carries, and what is left out when it is refused
 *   order-download.c  the chain: alternates, issuers apart, replication lag
 *   order-follow.c    what follows from the status of an order that was read
 *   order-rows.c      the authorizations: one row each, all in parallel
 *   order-row.c       one authorization: reading, showing, posting
 *   order-choice.c    which challenge a row takes
 *   order-reply.c     answers: good, lost, later, refused; waits and deadlines
 *   order-failure.c   the end without a certificate
 *   order-effects.c   the queue of effects and the journal of what is shown
 *   order-save.c      the durable form
 *   order-describe.c  one clause for a person */

#include "acme/order.h"

#define ROWS_IN_FLIGHT_MAX    4 /* requests for rows at a time (J-01, X-05) */
#define CHALLENGE_POSTS_MAX   6 /* of one challenge: the first and five repeats (J-09) */
#define CHALLENGE_REFUSED_MAX 3 /* POSTs in vain before a refusal is believed (J-08) */
#define FINALIZE_MAX          3 /* the first and two repeats (O-07) */
#define NOT_READY_MAX         5 /* orderNotReady (I-04) */
#define READY_LAG_MAX         3 /* polls that still say `ready` after an accepted finalize (O-06) */
#define LATER_MAX             8 /* refusals of class LATER in a row */
#define LATER_WAIT_MAX_SEC    3600 /* a longer Retry-After is the caller's to wait for */
#define CSR_TRIES_MAX         5
#define LOOK_EVERY_POLLS      6   /* order polls between two looks at the authorizations (J-09) */
#define POLL_MAX_SEC          60  /* S-04 */
#define AUTHORIZATION_MAX_SEC 600 /* S-05 */
#define READY_MAX_SEC         300 /* S-05 */
#define PROCESSING_FRONT_SEC  600 /* S-05: then hourly */
#define ORDER_LIFE_MAX_SEC    ((int64_t) 7 * SEC_PER_DAY) /* H-07, whatever the CA says */
#define PROCESSING_MAX_SEC    ((int64_t) SEC_PER_DAY)     /* O-09, where the order does not say */
#define CERTIFICATE_LAG_SEC   300                         /* O-10 */
#define DOWNLOAD_MAX_SEC      120                         /* P-01 */
#define ISSUER_HOPS_MAX       5                           /* P-06 */
#define ALTERNATES_MAX        10                          /* chains that are looked at (P-07) */
#define NEW_LAG_SEC           120 /* a new order may be unknown for so long (W-16) */
#define STUCK_POLL_SEC        300 /* O-09, in emergency time */
#define STUCK_SEC             ((int64_t) SEC_PER_HOUR) /* processing, in emergency time (O-09) */
#define SETTLE_FIRST_SEC      2                        /* J-11 */
#define FINALIZE_WAIT_SEC     3                        /* O-06 */
#define EXPIRES_SOON_SEC      120                      /* H-07 */

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

typedef enum RowPhase {
        ROW_FETCH,   /* the authorization is to be read */
        ROW_PRESENT, /* the challenge is being shown */
        ROW_SETTLE,  /* it is shown; the POST is held back for a while (J-09) */
        ROW_ACCEPT,  /* the POST to the challenge is due or on its way */
        ROW_WAIT,    /* the CA validates */
        ROW_VALID,
        ROW_DEAD, /* read after the order became invalid, and no reason in it */
} RowPhase;

typedef struct OrderRow {
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
} OrderRow;

/* One challenge that is shown, or was when the file was written (J-13). */
typedef struct OrderShown {
        ChallengeType type;
        char *identifier; /* owns */
        char *token;      /* owns */
        bool live;        /* a row of this run stands behind it */
} OrderShown;

/* A queued effect; owns the strings that the public form borrows. */
typedef struct QueuedEffect {
        OrderEffect effect;
        char *url, *identifier, *token, *profile, *replaces, *text;
} QueuedEffect;

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

typedef int (*OrderHandler)(OrderMachine *m, OrderRow *row, const OrderEvent *e);

/* order.c */
void order_set_state(OrderMachine *m, OrderState to); /* the only writer of m->state */

/* order-effects.c: queue, ids, journal */
int order_queue(OrderMachine *m, const OrderEffect *effect);
int order_queue_save(OrderMachine *m);
int order_queue_call(OrderMachine *m, OrderPending *owner, OrderCall call, const char *url);
/* Never more than a tenth of the expected lifetime, never less than a second. */
int64_t order_cap_delay(const OrderMachine *m, int64_t delay_sec);
int order_queue_tell(OrderMachine *m, const char *format, ...) _printf_(2, 3);
int order_queue_wait(OrderMachine *m, OrderPending *owner, int64_t delay_sec); /* capped */
void order_queue_settle(OrderMachine *m);    /* frees what was taken */
void order_queue_drop_asks(OrderMachine *m); /* what was not taken and would ask for an answer */
void order_queue_done(OrderMachine *m);
unsigned order_next_id(OrderMachine *m);
int journal_load(OrderMachine *m, ChallengeType type, const char *identifier, const char *token);
/* 1: the journal changed and must be saved before the challenge is shown. */
int journal_add(OrderMachine *m, const OrderRow *row);
int journal_remove(OrderMachine *m, const OrderRow *row); /* with EFFECT_REMOVE */
int journal_sweep(OrderMachine *m, bool all); /* leftovers, or all; with EFFECT_REMOVE */
bool journal_has(
                const OrderMachine *m,
                ChallengeType type,
                const char *identifier,
                const char *token);
void journal_done(OrderMachine *m);

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

/* order-follow.c */
/* Reads an order object and follows its status. `place` names the answer it came in. */
int order_follow(OrderMachine *m, const OrderEvent *e, ProblemPlace place);
int order_send_finalize(OrderMachine *m);
int order_ask_csr(OrderMachine *m);

/* order-new.c */
int order_wish_fill(OrderWish *w, const OrderSpec *spec);
void order_wish_done(OrderWish *w);
int order_send_new(OrderMachine *m);
/* The order that newOrder gave: does it have what was asked for (H-11)? 1: no, it was given up. */
int order_check_echo(OrderMachine *m, const Order *o);
int order_on_new_order(OrderMachine *m, OrderRow *row, const OrderEvent *e);

/* order-download.c */
int order_download(OrderMachine *m, const char *url); /* begins with the default chain */
void order_download_done(OrderDownload *d);
int order_on_certificate(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_download_timer(OrderMachine *m, OrderRow *row, const OrderEvent *e);

/* order-handlers.c */
int order_on_start(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_resume(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_order(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_poll(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_csr(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_csr_timer(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_finalize(OrderMachine *m, OrderRow *row, const OrderEvent *e);
int order_on_abort(OrderMachine *m, OrderRow *row, const OrderEvent *e);
