#pragma once

/* The methods of io.renewd.Signer: names and URLs in, signed bodies and CSRs out; never a key, and
 * never a signature over octets of the caller's (R2.7.5). */

#include "base/varlink.h"
#include "config/paths.h"
#include "systemd/listen.h"

typedef struct SignerService {
        const Paths *paths;        /* borrows, as all */
        const char *credentials;   /* directory of systemd's; NULL: none */
        const ListenSocket *files; /* credentials that were handed in as descriptors */
        size_t file_count;
} SignerService;

/* What `renewd-signer --stand-ins` does early at boot: each certificate that wants a stand-in and is not live has one. What
 * fails is logged; negative only when the configuration cannot be read at all. */
int stand_ins_make(const Paths *paths);

/* Its userdata is a SignerService. */
extern const VarlinkService signer_service;
