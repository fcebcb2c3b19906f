#pragma once

/* Where a record really stands: the end of the aliases (CNAME) from its name (L-03). */

#include "daemon/engine.h"

typedef struct DnsAlias DnsAlias;

/* The last name, lower case; `name` itself when there is no alias or nobody answers: then that is where one must write. */
typedef void (*dns_alias_fn)(const char *target, void *userdata);

/* `resolver` NULL: the system's. `fn` is called once, from the loop; freeing cancels. */
int dns_alias_follow(
                Engine *engine,
                const char *resolver,
                const char *name,
                dns_alias_fn fn,
                void *userdata,
                DnsAlias **ret);
DnsAlias *dns_alias_free(DnsAlias *a);
DEFINE_CLEANUP(DnsAlias *, dns_alias_free)
