/* The buffer. It grows by doubling up to its limit, so that n appends cost O(n), and never beyond: a
 * peer that sends without end meets -E2BIG and not the memory of the machine. A secret buffer is never
 * realloc'ed, because realloc() may leave a copy of the old octets behind. */

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ALLOCATION_MIN ((size_t) 64)

static size_t limit_of(const Bytes *b) {
        return b->limit > 0 ? b->limit : BYTES_LIMIT_DEFAULT;
}

void bytes_done(Bytes *b) {
        if (b->data && b->secret)
                explicit_bzero(b->data, b->allocated);
        free(b->data);
        b->data = NULL;
        b->size = b->allocated = 0;
}

static int move_to(Bytes *b, size_t allocated) {
        uint8_t *data;

        if (!b->secret) {
                data = realloc(b->data, allocated);
                if (!data)
                        return -ENOMEM;
                b->data = data;
                b->allocated = allocated;
                return 0;
        }

        data = malloc(allocated);
        if (!data)
                return -ENOMEM;
        if (b->data) {
                memcpy(data, b->data, b->size + 1);
                explicit_bzero(b->data, b->allocated);
                free(b->data);
        }
        b->data = data;
        b->allocated = allocated;
        return 0;
}

/* Makes room for `more` octets and the NUL behind them. */
static int reserve(Bytes *b, size_t more) {
        size_t limit = limit_of(b);

        if (b->size > limit || more > limit - b->size)
                return -E2BIG;

        size_t needed = b->size + more + 1;
        if (needed <= b->allocated)
                return 0;
        size_t doubled = b->allocated > limit / 2 ? limit + 1 : b->allocated * 2;
        return move_to(b, MAX(MAX(needed, doubled), ALLOCATION_MIN));
}

int bytes_append(Bytes *b, const void *data, size_t size) {
        int r;

        if (size == 0)
                return 0;
        r = reserve(b, size);
        if (r < 0)
                return r;
        memcpy(b->data + b->size, data, size);
        b->size += size;
        b->data[b->size] = 0;
        return 0;
}

int bytes_append_string(Bytes *b, const char *text) {
        return bytes_append(b, text, strlen(text));
}

int bytes_printf(Bytes *b, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        int length = vsnprintf(NULL, 0, format, ap);
        va_end(ap);
        if (length < 0)
                return -EINVAL;
        if (length == 0)
                return 0;

        r = reserve(b, (size_t) length);
        if (r < 0)
                return r;
        va_start(ap, format);
        (void) vsnprintf(
                        (char *) b->data + b->size, (size_t) length + 1, format, ap); /* measured */
        va_end(ap);
        b->size += (size_t) length;
        return 0;
}

void bytes_consume(Bytes *b, size_t size) {
        assert(size <= b->size);

        if (size == b->size) {
                bytes_done(b);
                return;
        }
        size_t rest = b->size - size;
        memmove(b->data, b->data + size, rest + 1);
        if (b->secret)
                explicit_bzero(b->data + rest + 1, size);
        b->size = rest;
}

const char *bytes_text(const Bytes *b) {
        return b->data ? (const char *) b->data : "";
}

char *bytes_take_text(Bytes *b) {
        if (!b->data)
                return strdup("");
        b->size = b->allocated = 0;
        return (char *) TAKE_PTR(b->data);
}
