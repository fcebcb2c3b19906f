#pragma once

/* The insides of a certificate's life, for cert*.c only:
 *
 *   cert.c          the object, its configuration, the plan
 *   cert-load.c     what is on disk at start
 *   cert-preflight.c what is looked at before an attempt
 *   cert-when.c     when a due order may begin, and what holds it up
 *   cert-ca.c       which of its CAs is asked
 *   cert-optional.c names that it may do without
 *   cert-attempt.c  an attempt from its admission to its end
 *   cert-fail.c     the end of an attempt without a certificate
 *   cert-order.c    drives the order machine
 *   cert-ask.c      what it asks for: requests, CSR, time
 *   cert-show.c     challenges shown and taken away
 *   cert-challenge.c which types of them
 *   cert-chain.c    the chain that came: checked, saved, taken over
 *   cert-elsewhere.c  a certificate that a person brings
 *   cert-stand-in.c  what services have while there is none
 *   cert-install.c  published, and wanted at the targets
 *   cert-hold.c     what the targets wait for
 *   cert-twin.c     and its twin, if it has one
 *   cert-rehearsal.c  the way of its renewal, walked before at another CA
 *   cert-rehearsal-words.c  what is told of that
 *   cert-account.c  what becomes of it with its account, and when it is revoked
 *   cert-watch.c    those who look on
 *   cert-renewal-info.c  when the CA would like it renewed
 *   cert-status.c   words
 *   cert-why.c      words about time: why not sooner, and what comes when
 *   cert-json.c     JSON */

#include "acme/certinfo.h"
#include "acme/order.h"
#include "daemon/cert.h"
#include "daemon/preflight.h"
#include "daemon/presenter.h"
#include "daemon/record.h"
#include "daemon/target.h"

typedef enum CertPhase {
        CERT_IDLE,
        CERT_CHECKING,  /* the names are looked at as the CA will */
        CERT_QUEUED,    /* waits for the pacer */
        CERT_PREPARING, /* waits for the session */
        CERT_ORDERING,  /* the order machine runs */
        CERT_STORING,   /* the chain is checked and must be saved */
} CertPhase;

/* One effect that waits for its answer. */
typedef struct CertAsk {
        Cert *cert;
        struct CertAsk *next;
        unsigned id;
        OrderCall order_call;
        SessionCall *call;
        HelperCall *csr;
        Timer *timer;
} CertAsk;

/* What is under way for the stand-in; all owned. */
typedef struct CertStandIn {
        HelperCall *call;
        Slot *slot;
        Timer *timer;
        size_t next; /* the target that is asked */
        unsigned failures;
} CertStandIn;

struct CertWatch {
        Cert *cert;    /* NULL: the certificate is gone */
        bool stand_in; /* looks at that only */
        CertWatch *next;
        unsigned round;
        cert_step_fn fn;
        void *userdata;
};

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
        bool late_told;      /* D12 */
        bool wanted, forced; /* by hand */
        bool awaits_twin;    /* it is due, and its twin has an order open */

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

/* cert-when.c */
bool cert_is_urgent(const Cert *c);
void cert_fix_instants(Cert *c, int64_t now);
int64_t cert_guard(const Cert *c, const StringList *names, int64_t now); /* 0: it does not hold */
int64_t cert_due_at(Cert *c, int64_t now); /* the latest of what holds the due order up */

/* cert-ca.c */
const CertCa *cert_ca_named(const Cert *c, const char *name); /* NULL: none of its CAs */
void cert_cas_configure(Cert *c, const CertCas *cas);
int64_t cert_choose_ca(Cert *c, int64_t now); /* when time alone may change the choice; 0 */
void cert_prefer_first_ca(Cert *c);           /* nothing is due */
int64_t cert_patience(const Cert *c);  /* with a CA that does not answer; 0: no other one is left */
RecordTries cert_tries(const Cert *c); /* at the CA that is asked */
void cert_set_tries(Cert *c, const RecordTries *tries);
CertReach *cert_reach(Cert *c);
bool cert_is_unreachable(const Cert *c); /* any of its CAs */
void cert_forget_reach(Cert *c);
void cert_forget_delays(Cert *c);

/* cert-optional.c */
bool cert_is_left_out(const Cert *c, const char *name);
int cert_wanted_names(const Cert *c, int64_t now, StringList *ret); /* of a new order */
bool cert_optional_heed(Cert *c, const Failure *f, int64_t now);    /* true: it does not count */
void cert_optional_issued(Cert *c, const StringList *names);
int64_t cert_optional_at(const Cert *c);  /* when a left-out name is asked for; 0: there is none */
bool cert_is_asking_again(const Cert *c); /* a new order would be for a left-out name only */
int cert_optional_trouble(const Cert *c, char **ret); /* words; NULL: none is left out */

/* cert-load.c */
int cert_load(Cert *c);
int cert_load_record(Cert *c);

/* cert-preflight.c */
bool cert_preflight_begin(Cert *c);                /* false: there is nothing to look at */
int64_t cert_preflight_holds_until(const Cert *c); /* 0: it does not */
void cert_preflight_stop(Cert *c);                 /* what is under way */
void cert_preflight_forget(Cert *c);               /* and what was found */

/* cert-attempt.c */
int cert_attempt_id(const Cert *c, char **ret); /* another one; frees what *ret was */
void cert_attempt_admit(Cert *c);               /* after the look: into the line at the CA */
void cert_attempt_begin(Cert *c);
void cert_attempt_clear(Cert *c);      /* frees what an attempt holds; phase IDLE */
bool cert_attempt_fits(const Cert *c); /* the open attempt is for the present configuration */

/* cert-fail.c */
void cert_attempt_fail(Cert *c, const Failure *f);
void cert_remember_error(Cert *c, const Failure *f, int64_t now);
void cert_attempt_failed_before(Cert *c); /* found at start, for the second time */

/* cert-renewal-info.c */
void cert_info_start(Cert *c);        /* the engine starts */
void cert_info_plan(Cert *c);         /* whatever it depends on may have changed */
void cert_info_stop(Cert *c);         /* what was asked is not waited for */
bool cert_info_is_due(const Cert *c); /* it is asked for now, or shall be */
bool cert_has_window(const Cert *c);
bool cert_is_in_window(const Cert *c, int64_t now); /* the CA exempts such a renewal (T-17) */
int64_t cert_suggested(const Cert *c);              /* 0: nothing */
bool cert_is_recalled(const Cert *c);               /* the CA wants it replaced at once (T-18) */
const char *cert_predecessor(const Cert *c); /* certID for an order; NULL: it replaces none */

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

/* cert-chain.c */
void cert_chain_arrived(Cert *c);
void cert_chain_store(Cert *c);
int cert_chain_adopt(Cert *c, const CertInfo *info); /* record.current from the open attempt */

void cert_become(
                Cert *c,
                CertInfo *info); /* the chain on disk is this one now; takes what *info holds */

/* cert-elsewhere.c */
int64_t cert_renew_before(
                const Cert *c); /* RenewBefore=, or what CA=none has instead; 0: by lifetime */
bool cert_elsewhere_fits(const Cert *c);
bool cert_elsewhere_is_late(const Cert *c);
int cert_elsewhere_way(const Cert *c, char **ret);     /* what a person does */
int cert_elsewhere_trouble(const Cert *c, char **ret); /* NULL: nothing is wanted of anybody */
void cert_elsewhere_tell(Cert *c);                     /* in the log, once a day */

/* cert-stand-in.c */
void cert_stand_in(Cert *c); /* now, if it is wanted at all */
void cert_stand_in_stop(Cert *c);
bool cert_has_stand_in(const Cert *c); /* at one target at least */

/* cert-install.c */
int cert_targets_configure(Cert *c, const CertificateConfig *config);
void cert_targets_free(Cert *c);
void cert_install(Cert *c);
void cert_install_stop(Cert *c);
bool cert_install_is_settled(const Cert *c);
bool cert_is_deployed(const Cert *c);
void cert_prune_keys(Cert *c); /* now, or when it is live */

void cert_install_tell(Cert *c); /* those who look on, if all is done */

/* cert-hold.c */
const char *cert_canary(const Target *t, void *userdata); /* see TargetOwner */
void cert_inform_targets(Cert *c);                        /* before they are told what to want */
int64_t cert_oldest_not_after(const Cert *c);             /* once the next one takes over */
void cert_targets_changed(Cert *c);
bool cert_only_waits(const Cert *c); /* wherever it is not yet, it is held */

/* cert-twin.c */
void cert_join(Cert *c);
void cert_leave(Cert *c);
Cert *cert_twin(const Cert *c);                /* NULL: it has none */
int64_t cert_await_twin(Cert *c, int64_t now); /* 0: it may be ordered; else when to look again */
void cert_wake_twin(const Cert *c);            /* this one's attempt has ended */
void cert_hurry_twin(const Cert *c);           /* this one's files are in place */
bool cert_target_awaits(
                const Cert *c, const Target *t); /* the twin's files, and these are on their way */

/* cert-rehearsal.c; `c` is the certificate, `r` its rehearsal */
int cert_rehearsal_configure(Cert *c, const CertCa *ca); /* without a session: none */
Cert *cert_rehearsal_free(Cert *r);
bool cert_rehearses(const Cert *c); /* by itself */
bool cert_is_rehearsing(const Cert *c);
int64_t cert_rehearsal_at(const Cert *c); /* when the next one is due; 0: none is */
/* Nothing is under way; begins (from the loop) what is due. When to look again; 0: not for this. */
int64_t cert_rehearsal_plan(Cert *c, int64_t now);
bool cert_rehearsal_failed_last(const Cert *c);
void cert_rehearsal_pass(Cert *r);
void cert_rehearsal_fail(Cert *r, const Failure *f);
void cert_rehearsal_yield(
                Cert *c, const char *why); /* whatever is under way ends, without a result */
void cert_rehearsals_give_way(Cert *c); /* an order of this one begins: all of the same names end */

/* cert-rehearsal-words.c; NULL: nothing to say */
int cert_rehearsal_trouble(const Cert *c, char **ret);
int cert_describe_rehearsal(const Cert *c, char **ret);
int cert_rehearsal_json(const Cert *c, Json **ret);

/* cert-watch.c */
void cert_tell(Cert *c, bool done, bool ok, const char *step);
void cert_tell_stand_in(Cert *c, bool done, bool ok, const char *step);
void cert_tell_step(Cert *c); /* what is being done now */
void cert_watches_free(Cert *c);

/* cert-status.c */
int cert_describe(const Cert *c, char **ret); /* what is being done; NULL: nothing */
int cert_message(const Cert *c, const char *step, char **ret); /* one clause about it */
bool cert_is_late(const Cert *c);         /* little time left, and no success (D12) */
int64_t cert_next_attempt(const Cert *c); /* 0: none is planned */

/* cert-why.c */
const char *cert_why_short(
                const Cert *c); /* "as the CA asked"; NULL: nothing but the last failure */
int cert_plan_json(const Cert *c, Json **ret);
