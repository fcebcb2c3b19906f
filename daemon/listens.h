#pragma once

/* The sockets of one server for strangers: those that systemd hands in, and those that Listen= names. */

#include "base/strings.h"
#include "daemon/stranger-server.h"

typedef struct Listens {
        StrangerServer *server; /* borrows */
        StringList names;       /* of Listen= that stand now; owns */
        const char *section;    /* of the configuration, for messages */
        const char *unit;       /* the socket unit, for messages */
} Listens;

/* Serves an inherited listening socket; takes the descriptor, also on error. */
int listens_adopt(Listens *l, int fd);

/* Opens and closes until exactly `wanted` stand besides the inherited ones; what cannot be opened is logged. */
void listens_configure(Listens *l, const StringList *wanted);

void listens_done(Listens *l);
