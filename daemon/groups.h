#pragma once

/* Turns: of the targets of one group, whatever their certificate, one is deployed at a time (Group=). Whoever has the turn
 * gives it back when its deploy is proved or has failed. It takes it last, when nothing else holds it any more, so that nobody
 * waits for one who waits. */

#include "daemon/slots.h"

typedef struct Groups Groups;

int groups_new(Loop *loop, Groups **ret);
Groups *groups_free(Groups *g); /* no turn may be left */
DEFINE_CLEANUP(Groups *, groups_free)

/* As slot_take(), in the line of this group. */
int groups_turn(Groups *g, const char *name, loop_fn fn, void *userdata, Slot **ret);
