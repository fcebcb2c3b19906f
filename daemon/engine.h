#pragma once

/* What the orchestrating parts of the engine are given: the seams, and nothing else of the world. */

#include "config/config.h"
#include "daemon/dns.h"
#include "daemon/helper.h"
#include "daemon/http.h"
#include "daemon/loop.h"
#include "daemon/prober.h"
#include "daemon/responder.h"
#include "daemon/store.h"

typedef struct Engine {
        Loop *loop; /* all borrowed, outlive the manager */
        Http *http;
        Helper *signer;
        Helper *installer;
        Prober *prober;
        Dns *dns;
        Responder *responder;
        Store *store;
        int64_t build_time;     /* no clock is right before it (T-21) */
        const char *separation; /* what separation is missing; NULL: none */
} Engine;
