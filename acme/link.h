#pragma once

/* The Link header (RFC 8288), as ACME uses it (P-09). */

#include "base/strings.h"

/* Appends the targets of relation `rel` in one Link field value, resolved against `base` and
 * checked to be https. Entries that cannot be read are passed over. */
int link_targets(const char *field_value, const char *rel, const char *base, StringList *ret);
