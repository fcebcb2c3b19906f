/* The scanner reads the whole grammar without building anything and without recursion: the nesting is
 * one bit per level, object or array. What it refuses costs no memory and ends at the first octet at
 * fault; what it lets through the library reads in the same way (R2.4.7). */

#include "base/json-scan.h"

#include <string.h>

#include "base/json.h"
#include "base/strings.h"

/* The library copies a number into 64 octets and cuts the rest. */
#define NUMBER_SIZE_MAX 63

typedef struct Scan {
        const uint8_t *p, *end;
        bool is_object[JSON_DEPTH_MAX];
        size_t depth;
        size_t members;
} Scan;

static int peek(const Scan *s) {
        return s->p < s->end ? *s->p : -1;
}

static bool accept(Scan *s, char c) {
        if (peek(s) != c)
                return false;
        s->p++;
        return true;
}

static void skip_space(Scan *s) {
        while (s->p < s->end && memchr(" \t\r\n", *s->p, 4))
                s->p++;
}

static bool scan_digits(Scan *s) {
        const uint8_t *start = s->p;

        while (s->p < s->end && *s->p >= '0' && *s->p <= '9' && s->p - start <= NUMBER_SIZE_MAX)
                s->p++;
        return s->p > start;
}

static int scan_number(Scan *s) {
        const uint8_t *start = s->p;

        (void) accept(s, '-'); /* may be there */
        if (!accept(s, '0') && !scan_digits(s))
                return -EBADMSG;
        if (accept(s, '.') && !scan_digits(s))
                return -EBADMSG;
        if (accept(s, 'e') || accept(s, 'E')) {
                if (!accept(s, '+'))
                        (void) accept(s, '-'); /* may be there */
                if (!scan_digits(s))
                        return -EBADMSG;
        }
        return s->p - start <= NUMBER_SIZE_MAX ? 0 : -EBADMSG;
}

/* The four digits behind "\u", or -1. */
static int scan_hex4(Scan *s) {
        int value = 0;

        for (int i = 0; i < 4; i++) {
                int c = peek(s);
                if (c >= '0' && c <= '9')
                        value = value * 16 + (c - '0');
                else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                        value = value * 16 + ((c | 0x20) - 'a' + 10);
                else
                        return -1;
                s->p++;
        }
        return value;
}

static int scan_escape(Scan *s) {
        int c = peek(s);

        if (c < 0)
                return -EBADMSG;
        s->p++;
        if (c != 'u')
                return memchr("\"\\/bfnrt", c, 8) ? 0 : -EBADMSG;

        int unit = scan_hex4(s);
        if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
                return -EBADMSG;
        if (unit < 0xd800 || unit > 0xdbff)
                return 0;
        if (!accept(s, '\\') || !accept(s, 'u'))
                return -EBADMSG;
        unit = scan_hex4(s);
        return unit >= 0xdc00 && unit <= 0xdfff ? 0 : -EBADMSG;
}

static int scan_string(Scan *s) {
        int r;

        if (!accept(s, '"'))
                return -EBADMSG;
        for (;;) {
                int c = peek(s);
                if (c < 0x20) /* also the end */
                        return -EBADMSG;
                s->p++;
                if (c == '"')
                        return 0;
                if (c != '\\')
                        continue;
                r = scan_escape(s);
                if (r < 0)
                        return r;
        }
}

static int scan_word(Scan *s, const char *word) {
        size_t length = strlen(word);

        if ((size_t) (s->end - s->p) < length || memcmp(s->p, word, length) != 0)
                return -EBADMSG;
        s->p += length;
        return 0;
}

static int scan_scalar(Scan *s) {
        switch (peek(s)) {
        case '"':
                return scan_string(s);
        case 't':
                return scan_word(s, "true");
        case 'f':
                return scan_word(s, "false");
        case 'n':
                return scan_word(s, "null");
        default:
                return scan_number(s);
        }
}

static int scan_key(Scan *s) {
        int r;

        skip_space(s);
        r = scan_string(s);
        if (r < 0)
                return r;
        skip_space(s);
        return accept(s, ':') ? 0 : -EBADMSG;
}

/* Reads the start of a value. 1: a container was opened and its first value follows; 0: the value is
 * complete. */
static int scan_value_start(Scan *s) {
        bool object = peek(s) == '{';

        if (++s->members > JSON_MEMBERS_MAX)
                return -EBADMSG;
        if (!object && peek(s) != '[')
                return scan_scalar(s);
        if (s->depth == JSON_DEPTH_MAX)
                return -EBADMSG;
        s->p++;
        skip_space(s);
        if (accept(s, object ? '}' : ']'))
                return 0;
        s->is_object[s->depth++] = object;
        return object && scan_key(s) < 0 ? -EBADMSG : 1;
}

/* Behind a complete value: closes what ends here. 1: another value follows; 0: the outermost is
 * complete. */
static int scan_value_end(Scan *s) {
        while (s->depth > 0) {
                bool object = s->is_object[s->depth - 1];

                skip_space(s);
                if (accept(s, ','))
                        return object && scan_key(s) < 0 ? -EBADMSG : 1;
                if (!accept(s, object ? '}' : ']'))
                        return -EBADMSG;
                s->depth--;
        }
        return 0;
}

int json_scan(const uint8_t *data, size_t size) {
        Scan s = { .p = data, .end = data + size };
        int r;

        do {
                skip_space(&s);
                r = scan_value_start(&s);
                if (r == 0)
                        r = scan_value_end(&s);
                if (r < 0)
                        return r;
        } while (r > 0);

        skip_space(&s);
        if (s.p != s.end)
                return -EBADMSG;
        return utf8_is_valid(data, size) ? 0 : -EBADMSG;
}
