/* Answers, and how long to wait after them.
 *
 * Lost: the CA could not be reached. That costs no attempt, so it is asked again without end, but not
 * beyond the order's life (S-06). Later: it said "not now"; asked again a few times. Refused: it said
 * "never". */

#include "acme/order-reply.h"

#include "acme/order-effects.h"
#include "acme/order-internal.h"

static const int64_t poll_delays[] = { 2, 2, 3, 5, 8, 13, 20, 30 }; /* S-05 */
static const int64_t lost_delays[] = { 30, 60, 120, 240, 300 };     /* S-06 */
static const int64_t later_delays[] = { 10, 30, 60, 120, 300 };

void reply_done(Reply *r) {
        problem_done(&r->problem);
}

/* ± 20 %, to the nearest second. */
static int64_t with_jitter(int64_t sec, unsigned random) {
        return MAX((sec * (int64_t) (80 + random % 41) + 50) / 100, 1);
}

#define TABLE_AT(table, i) ((table)[MIN((size_t) (i), ELEMENTSOF(table) - 1)])

/* Classes that a repetition of the same request can cure. */
static bool is_later(const Problem *p, ProblemClass class, ProblemPlace place) {
        if (class == CLASS_RETRY)
                return place != PLACE_FINALIZE || p->type == PROBLEM_BAD_NONCE;
        return class == CLASS_LATER || class == CLASS_DONE || class == CLASS_UNREACHABLE;
}

static bool is_object_place(ProblemPlace place) {
        return place == PLACE_ORDER || place == PLACE_AUTHORIZATION ||
               place == PLACE_CHALLENGE_POST;
}

/* The order was placed just now, and the machine that was asked may not know it yet (W-16). */
static bool is_lag(const OrderMachine *m, const OrderEvent *e, ProblemPlace place) {
        return e->status == 404 && is_object_place(place) && m->placed &&
               e->now < m->created + order_cap_delay(m, NEW_LAG_SEC);
}

int reply_read(const OrderMachine *m, const OrderEvent *e, ProblemPlace place, Reply *ret) {
        _cleanup_(json_freep) Json *j = NULL;
        Reply reply = { .place = place, .class = CLASS_UNREACHABLE, .kind = REPLY_LOST };
        int r;

        if (e->error < 0) {
                *ret = reply;
                return 0;
        }
        reply.kind = REPLY_GOOD;
        reply.problem.status = e->status;
        if (e->status >= 200 && e->status <= 299) {
                *ret = reply;
                return 0;
        }
        r = e->body ? json_parse(e->body, e->size, &j) : -EBADMSG;
        if (r == -ENOMEM)
                return r;
        if (r >= 0)
                r = problem_parse(j, e->status, &reply.problem);
        if (r == -ENOMEM)
                return r;
        reply.class = problem_classify(&reply.problem, place);
        if (e->status == 404 && is_object_place(place))
                reply.class = is_lag(m, e, place) ? CLASS_LATER : CLASS_ORDER; /* I-05 */
        reply.kind = is_later(&reply.problem, reply.class, place) ? REPLY_LATER : REPLY_REFUSED;
        *ret = reply;
        return 0;
}

/* H-07: an order that does not say lives for an hour, for a day once it is being processed. What a CA says counts up to
 * a week, and to a quarter of a short lifetime: an order whose URL leads nowhere must not be waited for till 9999. */
static int64_t order_end_of_life(const OrderMachine *m) {
        int64_t most = ORDER_LIFE_MAX_SEC;

        if (m->lifetime_hint_sec > 0)
                most = MIN(most, MAX(m->lifetime_hint_sec / 4, (int64_t) SEC_PER_HOUR));
        if (m->expires > 0)
                return MIN(m->expires, m->created + most);
        if (m->processing_since > 0)
                return m->processing_since + PROCESSING_MAX_SEC;
        return m->created + SEC_PER_HOUR;
}

static int setback_lost(
                OrderMachine *m,
                OrderPending *owner,
                Patience *patience,
                const Reply *r,
                const OrderEvent *e) {
        int64_t delay;
        int f;

        if (m->created > 0 && e->now >= order_end_of_life(m)) {
                f = order_fail(m, CLASS_UNREACHABLE, r->place, NULL,
                               "the CA could not be reached until the order expired");
                m->failure.order_dead = true;
                return f;
        }
        if (e->unanswered &&
            patience->lost == 0) { /* what became of it is looked at first, but now */
                patience->lost++;
                return order_queue_wait(m, owner, 1);
        }
        delay = with_jitter(TABLE_AT(lost_delays, patience->lost), e->random);
        patience->lost++;
        return order_queue_wait(m, owner, MAX(MIN(delay, lost_delays[4]), lost_delays[0]));
}

/* An order of before, of which nothing sensible is heard, or that has outlived itself: perhaps its URL was never one. */
static bool is_lost_order(const OrderMachine *m, ProblemPlace place, const OrderEvent *e) {
        return place == PLACE_ORDER && (!m->learned || e->now >= order_end_of_life(m));
}

/* Some servers say 500 for what they do not know (I-05). A 404 was lag, and is no longer. */
static bool is_forgotten(const OrderMachine *m, const Reply *r, const OrderEvent *e) {
        if (e->status == 404)
                return is_object_place(r->place);
        return e->status == 500 && is_lost_order(m, r->place, e);
}

static ProblemClass setback_class(const OrderMachine *m, const Reply *r, const OrderEvent *e) {
        if (r->kind == REPLY_REFUSED)
                return r->class;
        return is_forgotten(m, r, e) ? CLASS_ORDER : CLASS_LATER;
}

/* A limit without an end: haste makes it worse. */
static bool is_pause(const Reply *r, const OrderEvent *e) {
        return r->problem.type == PROBLEM_RATE_LIMITED && e->retry_after_sec <= 0;
}

int order_setback(
                OrderMachine *m,
                OrderPending *owner,
                Patience *patience,
                const Reply *r,
                const OrderEvent *e) {
        int64_t delay;
        int f;

        if (r->kind == REPLY_LOST)
                return setback_lost(m, owner, patience, r, e);
        if (r->kind == REPLY_REFUSED || patience->later >= LATER_MAX || is_pause(r, e) ||
            e->retry_after_sec > LATER_WAIT_MAX_SEC) {
                f = order_fail_problem(
                                m, setback_class(m, r, e), r->place, &r->problem, NULL,
                                e->retry_after_sec);
                /* An order of before that may not even be looked at: perhaps its URL was never one. */
                if (r->kind == REPLY_REFUSED && r->place == PLACE_ORDER && !m->learned)
                        m->failure.order_dead = true;
                return f;
        }
        if (e->status == 404) /* lag is short */
                delay = TABLE_AT(poll_delays, patience->later);
        else
                delay = TABLE_AT(later_delays, patience->later);
        delay = with_jitter(delay, e->random);
        patience->later++;
        return order_queue_wait(m, owner, MAX(delay, e->retry_after_sec));
}

int order_check_reply(
                OrderMachine *m,
                OrderPending *owner,
                Patience *patience,
                ProblemPlace place,
                const OrderEvent *e) {
        _cleanup_(reply_done) Reply reply = {};
        int r;

        r = reply_read(m, e, place, &reply);
        if (r < 0)
                return r;
        if (reply.kind == REPLY_GOOD)
                return 0;
        r = order_setback(m, owner, patience, &reply, e);
        return r < 0 ? r : 1;
}

int order_bad_answer(
                OrderMachine *m,
                OrderPending *owner,
                Patience *patience,
                ProblemPlace place,
                const char *reason,
                const OrderEvent *e) {
        _cleanup_free_ char *message = NULL;
        Reply reply = { .kind = REPLY_LATER, .class = CLASS_LATER, .place = place };
        int r;

        if (patience->later < LATER_MAX)
                return order_setback(m, owner, patience, &reply, e);
        r = str_printf(&message, "the CA's answer makes no sense: %s", reason);
        if (r < 0)
                return r;
        r = order_fail(m, CLASS_LATER, place, NULL, message);
        if (r >= 0 && is_lost_order(m, place, e))
                m->failure.order_dead = true;
        return r;
}

int64_t order_poll_delay(OrderMachine *m, const OrderEvent *e) {
        int64_t delay = with_jitter(TABLE_AT(poll_delays, m->polls), e->random);

        m->polls++;
        if (e->retry_after_sec > 0)
                delay = MIN(e->retry_after_sec, POLL_MAX_SEC);
        return delay;
}

int order_wait_poll(OrderMachine *m, AcmeStatus status, int64_t delay_sec) {
        if (m->waiting_for != status) {
                m->waiting_for = status;
                m->waited_sec = 0;
        }
        m->waited_sec += order_cap_delay(m, delay_sec);
        order_set_state(m, ORDER_ORDER);
        return order_queue_wait(m, &m->pending, delay_sec);
}
