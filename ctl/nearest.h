#pragma once

/* Which names a person may have meant. */

#include "base/strings.h"

#define NEAREST_MAX 5

/* At most NEAREST_MAX of `names`, nearest first: by edits, or because one contains the other; appended. */
int nearest_names(const char *name, const StringList *names, StringList *ret);
