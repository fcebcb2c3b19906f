/* newOrder: what it carries besides the names, and what is left out of it when the CA refuses. Neither a
 * predecessor nor a preferred profile is worth a certificate: an order that was refused with one of them is
 * asked for once more without it, at once, within the same attempt (Q-09, U-03). */

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"
#include "acme/order-steps.h"
#include "acme/url.h"

int order_wish_fill(OrderWish *w, const OrderSpec *spec) {
        int r;

        r = str_replace(&w->profile, spec->profile);
        if (r >= 0)
                r = str_replace(&w->replaces, spec->replaces);
        w->profile_required = spec->profile_required;
        w->not_before = spec->not_before;
        w->not_after = spec->not_after;
        return r;
}

void order_wish_done(OrderWish *w) {
        free(w->profile);
        free(w->replaces);
        *w = (OrderWish){};
}

int order_send_new(OrderMachine *m) {
        m->pending = (OrderPending){ .kind = EFFECT_CALL, .id = order_next_id(m) };
        return order_queue(
                        m, &(OrderEffect){
                                           .kind = EFFECT_CALL,
                                           .id = m->pending.id,
                                           .call = CALL_NEW_ORDER,
                                           .profile = m->wish.profile,
                                           .replaces = m->wish.replaces,
                                           .not_before = m->wish.not_before,
                                           .not_after = m->wish.not_after,
                           });
}

/* ---- refusals ---- */

/* Q-09 names no types on purpose. An account that the CA does not know can order nothing at all, and a bad
 * profile is not the predecessor's fault. */
static bool is_about_replaces(const OrderMachine *m, const Reply *reply) {
        long status = reply->problem.status;

        if (!m->wish.replaces || reply->kind == REPLY_GOOD || reply->kind == REPLY_LOST)
                return false;
        if ((status < 400 || status > 499) && status != 500)
                return false;
        return status != 429 && reply->problem.type != PROBLEM_RATE_LIMITED &&
               reply->problem.type != PROBLEM_BAD_NONCE &&
               reply->problem.type != PROBLEM_INVALID_PROFILE &&
               reply->problem.type != PROBLEM_ACCOUNT_DOES_NOT_EXIST;
}

/* U-03: servers have three words for it, two of which mean other things, too. */
static bool is_about_profile(const OrderMachine *m, const Reply *reply) {
        if (!m->wish.profile || m->wish.profile_required || reply->kind == REPLY_GOOD ||
            reply->kind == REPLY_LOST)
                return false;
        return reply->problem.type == PROBLEM_INVALID_PROFILE ||
               reply->problem.type == PROBLEM_UNAUTHORIZED ||
               reply->problem.type == PROBLEM_MALFORMED;
}

static int send_without(OrderMachine *m, char **member, const char *what, const Reply *reply) {
        const char *type = problem_type_to_string(reply->problem.type);
        int r;

        r = order_queue_tell(
                        m,
                        "the CA refused the order with %s '%s' (%s%sHTTP %ld), asking without it",
                        what, *member, type, type[0] ? ", " : "", reply->problem.status);
        free(*member);
        *member = NULL;
        return r < 0 ? r : order_send_new(m);
}

/* A CA that was asked for one name need not say which it means. */
static const char *name_refused(const OrderMachine *m, const Problem *p) {
        bool about_names = p->type == PROBLEM_REJECTED_IDENTIFIER ||
                           p->type == PROBLEM_UNSUPPORTED_IDENTIFIER;

        return about_names && !p->identifier && m->names.count == 1 ? m->names.items[0] : NULL;
}

static int refused(OrderMachine *m, const Reply *reply, const OrderEvent *e) {
        if (reply->kind == REPLY_LOST) /* the caller decides when to ask again (S-06) */
                return order_fail(
                                m, reply->class, PLACE_NEW_ORDER, NULL, "the CA cannot be reached");
        if (is_about_replaces(m, reply))
                return send_without(m, &m->wish.replaces, "the predecessor", reply);
        if (is_about_profile(m, reply))
                return send_without(m, &m->wish.profile, "profile", reply);
        return order_fail_problem(
                        m, reply->class, PLACE_NEW_ORDER, &reply->problem,
                        name_refused(m, &reply->problem), e->retry_after_sec);
}

/* ---- the answer ---- */

int order_on_new_order(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        _cleanup_(reply_done) Reply reply = {};
        const char *no_url = "the CA's answer to the order has no usable Location";
        int r;

        (void) row;
        r = reply_read(m, e, PLACE_NEW_ORDER, &reply);
        if (r < 0)
                return r;
        if (reply.kind != REPLY_GOOD)
                return refused(m, &reply, e);
        if (!e->location || url_check(e->location, &m->origins) < 0)
                return order_fail(m, CLASS_LATER, PLACE_NEW_ORDER, NULL, no_url);
        r = str_replace(&m->url, e->location);
        if (r < 0)
                return r;
        m->created = e->now;
        m->placed = true;
        r = order_queue_save(m); /* H-05: before anything else is asked */
        return r < 0 ? r : order_follow(m, e, PLACE_NEW_ORDER);
}

int order_check_echo(OrderMachine *m, const Order *o) {
        _cleanup_free_ char *message = NULL;
        const OrderWish *w = &m->wish;
        int r;

        if (w->replaces && !str_equal(o->replaces, w->replaces)) {
                r = order_queue_tell(
                                m, "the CA's order does not say that it replaces '%s'",
                                w->replaces);
                if (r < 0)
                        return r;
        }
        if (!w->profile || str_equal(o->profile, w->profile))
                return 0;
        if (!w->profile_required)
                return order_queue_tell(m, "the CA's order is not of profile '%s'", w->profile);
        m->invalid = true; /* another order is needed, whatever becomes of this one */
        r = str_printf(&message, "the CA does not take profile '%s' (RequireProfile=)", w->profile);
        if (r >= 0)
                r = order_fail(m, CLASS_PARK, PLACE_NEW_ORDER, NULL, message);
        return r < 0 ? r : 1;
}
