#pragma once

/* A tree that nobody must touch: watched by inotify while the race goes on, and compared with what it was. */

#include "base/bytes.h"

typedef struct Decoy {
        char path[400];
        int inotify; /* owns */
        Bytes before;
} Decoy;

void decoy_make(Decoy *d, const char *path);

/* What was done to it since, in words; 0: nothing. Ends the watch. */
unsigned decoy_end(Decoy *d);
