#pragma once

/* One program of a web server, run by root at a person's request: its end is waited for, its words are kept. */

#include "base/bytes.h"
#include "base/strings.h"

#define RUN_OUTPUT_MAX ((size_t) 64 * 1024)

/* Both outputs go to *output (at most RUN_OUTPUT_MAX of it). 0: it exited with 0; 1: it failed, or was ended after a
 * minute; negative: it could not be run. */
int run_program(const StringList *argv, Bytes *output);

/* The last lines of what it said, escaped, for a message; malloc'ed, NULL without memory. */
char *run_last_words(const Bytes *output);
