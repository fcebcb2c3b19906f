#pragma once

/* The real helpers: Varlink clients on the event loop. */

#include "daemon/helper.h"
#include "daemon/loop-real.h"

typedef struct HelperLimits {
        unsigned shared_sec; /* how long one answer may take on the shared lane */
        unsigned own_sec;    /* … on a lane of its own */
} HelperLimits;

/* `path`: its unix socket; `interface`: "io.renewd.Signer". Both are copied. */
int helper_new(Loop *loop,
               const char *path,
               const char *interface,
               HelperLimits limits,
               Helper **ret);

/* After all calls. */
Helper *helper_free(Helper *h);
DEFINE_CLEANUP(Helper *, helper_free)
