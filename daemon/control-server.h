#pragma once

/* Varlink for several clients on the event loop: few of them, bounded memory for each, and who stops in the middle of
 * something is dropped (R2.7.2). Methods get their ControlClient as userdata. */

#include "base/varlink.h"
#include "daemon/loop-real.h"

#define CONTROL_CLIENTS_MAX 32
#define CONTROL_OUTPUT_MAX  ((size_t) 512 * 1024)
#define CONTROL_DEADLINE    (5 * USEC_PER_SEC)

typedef struct ControlServer ControlServer;
typedef struct ControlClient ControlClient;

int control_server_new(
                Loop *loop, const VarlinkService *service, void *userdata, ControlServer **ret);
ControlServer *control_server_free(ControlServer *s);
DEFINE_CLEANUP(ControlServer *, control_server_free)

/* Serves this listening socket too; takes the descriptor, also on error. */
int control_server_listen(ControlServer *s, int fd);

void *control_client_userdata(const ControlClient *c); /* of the server */

/* A client with a call under way is not dropped in favour of a new one. */
void control_client_set_busy(ControlClient *c, bool busy);

/* Octets that the client has not taken yet; `fn` (may be NULL) is called when there are none any more. */
size_t control_client_pending(const ControlClient *c);
void control_client_on_drained(ControlClient *c, void (*fn)(void *userdata), void *userdata);

/* Drops the client soon, from the loop: what a failed answer outside of a method ends with. */
void control_client_fail(ControlClient *c);
