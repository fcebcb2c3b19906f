/* The queue of effects, and the journal of what is shown.
 *
 * Effects are facts that wait for the driver; each owns its strings until the step after it was
 * taken, so that the driver may step the machine while effects are still queued. The journal lists
 * every challenge that may be visible outside. It is part of the durable state and is written before
 * a challenge is shown and shortened when EFFECT_REMOVE is queued: after a crash it can name too much,
 * never too little (J-13). */

#include "acme/order-effects.h"

#include <stdarg.h>
#include <stdio.h>

#include "acme/order-internal.h"
#include "acme/order-row.h"

static void queued_done(QueuedEffect *q) {
        free(q->url);
        free(q->identifier);
        free(q->token);
        free(q->profile);
        free(q->replaces);
        free(q->text);
        *q = (QueuedEffect){};
}

static int queued_fill(QueuedEffect *q, const OrderEffect *e) {
        int r;

        q->effect = *e;
        r = str_replace(&q->url, e->url);
        if (r >= 0)
                r = str_replace(&q->identifier, e->identifier);
        if (r >= 0)
                r = str_replace(&q->token, e->token);
        if (r >= 0)
                r = str_replace(&q->profile, e->profile);
        if (r >= 0)
                r = str_replace(&q->replaces, e->replaces);
        if (r >= 0)
                r = str_replace(&q->text, e->text);
        if (r < 0)
                return r;
        q->effect.url = q->url;
        q->effect.identifier = q->identifier;
        q->effect.token = q->token;
        q->effect.profile = q->profile;
        q->effect.replaces = q->replaces;
        q->effect.text = q->text;
        return 0;
}

int order_queue(OrderMachine *m, const OrderEffect *effect) {
        QueuedEffect *q, added = {};
        int r;

        r = queued_fill(&added, effect);
        if (r < 0) {
                queued_done(&added);
                return r;
        }
        q = reallocarray(m->queue, m->queue_size + 1, sizeof *q);
        if (!q) {
                queued_done(&added);
                return -ENOMEM;
        }
        m->queue = q;
        m->queue[m->queue_size++] = added;
        return 0;
}

unsigned order_next_id(OrderMachine *m) {
        m->last_id++;
        if (m->last_id == 0)
                m->last_id = 1;
        return m->last_id;
}

int order_queue_save(OrderMachine *m) {
        return order_queue(m, &(OrderEffect){ .kind = EFFECT_SAVE });
}

int order_queue_call(OrderMachine *m, OrderPending *owner, OrderCall call, const char *url) {
        *owner = (OrderPending){ .kind = EFFECT_CALL, .id = order_next_id(m) };
        return order_queue(
                        m, &(OrderEffect){
                                           .kind = EFFECT_CALL,
                                           .id = owner->id,
                                           .call = call,
                                           .url = url,
                           });
}

int order_queue_tell(OrderMachine *m, const char *format, ...) {
        char text[STR_ESCAPE_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void) vsnprintf(text, sizeof text, format, arguments); /* cut is fine */
        va_end(arguments);
        return order_queue(m, &(OrderEffect){ .kind = EFFECT_TELL, .text = text });
}

int64_t order_cap_delay(const OrderMachine *m, int64_t delay_sec) {
        if (m->lifetime_hint_sec > 0)
                delay_sec = MIN(delay_sec, m->lifetime_hint_sec / 10);
        return MAX(delay_sec, 1);
}

int order_queue_wait(OrderMachine *m, OrderPending *owner, int64_t delay_sec) {
        *owner = (OrderPending){ .kind = EFFECT_WAIT, .id = order_next_id(m) };
        return order_queue(
                        m, &(OrderEffect){
                                           .kind = EFFECT_WAIT,
                                           .id = owner->id,
                                           .delay_sec = order_cap_delay(m, delay_sec),
                           });
}

void order_queue_settle(OrderMachine *m) {
        for (size_t i = 0; i < m->queue_head; i++)
                queued_done(&m->queue[i]);
        for (size_t i = m->queue_head; i < m->queue_size; i++)
                m->queue[i - m->queue_head] = m->queue[i];
        m->queue_size -= m->queue_head;
        m->queue_head = 0;
}

void order_queue_drop_asks(OrderMachine *m) {
        size_t kept = m->queue_head;

        for (size_t i = m->queue_head; i < m->queue_size; i++)
                if (m->queue[i].effect.kind == EFFECT_SAVE ||
                    m->queue[i].effect.kind == EFFECT_REMOVE ||
                    m->queue[i].effect.kind == EFFECT_TELL)
                        m->queue[kept++] = m->queue[i];
                else
                        queued_done(&m->queue[i]);
        m->queue_size = kept;
        m->pending = (OrderPending){};
        for (size_t i = 0; i < m->row_count; i++)
                m->rows[i].pending = (OrderPending){};
}

void order_queue_done(OrderMachine *m) {
        for (size_t i = 0; i < m->queue_size; i++)
                queued_done(&m->queue[i]);
        free(m->queue);
        m->queue = NULL;
        m->queue_size = m->queue_head = 0;
}

bool order_machine_next(OrderMachine *m, OrderEffect *ret) {
        if (m->queue_head == m->queue_size)
                return false;
        *ret = m->queue[m->queue_head++].effect;
        return true;
}

/* -- journal ---------------------------------------------------------------------------------- */

static void shown_done(OrderShown *s) {
        free(s->identifier);
        free(s->token);
        *s = (OrderShown){};
}

static OrderShown *journal_find(
                const OrderMachine *m,
                ChallengeType type,
                const char *identifier,
                const char *token) {
        for (size_t i = 0; i < m->shown_count; i++)
                if (m->shown[i].type == type && str_equal(m->shown[i].identifier, identifier) &&
                    str_equal(m->shown[i].token, token))
                        return &m->shown[i];
        return NULL;
}

bool journal_has(
                const OrderMachine *m,
                ChallengeType type,
                const char *identifier,
                const char *token) {
        return journal_find(m, type, identifier, token);
}

int journal_load(OrderMachine *m, ChallengeType type, const char *identifier, const char *token) {
        OrderShown added = { .type = type }, *list;
        int r;

        r = str_replace(&added.identifier, identifier);
        if (r >= 0)
                r = str_replace(&added.token, token);
        list = r >= 0 ? reallocarray(m->shown, m->shown_count + 1, sizeof *list) : NULL;
        if (!list) {
                shown_done(&added);
                return -ENOMEM;
        }
        m->shown = list;
        m->shown[m->shown_count++] = added;
        return 0;
}

int journal_add(OrderMachine *m, const OrderRow *row) {
        OrderShown *s = journal_find(m, row->type, row->identifier, row->token);
        int r;

        if (row->type == CHALLENGE_DNS_PERSIST_01)
                return 0; /* never written, so never removed (L-08) */
        if (s) {
                s->live = true;
                return 0;
        }
        r = journal_load(m, row->type, row->identifier, row->token);
        if (r < 0)
                return r;
        m->shown[m->shown_count - 1].live = true;
        return 1;
}

static int journal_drop(OrderMachine *m, size_t i) {
        int r;

        r = order_queue(m, &(OrderEffect){
                                           .kind = EFFECT_REMOVE,
                                           .challenge = m->shown[i].type,
                                           .identifier = m->shown[i].identifier,
                                           .token = m->shown[i].token,
                           });
        if (r < 0)
                return r;
        shown_done(&m->shown[i]);
        for (size_t k = i + 1; k < m->shown_count; k++)
                m->shown[k - 1] = m->shown[k];
        m->shown_count--;
        return 0;
}

int journal_remove(OrderMachine *m, const OrderRow *row) {
        OrderShown *s = journal_find(m, row->type, row->identifier, row->token);

        return s ? journal_drop(m, (size_t) (s - m->shown)) : 0;
}

int journal_sweep(OrderMachine *m, bool all) {
        for (size_t i = 0; i < m->shown_count;) {
                int r;

                if (!all && m->shown[i].live) {
                        i++;
                        continue;
                }
                r = journal_drop(m, i);
                if (r < 0)
                        return r;
        }
        return 0;
}

void journal_done(OrderMachine *m) {
        for (size_t i = 0; i < m->shown_count; i++)
                shown_done(&m->shown[i]);
        free(m->shown);
        m->shown = NULL;
        m->shown_count = 0;
}
