#pragma once

/* How a stand-in is recognised by what reads certificates. */

#include <openssl/x509.h>
#include <stdbool.h>

bool certificate_is_stand_in(X509 *c);
