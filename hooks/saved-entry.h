#pragma once

/* One file of a saved set in its manifest: all that its place had, and what stood there. For saved.c only. */

#include "base/json.h"
#include "hooks/place.h"

typedef struct SavedFormer {
        bool existed;
        FileRights rights;
        char *access_list; /* owns */
} SavedFormer;

void saved_former_done(SavedFormer *f);

int saved_entry_append(Json *files, const Place *p, const SavedFormer *former);

/* Adds one place to each of the lists. -EBADMSG. */
int saved_entry_parse(const Json *j, PlaceList *places, PlaceList *former, bool *ret_existed);
