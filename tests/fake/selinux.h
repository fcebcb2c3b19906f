#pragma once

/* libselinux with a policy of one entry, on a machine that has none: linked before the library. Labels are kept by inode. */

#include "base/base.h"

typedef struct FakeSelinux {
        int enabled;
        const char *suffix;  /* of the paths that the policy knows */
        const char *context; /* theirs */
        unsigned writes;
        int opened; /* handles */
} FakeSelinux;

extern FakeSelinux fake_selinux;
