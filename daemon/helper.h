#pragma once

/* Seam: the two privilege boundaries. Calls to the signer and the installer by Varlink, whose
 * interface files say the methods. Real: helper.c over unix sockets on the event loop. Fake: tests/fake/helper.c. */

#include "base/json.h"

typedef struct Helper Helper; /* one of the two programs, however many connections */
typedef struct HelperCall HelperCall;

typedef struct HelperReply {
        int error;              /* 0; negative: no answer (not running, connection lost, timeout) */
        const char *error_name; /* a Varlink error without its interface ("KeyMissing"), or NULL */
        const char *message;    /* of either, escaped, for a person; NULL if none */
        const Json *parameters; /* an object when there was an answer */
} HelperReply;

typedef void (*helper_fn)(const HelperReply *reply, void *userdata);

typedef enum HelperLane {
        HELPER_SHARED, /* one connection, calls in order: the signer's quick ones */
        HELPER_OWN,    /* a connection of its own: slow keys, deploys */
} HelperLane;

/* `method` without the interface; takes `parameters`. `fn` is called once from the loop; freeing the call cancels it. */
int helper_call(Helper *h,
                HelperLane lane,
                const char *method,
                Json *parameters,
                helper_fn fn,
                void *userdata,
                HelperCall **ret);
HelperCall *helper_call_free(HelperCall *c);
DEFINE_CLEANUP(HelperCall *, helper_call_free)

/* Closes idle connections, so that the next call meets a process that reads the configuration anew. */
void helper_renew(Helper *h);
