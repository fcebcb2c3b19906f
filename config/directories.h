#pragma once

/* Which files of one kind there are. Inside this room only. */

#include "config/message.h"
#include "config/table.h"

/* Where files of this kind are looked for, the first one first; ends with NULL. */
int config_directories(const Paths *p, ConfigKind kind, char *ret[3]);
void directories_done(char *dirs[3]);
#define _cleanup_directories_ __attribute__((cleanup(directories_cleanup)))
static inline void directories_cleanup(char *(*dirs)[3]) {
        directories_done(*dirs);
}

/* The administrator's own file of this name, which need not be there. */
int config_path(const Paths *p, ConfigKind kind, const char *name, char **ret);

/* Names of NAME.conf of this kind, sorted and unique; wrong entries are reported. */
int config_list(const Report *r, const Paths *paths, ConfigKind kind, StringList *ret);
