#pragma once

/* The command line of renewd. */

#include "config/paths.h"

typedef struct Options {
        Paths paths;
        const char *helpers;    /* directory of renewd-signer and renewd-installer */
        const char *separation; /* NULL: nothing is missing */
        bool engine;            /* only the engine */
        bool once;
        bool dump_config;
        bool debug;
} Options;

/* 1: go on; 0: the question is answered (--help, --version); -EINVAL: wrong use, which was said. All is borrowed. */
int options_parse(int argc, char *argv[], Options *ret);
