#pragma once

/* Orders of which something fails: how they begin and end, and what the CA answers instead. */

#include "tests/unit/order-driver.h"

extern const char fault_one[];
extern const char fault_two[];

/* `names`: separated by blanks; `fault`: what stands before the CA. */
void fault_start(Driver *d, const char *names, DriverFault fault);

/* It is over, nothing is shown any more; and why. */
const OrderFailure *fault_failed(const Driver *d);
void fault_succeeded(const Driver *d);

/* One problem for one call, so many times. */
typedef struct FaultProblem {
        OrderCall call;
        long status;
        const char *type;
        unsigned times;
        int64_t retry_after;
} FaultProblem;

extern FaultProblem fault_problem;
bool fault_give_problem(Driver *d, const OrderEffect *effect, OrderEvent *e);

/* One canned answer for one call, as often as it is made. */
typedef struct FaultAnswer {
        OrderCall call;
        const char *text;
} FaultAnswer;

extern FaultAnswer fault_answer;
bool fault_give_answer(Driver *d, const OrderEffect *effect, OrderEvent *e);
