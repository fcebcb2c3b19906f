#pragma once

/* The insides of a session, for the session*.c files only:
 *
 *   session.c            the object, and who waits for it
 *   session-prepare.c    directory → thumbprint → key → account, one flight for all
 *   session-obstacle.c   what forbids to ask for an account
 *   session-account.c    the account: found, made, checked
 *   session-contact.c    its contacts
 *   session-key.c        which of two account keys the CA knows
 *   session-job.c        what a person asks of the account
 *   session-info.c       renewal information, a few at a time
 *   session-call.h       one signed request, from its place to its answer */

#include "daemon/account-job.h"
#include "daemon/nonce-pool.h"
#include "daemon/session-request.h"

#define DIRECTORY_AGE_MAX   SEC_PER_DAY                 /* E-04 */
#define DIRECTORY_AGE_MIN   ((int64_t) 5 * SEC_PER_MIN) /* a CA that says less is not believed */
#define NEW_ACCOUNT_GAP_SEC SEC_PER_HOUR                /* S-07 */

typedef enum Preparation {
        PREPARE_NOTHING,
        PREPARE_DIRECTORY,
        PREPARE_THUMBPRINT,
        PREPARE_LOOKUP,
        PREPARE_ACCOUNT,
        PREPARE_CHECK,   /* is the account still one? */
        PREPARE_CONTACT, /* an update */
        PREPARE_NEW_KEY, /* does the CA know the pending key? */
        PREPARE_OLD_KEY, /* or still the old one? */
        PREPARE_SETTLE,  /* the signer is told which */
} Preparation;

struct SessionWait {
        Session *session; /* NULL once told */
        SessionWait *next;
        bool resume;
        bool directory_only;
        session_ready_fn fn;
        void *userdata;
};

struct Session {
        Engine *engine;   /* borrowed */
        Account *account; /* borrowed */
        CaConfig ca;      /* owns */

        Directory directory;
        bool has_directory;
        usec_t directory_at;       /* CLOCK_BOOTTIME; 0: stale */
        int64_t directory_age_max; /* seconds that it is good for */
        bool directory_tried;      /* in this preparation */
        char *thumbprint;
        char *account_url;
        char *refusal;          /* why the CA refused the account last; NULL: not known */
        char *pending;          /* thumbprint of the key that shall replace the account's */
        char *external_account; /* kid; NULL: there is none */
        char *external_error;   /* why there is none of use */
        bool external_told;     /* G-07 */
        bool signer_stale;      /* its credentials may have changed */
        bool suspect;           /* the CA refused the account: is it still one? (F-16) */
        NoncePool nonces;
        bool has_date;
        bool clock_told;        /* ours is wrong */
        int64_t date_less_boot; /* the CA's clock less CLOCK_BOOTTIME, which nobody sets */

        Preparation preparation;
        bool lookup_done, check_done, contact_done; /* in this preparation */
        bool find_only, by_hand;                    /* of the job */
        bool exclusive;                             /* nobody else may ask (F-14) */
        AccountJob *job;                            /* borrowed */
        SessionWait *waits;
        HttpCall *directory_call;
        HelperCall *thumbprint_call;
        SessionCall *account_call;
        Timer *timer;

        SessionCall *calls; /* in the order of their coming */
        SessionInfo *infos; /* the same */
        Timer *info_timer;
        usec_t info_next; /* CLOCK_BOOTTIME: when the next one would be sent at an even pace */
};

/* session.c */
void session_plan(Session *s); /* session_advance() soon, from the loop */
void session_tell(Session *s, const Failure *failure, bool only_fresh);
void session_tell_directory(Session *s); /* it is there, for those who want nothing else */

/* session-prepare.c */
void session_advance(Session *s);
void session_prepare_done(Session *s);
/* The end of the flight, good (NULL) or bad; the caller's last statement. */
void session_prepare_end(Session *s, const Failure *failure);
void session_prepare_error(Session *s, int error);
/* The end of one preparation: an error of ours, the other side's failure, or on to the next. */
void session_step_done(Session *s, int r, const Failure *f);

/* session-account.c: the account is there, good and as configured */
int session_advance_account(Session *s);

/* session-obstacle.c: *f stays empty if nothing is in the way */
#define SESSION_BIND_HINT "get a key id and an HMAC key from the CA and run: renewctl account bind"
int session_note_account(Session *s, const Json *parameters); /* what the signer says of it */
void session_note_terms(Session *s);
void session_saved(const Session *s, int r);           /* logs it if not */
int session_standing_obstacle(Session *s, Failure *f); /* F-05, F-16: of any account */
int session_new_obstacle(Session *s, Failure *f);      /* F-04, E-08, G-04, F-15: of a new one */
int session_waiting_obstacle(Session *s, Failure *f);  /* S-07 */

/* session-contact.c */
int session_note_contact(Session *s, bool told);
bool session_answer_has_contact(const Session *s, const SessionReply *reply);
bool session_wants_contact(Session *s);
int session_contact_send(Session *s);

/* session-job.c: the session ends before its job */
void session_job_orphan(AccountJob *j);

/* session-key.c: which of two keys does the CA know? (F-12) */
int session_settle_key(Session *s);

/* session-info.c */
void session_infos_done(Session *s);
