#pragma once

/* Files: bounded reads and the one function that writes. Everything is relative to an open
 * directory and follows no symbolic link. */

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/strings.h"

/* Whether `name` names an entry of a directory and nothing else: not empty, no '/', not "." or "..".
 * All functions that take a `name` refuse another one with -EINVAL. */
bool file_name_is_plain(const char *name);

/* Opens a directory by path (O_PATH is not used: the descriptor can be fsync'ed). */
int dir_open(const char *path);

/* Opens a sub-directory, making it with `mode` when it is missing (durable). No symlinks, `name`
 * has no '/'. */
int dir_open_at(int dir_fd, const char *name, mode_t mode);

/* Opens `path` from / component by component without symbolic links; each component must be owned
 * by root, `uid` or the caller, and not writable by others (sticky directories pass). -EPERM with *ret_bad = the
 * component at fault (malloc'ed; ret_bad may be NULL), -ELOOP for a link (R2.10.1). */
int dir_open_trusted(const char *path, uid_t uid, char **ret_bad);

/* Reads a regular file of at most `limit` octets, appended to *ret. -ENOENT, -E2BIG, -ELOOP for a
 * symbolic link, -EBADF … for what is no regular file (-EINVAL). */
int file_read_at(int dir_fd, const char *name, size_t limit, Bytes *ret);

/* The same in two steps, for who wants to know what it is that is read: opens a regular file of at most `limit` octets
 * (errors as above) and says what it is; then reads it. */
int file_open_at(int dir_fd, const char *name, size_t limit, struct stat *ret_st);
int file_read_open(int fd, size_t limit, Bytes *ret);

/* The same by path, links allowed: for configuration only. */
int file_read(const char *path, size_t limit, Bytes *ret);

typedef struct FileRights {
        mode_t mode; /* (mode_t) -1: leave */
        uid_t uid;   /* (uid_t) -1: leave */
        gid_t gid;   /* (gid_t) -1: leave */
} FileRights;

/* A file written and synced under a temporary name in the directory where it will stand, with its
 * final rights, waiting for its rename. `name` and `temporary` owned. */
typedef struct StagedFile {
        char *name;
        char *temporary;
} StagedFile;

/* Stage: O_EXCL 0600, write, fchown, fchmod, fsync. A failure leaves nothing behind. */
int file_stage_at(
                int dir_fd,
                const char *name,
                const void *data,
                size_t size,
                FileRights rights,
                StagedFile *ret);

/* The first half of it: written 0600, not yet synced. Returns the descriptor, on which rights are set and fsync() is
 * called before the commit. */
int file_stage_open_at(
                int dir_fd, const char *name, const void *data, size_t size, StagedFile *ret);
int file_set_rights(int fd, FileRights rights);

/* Rename over `name`; the caller syncs the directory by dir_sync(). */
int file_commit_at(int dir_fd, StagedFile *staged);

/* Removes the temporary file if not committed; frees. */
void staged_file_discard(int dir_fd, StagedFile *staged);

int dir_sync(int dir_fd);

/* Replace = stage, commit, sync the directory: after 0 the content survives a power cut. */
int file_replace_at(int dir_fd, const char *name, const void *data, size_t size, FileRights rights);

/* Unlink and sync; -ENOENT is success. */
int file_remove_at(int dir_fd, const char *name);

/* Makes `name` a symbolic link to `target` in one rename, durable. */
int link_replace_at(int dir_fd, const char *name, const char *target);

/* Removes leftover temporary files (".NAME.XXXXXX~renewd") of interrupted stages. */
int dir_remove_temporaries(int dir_fd);

/* Removes a directory of regular files and itself; one level deep. */
int dir_remove_flat_at(int dir_fd, const char *name);

/* flock(LOCK_EX) on the directory; with `wait` false -EWOULDBLOCK when taken. Ends with the
 * descriptor. */
int dir_lock(int dir_fd, bool wait);

/* Names of the entries but "." and "..", sorted; appended. */
int dir_list(int dir_fd, StringList *ret);
