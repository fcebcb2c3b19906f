#pragma once

/* Signed requests with the account of a session, and what comes of them. */

#include "daemon/session.h"

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
SessionCall *session_call_free(SessionCall *c);
DEFINE_CLEANUP(SessionCall *, session_call_free)

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
