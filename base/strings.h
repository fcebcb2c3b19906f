#pragma once

/* Text: comparison, lists, and the one gate through which foreign text passes before it is shown. */

#include "base/base.h"

typedef struct StringList {
        char **items; /* owns; not NULL-terminated */
        size_t count;
} StringList;

void string_list_done(StringList *l);

/* Appends a copy. */
int string_list_add(StringList *l, const char *text);
bool string_list_contains(const StringList *l, const char *text);
int string_list_copy(const StringList *l, StringList *ret);

/* Same members, in the same order; or in whatever order. */
bool string_list_same(const StringList *a, const StringList *b);
bool string_list_same_set(const StringList *a, const StringList *b);

/* Sorts by octets and removes duplicates. */
void string_list_sort_unique(StringList *l);

/* NULL-safe equality. */
bool str_equal(const char *a, const char *b);
bool str_equal_ignore_case(const char *a, const char *b); /* ASCII only, no locale */

/* The rest behind `prefix`, or NULL. */
const char *str_skip_prefix(const char *text, const char *prefix);
bool str_ends_with(const char *text, const char *suffix);

bool str_is_ascii(const char *text);

/* Non-empty and only [A-Za-z0-9_-]: tokens and nonces (D-03, J-04). */
bool str_is_base64url(const char *text);

/* Replaces *p by a copy of `text` (NULL allowed). */
int str_replace(char **p, const char *text);

int str_printf(char **ret, const char *format, ...) _printf_(2, 3);

/* Decimal of the whole text; -EINVAL, -ERANGE. */
int str_to_int64(const char *text, int64_t min, int64_t max, int64_t *ret);

bool utf8_is_valid(const void *data, size_t size);

/* The gate for foreign text (R2.4.14): valid UTF-8 stays but for C0, C1, DEL, bidirectional and
 * other invisible controls and U+2028/2029, which become \xNN of their octets, as invalid octets
 * do; cut at `max` octets with "...". Always returns malloc'ed text but when out of memory. */
char *str_escape(const char *text, size_t max);
#define STR_ESCAPE_MAX ((size_t) 512)
