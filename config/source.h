#pragma once

/* One configuration file with its drop-ins, as the items that stand in it. Inside this room only. */

#include "config/message.h"
#include "config/table.h"

typedef struct SourceItem {
        char *path;
        unsigned line;
        char *section;
        char *key; /* NULL: section header */
        char *value;
} SourceItem;

/* All items of one configuration file and its drop-ins, in order. */
typedef struct Source {
        SourceItem *items;
        size_t count;
        char *path;   /* of the main file; NULL: there is none, or it is masked */
        bool refused; /* a file was there but was not read: it said why */
} Source;

void source_done(Source *s);

/* Reads NAME.conf of this kind; what cannot be trusted or read is reported as an error (R2.8.1). */
int source_read(const Report *r,
                const Paths *paths,
                ConfigKind kind,
                const char *name,
                Source *ret);

/* 0, or -EPERM with *ret_why: the file or a directory above it may be changed by others. */
int trust_check(const char *path, char **ret_why);
