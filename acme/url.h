#pragma once

/* URLs that a server names: checked, never normalised (A-13, A-14, A-15, R2.4.3). */

#include "base/strings.h"

#define URL_MAX ((size_t) 2048)

/* "https://host[:port]" in lower case, the port left out when it is 443. malloc'ed. -EBADMSG: no absolute https URL,
 * over URL_MAX, user-info, fragment, octets outside printable ASCII, or bad port. */
int url_origin(const char *url, char **ret);

/* Host without brackets, malloc'ed; the checks of url_origin(). */
int url_host(const char *url, char **ret);

/* 0 if `url` has one of the origins (as url_origin() writes them); -EBADMSG malformed, -EACCES other
 * origin. */
int url_check(const char *url, const StringList *origins);

/* Resolves a relative reference against `base` (RFC 3986 §5.2, as A-13 asks for Location and Link).
 * An absolute one is copied byte for byte. malloc'ed. */
int url_resolve(const char *base, const char *reference, char **ret);
