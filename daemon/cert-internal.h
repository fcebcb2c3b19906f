#pragma once

/* The insides of a certificate's life, for cert*.c only: the object, its configuration and its plan (cert.c), and what is
 * on disk at start (cert-load.c). The rest has a header for each of its steps:
 *
 *   cert-plan.h       when a new one is ordered, for which names, and from whom
 *   cert-attempt.h    an attempt from its admission to the chain, or to its end without
 *   cert-order.h      the order machine, driven
 *   cert-install.h    published, and wanted at the targets
 *   cert-rehearsal.h  the way of its renewal, walked before at another CA
 *   cert-words.h      what is told of it
 *
 * What cert.h promises and nobody here asks for stands in cert-account.c (what becomes of it with its account, and when it
 * is revoked), cert-json.c and cert-persist.c. */

#include "acme/certinfo.h"
#include "acme/order.h"
#include "daemon/cert.h"
#include "daemon/preflight.h"
#include "daemon/presenter.h"
#include "daemon/record.h"
#include "daemon/renew.h"
#include "daemon/session-request.h"
#include "daemon/target.h"

typedef enum CertPhase {
        CERT_IDLE,
        CERT_CHECKING,  /* the names are looked at as the CA will */
        CERT_QUEUED,    /* waits for the pacer */
        CERT_PREPARING, /* waits for the session */
        CERT_ORDERING,  /* the order machine runs */
        CERT_STORING,   /* the chain is checked and must be saved */
} CertPhase;

/* What is under way for the stand-in; all owned. */
typedef struct CertStandIn {
        HelperCall *call;
        Slot *slot;
        Timer *timer;
        size_t next; /* the target that is asked */
        unsigned failures;
} CertStandIn;

/* What holds a due order up. */
typedef enum CertDelay {
        DELAY_NONE,
        DELAY_FAILED,      /* backoff after a failure (S-06) */
        DELAY_UNREACHABLE, /* the CA did not answer */
        DELAY_QUOTA,       /* two attempts a day (R1.59) */
        DELAY_GUARD,       /* issued too often (S-08) */
        DELAY_RETRY_AFTER, /* the CA's own word about this certificate */
        DELAY_HELD,        /* ... about all of its account */
        DELAY_BUDGET,      /* what the CA allows is used up */
        DELAY_CHECK,       /* its names are not ready for an order */
        DELAY_SPREAD,      /* not all at once (Y-08) */
} CertDelay;

/* Of one CA, in memory: not worth a write. */
typedef struct CertReach {
        int64_t soon;      /* next try after it could not be reached */
        unsigned failures; /* in a row */
} CertReach;

typedef struct CertAsk CertAsk;

struct Cert {
        CertContext *context;            /* borrowed */
        Cert *next;                      /* of the context's */
        const CertificateConfig *config; /* borrowed */
        CertCas cas;
        size_t ca_index;
        CertCa ca; /* of these, the one that is asked */
        CertReach reach[CERTIFICATE_CAS_MAX];
        Record record;
        bool damaged; /* the record could not be read */

        bool present; /* a chain is on disk, and of use */
        CertInfo info;

        /* renewal information */
        Timer *info_timer;
        SessionInfo *info_call;
        bool info_at_start; /* the next answer is worth a write: a start in a loop must not ask each time */

        /* the plan */
        RenewPlan plan;
        Timer *plan_timer;
        int64_t planned;      /* when plan_timer is due; 0: none */
        int64_t spread_until; /* nothing that is not urgent before (Y-08) */
        CertDelay delay;      /* of the due order, until */
        int64_t delay_until;
        BudgetReason delay_budget;
        char *delay_name;    /* whom the budget blames; may be NULL */
        int64_t guard_until; /* S-08; 0: it does not hold */
        bool guard_told;
        bool late_told;                /* D12 */
        bool wanted, forced, insisted; /* by hand */
        bool awaits_twin;              /* it is due, and its twin has an order open */

        /* the look before an attempt */
        Preflight *preflight; /* owns; NULL: none under way */
        Slot *check_slot;     /* owns */
        char *check_words;    /* owns; what it found; NULL: nothing, or not looked */
        bool check_certain;
        unsigned checks;       /* that found something, in a row */
        int64_t checked_since; /* the first of them; 0: none */
        int64_t check_again;   /* no attempt before, unless it is urgent */

        /* the attempt */
        CertPhase phase;
        PacerTicket *ticket;
        SessionWait *wait;
        OrderMachine *machine;
        OrderEventKind begin; /* START or RESUME, when the attempt is durable */
        bool beginning;
        bool with_replaces; /* newOrder was to name the predecessor */
        CertAsk *asks;
        bool unsaved; /* the record must be saved before anything else */
        Timer *save_timer;
        unsigned save_failures;
        bool replaces_in_vain; /* the last order was refused with its predecessor and without it */
        Presenter *presenter; /* what programs show; outlives the attempt; of a rehearsal: borrowed */
        unsigned lost;        /* answers, in this attempt */
        int64_t lost_since;
        char *lost_text;
        Bytes chain; /* checked, waiting to be saved */

        /* the certificate in the world */
        bool live;
        Slot *slot;
        HelperCall *publish;
        Timer *publish_timer;
        usec_t publish_at; /* CLOCK_BOOTTIME; of publish_timer */
        unsigned publish_failures, mismatches;
        char *publish_error;
        bool prune_wanted;
        HelperCall *prune, *retire;
        Target **targets;
        size_t target_count;
        bool tell_now; /* by hand: no window and no canary is waited for */

        Cert *rehearsal; /* owns; NULL: its first CA has none to rehearse at */
        Cert *rehearses; /* borrowed; of a rehearsal: the certificate that it is for */

        CertStandIn stand_in;

        CertWatch *watches;
        unsigned watch_round;
};

/* cert.c */
void cert_set_phase(Cert *c, CertPhase phase); /* the only writer */
void cert_plan(Cert *c);
void cert_plan_soon(Cert *c); /* from the loop */
void cert_changed(Cert *c);
int64_t cert_now(const Cert *c);
int64_t cert_lifetime(const Cert *c); /* 0: not known */
bool cert_fits(const Cert *c);
bool cert_is_extra(const Cert *c); /* a new order would be no renewal */
bool cert_is_due(const Cert *c);   /* a new certificate is wanted, now or as soon as it may be */
RenewPlan cert_plan_at(const Cert *c, int64_t now);
StoreKind cert_store_kind(const Cert *c);
int cert_save(Cert *c); /* the record; the caller says what failing means */
const char *cert_key_type(const Cert *c);

/* cert-load.c */
int cert_load(Cert *c);
int cert_load_record(Cert *c);
