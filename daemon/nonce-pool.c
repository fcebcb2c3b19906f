#include "daemon/nonce-pool.h"

#include <string.h>

#include "base/strings.h"

static void drop_oldest(NoncePool *p, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(p->items[i].value);
        p->count -= n;
        memmove(p->items, p->items + n, p->count * sizeof p->items[0]);
}

void nonce_pool_done(NoncePool *p) {
        drop_oldest(p, p->count);
}

/* The first token of a comma-separated value that can be a nonce; NULL if none or no memory. */
static char *first_nonce(const char *value) {
        while (*value) {
                size_t size = strcspn(value, ", \t");
                char *token = NULL;

                if (size > 0 && size <= NONCE_SIZE_MAX)
                        token = strndup(value, size);
                if (token && str_is_base64url(token))
                        return token;
                free(token);
                value += size;
                value += strspn(value, ", \t");
        }
        return NULL;
}

int nonce_pool_put(NoncePool *p, const char *field_value, usec_t now) {
        char *token = field_value ? first_nonce(field_value) : NULL;

        if (!token)
                return -ENOENT;
        if (p->count == NONCE_POOL_MAX)
                drop_oldest(p, 1);
        p->items[p->count].value = token;
        p->items[p->count].at = now;
        p->count++;
        return 0;
}

char *nonce_pool_take(NoncePool *p, usec_t now) {
        size_t old = 0;

        while (old < p->count && p->items[old].at + NONCE_AGE_MAX < now)
                old++;
        drop_oldest(p, old);
        if (p->count == 0)
                return NULL;
        p->count--;
        return TAKE_PTR(p->items[p->count].value);
}
