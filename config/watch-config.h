#pragma once

/* watch/NAME.conf: an endpoint that is only looked at. */

#include "config/probe-config.h"

/* An endpoint whose certificate is somebody else's affair, and looked at all the same. */
typedef struct WatchConfig {
        char *name;          /* file name without .conf */
        ProbeConfig *probes; /* at least one */
        size_t probe_count;
        char *server_name;     /* NULL: the host of each */
        Validation validation; /* what is asked of it */
        char *pin;             /* of its key; NULL: none */
        char *bundle;          /* PEM file of the roots that count; NULL: the system's */
        int64_t every_sec;
} WatchConfig;
