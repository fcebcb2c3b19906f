#pragma once

/* A server for strangers, whatever they speak: a fixed table of slots, hard deadlines, one exchange each (R2.5.1, R2.6.1).
 * What is said over a connection its protocol decides: http-server.c, alpn-server.c. */

#include "daemon/loop-real.h"

#define STRANGER_SLOTS       512
#define STRANGER_ADDRESS_MAX 64 /* slots of one peer's address, or /64 */

typedef enum StrangerWant { STRANGER_READ, STRANGER_WRITE, STRANGER_END } StrangerWant;

typedef struct StrangerProtocol {
        size_t size; /* of what it keeps of a connection; begins as zeros */

        /* The socket is ready. What it waits for next. *engaged: what was asked is worth an answer; when it becomes
         * true the deadline begins anew, and such a connection is dropped last. */
        StrangerWant (*step)(void *state, int fd, bool local, bool *engaged, void *userdata);

        void (*end)(void *state); /* frees what `state` holds; may be NULL */
} StrangerProtocol;

typedef struct StrangerServer StrangerServer;

/* `deadline`: for the whole request, and again for the answer. `protocol` must stay. */
int stranger_server_new(
                Loop *loop,
                usec_t deadline,
                const StrangerProtocol *protocol,
                void *userdata,
                StrangerServer **ret);
StrangerServer *stranger_server_free(StrangerServer *s);
DEFINE_CLEANUP(StrangerServer *, stranger_server_free)

/* Serves this listening socket too; takes the descriptor, also on error. `name`: where it listens, for messages and for
 * stranger_server_unlisten(). */
int stranger_server_listen(StrangerServer *s, int fd, const char *name);
void stranger_server_unlisten(StrangerServer *s, const char *name);
bool stranger_server_listens(const StrangerServer *s, const char *name); /* NULL: anywhere? */

size_t stranger_server_busy(const StrangerServer *s);
