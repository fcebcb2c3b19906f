#pragma once

/* Public keys that are compromised: no certificate is ever asked for with one of them again. */

#include "acme/key.h"

/* Durable. */
int blocked_add(int store_fd, const char *spki_sha256);

/* 1 if it is. */
int blocked_has(int store_fd, EVP_PKEY *key);
