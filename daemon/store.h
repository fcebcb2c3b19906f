#pragma once

/* Seam: the engine's own state. Real: store.c, files below STATE/engine, each replaced whole and durable (Y-04). Fake:
 * tests/fake/store.c. */

#include "base/bytes.h"
#include "base/json.h"

typedef struct Store Store;

typedef enum StoreKind {
        STORE_ACCOUNT,     /* accounts/NAME.json */
        STORE_CERTIFICATE, /* certificates/NAME.json */
        STORE_BUDGET,      /* budgets/CA.json */
        STORE_ZONE,        /* zones/NAME.json */
        STORE_REHEARSAL,   /* rehearsals/NAME.json */
        STORE_PINS,        /* pins/NAME.json */
        STORE_WATCH,       /* watches/NAME.json */
} StoreKind;

/* -ENOENT: none. -EBADMSG: damaged; it has been set aside as NAME.json.damaged, *ret is NULL (R1.20). */
int store_load(Store *s, StoreKind kind, const char *name, Json **ret);
int store_save(Store *s, StoreKind kind, const char *name, const Json *object);

/* certificates/NAME.chain.pem; load appends. */
int store_load_chain(Store *s, const char *name, Bytes *ret);
int store_save_chain(Store *s, const char *name, const void *pem, size_t size);
