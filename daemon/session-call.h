#pragma once

/* One signed request of a session, for the session*.c files only:
 *
 *   session-send.c        place → nonce → signature → POST
 *   session-parameters.c  what the signer is asked for it
 *   session-reply.c       answers: nonces, clock, badNonce, hand-up */

#include "daemon/session-internal.h"

#define FINALIZE_TIMEOUT_SEC   600                         /* some CAs sign meanwhile */
#define SKEW_WARN_SEC          ((int64_t) 5 * SEC_PER_MIN) /* */
#define REQUESTS_MAX           20                          /* S-07 */
#define REQUESTS_PER_OWNER_MAX 4                           /* */
#define SENDS_MAX              30                          /* D-07 */
#define SENDS_TIME_MAX         (60 * USEC_PER_SEC)
#define SENDS_AT_ONCE          5

struct SessionCall {
        Session *session; /* NULL once answered */
        SessionCall *next;
        SessionRequestKind kind;
        const void *owner;
        char *url, *certificate, *attempt, *csr; /* csr: base64url */
        StringList names;
        char *profile, *replaces, *not_before, *not_after; /* times as text */
        bool contact, terms, with_key;
        int64_t reason;
        char *leaf;        /* base64url */
        bool running;      /* it has a place */
        SessionWait *wait; /* for the account, without a place */
        char *nonce;
        unsigned sends;
        usec_t first_send; /* CLOCK_BOOTTIME */
        bool odd_nonce;    /* D-10: done once */
        bool repeated;     /* done once */
        bool fetched;      /* D-07: the HEAD of the sixth send is done */
        int error;         /* to be told by `pause` */
        HelperCall *sign;
        HttpCall *http;
        Timer *pause;
        session_reply_fn fn;
        void *userdata;
};

/* session-send.c */
void session_pump(Session *s);
int call_send(SessionCall *c); /* nonce → signature → POST */
int call_fetch_nonce(SessionCall *c);
int call_again(SessionCall *c);                           /* with another nonce (D-06) */
void call_end(SessionCall *c, const SessionReply *reply); /* the caller's last statement */

/* session-parameters.c */
bool call_takes_kid(const SessionCall *c);
const char *call_method(const SessionCall *c);
int call_parameters(const SessionCall *c, Json **ret);

/* session-reply.c */
void session_learn(Session *s, const HttpReply *reply); /* nonce and clock of any answer */
int64_t session_retry_after(Session *s, const HttpReply *reply);
void call_on_answer(const HttpReply *reply, void *userdata);
