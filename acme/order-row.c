/* One authorization: what was read decides which challenge is shown, posted, posted again or given up.
 * A POST whose answer was lost goes back to FETCH: what the server knows decides whether it is
 * repeated (J-08). */

#include "acme/order-row.h"

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"

static const int64_t settle_delays[] = { 5, 10, 20, 40, 60 }; /* J-09 */

void row_forget_challenge(OrderRow *row) {
        free(row->token);
        free(row->challenge_url);
        row->token = row->challenge_url = NULL;
        row->type = CHALLENGE_TYPE_MAX;
        row->posts = row->refused = 0;
        row->answered = false;
}

/* Every path on which a row stops showing its challenge comes through here. */
int row_hide(OrderMachine *m, OrderRow *row) {
        int r = row->token ? journal_remove(m, row) : 0;

        row_forget_challenge(row);
        return r;
}

/* -- reading an authorization ----------------------------------------------------------------- */

static int row_start(OrderMachine *m, OrderRow *row, const Authorization *a) {
        const Challenge *c = order_choose(m, row, a);
        int r;

        if (!c)
                return order_fail_no_challenge(m, row, a);
        row->type = c->type;
        row->answered = c->status == STATUS_PROCESSING;
        r = str_replace(&row->token, c->token);
        if (r >= 0)
                r = str_replace(&row->challenge_url, c->url);
        if (r >= 0)
                r = journal_add(m, row);
        if (r > 0)
                r = order_queue_save(m);
        if (r < 0)
                return r;
        row->phase = ROW_PRESENT;
        row->pending = (OrderPending){ .kind = EFFECT_PRESENT, .id = order_next_id(m) };
        return order_queue(
                        m, &(OrderEffect){
                                           .kind = EFFECT_PRESENT,
                                           .id = row->pending.id,
                                           .challenge = row->type,
                                           .identifier = row->identifier,
                                           .wildcard = row->wildcard,
                                           .token = row->token,
                           });
}

/* The POST is to be repeated, after a while. */
static int row_settle(OrderMachine *m, OrderRow *row, const Problem *p, const OrderEvent *e) {
        size_t i = MIN((size_t) MAX(row->posts, 1U) - 1, ELEMENTSOF(settle_delays) - 1);

        if (row->posts < CHALLENGE_POSTS_MAX) {
                row->phase = ROW_SETTLE;
                row->answered = false;
                return order_queue_wait(
                                m, &row->pending,
                                MIN(MAX(settle_delays[i], e->retry_after_sec), POLL_MAX_SEC));
        }
        m->invalid = true; /* further tries in this order are in vain */
        if (p)
                return order_fail_problem(
                                m, order_dead_class(p, PLACE_CHALLENGE), PLACE_CHALLENGE, p,
                                row->identifier, 0);
        return order_fail(
                        m, CLASS_ORDER, PLACE_CHALLENGE_POST, row->identifier,
                        "the CA did not take up the challenge");
}

static int row_fail_validation(OrderMachine *m, OrderRow *row, const Problem *p) {
        m->invalid = true;
        if (!p)
                return order_fail(
                                m, CLASS_ORDER, PLACE_CHALLENGE, row->identifier,
                                "the CA could not validate the name and gave no reason");
        return order_fail_problem(
                        m, order_dead_class(p, PLACE_CHALLENGE), PLACE_CHALLENGE, p,
                        row->identifier, 0);
}

static const Challenge *row_challenge(const OrderRow *row, const Authorization *a) {
        for (size_t i = 0; row->token && i < a->challenge_count; i++)
                if (a->challenges[i].type == row->type &&
                    str_equal(a->challenges[i].token, row->token))
                        return &a->challenges[i];
        return NULL;
}

/* Some CAs keep the authorization when a challenge failed; then another type may do (I-07). */
static int row_try_other(
                OrderMachine *m, OrderRow *row, const Authorization *a, const Challenge *failed) {
        int r;

        row->tried |= 1U << row->type;
        r = row_hide(m, row);
        if (r < 0)
                return r;
        if (failed->has_error && !order_choose(m, row, a))
                return row_fail_validation(m, row, &failed->error);
        return row_start(m, row, a);
}

static int row_pending(
                OrderMachine *m, OrderRow *row, const Authorization *a, const OrderEvent *e) {
        const Challenge *c = row_challenge(row, a);
        int r;

        if (!c) {
                r = row_hide(m, row);
                return r < 0 ? r : row_start(m, row, a);
        }
        if (c->status == STATUS_INVALID)
                return row_try_other(m, row, a, c);
        if (c->status == STATUS_PROCESSING || c->status == STATUS_VALID)
                row->answered = true;
        else if (c->has_error || !row->answered)
                return row_settle(m, row, c->has_error ? &c->error : NULL, e);
        row->phase = ROW_WAIT;
        return 0;
}

static int row_valid(OrderMachine *m, OrderRow *row, const Authorization *a, const OrderEvent *e) {
        (void) a;
        (void) e;
        row->phase = ROW_VALID;
        return row_hide(m, row);
}

static int row_invalid(
                OrderMachine *m, OrderRow *row, const Authorization *a, const OrderEvent *e) {
        const Problem *p = authorization_reason(a);

        (void) e;
        if (!p && m->invalid) {
                row->phase = ROW_DEAD;
                return 0;
        }
        return row_fail_validation(m, row, p);
}

/* I-06 */
static int row_lost(OrderMachine *m, OrderRow *row, const Authorization *a, const OrderEvent *e) {
        _cleanup_free_ char *message = NULL;
        int r;

        (void) e;
        r = str_printf(&message, "the authorization for %s is %s", row->identifier,
                       acme_status_to_string(a->status));
        if (r < 0)
                return r;
        return order_fail(m, CLASS_ORDER, PLACE_AUTHORIZATION, row->identifier, message);
}

typedef int (*RowStatusHandler)(
                OrderMachine *m, OrderRow *row, const Authorization *a, const OrderEvent *e);

static const RowStatusHandler by_status[STATUS_MAX] = {
        [STATUS_PENDING] = row_pending, [STATUS_VALID] = row_valid,
        [STATUS_INVALID] = row_invalid, [STATUS_DEACTIVATED] = row_lost,
        [STATUS_EXPIRED] = row_lost,    [STATUS_REVOKED] = row_lost,
};

static int row_fail_foreign(OrderMachine *m, const Authorization *a) {
        _cleanup_free_ char *shown = str_escape(a->identifier, STR_ESCAPE_MAX), *message = NULL;
        int r;

        if (!shown)
                return -ENOMEM;
        r = str_printf(&message, "the CA asks to authorize %s, which was not ordered", shown);
        if (r < 0)
                return r;
        return order_fail(m, CLASS_ORDER, PLACE_AUTHORIZATION, NULL, message);
}

static int row_read(OrderMachine *m, OrderRow *row, const Authorization *a, const OrderEvent *e) {
        int r;

        if (!order_wants_identifier(m, a, &row->wildcard))
                return row_fail_foreign(m, a);
        r = str_replace(&row->identifier, a->identifier);
        if (r < 0)
                return r;
        if (m->invalid && by_status[a->status] != row_invalid && by_status[a->status] != row_lost) {
                row->phase = ROW_DEAD; /* nothing is shown for a dead order */
                return 0;
        }
        if (!by_status[a->status])
                return order_bad_answer(
                                m, &row->pending, &row->patience, PLACE_AUTHORIZATION,
                                "unknown status of an authorization", e);
        row->patience = (Patience){};
        return by_status[a->status](m, row, a, e);
}

int row_fetched(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        _cleanup_(authorization_done) Authorization a = {};
        _cleanup_(json_freep) Json *j = NULL;
        const char *reason = "no JSON";
        int r;

        if (m->invalid && (e->error < 0 || e->status < 200 || e->status > 299)) {
                row->phase = ROW_DEAD; /* only a reason was asked for */
                return 0;
        }
        r = order_check_reply(m, &row->pending, &row->patience, PLACE_AUTHORIZATION, e);
        if (r != 0)
                return r < 0 ? r : 0;
        r = json_parse(e->body ? e->body : "", e->body ? e->size : 0, &j);
        if (r >= 0)
                r = authorization_parse(j, &m->origins, &a, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return order_bad_answer(
                                m, &row->pending, &row->patience, PLACE_AUTHORIZATION, reason, e);
        return row_read(m, row, &a, e);
}

/* -- after the POST --------------------------------------------------------------------------- */

/* Some servers validate before they answer; others answer with an object of another kind, or nothing.
 * Only what clearly asks for an act is heeded here. */
static int row_accepted(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        _cleanup_(problem_done) Problem p = {};
        _cleanup_(json_freep) Json *j = NULL;
        const char *status = NULL, *type = NULL;
        const Json *error = NULL;
        int r;

        row->patience = (Patience){};
        row->answered = true;
        row->phase = ROW_WAIT;
        m->hint_sec = MAX(m->hint_sec, MIN(e->retry_after_sec, POLL_MAX_SEC));
        r = json_parse(e->body ? e->body : "", e->body ? e->size : 0, &j);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || json_get_string(j, "type", &type) < 0 ||
            json_get_string(j, "status", &status) < 0)
                return 0;
        if (acme_status_from_string(status) == STATUS_INVALID) {
                row->phase = ROW_FETCH;
                return 0;
        }
        if (acme_status_from_string(status) != STATUS_PENDING ||
            json_get_object(j, "error", &error) < 0)
                return 0;
        r = problem_parse(error, 0, &p);
        return r < 0 ? r : row_settle(m, row, &p, e);
}

/* A refused POST may be a second one, of a validation that runs (J-08): worth reading before it is believed. */
static bool is_worth_a_look(const OrderRow *row, const Reply *reply, const OrderEvent *e) {
        return reply->kind == REPLY_REFUSED && e->status != 404 &&
               (reply->class == CLASS_BUG || reply->class == CLASS_ORDER) &&
               row->refused < CHALLENGE_REFUSED_MAX;
}

int row_posted(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        _cleanup_(reply_done) Reply reply = {};
        int r;

        r = reply_read(m, e, PLACE_CHALLENGE_POST, &reply);
        if (r < 0)
                return r;
        if (reply.kind == REPLY_GOOD)
                return row_accepted(m, row, e);
        row->answered = false;
        row->phase = ROW_FETCH;
        if (reply.kind == REPLY_REFUSED)
                row->refused++;
        if (is_worth_a_look(row, &reply, e))
                return 0;
        return order_setback(m, &row->pending, &row->patience, &reply, e);
}
