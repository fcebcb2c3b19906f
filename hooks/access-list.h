#pragma once

/* POSIX access lists of files: exactly what is configured besides owner, group and mode. As text they are libacl's, with
 * numbers: "u::rw-,u:105:r--,g::---,m::r--,o::---". NULL is the list of a file that has the rights of its mode alone. */

#include <sys/types.h>

#include "base/strings.h"

/* The list of a file of this mode with the entries of acl= ("u:NAME:r-"); NULL for none. -EINVAL with *ret_error: a user or
 * group does not exist. */
int access_list_build(const StringList *entries, mode_t mode, char **ret, char **ret_error);

/* Of an open file; *ret NULL: none besides the mode, or a file system without. */
int access_list_read(int fd, char **ret);

/* Also takes away what the file has inherited. -EOPNOTSUPP: a list is wanted and the file system has none. */
int access_list_write(int fd, const char *list);

bool access_list_is(int fd, const char *list);
