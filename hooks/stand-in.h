#pragma once

/* The signer's stand-in of a certificate at a target, while there is no real one. Whatever somebody else put there stays. */

#include "hooks/deploy.h"

typedef enum StandInState {
        STAND_IN_NONE,   /* the signer has made none */
        STAND_IN_PLACED, /* it is at its places */
        STAND_IN_OTHER, /* a certificate of somebody else is there, and stays until the first real one */
        STAND_IN_LIVE, /* the real one is live: it is the deploy's */
        STAND_IN_STATE_MAX,
} StandInState;
const char *stand_in_state_to_string(StandInState s);

/* It is there, and a service that runs was told. What was there before is kept (hooks/original.h). -EWOULDBLOCK: another call
 * works on this target; else: the files cannot be written. *ret_error then has words, malloc'ed. */
int stand_in_place(const DeployJob *job, StandInState *ret, char **ret_error);

/* Early at boot, for all targets with StandIn=yes: the live files, else the stand-in, are there where nothing else is. Asks systemd
 * for nothing. What fails is logged; negative only when the configuration cannot be read at all. */
int stand_in_place_all(const Paths *paths);
