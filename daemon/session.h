#pragma once

/* One account at one CA (F-18): the directory (E-04, E-05, E-09), the nonces (D-01 … D-10), the account (F-01 … F-06,
 * F-15), and signed requests with it: at most 4 in flight for one order and 20 in all, a refused nonce
 * repeated. Bodies are made by the signer, sent by the http seam. */

#include "base/bytes.h"
#include "daemon/account.h"
#include "daemon/engine.h"
#include "daemon/failure.h"

typedef struct Session Session;

/* What the file daemon/session-job.c does with an account when a person asks for it. */
typedef enum AccountAction {
        ACCOUNT_SHOW,       /* as the CA sees it */
        ACCOUNT_CREATE,     /* there is one; with a new key if asked for */
        ACCOUNT_FIND,       /* ask the CA, never make one (F-06) */
        ACCOUNT_UPDATE,     /* contacts as configured (F-08) */
        ACCOUNT_AGREE,      /* to changed terms (F-05) */
        ACCOUNT_ROLLOVER,   /* F-12 */
        ACCOUNT_DEACTIVATE, /* F-10 */
        ACCOUNT_REPAIR,     /* F-15, also where that was not tried any more */
        ACCOUNT_ACTION_MAX,
} AccountAction;

typedef struct AccountJob AccountJob;
/* `failure` NULL: done; `message`: what was done. Both borrowed. */
typedef void (*account_job_fn)(const Failure *failure, const char *message, void *userdata);

typedef struct AccountWish {
        AccountAction action;
        bool new_key;                    /* of ACCOUNT_CREATE */
        bool (*is_busy)(void *userdata); /* an order is under way with this account (F-14) */
        account_job_fn fn;               /* called once, from the loop */
        void *userdata;
} AccountWish;

/* `ca` is copied; `account` is borrowed. */
int session_new(Engine *engine, const CaConfig *ca, Account *account, Session **ret);
/* Frees what is under way; the owners of calls and waits still free those. */
Session *session_free(Session *s);
DEFINE_CLEANUP(Session *, session_free)

/* Is it a session at this CA with the same definition? */
bool session_fits(const Session *s, const CaConfig *ca);

/* Takes what may differ all the same: contacts and the name of the external account key. What a person might have mended is
 * tried again. */
int session_configure(Session *s, const CaConfig *ca);

/* ---- readiness ---- */

typedef struct SessionWait SessionWait;
/* NULL: ready. The failure is borrowed. */
typedef void (*session_ready_fn)(const Failure *failure, void *userdata);

/* Directory, thumbprint and account are there; made when they are not, once for all who wait. To `resume` an
 * order an old copy of the directory is good enough (E-05). `fn` is called once, from the loop. */
int session_prepare(
                Session *s, bool resume, session_ready_fn fn, void *userdata, SessionWait **ret);
SessionWait *session_wait_free(SessionWait *w);
DEFINE_CLEANUP(SessionWait *, session_wait_free)

/* The directory alone is there; asks nothing else of the CA, and no signer. */
int session_prepare_directory(Session *s, session_ready_fn fn, void *userdata, SessionWait **ret);

/* Is an account on record? */
bool session_has_account(const Session *s);

/* All borrowed; NULL before the session was ready. */
const char *session_account(const Session *s);
const char *session_thumbprint(const Session *s);
const StringList *session_origins(const Session *s);
const Directory *session_directory(const Session *s);

/* The CA's clock less ours, by its last answer and as both run since; 0 while unknown. */
int64_t session_skew_sec(const Session *s);

/* The definition that it works by; borrowed. */
const CaConfig *session_ca(const Session *s);

/* What the directory offers; false before there is one. */
bool session_has_profile(const Session *s, const char *name);
bool session_has_renewal_info(const Session *s);

/* ---- requests ---- */

typedef enum SessionRequestKind {
        SESSION_NEW_ACCOUNT, /* of the session itself, as all up to SESSION_DEACTIVATE */
        SESSION_LOOKUP_ACCOUNT,
        SESSION_READ_ACCOUNT,
        SESSION_READ_ACCOUNT_PENDING, /* signed by the key that shall replace the account's */
        SESSION_UPDATE_ACCOUNT,       /* contact, terms */
        SESSION_KEY_CHANGE,
        SESSION_DEACTIVATE,
        SESSION_REVOKE,      /* certificate, leaf, reason, with_key; url is the directory's */
        SESSION_NEW_ORDER,   /* certificate, names; url is the directory's */
        SESSION_POST_AS_GET, /* url */
        SESSION_CERTIFICATE, /* url; PEM is asked for */
        SESSION_CHALLENGE,   /* url */
        SESSION_FINALIZE,    /* url, certificate, attempt, csr */
        SESSION_REQUEST_KIND_MAX,
} SessionRequestKind;

typedef struct SessionRequest {
        SessionRequestKind kind;
        const void *owner; /* requests of one order have the same */
        const char *url;
        const char *certificate;
        const char *attempt;
        const StringList *names;
        const char *profile, *replaces; /* of a new order; NULL: none */
        int64_t not_before, not_after;  /* of a new order; 0: not asked for */
        const void *csr;                /* DER */
        size_t csr_size;
        bool contact, terms; /* of an update */
        const void *leaf;    /* DER */
        size_t leaf_size;
        int64_t reason; /* RFC 5280 §5.3.1; 0: unspecified */
        bool with_key;  /* signed by the certificate's key, not the account's */
} SessionRequest;

typedef struct SessionReply {
        int error;          /* 0, or negative: the CA gave no answer */
        bool signer_failed; /* with an error: it was the signer that did not answer, or refused (-EPERM), or
                               * has no key any more (-ENOKEY) */
        const char *message; /* with an error: words for a person, escaped */
        bool unanswered; /* an error, perhaps of an old connection only: worth another look at once */
        long status;
        const char *location;     /* absolute; NULL if none */
        const char *content_type; /* as sent; NULL if none */
        const StringList *links;  /* Link field values; NULL with an error */
        int64_t retry_after_sec;
        const void *body;
        size_t size;
} SessionReply;

typedef struct SessionCall SessionCall;
typedef void (*session_reply_fn)(const SessionReply *reply, void *userdata);

/* Everything is copied. `fn` is called once, from the loop; what the reply points to ends when the call is
 * freed or `fn` returns. Freeing the call cancels it. */
int session_send(
                Session *s,
                const SessionRequest *request,
                session_reply_fn fn,
                void *userdata,
                SessionCall **ret);
/* Renewal information of the certificate with this certID (T-03): unsigned, at most one a second with a burst of two
 * (S-07). The reply's error is -EOPNOTSUPP when the CA has none. As session_send() else. */
typedef struct SessionInfo SessionInfo;
int session_renewal_info(
                Session *s,
                const char *cert_id,
                session_reply_fn fn,
                void *userdata,
                SessionInfo **ret);
SessionInfo *session_info_free(SessionInfo *i);
DEFINE_CLEANUP(SessionInfo *, session_info_free)

SessionCall *session_call_free(SessionCall *c);
DEFINE_CLEANUP(SessionCall *, session_call_free)

/* ---- the account ---- */

/* Begins; one at a time (-EBUSY). Freeing the job cancels it: what the CA was asked is settled before its next request. */
int session_account_job(Session *s, const AccountWish *wish, AccountJob **ret);
AccountJob *account_job_free(AccountJob *j);
DEFINE_CLEANUP(AccountJob *, account_job_free)

const CaConfig *session_ca(const Session *s);
/* Of the directory and the signer, as far as they were asked; NULL if not known. */
const char *session_terms(const Session *s);
const char *session_external_account(const Session *s);
bool session_wants_external_account(const Session *s);
/* As this account would have it: the addresses divided by blanks. malloc'ed. */
int session_contact(const Session *s, char **ret);
