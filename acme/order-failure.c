/* The end without a certificate: the sentence, the class, and the clean-up that comes with it on every
 * path. What was asked and not yet taken is dropped; what is shown is removed (J-13). */

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"

void order_failure_done(OrderFailure *f) {
        problem_done(&f->problem);
        free(f->message);
        free(f->identifier);
        *f = (OrderFailure){};
}

/* Is there nothing left that a resumed order could lead to? */
static bool is_dead(const OrderMachine *m, ProblemClass class) {
        return class == CLASS_ORDER || m->invalid;
}

static int order_end(OrderMachine *m) {
        int r;

        order_queue_drop_asks(m);
        r = journal_sweep(m, true);
        if (r < 0)
                return r;
        order_set_state(m, ORDER_FAILED);
        return order_queue(m, &(OrderEffect){ .kind = EFFECT_FAIL });
}

int order_fail(OrderMachine *m,
               ProblemClass class,
               ProblemPlace place,
               const char *identifier,
               const char *message) {
        OrderFailure f = { .class = class, .place = place, .order_dead = is_dead(m, class) };
        int r;

        r = str_replace(&f.message, message);
        if (r >= 0)
                r = str_replace(&f.identifier, identifier);
        if (r < 0) {
                order_failure_done(&f);
                return r;
        }
        order_failure_done(&m->failure);
        m->failure = f;
        return order_end(m);
}

int order_fail_problem(
                OrderMachine *m,
                ProblemClass class,
                ProblemPlace place,
                const Problem *p,
                const char *identifier,
                int64_t retry_after_sec) {
        _cleanup_free_ char *message = NULL, *name = NULL;
        Problem copy = {};
        int r;

        r = problem_copy(p, &copy);
        if (r >= 0 && !copy.identifier) /* the sentence names it */
                r = str_replace(&copy.identifier, identifier);
        if (r >= 0)
                r = problem_sentence(&copy, place, false, &message);
        if (r >= 0)
                r = str_replace(&name, identifier ? identifier : p->identifier);
        if (r >= 0)
                r = order_fail(m, class, place, name, message);
        if (r < 0) {
                problem_done(&copy);
                return r;
        }
        m->failure.problem = copy;
        m->failure.retry_after_sec = MAX(retry_after_sec, 0);
        return 0;
}

ProblemClass order_dead_class(const Problem *p, ProblemPlace place) {
        ProblemClass class = problem_classify(p, place);

        if (class == CLASS_PARK || class == CLASS_ACCOUNT || class == CLASS_BUG)
                return class;
        return CLASS_ORDER;
}

/* An order that was never finalized can only have become invalid by a validation, and is retried as
 * slowly as one (J-16), whoever tells the reason. */
int order_fail_invalid(OrderMachine *m) {
        ProblemPlace place = m->finalize_sent > 0 ? PLACE_ORDER : PLACE_CHALLENGE;

        if (m->has_error)
                return order_fail_problem(
                                m, order_dead_class(&m->error, place), place, &m->error, NULL, 0);
        return order_fail(
                        m, CLASS_ORDER, place, NULL,
                        "the order became invalid, and the CA gave no reason");
}
