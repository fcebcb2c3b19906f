#pragma once

/* The real store: files below STATE/engine. */

#include "daemon/store.h"

/* Opens (makes) the directories and locks them. -EWOULDBLOCK: another engine has the lock (Y-07). */
int store_new(const char *state, Store **ret);
Store *store_free(Store *s);
DEFINE_CLEANUP(Store *, store_free)
