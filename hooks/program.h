#pragma once

/* Whether a configured program may be run with our rights (R2.11.2). */

#include "base/base.h"

/* Walks `path` from / one component at a time, through symbolic links: each component and link must be
 * owned by root (or by us) and writable by nobody else, or the name be in a sticky directory and its own
 * owner trusted. The end must be an executable regular file. -EPERM, -ENOENT, -EACCES, -ELOOP, -EINVAL
 * with words in *ret_error, malloc'ed. */
int program_check(const char *path, char **ret_error);

/* The same for a file that a program of ours reads as its own text; it need not be executable. */
int program_check_source(const char *path, char **ret_error);
