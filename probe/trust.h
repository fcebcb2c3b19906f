#pragma once

/* Whose certificate a service showed. */

#include "base/base.h"

/* The chain as sent (PEM, the leaf first) leads to a root of the system's store and is valid at `now`: anybody's browser
 * takes it but for the name, which is not asked. False also when it cannot be read. */
bool probe_is_trusted(const char *chain_pem, int64_t now);
