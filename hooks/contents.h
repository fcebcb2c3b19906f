#pragma once

/* What places want of a bundle: an array with one item for each of them. */

#include "hooks/bundle.h"
#include "hooks/place.h"

Bytes *contents_free(Bytes *contents, size_t count);

/* malloc'ed array. For a JKS the PKCS#12 that keytool makes it of. *ret_error: words, malloc'ed. */
int contents_of_bundle(
                const PlaceList *places, const Bundle *bundle, Bytes **ret, char **ret_error);

/* Does one of the files hold the root? */
bool contents_want_root(const PlaceList *places);
