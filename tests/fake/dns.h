#pragma once

/* The fake of daemon/dns.h: records that tests put at a server, or at all of them, from a moment on. A resolver (recurse)
 * follows aliases as real ones do. An answer takes 20 ms, a server that is silent five seconds. */

#include "daemon/dns.h"
#include "tests/fake/loop.h"

Dns *fake_dns_new(Loop *loop);
Dns *fake_dns_free(Dns *d);

/* `server` NULL: whoever is asked. Visible `after_sec` from now. The text of a CAA is "TAG VALUE". */
void fake_dns_add(
                Dns *d,
                const char *server,
                const char *name,
                DnsType type,
                const char *text,
                int64_t after_sec);
void fake_dns_clear(Dns *d);
/* This server, or with NULL everybody, gives this error; 0: answers again. */
void fake_dns_fail(Dns *d, const char *server, int error);
unsigned fake_dns_asked(const Dns *d, const char *server); /* NULL: the system's resolver */
