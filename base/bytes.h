#pragma once

/* A growing buffer with a hard limit, and the text forms of bytes. The content is always followed
 * by a NUL octet that is not counted, so that text can be used as a C string. */

#include "base/base.h"

typedef struct Bytes {
        uint8_t *data; /* owns; NULL while empty */
        size_t size;
        size_t allocated;
        size_t limit; /* octets; 0 means BYTES_LIMIT_DEFAULT */
        bool secret;  /* cleanse what is freed or moved */
} Bytes;

#define BYTES_LIMIT_DEFAULT ((size_t) 4 * 1024 * 1024)

/* Frees the content (cleansed if secret); limit and secret stay. */
void bytes_done(Bytes *b);

/* Append. -E2BIG at the limit, -ENOMEM; on error the content is unchanged. */
int bytes_append(Bytes *b, const void *data, size_t size);
int bytes_append_string(Bytes *b, const char *text);
int bytes_printf(Bytes *b, const char *format, ...) _printf_(2, 3);

/* Drops the first `size` octets. */
void bytes_consume(Bytes *b, size_t size);

/* The content as a C string, "" while empty. Valid until the next change. */
const char *bytes_text(const Bytes *b);

/* Hands the content on as a malloc'ed, NUL-terminated block; leaves the buffer empty. NULL only
 * when out of memory. */
char *bytes_take_text(Bytes *b);

/* Base64url without padding (RFC 4648 §5, as RFC 8555 §6.1 asks). ret: malloc'ed text. */
int base64url_encode(const void *data, size_t size, char **ret);

/* Strict: padding, '+', '/', white space and non-zero trailing bits are -EBADMSG (B-05). Appends to
 * *ret. */
int base64url_decode(const char *text, size_t size, Bytes *ret);

/* Lower-case hexadecimal, malloc'ed. */
int hex_encode(const void *data, size_t size, char **ret);

DEFINE_CLEANUP(Bytes *, bytes_done) /* for Bytes *; a Bytes local uses _cleanup_(bytes_done) */
