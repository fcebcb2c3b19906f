#pragma once

/* A key store in a scratch directory. */

#include <sys/stat.h>

#include "config/paths.h"

#define NOW ((int64_t) 1798977600)
#define DAY ((int64_t) SEC_PER_DAY)

extern Paths bench_paths;

/* A new, empty store. */
int bench_store(void);
mode_t bench_mode_of(int fd, const char *path);

/* Where the key of account "test" is; static storage. */
const char *bench_account_file(int fd);
