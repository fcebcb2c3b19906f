#pragma once

/* Users that the programs run as. */

#include "base/base.h"

typedef struct User {
        uid_t uid;
        gid_t gid;
        bool exists;
} User;

/* By name or number; a number needs no entry. `exists` false: there is none of that name. */
int user_find(const char *name, User *ret);

/* Becomes the user for good, without supplementary groups. */
int user_become(const User *u);
