#pragma once

/* Programs that the parent starts: the engine, and one helper for each connection. */

#include "daemon/options.h"
#include "daemon/user.h"

typedef struct Child {
        const char *program;    /* absolute path */
        const char *name;       /* argv[0] */
        const User *user;       /* NULL: the caller's own */
        int connection;         /* for a helper: handed on as descriptor 3; -1: none */
        const char *separation; /* for the engine */
        const char *credentials; /* a directory whose files are handed on, opened, as eab_NAME; NULL: none */
} Child;

/* Starts it with the directories of `options`; *ret: its pid. The caller has blocked signals; the child has not. */
int child_start(const Child *child, const Options *options, pid_t *ret);
