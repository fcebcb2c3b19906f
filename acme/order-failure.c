/* The end without a certificate: the sentence, the class, and the clean-up that comes with it on every
 * path. What was asked and not yet taken is dropped; what is shown is removed (J-13). */

#include "acme/order-internal.h"

static const char *const place_texts[PLACE_MAX] = {
        [PLACE_DIRECTORY] = "the CA's directory could not be read",
        [PLACE_NONCE] = "the CA gave no nonce",
        [PLACE_NEW_ACCOUNT] = "the CA refused the account",
        [PLACE_NEW_ORDER] = "the CA refused the order",
        [PLACE_AUTHORIZATION] = "the CA refused to show the authorization",
        [PLACE_CHALLENGE] = "the CA could not validate the name",
        [PLACE_CHALLENGE_POST] = "the CA refused to start the validation",
        [PLACE_ORDER] = "the order failed at the CA",
        [PLACE_FINALIZE] = "the CA refused to issue",
        [PLACE_CERTIFICATE] = "the certificate could not be downloaded",
};

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

/* "the CA refused the order: rateLimited (HTTP 429): too many ...; what a person can do" */
static int problem_message(const Problem *p, ProblemPlace place, char **ret) {
        _cleanup_(bytes_done) Bytes b = {};
        const char *type = problem_type_to_string(p->type), *advice = problem_advice(p, place);
        int r;

        r = bytes_append_string(&b, place_texts[place]);
        if (r >= 0 && type && type[0])
                r = bytes_printf(&b, ": %s", type);
        else if (r >= 0 && p->type_text)
                r = bytes_printf(&b, ": %s", p->type_text);
        if (r >= 0 && p->status > 0)
                r = bytes_printf(&b, " (HTTP %ld)", p->status);
        if (r >= 0 && p->detail && p->detail[0])
                r = bytes_printf(&b, ": %s", p->detail);
        if (r >= 0 && advice[0])
                r = bytes_printf(&b, "; %s", advice);
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
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

        if (!identifier)
                identifier = p->identifier;
        r = problem_message(p, place, &message);
        if (r < 0)
                return r;
        r = problem_copy(p, &copy);
        if (r < 0)
                return r;
        r = str_replace(&name, identifier);
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
