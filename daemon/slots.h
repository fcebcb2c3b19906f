#pragma once

/* A limited number of places for work that others do (installer processes, handshakes). Who comes too
 * late waits in line. */

#include "daemon/loop.h"

typedef struct Slots Slots;
typedef struct Slot Slot;

int slots_new(Loop *loop, unsigned limit, Slots **ret);
Slots *slots_free(Slots *s); /* no slot may be left */
DEFINE_CLEANUP(Slots *, slots_free)

/* 1: the place is taken, `fn` is not called. 0: `fn` is called from the loop when it is. Freeing the
 * slot gives the place (in the line) back. */
int slot_take(Slots *s, loop_fn fn, void *userdata, Slot **ret);
bool slot_is_taken(const Slot *s); /* else it is in the line; NULL: false */
Slot *slot_free(Slot *s);
DEFINE_CLEANUP(Slot *, slot_free)
