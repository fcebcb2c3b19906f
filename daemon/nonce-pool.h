#pragma once

/* Replay nonces of one CA (RFC 8555 §6.5; D-01 … D-09): last in, first out, each handed out once. */

#include "base/base.h"

#define NONCE_POOL_MAX 32
#define NONCE_SIZE_MAX ((size_t) 512)
#define NONCE_AGE_MAX  (60 * USEC_PER_SEC)

typedef struct NoncePool {
        struct {
                char *value; /* owns */
                usec_t at;
        } items[NONCE_POOL_MAX];
        size_t count;
} NoncePool;

void nonce_pool_done(NoncePool *p);

/* Keeps the first valid nonce of a Replay-Nonce value; -ENOENT if there is none in it (D-03). The oldest one
 * gives way when the pool is full. `now` of CLOCK_BOOTTIME. */
int nonce_pool_put(NoncePool *p, const char *field_value, usec_t now);

/* The youngest, malloc'ed; NULL when there is none younger than 60 s. */
char *nonce_pool_take(NoncePool *p, usec_t now);
