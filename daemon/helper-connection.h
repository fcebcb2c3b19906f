#pragma once

/* One connection to a helper: a whole message out, a whole message in, or an error. Inside helper.c only. */

#include <systemd/sd-event.h>

#include "base/varlink.h"

typedef struct HelperConnection HelperConnection;

/* `reply` NULL: the connection is of no more use, `error` says why (-ETIMEDOUT, -ECONNRESET …). Nothing is touched after
 * the call, so that it may free the connection. */
typedef void (*helper_message_fn)(int error, const VarlinkReply *reply, void *userdata);

/* Connects without waiting. -ENOENT, -ECONNREFUSED: not there; -EAGAIN: its backlog is full. */
int helper_connection_open(
                sd_event *event,
                const char *path,
                helper_message_fn fn,
                void *userdata,
                HelperConnection **ret);
HelperConnection *helper_connection_free(HelperConnection *c);
DEFINE_CLEANUP(HelperConnection *, helper_connection_free)

/* Sends framed octets (copied); one answer is expected within `limit`. */
int helper_connection_send(HelperConnection *c, const Bytes *message, usec_t limit);

/* Nothing is expected: after `limit` fn is told -ETIME. */
int helper_connection_idle(HelperConnection *c, usec_t limit);
