/* The order machine: the object, and the table that says which handler meets which event in which
 * state. A cell without a handler ignores the event: it is late, or never was asked for. */

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"
#include "acme/order-row.h"
#include "acme/order-steps.h"

static const char *const state_names[ORDER_STATE_MAX] = {
        [ORDER_NEW] = "new",   [ORDER_AUTHORIZE] = "authorize", [ORDER_ORDER] = "order",
        [ORDER_CSR] = "csr",   [ORDER_FINALIZE] = "finalize",   [ORDER_DOWNLOAD] = "download",
        [ORDER_DONE] = "done", [ORDER_FAILED] = "failed",
};

static const OrderHandler table[ORDER_STATE_MAX][ORDER_EVENT_MAX] = {
        [ORDER_NEW] = {
                [ORDER_EVENT_START] = order_on_start,
                [ORDER_EVENT_RESUME] = order_on_start, /* the crash came before the URL (H-12) */
                [ORDER_EVENT_REPLY] = order_on_new_order,
                [ORDER_EVENT_ABORT] = order_on_abort,
        },
        [ORDER_AUTHORIZE] = {
                [ORDER_EVENT_REPLY] = row_on_reply,
                [ORDER_EVENT_PRESENTED] = row_on_presented,
                [ORDER_EVENT_TIMER] = row_on_timer,
                [ORDER_EVENT_ABORT] = order_on_abort,
        },
        [ORDER_ORDER] = {
                [ORDER_EVENT_START] = order_on_resume,
                [ORDER_EVENT_RESUME] = order_on_resume,
                [ORDER_EVENT_REPLY] = order_on_order,
                [ORDER_EVENT_TIMER] = order_on_poll,
                [ORDER_EVENT_ABORT] = order_on_abort,
        },
        [ORDER_CSR] = {
                [ORDER_EVENT_CSR] = order_on_csr,
                [ORDER_EVENT_TIMER] = order_on_csr_timer,
                [ORDER_EVENT_ABORT] = order_on_abort,
        },
        [ORDER_FINALIZE] = {
                [ORDER_EVENT_REPLY] = order_on_finalize,
                [ORDER_EVENT_ABORT] = order_on_abort,
        },
        [ORDER_DOWNLOAD] = {
                [ORDER_EVENT_REPLY] = order_on_certificate,
                [ORDER_EVENT_TIMER] = order_on_download_timer,
                [ORDER_EVENT_ABORT] = order_on_abort,
        },
        [ORDER_DONE] = {},
        [ORDER_FAILED] = {},
};

/* What an event may answer; events without an entry are told, not asked for. */
static const OrderEffectKind answers[ORDER_EVENT_MAX] = {
        [ORDER_EVENT_REPLY] = EFFECT_CALL,
        [ORDER_EVENT_PRESENTED] = EFFECT_PRESENT,
        [ORDER_EVENT_CSR] = EFFECT_CSR,
        [ORDER_EVENT_TIMER] = EFFECT_WAIT,
};

const char *order_state_to_string(OrderState s) {
        return (unsigned) s < ORDER_STATE_MAX ? state_names[s] : "unknown";
}

void order_set_state(OrderMachine *m, OrderState to) {
        m->state = to;
}

static int copy_names(const StringList *names, StringList *ret) {
        int r = string_list_copy(names, ret);

        if (r < 0)
                return r;
        for (size_t i = 0; i < ret->count; i++)
                for (char *p = ret->items[i]; *p; p++)
                        if (*p >= 'A' && *p <= 'Z')
                                *p = (char) (*p - 'A' + 'a');
        return 0;
}

int order_machine_new(const OrderSpec *spec, OrderMachine **ret) {
        _cleanup_(order_machine_freep) OrderMachine *m = NULL;
        int r;

        assert(spec->names && spec->names->count > 0);
        m = calloc(1, sizeof *m);
        if (!m)
                return -ENOMEM;
        m->lifetime_hint_sec = spec->lifetime_hint_sec;
        m->emergency = spec->emergency;
        r = copy_names(spec->names, &m->names);
        if (r >= 0)
                r = order_wish_fill(&m->wish, spec);
        if (r >= 0)
                r = str_replace(&m->preferred_chain, spec->preferred_chain);
        if (r >= 0)
                r = string_list_copy(spec->origins, &m->origins);
        if (r < 0)
                return r;
        m->challenges = calloc(MAX(spec->challenge_count, 1U), sizeof *m->challenges);
        if (!m->challenges)
                return -ENOMEM;
        for (size_t i = 0; i < spec->challenge_count; i++)
                m->challenges[i] = spec->challenges[i];
        m->challenge_count = spec->challenge_count;
        *ret = TAKE_PTR(m);
        return 0;
}

OrderMachine *order_machine_free(OrderMachine *m) {
        if (!m)
                return NULL;
        rows_done(m);
        journal_done(m);
        order_queue_done(m);
        string_list_done(&m->names);
        string_list_done(&m->origins);
        free(m->challenges);
        free(m->url);
        free(m->finalize);
        free(m->preferred_chain);
        order_wish_done(&m->wish);
        order_download_done(&m->download);
        bytes_done(&m->csr);
        bytes_done(&m->chain);
        problem_done(&m->error);
        problem_done(&m->refusal);
        order_failure_done(&m->failure);
        free(m);
        return NULL;
}

/* Who waits for this event? False: nobody. */
static bool find_owner(OrderMachine *m, const OrderEvent *e, OrderRow **ret_row) {
        OrderPending *p = NULL;

        *ret_row = NULL;
        if (answers[e->kind] == EFFECT_SAVE) /* asked for by no effect */
                return true;
        if (e->id != 0 && m->pending.id == e->id)
                p = &m->pending;
        for (size_t i = 0; i < m->row_count && e->id != 0 && !p; i++)
                if (m->rows[i].pending.id == e->id) {
                        *ret_row = &m->rows[i];
                        p = &m->rows[i].pending;
                }
        if (!p || p->kind != answers[e->kind])
                return false;
        *p = (OrderPending){};
        return true;
}

int order_machine_step(OrderMachine *m, const OrderEvent *event) {
        OrderHandler handler;
        OrderRow *row;

        order_queue_settle(m);
        if ((unsigned) event->kind >= ORDER_EVENT_MAX)
                return 0;
        handler = table[m->state][event->kind];
        if (!handler || !find_owner(m, event, &row))
                return 0;
        return handler(m, row, event);
}

OrderState order_machine_state(const OrderMachine *m) {
        return m->state;
}

const char *order_machine_url(const OrderMachine *m) {
        return m->url;
}

const char *order_machine_chain(const OrderMachine *m, size_t *ret_size) {
        if (ret_size)
                *ret_size = m->chain.size;
        return bytes_text(&m->chain);
}

const char *order_machine_replaces(const OrderMachine *m) {
        return m->wish.replaces;
}

const Bytes *order_machine_csr(const OrderMachine *m) {
        return &m->csr;
}

const OrderFailure *order_machine_failure(const OrderMachine *m) {
        return &m->failure;
}
