#pragma once

/* A set of files staged beside where they will stand, then renamed one after the other. */

#include "hooks/bundle.h"
#include "hooks/place.h"

typedef struct Staging {
        const PlaceList *places; /* borrows; opened */
        StagedFile *files;       /* owns; one for each place */
        size_t count;
} Staging;

/* Removes what was not renamed. */
void staging_done(Staging *s);

/* Writes and syncs all of them with their final rights; nothing is visible yet. `contents` has one
 * item for each place. On error nothing stays behind; *ret_error says which file, malloc'ed. */
int staging_write(const PlaceList *places, const Bytes *contents, Staging *ret, char **ret_error);

/* Renames in order and syncs the directories. An error leaves a mixed set. */
int staging_commit(Staging *s, char **ret_error);
