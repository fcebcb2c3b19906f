#pragma once

/* Users and groups by name or number. */

#include <sys/types.h>

#include "base/base.h"

/* A number need not be in the list of users; its group is then the same number. -ESRCH, or what the list said. */
int account_user(const char *name, uid_t *ret_uid, gid_t *ret_gid);
int account_group(const char *name, gid_t *ret);
