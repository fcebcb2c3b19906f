#pragma once

/* The former set of a target: what stood at its places before the first rename, kept until the new
 * set is verified. STATE/installer/saved/NAME/TARGET/ holds FILE-i and, written last, manifest.json;
 * without the manifest there is no set. It knows the places itself, so that it can be put back without
 * the configuration of today. */

#include "hooks/place.h"

typedef struct Saved {
        PlaceList places; /* as the new set has them: rights as configured then */
        PlaceList former; /* the same paths with the rights of the former files */
        Bytes *contents;  /* owns; of the former files; secret */
        bool *existed;    /* owns */
} Saved;

void saved_done(Saved *s);

/* Saves what stands at the opened places, over an older set. `dir_fd`: STATE/installer/saved/NAME. */
int saved_save(int dir_fd, const char *target, const PlaceList *places, char **ret_error);

/* -ENOENT: there is none; -EBADMSG: unreadable, which callers take for none. */
int saved_load(int dir_fd, const char *target, Saved *ret);

/* Whether a service could run on it: each file was there, the leaf has not expired at `now` and is not among the
 * `revoked`, and the key belongs to it. */
bool saved_is_usable(const Saved *s, int64_t now, const StringList *revoked);

/* Of exactly these paths. */
bool saved_is_for(const Saved *s, const PlaceList *places);

/* Puts the former files back with their rights. Only for a usable set. */
int saved_restore(Saved *s, char **ret_error);

/* Removes the set; none is success. */
int saved_drop(int dir_fd, const char *target);
