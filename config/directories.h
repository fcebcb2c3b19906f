#pragma once

/* Which files of one kind there are. Inside this room only. */

#include "config/message.h"

/* Names of NAME.conf in the directories, sorted and unique; wrong entries are reported. */
int config_list(const Report *r, const char *const dirs[], StringList *ret);

int config_directories(const Paths *p, const char *sub, bool shipped, char *ret[3]);
void directories_done(char *dirs[3]);
#define _cleanup_directories_ __attribute__((cleanup(directories_cleanup)))
static inline void directories_cleanup(char *(*dirs)[3]) {
        directories_done(*dirs);
}
