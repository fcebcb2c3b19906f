#pragma once

/* The roots that are trusted on this machine, as PEM. */

#include "base/bytes.h"

#define PROBE_ROOTS_MAX ((size_t) 4 * 1024 * 1024)

/* Appends those of `file`, or with NULL the system's; a system without any has none. */
int probe_roots(const char *file, Bytes *ret);
