#pragma once

/* Where everything lies. One set of directories for all four programs; --config, --state, --runtime
 * (and --data for what is shipped) move them together. */

#include "base/base.h"

typedef struct Paths {
        const char *config;  /* /etc/renewd */
        const char *state;   /* /var/lib/renewd */
        const char *runtime; /* /run/renewd */
        const char *data;    /* /usr/lib/renewd: shipped ca/ and services/ */
} Paths;

/* The directories of the build. */
Paths paths_default(void);

/* For getopt_long: the four options, to be put into a program's own table; PATHS_OPTION_* values are
 * above 255. */
enum { PATHS_OPTION_CONFIG = 0x100, PATHS_OPTION_STATE, PATHS_OPTION_RUNTIME, PATHS_OPTION_DATA };
#define PATHS_OPTIONS                                                                   \
        { "config", required_argument, NULL, PATHS_OPTION_CONFIG },                     \
                        { "state", required_argument, NULL, PATHS_OPTION_STATE },       \
                        { "runtime", required_argument, NULL, PATHS_OPTION_RUNTIME }, { \
                "data", required_argument, NULL, PATHS_OPTION_DATA                      \
        }

/* True if `option` was one of them and was taken (borrowed; must be an absolute path, else -EINVAL is returned). */
int paths_take_option(Paths *p, int option, const char *argument);

/* STATE/installer/stage/CERTIFICATE/TARGET, which %s of [Deploy] stands for. */
int paths_stage(const Paths *p, const char *certificate, const char *target, char **ret);

/* PATH/NAME joined, malloc'ed. */
int path_join(const char *directory, const char *name, char **ret);
