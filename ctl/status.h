#pragma once

/* What status and show share: reading the engine's answers, where anything may be missing. */

#include "base/json.h"

const char *status_text(const Json *j, const char *key); /* "" if absent */
int64_t status_number(const Json *j, const char *key);   /* 0 if absent */
const char *status_colour(const char *state);            /* for a table cell */
