#pragma once

/* What stood at the places of a target before renewd ever wrote there. STATE/installer/original/NAME/ holds it for ever in
 * sets of hooks/saved.h: TARGET, and TARGET~1, TARGET~2 … for places that were configured later. A set is made once and never
 * overwritten, until all was given back. */

#include "base/strings.h"
#include "hooks/place.h"

/* Keeps what stands at those of the opened places that are in no set yet. `dir_fd`: STATE/installer/original/NAME. */
int original_keep(int dir_fd, const char *target, const PlaceList *places, char **ret_error);

typedef enum OriginalState {
        ORIGINAL_NONE,     /* nothing is known of what was there */
        ORIGINAL_EMPTY,    /* it is known that none of the files was there */
        ORIGINAL_FILES,    /* some were */
        ORIGINAL_RESTORED, /* they are back already */
} OriginalState;
int original_state(int dir_fd, const char *target, OriginalState *ret);

/* The places of all sets, appended, with the rights that our files have there. */
int original_places(int dir_fd, const char *target, PlaceList *ret);

/* The former files stand at their places with their rights again; with `remove` those that were not there are gone.
 * *messages: a line for each. */
int original_restore(
                int dir_fd,
                const char *target,
                bool remove,
                StringList *messages,
                char **ret_error);

/* Notes that all was given back: the next deploy is a first one. */
int original_set_restored(int dir_fd, const char *target);
