#pragma once

/* What cases about places need to be there. */

#include <stdbool.h>

#define OTHER 65534 /* not root */

/* Chmod()s and the like of what a case needs to be there. */
#define MUST(call)                                        \
        do {                                              \
                if ((call) < 0) {                         \
                        printf("# %s: %m\n", #call);      \
                        CHECK(!"the case can be set up"); \
                        return;                           \
                }                                         \
        } while (0)

/* Or it says that the case is skipped. */
bool place_is_root(void);
