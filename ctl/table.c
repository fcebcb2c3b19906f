/* Columns are padded by characters, not octets: names of issuers need not be ASCII. Wide and combining
 * characters are counted as one each; they only shift a line. */

#include "ctl/table.h"

#include <string.h>

#include "base/strings.h"

#define COLOUR_OFF "\033[0m"

struct Table {
        const char *const *headings; /* borrows */
        size_t columns;
        char **cells; /* owns; row by row */
        size_t rows;
        table_colour_fn colour[TABLE_COLUMNS_MAX];
};

int table_new(const char *const headings[], Table **ret) {
        Table *t = calloc(1, sizeof *t);

        if (!t)
                return -ENOMEM;
        t->headings = headings;
        while (headings[t->columns])
                t->columns++;
        assert(t->columns > 0 && t->columns <= TABLE_COLUMNS_MAX);
        *ret = t;
        return 0;
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->rows * t->columns; i++)
                free(t->cells[i]);
        free(t->cells);
        free(t);
        return NULL;
}

int table_add(Table *t, const char *const cells[]) {
        char **grown = reallocarray(t->cells, (t->rows + 1) * t->columns, sizeof *grown), **row;

        if (!grown)
                return -ENOMEM;
        t->cells = grown;
        row = grown + t->rows * t->columns;
        for (size_t i = 0; i < t->columns; i++) {
                row[i] = str_escape(cells[i] && *cells[i] ? cells[i] : "-", STR_ESCAPE_MAX);
                if (!row[i]) {
                        while (i > 0)
                                free(row[--i]);
                        return -ENOMEM;
                }
        }
        t->rows++;
        return 0;
}

void table_set_colour(Table *t, size_t column, table_colour_fn colour) {
        assert(column < t->columns);
        t->colour[column] = colour;
}

static size_t width_of(const char *text) {
        size_t n = 0;

        for (; *text; text++)
                if (((unsigned char) *text & 0xc0) != 0x80)
                        n++;
        return n;
}

static int append_cell(const char *cell, size_t width, const char *colour, Bytes *ret) {
        size_t used = width_of(cell);
        int padding = width > used ? (int) (width - used) : 0;

        return bytes_printf(
                        ret, "%s%s%s%*s", colour ? colour : "", cell, colour ? COLOUR_OFF : "",
                        padding, "");
}

static int append_row(
                const Table *t,
                const char *const *row,
                const size_t widths[],
                bool colours,
                Bytes *ret) {
        int r = 0;

        for (size_t i = 0; i < t->columns && r >= 0; i++) {
                const char *colour = colours && t->colour[i] ? t->colour[i](row[i]) : NULL;
                bool last = i + 1 == t->columns;

                r = append_cell(row[i], last ? 0 : widths[i] + 2, colour, ret);
        }
        return r < 0 ? r : bytes_append_string(ret, "\n");
}

int table_format(const Table *t, bool colours, Bytes *ret) {
        size_t widths[TABLE_COLUMNS_MAX] = {};
        int r;

        for (size_t i = 0; i < t->columns; i++)
                widths[i] = width_of(t->headings[i]);
        for (size_t i = 0; i < t->rows * t->columns; i++)
                widths[i % t->columns] = MAX(widths[i % t->columns], width_of(t->cells[i]));
        r = append_row(t, t->headings, widths, false, ret);
        for (size_t i = 0; i < t->rows && r >= 0; i++)
                r = append_row(t, (const char *const *) t->cells + i * t->columns, widths, colours,
                               ret);
        return r;
}
