#pragma once

/* Unit-like INI text as in systemd.syntax(7): sections, Key=Value, '#' and ';' comments, backslash
 * continuation, quoting; and which files make one configuration: a main file and its drop-ins over
 * several directories (UAPI.6). Knows no key: the reader's callback does. */

#include "base/bytes.h"
#include "base/strings.h"

typedef struct ConfItem {
        const char *path; /* as a person would name the file */
        unsigned line;    /* from 1; of the item's first line */
        const char *section;
        const char *key;   /* NULL: a section header was read */
        const char *value; /* trimmed, continuation joined; "" resets */
} ConfItem;

/* Called for each item in order; a negative return ends the parse with it. */
typedef int (*conf_item_fn)(const ConfItem *item, void *userdata);

/* Called for text that cannot be read as INI; the parse goes on with the next line. */
typedef void (*conf_error_fn)(const char *path, unsigned line, const char *message, void *userdata);

#define CONF_FILE_MAX ((size_t) 1024 * 1024)
#define CONF_LINE_MAX ((size_t) 64 * 1024)

/* Parses `text`. NUL octets, a line over CONF_LINE_MAX, invalid UTF-8: reported by `error`. A BOM at
 * the start and CRLF are accepted. */
int conf_parse(const char *path,
               const void *text,
               size_t size,
               conf_item_fn item,
               conf_error_fn error,
               void *userdata);

/* The files of one configuration in the order in which they apply: the first existing
 * dirs[i]/`name`, then `name`.d/ *.conf of all `dirs`, by file name, a higher directory's file
 * replacing a lower one's of the same name; links to /dev/null and empty files mask. `dirs` from
 * highest to lowest, ended by NULL. Appends absolute paths. */
int conf_files(const char *const dirs[], const char *name, StringList *ret);

/* Splits a value into words with systemd's quoting ("", '', backslash escapes). -EINVAL: unbalanced
 * quote or bad escape. Appends. */
int conf_split_words(const char *value, StringList *ret);

/* 1, yes, true, on / 0, no, false, off, in any case. */
int conf_parse_bool(const char *value, bool *ret);

/* "90", "10min", "1h 30min", "2 days", "160h" as systemd.time(7), in seconds. */
int conf_parse_seconds(const char *value, int64_t *ret);
