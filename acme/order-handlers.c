/* One handler per cell of the table in order.c: what an event means in a state. */

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"
#include "acme/order-steps.h"

#define CSR_MAX_SIZE ((size_t) 64 * 1024)

static const int64_t csr_delays[CSR_TRIES_MAX] = { 5, 15, 30, 60, 120 };

int order_on_start(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        (void) row;
        (void) e;
        return m->pending.id ? 0 : order_send_new(m);
}

int order_on_resume(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        (void) row;
        (void) e;
        return m->pending.id ? 0 : order_queue_call(m, &m->pending, CALL_ORDER, m->url);
}

int order_on_order(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        int r;

        (void) row;
        r = order_check_reply(m, &m->pending, &m->patience, PLACE_ORDER, e);
        if (r != 0)
                return r < 0 ? r : 0;
        return order_follow(m, e, PLACE_ORDER);
}

int order_on_poll(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        (void) row;
        (void) e;
        return order_queue_call(m, &m->pending, CALL_ORDER, m->url);
}

int order_on_csr(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        const char *gone = "the key of this order is gone", *none = "the signer made no request";
        int r;

        (void) row;
        if (e->error == -ENOKEY)
                return order_fail(m, CLASS_ORDER, PLACE_FINALIZE, NULL, gone);
        if (e->error < 0 || !e->body || e->size == 0 || e->size > CSR_MAX_SIZE) {
                if (m->csr_tries >= CSR_TRIES_MAX)
                        return order_fail(m, CLASS_LATER, PLACE_FINALIZE, NULL, none);
                return order_queue_wait(m, &m->pending, csr_delays[m->csr_tries++]);
        }
        r = bytes_append(&m->csr, e->body, e->size);
        return r < 0 ? r : order_send_finalize(m);
}

int order_on_csr_timer(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        (void) row;
        (void) e;
        return order_ask_csr(m);
}

/* I-04: the order knows better; `processing` or `valid` means that an earlier finalize did work. */
static int finalize_not_ready(OrderMachine *m, const Reply *reply, const OrderEvent *e) {
        if (m->not_ready >= NOT_READY_MAX)
                return order_fail_problem(m, CLASS_ORDER, PLACE_FINALIZE, &reply->problem, NULL, 0);
        m->polls = m->not_ready++;
        m->finalize_sent--; /* it did not count */
        return order_wait_poll(m, STATUS_READY, order_poll_delay(m, e));
}

/* The same bytes are not sent again. */
static int finalize_anew(OrderMachine *m, const Problem *p) {
        int r;

        r = order_queue_tell(
                        m, "the CA refused the request (%s, HTTP %ld)%s%s, another one is made",
                        problem_type_to_string(p->type), p->status, p->detail ? ": " : "",
                        p->detail ? p->detail : "");
        if (r < 0)
                return r;
        bytes_done(&m->csr);
        m->csr_refused = true;
        m->csr_tries = 0;
        r = order_queue_save(m);
        return r < 0 ? r : order_ask_csr(m);
}

/* O-08: not the order is bad, but what we made of it. */
static bool is_about_csr(const Problem *p) {
        return p->type == PROBLEM_BAD_CSR || p->type == PROBLEM_UNAUTHORIZED;
}

int order_on_finalize(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        _cleanup_(reply_done) Reply reply = {};
        int r;

        (void) row;
        r = reply_read(m, e, PLACE_FINALIZE, &reply);
        if (r < 0)
                return r;
        if (reply.kind == REPLY_GOOD) {
                m->accepted = true;
                return order_follow(m, e, PLACE_FINALIZE);
        }
        if (reply.problem.type == PROBLEM_ORDER_NOT_READY)
                return finalize_not_ready(m, &reply, e);
        if (reply.kind == REPLY_REFUSED && is_about_csr(&reply.problem) && !m->csr_refused)
                return finalize_anew(m, &reply.problem);
        if (reply.problem.status > 0) {
                problem_done(&m->refusal);
                r = problem_copy(&reply.problem, &m->refusal);
                if (r < 0)
                        return r;
        }
        order_set_state(m, ORDER_ORDER); /* O-07: what the order says decides about a repeat */
        return order_setback(m, &m->pending, &m->patience, &reply, e);
}

int order_on_abort(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        int r;

        (void) row;
        (void) e;
        r = order_fail(m, CLASS_RETRY, PLACE_ORDER, NULL,
                       "the order was given up because the configuration changed");
        m->failure.error = -ECANCELED;
        return r;
}
