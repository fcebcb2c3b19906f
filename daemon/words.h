#pragma once

/* Times as a person reads them. */

#include "base/base.h"

#define WORDS_SIZE 48

/* "45 s", "5 min", "3 h", "43 days"; rounded, never "0 s". */
const char *words_duration(int64_t sec, char buffer[WORDS_SIZE]);

/* "2027-01-03"; within two days of `now` "2027-01-03 12:00 UTC". */
const char *words_date(int64_t unix_sec, int64_t now, char buffer[WORDS_SIZE]);
