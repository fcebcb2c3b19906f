#pragma once

/* The methods of io.renewd.Signer: names and URLs in, signed bodies and CSRs out; never a key, and
 * never a signature over octets of the caller's (R2.7.5). */

#include "base/varlink.h"
#include "config/paths.h"

typedef struct SignerService {
        const Paths *paths; /* borrows */
} SignerService;

/* Its userdata is a SignerService. */
extern const VarlinkService signer_service;
