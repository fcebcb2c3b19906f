#pragma once

/* The SELinux label that the policy gives to a path. Where SELinux is off, or renewd was built without it, there is nothing
 * to do and everything is right. */

#include "base/base.h"

/* On the descriptor of a staged file, as the policy wants it at `path`. A path that the policy does not know is left. */
int label_write(int fd, const char *path);

/* The type is the policy's; the user part is not looked at, as restorecon(8) does. */
bool label_is_right(int fd, const char *path);
