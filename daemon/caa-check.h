#pragma once

/* What the CAA records of a name say about a CA (RFC 8659 §3): the closest ancestor that has any decides. */

#include "acme/caa.h"
#include "daemon/engine.h"

typedef struct CaaCheck CaaCheck;

/* error 0: `verdict`, and `where` is the name whose records decided, NULL if none has any. Negative: nobody answers.
 * Borrowed. */
typedef void (*caa_check_fn)(int error, CaaVerdict verdict, const char *where, void *userdata);

/* `question` is borrowed until the answer; whether the name is a wildcard is seen from it. `fn` is called once, from the loop;
 * freeing cancels. */
int caa_check_start(
                Engine *engine,
                const char *name,
                const CaaQuestion *question,
                caa_check_fn fn,
                void *userdata,
                CaaCheck **ret);
CaaCheck *caa_check_free(CaaCheck *c);
DEFINE_CLEANUP(CaaCheck *, caa_check_free)
