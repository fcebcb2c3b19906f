#pragma once

/* Places: the files of one target with their directories held open. Everything is done by *at calls
 * on the held descriptor, so that nobody can swap a directory in between (R2.10.1). */

#include "base/file.h"
#include "config/config.h"

#define PLACE_FILE_MAX ((size_t) 1024 * 1024)

typedef struct Place {
        FileContent content;
        FileForm form;     /* owns */
        Bytes password;    /* of a keystore; place_list_unlock() */
        char *path;        /* owns; as configured */
        FileRights rights; /* names resolved; all -1 where they are left alone */
        char *access_list; /* owns; hooks/access-list.h */
        uid_t trusted;     /* who besides root may own the directories */
        bool directory_owner, directory_group; /* taken from the directory when it is opened */
        bool keep_link;
        char *followed;   /* owns; what a link at the path leads to; NULL: no link */
        int dir_fd;       /* owns; -1 until opened */
        const char *name; /* last component, within followed or path */
} Place;

typedef struct PlaceList {
        Place *items; /* owns; in the order of the renames: keys first (S2.8) */
        size_t count;
} PlaceList;

void place_list_done(PlaceList *l);

/* The files of a target, owners and groups resolved; nothing opened yet. `staged`: those for its commands, else
 * those for its service. -EINVAL with *ret_error = words when a user or group does not exist. */
int place_list_from_target(
                const TargetConfig *target, bool staged, PlaceList *ret, char **ret_error);

/* Appends one place that is not from the configuration; copies `path`. -EINVAL: not absolute, or no
 * file name in it. */
int place_list_add(PlaceList *l, FileContent content, const char *path, FileRights rights);

/* Appends the same place, not opened; without the password of a keystore. */
int place_list_copy(PlaceList *l, const Place *p);

/* Reads the passwords of keystores; *ret_error says where one is to be put. */
int place_list_unlock(PlaceList *l, const Paths *paths, char **ret_error);

/* ---- place-open.c ---- */

/* Opens the directory: from / without links, each component trusted. A missing last directory is
 * made 0755 if `make`. What stands at the name must be a regular file or nothing; a link that is kept leads
 * to such a place, and must be root's in a directory of root's. */
int place_open(Place *p, bool make, char **ret_error);
int place_list_open(PlaceList *l, bool make, char **ret_error);

/* ---- place-holds.c ---- */

/* The content alone; of a keystore what is in it. */
bool place_has_content(const Place *p, const Bytes *content);

/* The file is exactly this content with its owner, group, mode, access list and label. False when it cannot be read. */
bool place_holds(const Place *p, const Bytes *content);

/* What is not so about it: "'/etc/a.key' has mode 0644 instead of 0600"; malloc'ed, *ret = NULL if it holds. */
int place_describe_drift(const Place *p, const Bytes *content, char **ret);
