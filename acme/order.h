#pragma once

/* The order machine (RFC 8555 §7.1.6, §7.4; DESIGN "Order states"): a table of pure handlers. It is told
 * events and answers with effects; it has no clock, no network, no log. Whoever drives it carries the
 * effects out in the order in which they come, and gives each CALL, PRESENT, CSR and WAIT its
 * answer by the effect's id.
 *
 *   NEW → AUTHORIZE ⇄ ORDER → CSR → FINALIZE → ORDER → DOWNLOAD → DONE;   FAILED from any
 *
 * A resumed machine enters at ORDER and follows what the CA says (I-01). A warm order costs 5 + 2k POSTs for k fresh
 * names, 4 when it comes back ready. What newOrder carries besides the names may be refused without
 * harm: an order that the CA does not take with `replaces`, or with a preferred profile, is asked for once more
 * without it, at once (Q-09, U-03). */

#include "acme/object.h"
#include "acme/order-event.h"
#include "base/bytes.h"

typedef struct OrderMachine OrderMachine;

typedef enum OrderState {
        ORDER_NEW,       /* newOrder is to be sent or on its way */
        ORDER_AUTHORIZE, /* authorizations are fetched, presented, accepted */
        ORDER_ORDER,     /* the order is asked for its status */
        ORDER_CSR,       /* the signer makes key and CSR */
        ORDER_FINALIZE,
        ORDER_DOWNLOAD,
        ORDER_DONE,
        ORDER_FAILED,
        ORDER_STATE_MAX,
} OrderState;
const char *order_state_to_string(OrderState s); /* "new", "authorize" … */

typedef struct OrderFailure {
        int error; /* -ECANCELED after ORDER_EVENT_ABORT, else 0 */
        ProblemClass class;
        ProblemPlace place;
        Problem problem;         /* type PROBLEM_NONE when the CA said nothing */
        char *message;           /* one sentence; escaped */
        char *identifier;        /* the name that failed; may be NULL */
        int64_t retry_after_sec; /* 0: none */
        bool order_dead;         /* resuming makes no sense: forget its URL */
} OrderFailure;

typedef struct OrderSpec {
        const StringList *names;         /* of the certificate; copied */
        const StringList *origins;       /* allowed origins of URLs; copied */
        const ChallengeType *challenges; /* preferred first; copied */
        size_t challenge_count;
        int64_t lifetime_hint_sec; /* expected lifetime, 0 unknown: caps waits for very short ones */
        int64_t emergency; /* of the certificate that is to be replaced (T-13); 0: none. No order is waited for
                            * without end after it (O-09) */
        /* What newOrder asks for; all copied; NULL or 0: nothing. */
        const char *profile;           /* U-02 */
        bool profile_required;         /* else it is dropped when the CA refuses it */
        const char *replaces;          /* certID (T-15); dropped when the CA refuses it */
        int64_t not_before, not_after; /* H-04 */
        /* Which of several chains: common name or SHA-256 of its topmost issuer (P-08); NULL: the CA's default. */
        const char *preferred_chain;
} OrderSpec;

int order_machine_new(const OrderSpec *spec, OrderMachine **ret);
/* Continues a saved order (order_machine_save's object); -EBADMSG. */
int order_machine_load(const OrderSpec *spec, const Json *saved, OrderMachine **ret);
OrderMachine *order_machine_free(OrderMachine *m);
DEFINE_CLEANUP(OrderMachine *, order_machine_free)

/* State to be made durable: {"state","url","finalize","created","expires",
 * "processing_since","finalize_sent","csr","csr_refused","profile","replaces","presented":[{"type","identifier","token"}]}; absent
 * members are 0 or empty. The profile and the predecessor are those that newOrder carried. */
int order_machine_save(const OrderMachine *m, Json **ret);

/* Tells an event; effects are queued. An event with an unknown id is ignored. -ENOMEM only. */
int order_machine_step(OrderMachine *m, const OrderEvent *event);

/* Takes the next effect; false when there is none. */
bool order_machine_next(OrderMachine *m, OrderEffect *ret);

/* Authorizations that are not read yet: more PRESENT effects may come with them. */
size_t order_machine_unread(const OrderMachine *m);
OrderState order_machine_state(const OrderMachine *m);
const char *order_machine_url(const OrderMachine *m); /* NULL before newOrder is answered */
const char *order_machine_chain(const OrderMachine *m, size_t *ret_size); /* after DONE */
/* The predecessor that newOrder names, or named; NULL: none, also after the CA refused it. */
const char *order_machine_replaces(const OrderMachine *m);
const Bytes *order_machine_csr(const OrderMachine *m);            /* DER; empty before */
const OrderFailure *order_machine_failure(const OrderMachine *m); /* after FAIL */
/* One clause for a person: "waiting for the CA to validate pbx.example.org (http-01)". malloc'ed. */
int order_machine_describe(const OrderMachine *m, char **ret);
