#pragma once

/* Answers to challenges whose authorization is decided, but which other perspectives of the CA may still ask for (J-13): they
 * stay half a minute. */

#include "acme/object.h"
#include "daemon/loop.h"

typedef struct Lingering Lingering;

/* Takes it away. */
typedef void (*lingering_fn)(
                ChallengeType type, const char *identifier, const char *token, void *userdata);

int lingering_new(Loop *loop, lingering_fn fn, void *userdata, Lingering **ret);
Lingering *lingering_free(Lingering *l); /* all of them end */
DEFINE_CLEANUP(Lingering *, lingering_free)

/* It ends in half a minute; without memory, now. */
void lingering_add(Lingering *l, ChallengeType type, const char *identifier, const char *token);

/* It ends now, if it lingers. NULL: any token. */
void lingering_end(Lingering *l, ChallengeType type, const char *identifier, const char *token);
