/* Text: lists and comparison. Nothing here looks at the locale: what is compared are names, keys and
 * tokens, and these are the same in every language. */

#include "base/strings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void string_list_done(StringList *l) {
        for (size_t i = 0; i < l->count; i++)
                free(l->items[i]);
        free(l->items);
        *l = (StringList){};
}

int string_list_add(StringList *l, const char *text) {
        _cleanup_free_ char *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        char **items = reallocarray(l->items, l->count + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        l->items = items;
        l->items[l->count++] = TAKE_PTR(copy);
        return 0;
}

bool string_list_contains(const StringList *l, const char *text) {
        for (size_t i = 0; i < l->count; i++)
                if (str_equal(l->items[i], text))
                        return true;
        return false;
}

int string_list_copy(const StringList *l, StringList *ret) {
        _cleanup_(string_list_done) StringList copy = {};
        int r;

        for (size_t i = 0; i < l->count; i++) {
                r = string_list_add(&copy, l->items[i]);
                if (r < 0)
                        return r;
        }
        *ret = copy;
        copy = (StringList){};
        return 0;
}

static bool contains_all_of(const StringList *l, const StringList *members) {
        for (size_t i = 0; i < members->count; i++)
                if (!string_list_contains(l, members->items[i]))
                        return false;
        return true;
}

bool string_list_same(const StringList *a, const StringList *b) {
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (strcmp(a->items[i], b->items[i]) != 0)
                        return false;
        return true;
}

bool string_list_same_set(const StringList *a, const StringList *b) {
        return contains_all_of(a, b) && contains_all_of(b, a);
}

static int compare_items(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

void string_list_sort_unique(StringList *l) {
        size_t kept = 0;

        if (l->count == 0)
                return;
        qsort(l->items, l->count, sizeof(*l->items), compare_items);
        for (size_t i = 1; i < l->count; i++) {
                if (strcmp(l->items[kept], l->items[i]) == 0)
                        free(l->items[i]);
                else
                        l->items[++kept] = l->items[i];
        }
        l->count = kept + 1;
}

bool str_equal(const char *a, const char *b) {
        if (!a || !b)
                return a == b;
        return strcmp(a, b) == 0;
}

static char ascii_lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

bool str_equal_ignore_case(const char *a, const char *b) {
        if (!a || !b)
                return a == b;
        while (*a && ascii_lower(*a) == ascii_lower(*b)) {
                a++;
                b++;
        }
        return *a == 0 && *b == 0;
}

const char *str_skip_prefix(const char *text, const char *prefix) {
        size_t length = strlen(prefix);

        return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

bool str_ends_with(const char *text, const char *suffix) {
        size_t text_length = strlen(text), suffix_length = strlen(suffix);

        return suffix_length <= text_length &&
               strcmp(text + text_length - suffix_length, suffix) == 0;
}

bool str_is_ascii(const char *text) {
        for (; *text; text++)
                if ((unsigned char) *text >= 0x80)
                        return false;
        return true;
}

bool str_is_base64url(const char *text) {
        static const char alphabet[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

        return *text && text[strspn(text, alphabet)] == 0;
}

int str_replace(char **p, const char *text) {
        char *copy = NULL;

        if (text) {
                copy = strdup(text);
                if (!copy)
                        return -ENOMEM;
        }
        free(*p);
        *p = copy;
        return 0;
}

int str_printf(char **ret, const char *format, ...) {
        char *text;
        va_list ap;

        va_start(ap, format);
        int length = vasprintf(&text, format, ap);
        va_end(ap);
        if (length < 0)
                return -ENOMEM;
        *ret = text;
        return 0;
}

int str_to_int64(const char *text, int64_t min, int64_t max, int64_t *ret) {
        bool negative = *text == '-';
        const char *digits = text + negative;
        int64_t value = 0;
        bool overflow = false;

        if (!*digits || digits[strspn(digits, "0123456789")])
                return -EINVAL;
        /* Counted downwards: the negative range is the wider one. */
        for (const char *p = digits; *p && !overflow; p++)
                overflow = __builtin_mul_overflow(value, 10, &value) ||
                           __builtin_sub_overflow(value, *p - '0', &value);
        if (!overflow && !negative)
                overflow = __builtin_sub_overflow(0, value, &value);
        if (overflow || value < min || value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}
