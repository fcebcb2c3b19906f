#pragma once

/* Publishing: the chain that the engine downloaded and the key that the signer holds become one
 * version directory, and one symbolic link is flipped to it. */

#include "base/base.h"
#include "config/paths.h"

#define VERSIONS_KEPT 3

/* This leaf is live. Repeating it changes nothing. *ret_version: name of the version directory,
 * malloc'ed. -ENOENT: the chain on disk is not this leaf's, or there is none; -EKEYREJECTED: no key of
 * the signer belongs to it, or the chain is no good; other: storage. On error *ret_error says what,
 * malloc'ed. */
int publish(const Paths *paths,
            const char *certificate,
            const char *leaf,
            char **ret_version,
            char **ret_error);

/* The same for a key that is elsewhere: the leaf must be for the one with this SPKI, and no key is published. */
int publish_without_key(
                const Paths *paths,
                const char *certificate,
                const char *leaf,
                const char *spki_sha256,
                char **ret_version,
                char **ret_error);
