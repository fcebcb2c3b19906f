#pragma once

/* The stand-in of each certificate: STATE/signer/stand-ins/NAME.pem, key and self-signed certificate in one file, so that no
 * crash parts them. The key is in no other place, and never that of a real certificate. The installer reads it, at boot
 * before the engine runs. */

#include "acme/key.h"
#include "base/strings.h"

typedef struct StandInWish {
        const char *certificate;
        const StringList *names; /* configured; all are in it */
        const StringList *more;  /* further ones that root wants; NULL: none */
        const char *common_name;
        KeyType type;
        const char *other; /* SHA-256 of one that is not wanted any more; NULL: none */
        int64_t now;
} StandInWish;

typedef struct StandIn {
        char leaf_sha256[SHA256_HEX_SIZE];
        int64_t not_after;
        bool made; /* in this call */
} StandIn;

/* There is one for these names, of this kind, with a third of its life left at least. It may have more names: those that the one
 * before had, unless the configuration has lost some of them. */
int stand_in_make(int store_fd, const StandInWish *w, StandIn *ret);

/* There is none any more. */
int stand_in_drop(int store_fd, const char *certificate);
