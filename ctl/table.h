#pragma once

/* A table of text with aligned columns. Every cell passes str_escape(): most of them come from others. */

#include "base/bytes.h"

#define TABLE_COLUMNS_MAX 8

typedef struct Table Table;

/* The headings are borrowed, ended by NULL. */
int table_new(const char *const headings[], Table **ret);
Table *table_free(Table *t);
DEFINE_CLEANUP(Table *, table_free)

/* As many cells as headings; NULL is shown as "-". Copies. */
int table_add(Table *t, const char *const cells[]);

/* The escape sequence for a cell of this column, or NULL; used only if colours are wanted. */
typedef const char *(*table_colour_fn)(const char *cell);
void table_set_colour(Table *t, size_t column, table_colour_fn colour);

/* Appends heading and rows; the last column is not padded. */
int table_format(const Table *t, bool colours, Bytes *ret);
