#pragma once

/* What must be shown for a challenge (RFC 8555 §8). */

#include "base/base.h"

/* token "." thumbprint (J-05); malloc'ed. */
int key_authorization(const char *token, const char *thumbprint, char **ret);

/* base64url(SHA-256(key authorization)), 43 characters, malloc'ed (L-01). */
int dns01_value(const char *authorization, char **ret);
