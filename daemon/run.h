#pragma once

/* The engine's life: makes everything, runs the loop, ends. */

#include "daemon/options.h"

/* The program's exit status: 0; 1 something failed or, with --once, is left open; 78 the configuration cannot be used. */
int engine_run(const Options *options);

#define EXIT_CONFIG 78 /* EX_CONFIG of sysexits.h */
