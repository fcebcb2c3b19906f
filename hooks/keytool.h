#pragma once

/* Java's keytool, which writes the keystores that only Java writes. */

#include "hooks/deploy-internal.h"

/* Replaces the PKCS#12 of each place that wants a JKS by what keytool makes of it. *ret_error: words. */
int keystores_for_java(Deployment *d, const PlaceList *places, Bytes *contents, char **ret_error);

/* The first of these that can be run; NULL: not installed. The list ends with NULL. */
const char *keytool_path(const char *const paths[]);
extern const char *const keytool_paths[];
