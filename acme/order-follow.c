/* What follows from an order that was read, wherever it was read: the answers to newOrder, finalize
 * and the plain question all carry the same object, and the server's status alone decides (I-01). */

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"
#include "acme/order-row.h"
#include "acme/order-steps.h"

typedef int (*FollowHandler)(
                OrderMachine *m, const Order *o, const OrderEvent *e, ProblemPlace place);

/* H-06. 1: the order was given up. */
static int order_learn(OrderMachine *m, const Order *o, const OrderEvent *e) {
        int r;

        if (!string_list_same_set(&o->identifiers, &m->names)) {
                r = order_fail(m, CLASS_ORDER, PLACE_ORDER, NULL,
                               "the CA's order is for other names than were asked for");
                return r < 0 ? r : 1;
        }
        r = str_replace(&m->finalize, o->finalize);
        if (r < 0)
                return r;
        if (o->expires > 0)
                m->expires = o->expires;
        if (m->created == 0)
                m->created = e->now;
        m->learned = true;
        m->patience = (Patience){};
        return 0;
}

/* That a pending order names authorizations, and not too many, was the gate's to check (object.c). */
static int begin_authorizing(OrderMachine *m, const Order *o, const OrderEvent *e) {
        int r;

        if (o->expires > 0 && o->expires < e->now + EXPIRES_SOON_SEC)
                return order_fail(
                                m, CLASS_ORDER, PLACE_ORDER, NULL,
                                "the order expires too soon to begin with it");
        r = rows_create(m, &o->authorizations);
        if (r < 0)
                return r;
        m->polls = 0;
        order_set_state(m, ORDER_AUTHORIZE);
        return rows_advance(m, e);
}

static int follow_pending(
                OrderMachine *m, const Order *o, const OrderEvent *e, ProblemPlace place) {
        (void) place;
        if (m->row_count == 0 && !m->accepted)
                return begin_authorizing(m, o, e);
        if (m->accepted || rows_all_valid(m)) { /* I-03, O-06 */
                if (m->waiting_for == STATUS_READY && m->waited_sec >= READY_MAX_SEC)
                        return order_fail(
                                        m, CLASS_ORDER, PLACE_ORDER, NULL,
                                        "every name is valid, but the order does not become ready");
                return order_wait_poll(m, STATUS_READY, order_poll_delay(m, e));
        }
        m->last_look = m->waiting_for == STATUS_PENDING && m->waited_sec >= AUTHORIZATION_MAX_SEC;
        if (m->last_look || m->polls % LOOK_EVERY_POLLS == 0)
                return rows_look(m, e);
        return order_wait_poll(m, STATUS_PENDING, order_poll_delay(m, e));
}

int order_ask_csr(OrderMachine *m) {
        m->pending = (OrderPending){ .kind = EFFECT_CSR, .id = order_next_id(m) };
        order_set_state(m, ORDER_CSR);
        return order_queue(
                        m, &(OrderEffect){ .kind = EFFECT_CSR,
                                           .id = m->pending.id,
                                           .another = m->csr_refused });
}

int order_send_finalize(OrderMachine *m) {
        int r;

        m->finalize_sent++;
        m->accepted = false;
        m->ready_lag = 0;
        order_set_state(m, ORDER_FINALIZE);
        r = order_queue_save(m); /* the CSR and the count, before they are used */
        return r < 0 ? r : order_queue_call(m, &m->pending, CALL_FINALIZE, m->finalize);
}

static int follow_ready(OrderMachine *m, const Order *o, const OrderEvent *e, ProblemPlace place) {
        int r;

        (void) o;
        (void) place;
        r = rows_end(m);
        if (r < 0)
                return r;
        if (m->csr.size == 0)
                return order_ask_csr(m);
        if (m->accepted && m->ready_lag < READY_LAG_MAX) {
                m->ready_lag++;
                return order_wait_poll(
                                m, STATUS_READY, MAX(order_poll_delay(m, e), FINALIZE_WAIT_SEC));
        }
        if (m->finalize_sent >= FINALIZE_MAX && m->refusal.status > 0)
                return order_fail_problem(m, CLASS_ORDER, PLACE_FINALIZE, &m->refusal, NULL, 0);
        if (m->finalize_sent >= FINALIZE_MAX)
                return order_fail(
                                m, CLASS_ORDER, PLACE_FINALIZE, NULL,
                                "the order stays ready although it was finalized");
        return order_send_finalize(m);
}

/* In the emergency time of the present certificate another order is the better hope (O-09). */
static bool is_stuck(const OrderMachine *m, int64_t now) {
        return m->emergency > 0 && now >= m->emergency &&
               now - m->processing_since >= order_cap_delay(m, STUCK_SEC);
}

/* O-09: in the foreground at first, then hourly for as long as the order lives. */
static int follow_processing(
                OrderMachine *m, const Order *o, const OrderEvent *e, ProblemPlace place) {
        bool first = m->waiting_for != STATUS_PROCESSING;
        int64_t delay, end;
        int r;

        (void) o;
        r = rows_end(m);
        if (r < 0)
                return r;
        if (m->processing_since == 0) {
                m->processing_since = e->now;
                r = order_queue_save(m);
                if (r < 0)
                        return r;
        }
        if (first)
                m->polls = 0;
        delay = order_poll_delay(m, e);
        if (place == PLACE_FINALIZE && e->retry_after_sec <= 0)
                delay = FINALIZE_WAIT_SEC;
        if (first || m->waited_sec < PROCESSING_FRONT_SEC)
                return order_wait_poll(m, STATUS_PROCESSING, delay);
        end = m->expires > 0 ? m->expires : m->processing_since + PROCESSING_MAX_SEC;
        if (is_stuck(m, e->now))
                return order_fail(
                                m, CLASS_ORDER, PLACE_ORDER, NULL,
                                "the CA does not issue, and time is running out");
        if (e->now >= end || m->waited_sec >= PROCESSING_MAX_SEC)
                return order_fail(
                                m, CLASS_ORDER, PLACE_ORDER, NULL,
                                "the CA did not issue before the order expired");
        delay = MIN(end - e->now, SEC_PER_HOUR);
        if (m->emergency > 0)
                delay = MIN(delay, MAX(m->emergency - e->now, STUCK_POLL_SEC));
        return order_wait_poll(m, STATUS_PROCESSING, delay);
}

static int follow_valid(OrderMachine *m, const Order *o, const OrderEvent *e, ProblemPlace place) {
        int r;

        (void) place;
        r = rows_end(m);
        if (r < 0)
                return r;
        if (!o->certificate) { /* O-10 */
                if (m->waiting_for == STATUS_VALID && m->waited_sec >= CERTIFICATE_LAG_SEC)
                        return order_fail(
                                        m, CLASS_ORDER, PLACE_ORDER, NULL,
                                        "the order is valid but names no certificate");
                return order_wait_poll(m, STATUS_VALID, order_poll_delay(m, e));
        }
        return order_download(m, o->certificate);
}

/* The reason stands in an authorization, unless issuance itself failed (J-12, J-15). */
static int follow_invalid(
                OrderMachine *m, const Order *o, const OrderEvent *e, ProblemPlace place) {
        int r;

        (void) place;
        m->invalid = true;
        r = journal_sweep(m, true);
        if (r < 0)
                return r;
        if (o->has_error && !m->has_error) {
                r = problem_copy(&o->error, &m->error);
                if (r < 0)
                        return r;
                m->has_error = true;
        }
        if ((m->finalize_sent > 0 && m->has_error) || o->authorizations.count == 0)
                return order_fail_invalid(m);
        if (m->row_count == 0) {
                r = rows_create(m, &o->authorizations);
                if (r < 0)
                        return r;
        }
        return rows_look(m, e);
}

static int follow_lost(OrderMachine *m, const Order *o, const OrderEvent *e, ProblemPlace place) {
        _cleanup_free_ char *message = NULL;
        int r;

        (void) e;
        (void) place;
        r = str_printf(&message, "the order is %s", acme_status_to_string(o->status));
        if (r < 0)
                return r;
        return order_fail(m, CLASS_ORDER, PLACE_ORDER, NULL, message);
}

static const FollowHandler by_status[STATUS_MAX] = {
        [STATUS_PENDING] = follow_pending,       [STATUS_READY] = follow_ready,
        [STATUS_PROCESSING] = follow_processing, [STATUS_VALID] = follow_valid,
        [STATUS_INVALID] = follow_invalid,       [STATUS_DEACTIVATED] = follow_lost,
        [STATUS_EXPIRED] = follow_lost,          [STATUS_REVOKED] = follow_lost,
};

/* An order goes forward: how far it has come, by its status (section I). Some may have been passed between two looks. */
static const unsigned progress_of[STATUS_MAX] = {
        [STATUS_PENDING] = 1, [STATUS_READY] = 2,   [STATUS_PROCESSING] = 3,
        [STATUS_VALID] = 4,   [STATUS_INVALID] = 4, [STATUS_DEACTIVATED] = 4,
        [STATUS_EXPIRED] = 4, [STATUS_REVOKED] = 4,
};

/* One that went back, or came back from its end: the server's word counts, and a person may want to know. */
static int note_status(OrderMachine *m, AcmeStatus status) {
        AcmeStatus last = m->last_status;

        m->last_status = status;
        if (status == last || progress_of[status] > progress_of[last] || m->odd_told)
                return 0;
        m->odd_told = true;
        return order_queue_tell(
                        m, "the CA's order went from '%s' to '%s'", acme_status_to_string(last),
                        acme_status_to_string(status));
}

int order_follow(OrderMachine *m, const OrderEvent *e, ProblemPlace place) {
        _cleanup_(order_done) Order o = {};
        _cleanup_(json_freep) Json *j = NULL;
        const char *reason = "no JSON";
        int r;

        order_set_state(m, ORDER_ORDER);
        r = json_parse(e->body ? e->body : "", e->body ? e->size : 0, &j);
        if (r >= 0)
                r = order_parse(j, &m->origins, &o, &reason);
        if (r == -ENOMEM)
                return r;
        if (r >= 0 && !by_status[o.status]) {
                reason = "unknown status of an order";
                r = -EBADMSG;
        }
        if (r < 0)
                return order_bad_answer(m, &m->pending, &m->patience, place, reason, e);
        r = note_status(m, o.status);
        if (r >= 0)
                r = order_learn(m, &o, e);
        if (r == 0 && place == PLACE_NEW_ORDER)
                r = order_check_echo(m, &o);
        if (r != 0)
                return r < 0 ? r : 0;
        return by_status[o.status](m, &o, e, place);
}
