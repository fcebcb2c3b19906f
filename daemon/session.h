#pragma once

/* One account at one CA (F-18): the directory (E-04, E-05, E-09), the nonces (D-01 … D-10), the account (F-01 … F-06,
 * F-15), and signed requests with it (session-request.h): at most 4 in flight for one order and 20 in all, a refused nonce
 * repeated. Bodies are made by the signer, sent by the http seam. What a person asks of the account is in account-job.h. */

#include "base/bytes.h"
#include "daemon/account.h"
#include "daemon/engine.h"
#include "daemon/failure.h"

typedef struct Session Session;

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

/* ---- the account ---- */

/* Of the directory and the signer, as far as they were asked; NULL if not known. */
const char *session_terms(const Session *s);
const char *session_external_account(const Session *s);
bool session_wants_external_account(const Session *s);
/* As this account would have it: the addresses divided by blanks. malloc'ed. */
int session_contact(const Session *s, char **ret);
