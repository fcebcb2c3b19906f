#pragma once

/* Directories of the state as the installer walks them: one component at a time from STATE, no
 * symbolic links, made when missing. */

#include "base/bytes.h"
#include "config/paths.h"

/* STATE itself, made 0755 when missing (its parent must exist). */
int store_open(const Paths *paths);

/* A sub-directory that must exist; -ENOENT, -ELOOP or -ENOTDIR for a link. */
int store_enter(int dir_fd, const char *name);

/* A sub-directory with exactly this mode, made when missing (whatever the umask says). */
int store_make(int dir_fd, const char *name, mode_t mode);

/* STATE/installer/KIND/NAME; made when missing if `make`, else -ENOENT. */
int store_installer(const Paths *paths, const char *kind, const char *name, bool make);

/* A writer that died leaves a temporary file; removes those of `name` only, since others in the
 * same directory may be in use (base/file names them ".NAME.XXXXXX~renewd"). Best effort. */
void store_remove_temporaries_of(int dir_fd, const char *name);

/* The lock of one target: flock on TARGET.lock in STATE/installer/rows/NAME. What an interrupted writer left of its
 * row is removed. Returns its descriptor; -EWOULDBLOCK when it is taken for longer than two seconds. */
int store_lock_target(int rows_fd, const char *target);

/* The lock of a group of targets (Group=), in the same way. */
int store_lock_group(const Paths *paths, const char *group);
