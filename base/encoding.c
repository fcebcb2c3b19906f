/* The text forms of bytes. The decoder refuses what another decoder may read differently: two texts
 * for one value are two names for one thing. */

#include <string.h>

#include "base/bytes.h"

static const char BASE64URL_ALPHABET[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int base64url_encode(const void *data, size_t size, char **ret) {
        const uint8_t *p = data;

        if (size > SIZE_MAX / 4 * 3 - 4)
                return -E2BIG;
        char *text = malloc(size / 3 * 4 + 4 + 1);
        if (!text)
                return -ENOMEM;

        char *out = text;
        uint32_t bits = 0;
        unsigned held = 0;
        for (size_t i = 0; i < size; i++) {
                bits = (bits << 8) | p[i];
                held += 8;
                while (held >= 6) {
                        held -= 6;
                        *out++ = BASE64URL_ALPHABET[(bits >> held) & 63];
                }
        }
        if (held > 0)
                *out++ = BASE64URL_ALPHABET[(bits << (6 - held)) & 63];
        *out = 0;
        *ret = text;
        return 0;
}

/* The six bits of a digit, or -1. */
static int base64url_digit(char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '-')
                return 62;
        if (c == '_')
                return 63;
        return -1;
}

static int decode_into(const char *text, size_t size, uint8_t *out) {
        uint32_t bits = 0;
        unsigned held = 0;

        for (size_t i = 0; i < size; i++) {
                int digit = base64url_digit(text[i]);
                if (digit < 0)
                        return -EBADMSG;
                bits = (bits << 6) | (uint32_t) digit;
                held += 6;
                if (held >= 8) {
                        held -= 8;
                        *out++ = (uint8_t) (bits >> held);
                }
        }
        return (bits & ((1U << held) - 1)) == 0 ? 0 : -EBADMSG;
}

int base64url_decode(const char *text, size_t size, Bytes *ret) {
        int r;

        if (size % 4 == 1)
                return -EBADMSG;
        size_t decoded = size / 4 * 3 + (size % 4 > 0 ? size % 4 - 1 : 0);
        if (decoded > (ret->limit > 0 ? ret->limit : BYTES_LIMIT_DEFAULT))
                return -E2BIG;

        uint8_t *out = malloc(decoded + 1);
        if (!out)
                return -ENOMEM;
        r = decode_into(text, size, out);
        if (r >= 0)
                r = bytes_append(ret, out, decoded);
        if (ret->secret)
                explicit_bzero(out, decoded);
        free(out);
        return r;
}

int hex_encode(const void *data, size_t size, char **ret) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *p = data;

        if (size > (SIZE_MAX - 1) / 2)
                return -E2BIG;
        char *text = malloc(size * 2 + 1);
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < size; i++) {
                text[2 * i] = digits[p[i] >> 4];
                text[2 * i + 1] = digits[p[i] & 15];
        }
        text[size * 2] = 0;
        *ret = text;
        return 0;
}
