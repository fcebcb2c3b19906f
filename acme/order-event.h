#pragma once

/* What the order machine is told, and what it answers with: events and effects. */

#include "acme/object.h"
#include "base/strings.h"

typedef enum OrderCall {
        CALL_NEW_ORDER,
        CALL_AUTHORIZATION, /* POST-as-GET */
        CALL_CHALLENGE,     /* POST {} */
        CALL_ORDER,         /* POST-as-GET */
        CALL_FINALIZE,      /* POST the CSR */
        CALL_CERTIFICATE,   /* POST-as-GET, PEM; also alternate chains and issuers (P-06, P-07) */
        CALL_MAX,
} OrderCall;

typedef enum OrderEffectKind {
        EFFECT_SAVE, /* make the state (order_machine_save) durable before any later effect */
        EFFECT_CALL,
        EFFECT_PRESENT, /* show the key authorization; answer ORDER_EVENT_PRESENTED */
        EFFECT_REMOVE,  /* stop showing it; needs no answer */
        EFFECT_CSR,     /* have the signer make key and CSR; answer ORDER_EVENT_CSR */
        EFFECT_WAIT,    /* answer ORDER_EVENT_TIMER after delay_sec */
        EFFECT_TELL,    /* `text` is worth a line in the log; needs no answer */
        EFFECT_DONE,    /* order_machine_chain() has the PEM */
        EFFECT_FAIL,    /* order_machine_failure() says why */
} OrderEffectKind;

typedef struct OrderEffect {
        OrderEffectKind kind;
        unsigned id;             /* of CALL, PRESENT, CSR, WAIT */
        OrderCall call;          /* CALL */
        const char *url;         /* CALL; NULL for CALL_NEW_ORDER. Borrowed until the next step */
        ChallengeType challenge; /* PRESENT, REMOVE */
        const char *identifier;  /* PRESENT, REMOVE; without "*." */
        bool wildcard;           /* PRESENT */
        bool another;            /* CSR: with another key, the CA refused the last one (O-08) */
        const char *token;       /* PRESENT, REMOVE */
        int64_t delay_sec;       /* WAIT */
        const char *profile; /* CALL_NEW_ORDER: what the order shall carry; NULL or 0: nothing */
        const char *replaces;
        int64_t not_before, not_after;
        const char *text; /* TELL: one clause, escaped */
} OrderEffect;

typedef enum OrderEventKind {
        ORDER_EVENT_START,     /* fresh: send newOrder */
        ORDER_EVENT_RESUME,    /* loaded from disk with an order URL: ask the CA */
        ORDER_EVENT_REPLY,     /* of a CALL */
        ORDER_EVENT_PRESENTED, /* error 0, or negative errno: this challenge cannot be shown */
        ORDER_EVENT_CSR, /* DER in `body`, or a negative error: -ENOKEY means the attempt's key is gone (order is dead) */
        ORDER_EVENT_TIMER,
        ORDER_EVENT_ABORT, /* configuration changed or removed: clean up, fail with -ECANCELED */
        ORDER_EVENT_MAX,
} OrderEventKind;

typedef struct OrderEvent {
        OrderEventKind kind;
        unsigned id;
        int error;            /* REPLY: 0, or negative: the CA gave no answer (class UNREACHABLE) */
        bool unanswered;      /* REPLY, an error: perhaps only of an old connection */
        long status;          /* REPLY: HTTP status */
        const char *location; /* REPLY: absolute, as sent; may be NULL */
        const char *content_type; /* REPLY: may be NULL */
        const StringList *links;  /* REPLY: Link field values; may be NULL */
        int64_t retry_after_sec;  /* REPLY: 0 if absent */
        const void *body;         /* REPLY, CSR */
        size_t size;
        const char *message; /* PRESENTED with an error: why, for a person; may be NULL */
        int64_t now;         /* Unix seconds */
        unsigned random;     /* for jitter */
} OrderEvent;
