#pragma once

/* What a CA lets us do with names, besides how many orders an account may place (daemon/pacer.h): certificates of one
 * exact set of names, failed validations of one name (LE-07), and what it said itself in a refusal (S-09). Counted on
 * disk, budgets/CA.json, so that a restart forgets nothing. One of each CA definition, and so of each account. */

#include "base/strings.h"
#include "config/config.h"
#include "daemon/store.h"

typedef struct Budget Budget;

/* A damaged or missing file gives an empty one: the CA's next refusal teaches it again. */
int budget_load(Store *store, const char *ca, Budget **ret);
Budget *budget_free(Budget *b);
DEFINE_CLEANUP(Budget *, budget_free)

void budget_configure(Budget *b, const CaLimit limits[CA_LIMIT_MAX]);

CaLimit budget_limit(const Budget *b, CaLimitKind kind);

typedef struct BudgetWish {
        const StringList *names;
        bool extra;  /* no renewal: one place is kept back from it */
        bool urgent; /* the certificate is about to expire: our own counts do not hold (T-13) */
        bool asked;  /* only what the CA said itself counts */
        bool exempt; /* it replaces a certificate within the window that the CA suggests (LE-09) */
} BudgetWish;

typedef enum BudgetReason {
        BUDGET_FREE,
        BUDGET_HELD,       /* the CA said so, of this name or set */
        BUDGET_DUPLICATES, /* certificates of this set */
        BUDGET_FAILURES,   /* failed validations of a name */
} BudgetReason;

/* The instant from which an order for these names may be placed; 0: now. *ret_reason says what holds it, *ret_name
 * whom (borrowed from the wish; NULL: the set). */
int64_t budget_until(
                const Budget *b,
                const BudgetWish *wish,
                int64_t now,
                BudgetReason *ret_reason,
                const char **ret_name);

/* Noted, durably. An error means that it counts until the next restart only. */
int budget_issued(Budget *b, const StringList *names, int64_t now);
int budget_failed(Budget *b, const char *identifier, int64_t now);

/* The CA wants to see no order for this name, or this set, before `until`. */
int budget_hold_name(Budget *b, const char *identifier, int64_t until, int64_t now);
int budget_hold_set(Budget *b, const StringList *names, int64_t until, int64_t now);
