#pragma once

/* The queue of effects, and the journal of what is shown (J-13). For the order*.c files only; order-effects.c. */

#include "acme/order-internal.h"

/* A queued effect; owns the strings that the public form borrows. */
struct QueuedEffect {
        OrderEffect effect;
        char *url, *identifier, *token, *profile, *replaces, *text;
};

int order_queue(OrderMachine *m, const OrderEffect *effect);
int order_queue_save(OrderMachine *m);
int order_queue_call(OrderMachine *m, OrderPending *owner, OrderCall call, const char *url);
/* Never more than a tenth of the expected lifetime, never less than a second. */
int64_t order_cap_delay(const OrderMachine *m, int64_t delay_sec);
int order_queue_tell(OrderMachine *m, const char *format, ...) _printf_(2, 3);
int order_queue_wait(OrderMachine *m, OrderPending *owner, int64_t delay_sec); /* capped */
void order_queue_settle(OrderMachine *m);    /* frees what was taken */
void order_queue_drop_asks(OrderMachine *m); /* what was not taken and would ask for an answer */
void order_queue_done(OrderMachine *m);
unsigned order_next_id(OrderMachine *m);
int journal_load(OrderMachine *m, ChallengeType type, const char *identifier, const char *token);
/* 1: the journal changed and must be saved before the challenge is shown. */
int journal_add(OrderMachine *m, const OrderRow *row);
int journal_remove(OrderMachine *m, const OrderRow *row); /* with EFFECT_REMOVE */
int journal_sweep(OrderMachine *m, bool all); /* leftovers, or all; with EFFECT_REMOVE */
bool journal_has(
                const OrderMachine *m,
                ChallengeType type,
                const char *identifier,
                const char *token);
void journal_done(OrderMachine *m);
