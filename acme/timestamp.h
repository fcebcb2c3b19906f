#pragma once

/* Times as protocols write them. UTC, 64 bits, no locale. */

#include "base/base.h"

/* RFC 3339: Z or offset, lower-case t/z, 0–9 fractional digits cut off (B-06). Unix seconds. */
int rfc3339_parse(const char *text, int64_t *ret);

/* "2027-01-03T12:00:00Z"; `buffer` of RFC3339_SIZE octets; returns it. */
#define RFC3339_SIZE 32
const char *rfc3339_format(int64_t unix_sec, char buffer[RFC3339_SIZE]);

/* HTTP-date in its three forms (RFC 9110 §5.6.7). */
int http_date_parse(const char *text, int64_t *ret);

/* Retry-After: seconds or HTTP-date, against `now` (the answer's own Date, else the local clock). 0
 * and *ret = delay in seconds, 1 … 2^31; -ENOENT for anything that counts as absent (S-01, S-03). */
int retry_after_parse(const char *text, int64_t now, int64_t *ret);

/* The max-age of a Cache-Control field, in seconds (RFC 9111 §5.2); -ENOENT if there is none that can be read. */
int max_age_parse(const char *text, int64_t *ret);
