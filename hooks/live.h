#pragma once

/* The live version of a certificate: what STATE/live/NAME points at, read and checked. */

#include "acme/certinfo.h"
#include "config/paths.h"
#include "hooks/bundle.h"

#define LIVE_FILE_MAX CHAIN_MAX_SIZE /* of each file of a version */

typedef struct Live {
        char *version; /* owns; name of the version directory */
        Bundle bundle;
        CertInfo info;
} Live;

void live_done(Live *l);

/* Reads the files of the version directory; without `with_key` there may be no key in it. -ENOENT: not complete; -EKEYREJECTED: the key is of
 * another certificate; -EBADMSG: what is there is no chain or no key. */
int live_read_version(int versions_fd, const char *version, bool with_key, Live *ret);

/* The version the link names. -ENOENT: nothing is live. */
int live_load(const Paths *paths, const char *certificate, bool with_key, Live *ret);

/* The name of the version directory that STATE/live/NAME points at, malloc'ed; -ENOENT, and -EBADMSG
 * if the link is not one of ours. */
int live_version(int live_fd, const char *certificate, char **ret);
