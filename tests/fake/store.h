#pragma once

/* The fake of daemon/store.h: in memory, as text, so that what comes back went through JSON. It outlives the engine. */

#include "daemon/store.h"
#include "tests/fake/loop.h"

Store *fake_store_new(Loop *loop);
Store *fake_store_free(Store *s);

void fake_store_fail(Store *s, bool fail); /* saves fail with -ENOSPC */
void fake_store_crash_chance(
                Store *s, uint32_t per_million); /* of a crash before or after each save */
unsigned fake_store_saves(const Store *s);

/* Puts text there as it is; NULL removes. A text that is no JSON is a damaged file. */
void fake_store_put(Store *s, StoreKind kind, const char *name, const char *text);
const char *fake_store_get(const Store *s, StoreKind kind, const char *name); /* NULL: none */
void fake_store_put_chain(Store *s, const char *name, const char *pem);
const char *fake_store_chain(const Store *s, const char *name);
