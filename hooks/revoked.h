#pragma once

/* The certificates of one name that we revoked ourselves: they are never put back. The engine notes them in its record; a lie
 * there could only keep an older certificate away. */

#include "base/strings.h"
#include "config/paths.h"

/* SHA-256 of the leaves; what cannot be read is none. Appended; -ENOMEM only. */
int revoked_load(const Paths *paths, const char *certificate, StringList *ret);
