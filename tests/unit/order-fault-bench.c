/* Orders of which something fails: how they begin and end, and what the CA answers instead. */

#include "tests/unit/order-fault-bench.h"

const char fault_one[] = "a.example.org";
const char fault_two[] = "a.example.org b.example.org";

void fault_start(Driver *d, const char *names, DriverFault fault) {
        driver_init(d, names);
        d->fault = fault;
        driver_new(d);
}

const OrderFailure *fault_failed(const Driver *d) {
        const OrderFailure *f = order_machine_failure(d->m);

        CHECK(d->failed);
        CHECK(!d->done);
        CHECK_INT(order_machine_state(d->m), ORDER_FAILED);
        CHECK_INT(driver_shown_count(d), 0);
        CHECK(f->message != NULL);
        return f;
}

void fault_succeeded(const Driver *d) {
        CHECK(d->done);
        CHECK_INT(order_machine_state(d->m), ORDER_DONE);
        CHECK_INT(driver_shown_count(d), 0);
}

FaultProblem fault_problem;

bool fault_give_problem(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != fault_problem.call || d->fault_count >= fault_problem.times)
                return false;
        d->fault_count++;
        return driver_problem(
                        d, e, fault_problem.status, fault_problem.type, fault_problem.retry_after);
}

FaultAnswer fault_answer;

bool fault_give_answer(Driver *d, const OrderEffect *effect, OrderEvent *e) {
        if (effect->call != fault_answer.call)
                return false;
        e->location = "https://ca.test/o/1";
        return driver_text(d, e, 200, fault_answer.text);
}
