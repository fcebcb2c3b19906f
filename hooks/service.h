#pragma once

/* The methods of io.renewd.Installer: names in, rows out. No path, command or name of a unit is taken
 * from a message (R2.7.3). */

#include "base/varlink.h"
#include "config/paths.h"

typedef struct InstallerService {
        const Paths *paths; /* borrows */
} InstallerService;

/* Its userdata is an InstallerService. */
extern const VarlinkService installer_service;
