#pragma once

/* Our own handshake with a name, as a CA makes it for tls-alpn-01 (J-06): port 443, acme-tls/1 alone. A certificate of our own
 * making is shown for it meanwhile. */

#include "daemon/engine.h"

typedef struct AlpnLook AlpnLook;

/* `words`: what a CA may find in its way, and what to do; escaped, borrowed. NULL: it came back. */
typedef void (*alpn_look_fn)(const char *words, void *userdata);

/* `fn` is called once, from the loop. -ENODEV: there is no listener; -EBUSY: the name is being validated. */
int alpn_look_start(Engine *e, const char *name, alpn_look_fn fn, void *userdata, AlpnLook **ret);
AlpnLook *alpn_look_free(AlpnLook *l);
DEFINE_CLEANUP(AlpnLook *, alpn_look_free)
