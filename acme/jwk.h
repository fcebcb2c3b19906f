#pragma once

/* The public half of an account key as JSON Web Key (RFC 7517, 7518 §6) and its thumbprint (RFC 7638). */

#include "acme/key.h"
#include "base/json.h"

/* Members in the canonical order of RFC 7638 (C-10, C-11). */
int jwk_build(EVP_PKEY *k, Json **ret);

/* 43 characters, malloc'ed. */
int jwk_thumbprint(EVP_PKEY *k, char **ret);
