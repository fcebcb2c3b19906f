#pragma once

#include <openssl/x509.h>

bool certificate_is_stand_in(X509 *c);
