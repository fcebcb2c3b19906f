/* Values: words, booleans and spans of time as systemd reads them, so that what an administrator knows
 * from unit files holds here. */

#include <string.h>

#include "base/conf-file.h"

#define WHITESPACE " \t\n\r"

/* ---- words ---- */

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* Exactly `count` digits at *p, which moves behind them; -EINVAL. */
static int64_t read_digits(const char **p, size_t count, unsigned base) {
        int64_t value = 0;

        for (size_t i = 0; i < count; i++, (*p)++) {
                int digit = hex_digit(**p);
                if (digit < 0 || digit >= (int) base)
                        return -EINVAL;
                value = value * base + digit;
        }
        return value;
}

static int append_character(Bytes *word, uint32_t c) {
        uint8_t b[4];
        size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

        if (size == 1) {
                b[0] = (uint8_t) c;
                return bytes_append(word, b, 1);
        }
        for (size_t i = size; i-- > 1; c >>= 6)
                b[i] = (uint8_t) (0x80 | (c & 0x3f));
        b[0] = (uint8_t) ((0xf00U >> size) | c);
        return bytes_append(word, b, size);
}

/* The escape behind the backslash at *p (systemd.syntax(7), "Quoting"). */
static int read_escape(const char **p, Bytes *word) {
        static const char letters[] = "abfnrtvs\\\"'", meanings[] = "\a\b\f\n\r\t\v \\\"'";
        char c = *(*p);
        int64_t value;

        const char *known = c ? strchr(letters, c) : NULL;
        if (known) {
                (*p)++;
                return bytes_append(word, meanings + (known - letters), 1);
        }
        if (c >= '0' && c <= '7') {
                value = read_digits(p, 3, 8);
        } else {
                (*p) += c ? 1 : 0;
                value = c == 'x'   ? read_digits(p, 2, 16)
                        : c == 'u' ? read_digits(p, 4, 16)
                        : c == 'U' ? read_digits(p, 8, 16)
                                   : -EINVAL;
        }
        if (value <= 0 || value > 0x10ffff || (value > 0xff && (c != 'u' && c != 'U')))
                return -EINVAL; /* \0 would end the string early */
        if (c == 'u' || c == 'U')
                return append_character(word, (uint32_t) value);
        return bytes_append(word, &(uint8_t){ (uint8_t) value }, 1);
}

/* One word from *p, which stands on its first octet. */
static int read_word(const char **p, Bytes *word) {
        char quote = 0;
        int r = 0;

        while (**p && r >= 0) {
                char c = **p;
                if (!quote && strchr(WHITESPACE, c))
                        break;
                (*p)++;
                if (c == '\\')
                        r = read_escape(p, word);
                else if (quote ? c == quote : (c == '"' || c == '\''))
                        quote = quote ? 0 : c;
                else
                        r = bytes_append(word, &c, 1);
        }
        if (r < 0)
                return r;
        return quote || !utf8_is_valid(word->data, word->size) ? -EINVAL : 0;
}

static int split_words(const char *value, StringList *words) {
        int r;

        for (const char *p = value + strspn(value, WHITESPACE); *p; p += strspn(p, WHITESPACE)) {
                _cleanup_(bytes_done) Bytes word = {};
                r = read_word(&p, &word);
                if (r >= 0)
                        r = string_list_add(words, bytes_text(&word));
                if (r < 0)
                        return r;
        }
        return 0;
}

int conf_split_words(const char *value, StringList *ret) {
        _cleanup_(string_list_done) StringList words = {};
        int r;

        r = split_words(value, &words);
        for (size_t i = 0; r >= 0 && i < words.count; i++)
                r = string_list_add(ret, words.items[i]);
        return r;
}

/* ---- booleans ---- */

int conf_parse_bool(const char *value, bool *ret) {
        static const char *const words[][2] = {
                { "0", "1" },
                { "no", "yes" },
                { "false", "true" },
                { "off", "on" },
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                for (size_t meaning = 0; meaning < 2; meaning++)
                        if (str_equal_ignore_case(value, words[i][meaning])) {
                                *ret = meaning == 1;
                                return 0;
                        }
        return -EINVAL;
}

/* ---- spans of time ---- */

typedef struct Unit {
        const char *name;
        int64_t usec;
} Unit;

static const Unit units[] = {
        { "", 1000000 },
        { "usec", 1 },
        { "us", 1 },
        { "µs", 1 },
        { "msec", 1000 },
        { "ms", 1000 },
        { "seconds", 1000000 },
        { "second", 1000000 },
        { "sec", 1000000 },
        { "s", 1000000 },
        { "minutes", 60 * INT64_C(1000000) },
        { "minute", 60 * INT64_C(1000000) },
        { "min", 60 * INT64_C(1000000) },
        { "m", 60 * INT64_C(1000000) },
        { "hours", 3600 * INT64_C(1000000) },
        { "hour", 3600 * INT64_C(1000000) },
        { "hr", 3600 * INT64_C(1000000) },
        { "h", 3600 * INT64_C(1000000) },
        { "days", 86400 * INT64_C(1000000) },
        { "day", 86400 * INT64_C(1000000) },
        { "d", 86400 * INT64_C(1000000) },
        { "weeks", 7 * 86400 * INT64_C(1000000) },
        { "week", 7 * 86400 * INT64_C(1000000) },
        { "w", 7 * 86400 * INT64_C(1000000) },
        { "months", 2629800 * INT64_C(1000000) },
        { "month", 2629800 * INT64_C(1000000) },
        { "M", 2629800 * INT64_C(1000000) },
        { "years", 31557600 * INT64_C(1000000) },
        { "year", 31557600 * INT64_C(1000000) },
        { "y", 31557600 * INT64_C(1000000) },
};

/* The unit that ends at white space, a digit or the end. Case counts: "m" and "M" differ. */
static int read_unit(const char **p, int64_t *ret_usec) {
        size_t length = strcspn(*p, WHITESPACE "0123456789.-+");

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].name) == length && strncmp(units[i].name, *p, length) == 0) {
                        *p += length;
                        *ret_usec = units[i].usec;
                        return 0;
                }
        return -EINVAL;
}

/* Number, optional fraction, optional white space, unit. Adds to *usec. */
static int read_span(const char **p, int64_t *usec) {
        size_t whole = strspn(*p, "0123456789"), fraction = 0;
        const char *digits = *p, *fraction_digits;
        int64_t unit, value = 0;
        int r;

        *p += whole;
        if (**p == '.') {
                fraction = strspn(++*p, "0123456789");
                *p += fraction;
                if (fraction == 0)
                        return -EINVAL;
        }
        if (whole == 0)
                return -EINVAL;
        fraction_digits = *p - fraction;
        *p += strspn(*p, WHITESPACE);
        r = read_unit(p, &unit);
        if (r < 0)
                return r;

        for (size_t i = 0; i < whole; i++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, digits[i] - '0', &value))
                        return -ERANGE;
        if (__builtin_mul_overflow(value, unit, &value) ||
            __builtin_add_overflow(*usec, value, usec))
                return -ERANGE;
        for (size_t i = 0; i < fraction; i++) {
                unit /= 10;
                if (__builtin_add_overflow(*usec, unit * (fraction_digits[i] - '0'), usec))
                        return -ERANGE;
        }
        return 0;
}

int conf_parse_seconds(const char *value, int64_t *ret) {
        const char *p = value + strspn(value, WHITESPACE);
        int64_t usec = 0;
        int r;

        if (!*p)
                return -EINVAL;
        for (; *p; p += strspn(p, WHITESPACE)) {
                r = read_span(&p, &usec);
                if (r < 0)
                        return r;
        }
        /* Upwards: "1ms" is a short time and not none. */
        *ret = usec / 1000000 + (usec % 1000000 > 0 ? 1 : 0);
        return 0;
}
