#pragma once

/* Instants for a person. */

#include "base/base.h"

#define WHEN_SIZE 64

/* "2027-01-03 12:00 UTC (in 43 d)"; "-" for 0. Returns `buffer`. */
const char *when_format(int64_t unix_sec, int64_t now, char buffer[WHEN_SIZE]);

/* "2027-01-03 (43 d)" for tables; under two days "2027-01-03 12:00 (5 h)"; "-" for 0. */
const char *when_format_short(int64_t unix_sec, int64_t now, char buffer[WHEN_SIZE]);
