#pragma once

/* One address of a watched endpoint, and what is thought of its certificate. */

#include "daemon/validation.h"
#include "probe/probe.h"

typedef enum WatchState {
        WATCH_UNKNOWN,
        WATCH_GOOD,
        WATCH_UNREACHABLE,
        WATCH_WRONG,
} WatchState;

typedef struct WatchPlace {
        char *place; /* "smtp mail.example.org:25 at 10.0.0.1" */
        WatchState state;
        InspectSigner signer;
        char leaf[SHA256_HEX_SIZE];
        int64_t not_after;
        char *pin;     /* of its key, base64; NULL: not seen */
        char *message; /* what is wrong, or worth knowing; NULL */
        char *told;    /* the message that was logged; NULL: none */
} WatchPlace;

typedef struct WatchPlaces {
        WatchPlace *items;
        size_t count;
} WatchPlaces;

void watch_places_done(WatchPlaces *p);

/* Appends a place for each result. Without a name in the rules the probe's host is the name that is asked for. */
int watch_places_judge(
                WatchPlaces *p,
                const ProbeConfig *probe,
                const ProbeResult *results,
                size_t count,
                const ValidationRules *rules);

int watch_place_json(const WatchPlace *p, const char *watch, Json **ret);
