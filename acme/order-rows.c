/* The authorizations of an order: one row each, all in parallel; what a single row does is in order-row.c.
 *
 *   FETCH → PRESENT → (SETTLE →) ACCEPT → WAIT → VALID
 *
 * A row in WAIT is not asked about again: the order's status says when all are through, which saves a
 * request per name and poll (J-12, X-03). Only now and then, and before giving up, the rows are read
 * again, because a server may want a challenge to be posted a second time (J-09). When no row has
 * anything left to do the machine goes on to ask for the order. */

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"
#include "acme/order-row.h"

int rows_create(OrderMachine *m, const StringList *urls) {
        rows_done(m);
        m->rows = calloc(urls->count, sizeof *m->rows);
        if (!m->rows)
                return -ENOMEM;
        for (size_t i = 0; i < urls->count; i++) {
                int r = str_replace(&m->rows[i].url, urls->items[i]);

                if (r < 0)
                        return r;
                m->rows[i].type = CHALLENGE_TYPE_MAX;
                m->row_count = i + 1;
        }
        return 0;
}

void rows_done(OrderMachine *m) {
        for (size_t i = 0; i < m->row_count; i++) {
                row_forget_challenge(&m->rows[i]);
                free(m->rows[i].url);
                free(m->rows[i].identifier);
                free(m->rows[i].trouble);
        }
        free(m->rows);
        m->rows = NULL;
        m->row_count = 0;
}

int rows_end(OrderMachine *m) {
        int r = journal_sweep(m, true);

        rows_done(m);
        return r;
}

size_t order_machine_unread(const OrderMachine *m) {
        size_t n = 0;

        for (size_t i = 0; i < m->row_count; i++)
                n += m->rows[i].phase == ROW_FETCH;
        return n;
}

bool rows_all_valid(const OrderMachine *m) {
        for (size_t i = 0; i < m->row_count; i++)
                if (m->rows[i].phase != ROW_VALID)
                        return false;
        return m->row_count > 0;
}

static bool row_is_at_rest(const OrderRow *row) {
        return row->phase == ROW_WAIT || row->phase == ROW_VALID || row->phase == ROW_DEAD;
}

static int row_send(OrderMachine *m, OrderRow *row) {
        if (row->phase == ROW_FETCH)
                return order_queue_call(m, &row->pending, CALL_AUTHORIZATION, row->url);
        row->posts++;
        return order_queue_call(m, &row->pending, CALL_CHALLENGE, row->challenge_url);
}

/* Starts what is due, a few at a time. */
static int rows_pump(OrderMachine *m) {
        size_t in_flight = 0;

        for (size_t i = 0; i < m->row_count; i++)
                in_flight += m->rows[i].pending.id && m->rows[i].pending.kind == EFFECT_CALL;
        for (size_t i = 0; i < m->row_count && in_flight < ROWS_IN_FLIGHT_MAX; i++) {
                OrderRow *row = &m->rows[i];
                int r;

                if (row->pending.id || (row->phase != ROW_FETCH && row->phase != ROW_ACCEPT))
                        continue;
                r = row_send(m, row);
                if (r < 0)
                        return r;
                in_flight++;
        }
        return 0;
}

static int fail_not_validated(OrderMachine *m) {
        _cleanup_free_ char *message = NULL;
        const OrderRow *row = m->rows;
        int r;

        while (row->phase == ROW_VALID)
                row++;
        r = str_printf(&message, "the CA did not validate %s within %d minutes", row->identifier,
                       AUTHORIZATION_MAX_SEC / 60);
        if (r < 0)
                return r;
        return order_fail(m, CLASS_ORDER, PLACE_AUTHORIZATION, row->identifier, message);
}

int rows_advance(OrderMachine *m, const OrderEvent *e) {
        int64_t delay;
        int r;

        if (m->state != ORDER_AUTHORIZE)
                return 0;
        r = rows_pump(m);
        if (r < 0)
                return r;
        for (size_t i = 0; i < m->row_count; i++)
                if (!row_is_at_rest(&m->rows[i]))
                        return 0;
        r = journal_sweep(m, false);
        if (r < 0)
                return r;
        if (m->invalid)
                return order_fail_invalid(m);
        if (m->last_look && !rows_all_valid(m))
                return fail_not_validated(m);
        m->last_look = false;
        if (m->polls == 0) {
                m->polls = 1;
                delay = MAX(m->hint_sec, SETTLE_FIRST_SEC);
        } else
                delay = order_poll_delay(m, e);
        m->hint_sec = 0;
        return order_wait_poll(m, rows_all_valid(m) ? STATUS_READY : STATUS_PENDING, delay);
}

int rows_look(OrderMachine *m, const OrderEvent *e) {
        for (size_t i = 0; i < m->row_count; i++)
                if (m->rows[i].phase != ROW_VALID)
                        m->rows[i].phase = ROW_FETCH;
        order_set_state(m, ORDER_AUTHORIZE);
        return rows_advance(m, e);
}

int row_on_reply(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        int r = row->phase == ROW_ACCEPT ? row_posted(m, row, e) : row_fetched(m, row, e);

        return r < 0 ? r : rows_advance(m, e);
}

int row_on_presented(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        int r = 0;

        if (e->error < 0) {
                row->tried |= 1U << row->type;
                row->phase = ROW_FETCH; /* the next choice is made from a fresh offer */
                if (str_replace(&row->trouble, e->message) < 0)
                        return -ENOMEM;
                r = row_hide(m, row);
        } else
                row->phase = row->answered ? ROW_WAIT : ROW_ACCEPT;
        return r < 0 ? r : rows_advance(m, e);
}

int row_on_timer(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        if (row->phase == ROW_SETTLE)
                row->phase = ROW_ACCEPT;
        return rows_advance(m, e);
}
