#pragma once

/* Which addresses are the public Internet's (A-15, N-05, R2.4.5). Pure. */

#include <sys/socket.h>

#include "base/base.h"

/* A public unicast address: not loopback, private, link-local, shared, unique local, multicast, reserved,
 * documentation, unspecified, nor one of these inside an IPv6 form (mapped, compatible, NAT64, 6to4, Teredo). */
bool address_is_public(const struct sockaddr *address, socklen_t size);

/* The host of a URL as written is an address that is not public, or "localhost": whoever configured
 * that meant it. */
bool host_is_private(const char *host);

/* The same of an address as text, without brackets; false for what is none. */
bool address_text_is_public(const char *text);
