/* UTF-8, and the gate. What a CA, a DNS server or a peer wrote is shown to people in logs and on
 * terminals; there a newline forges a record, ESC commands the terminal, and bidirectional controls
 * show a text that is not there (R2.4.14). */

#include <string.h>

#include "base/strings.h"

/* The length of the character at `p`, 0 if it is not valid: truncated, overlong, a surrogate or beyond
 * U+10FFFF (RFC 3629). */
static size_t utf8_decode(const uint8_t *p, size_t size, uint32_t *ret) {
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        size_t length = p[0] < 0x80   ? 1
                        : p[0] < 0xc2 ? 0
                        : p[0] < 0xe0 ? 2
                        : p[0] < 0xf0 ? 3
                        : p[0] < 0xf5 ? 4
                                      : 0;

        if (length == 0 || length > size)
                return 0;
        uint32_t c = length == 1 ? p[0] : p[0] & (0x7fU >> length);
        for (size_t i = 1; i < length; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                c = (c << 6) | (p[i] & 0x3fU);
        }
        if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return 0;
        *ret = c;
        return length;
}

bool utf8_is_valid(const void *data, size_t size) {
        const uint8_t *p = data;
        uint32_t c;

        for (size_t i = 0; i < size;) {
                size_t length = p[i] < 0x80 ? 1 : utf8_decode(p + i, size - i, &c);
                if (length == 0)
                        return false;
                i += length;
        }
        return true;
}

typedef struct Range {
        uint32_t first, last;
} Range;

/* Controls, and what has no ink of its own but changes how its neighbours look or hides among them. */
static const Range invisible[] = {
        { 0x0000, 0x001f }, { 0x007f, 0x009f },   { 0x00ad, 0x00ad },   { 0x034f, 0x034f },
        { 0x061c, 0x061c }, { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
        { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },   { 0x3164, 0x3164 },
        { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },
        { 0xfffe, 0xffff }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

static bool is_shown_as_is(uint32_t c) {
        for (size_t i = 0; i < ELEMENTSOF(invisible); i++)
                if (c >= invisible[i].first && c <= invisible[i].last)
                        return false;
        return true;
}

/* Writes the character at *text (or its escape) to `out`, advances *text; the octets written. */
static size_t escape_one(const char **text, char out[static 16]) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *p = (const uint8_t *) *text;
        uint32_t c = 0;
        size_t length = utf8_decode(p, strnlen(*text, 4), &c), n = 0;

        if (length > 0 && is_shown_as_is(c)) {
                memcpy(out, p, length);
                *text += length;
                return length;
        }
        length = MAX(length, 1U);
        for (size_t i = 0; i < length; i++) {
                out[n++] = '\\';
                out[n++] = 'x';
                out[n++] = digits[p[i] >> 4];
                out[n++] = digits[p[i] & 15];
        }
        *text += length;
        return n;
}

char *str_escape(const char *text, size_t max) {
        static const char dots[] = "...";
        size_t dots_size = MIN(sizeof(dots) - 1, max), size = 0, cut = 0;

        if (!text)
                text = "";
        size_t length = strnlen(text, max); /* cuts nothing: each octet becomes at least one */
        char *out = malloc(MIN(max, length > SIZE_MAX / 8 ? SIZE_MAX / 2 : length * 4 + 4) + 1);
        if (!out)
                return NULL;

        while (*text) {
                char piece[16];
                size_t n = escape_one(&text, piece);
                if (n > max - size) {
                        memcpy(out + cut, dots, dots_size);
                        size = cut + dots_size;
                        break;
                }
                memcpy(out + size, piece, n);
                size += n;
                if (size <= max - dots_size)
                        cut = size;
        }
        out[size] = 0;
        return out;
}
