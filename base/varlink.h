#pragma once

/* Varlink (varlink.org): JSON objects ended by a NUL octet over a stream socket. Here: the framing,
 * a blocking client, and a server that dispatches by a table and answers through a sink, so that the
 * blocking helpers and the engine's event loop use the same one. Descriptors that a peer passes are
 * closed unseen. */

#include "base/bytes.h"
#include "base/json.h"

#define VARLINK_MESSAGE_MAX ((size_t) 64 * 1024)

/* ---- framing ---- */

/* Takes the next whole message off *input. 1 and *ret; 0 if more octets are needed; -EBADMSG if it
 * is no JSON object; -E2BIG when a message exceeds VARLINK_MESSAGE_MAX. */
int varlink_take_message(Bytes *input, Json **ret);

/* Appends the message and its NUL. -E2BIG above VARLINK_MESSAGE_MAX. */
int varlink_put_message(Bytes *output, const Json *message);

/* {"method":…,"parameters":…[,"more":true]}; takes `parameters` (NULL: {}). */
int varlink_call_new(const char *method, Json *parameters, bool more, Json **ret);

/* ---- reply ---- */

typedef struct VarlinkReply {
        Json *parameters; /* owns; an object, never NULL after success */
        char *error;      /* owns; NULL when no error: "io.renewd.Signer.NotGranted" … */
        bool continues;
} VarlinkReply;

void varlink_reply_done(VarlinkReply *r);
int varlink_reply_parse(const Json *message, VarlinkReply *ret);

/* ---- blocking client ---- */

typedef struct VarlinkClient VarlinkClient;

/* Connects to the unix socket `path`. `timeout_sec` bounds each wait for octets; 0: none. */
int varlink_client_connect(const char *path, unsigned timeout_sec, VarlinkClient **ret);
VarlinkClient *varlink_client_free(VarlinkClient *c);
DEFINE_CLEANUP(VarlinkClient *, varlink_client_free)

/* Sends; takes `parameters`. With `more`, several replies follow. */
int varlink_client_send(VarlinkClient *c, const char *method, Json *parameters, bool more);
int varlink_client_receive(VarlinkClient *c, VarlinkReply *ret); /* -ECONNRESET at end of file */
int varlink_client_call(VarlinkClient *c, const char *method, Json *parameters, VarlinkReply *ret);

/* ---- server ---- */

typedef struct VarlinkPeer {
        uid_t uid;
        gid_t gid;
        pid_t pid;
} VarlinkPeer;

int varlink_peer_of(int fd, VarlinkPeer *ret); /* SO_PEERCRED */

/* One call being answered. Exactly one final answer: varlink_reply() or varlink_error(), either of
 * which frees the call; before it, only if `more`, any number of varlink_notify(). All three take
 * `parameters` (NULL: {}). */
typedef struct VarlinkCall VarlinkCall;
int varlink_reply(VarlinkCall *call, Json *parameters);
int varlink_notify(VarlinkCall *call, Json *parameters);
int varlink_error(VarlinkCall *call, const char *error, Json *parameters);
/* org.varlink.service.InvalidParameter with {"parameter": …}. */
int varlink_invalid_parameter(VarlinkCall *call, const char *parameter);
/* <interface of the call>.NAME with {"message": …}: what went wrong and what to do. */
int varlink_fail(VarlinkCall *call, const char *name, const char *format, ...) _printf_(3, 4);
const VarlinkPeer *varlink_call_peer(const VarlinkCall *call);
bool varlink_call_wants_more(const VarlinkCall *call);
/* Called when the connection ends before the answer; the call is freed by the connection. */
void varlink_call_on_gone(VarlinkCall *call, void (*gone)(void *userdata), void *userdata);

typedef enum VarlinkMethodFlags {
        VARLINK_ROOT_ONLY = 1 << 0, /* PermissionDenied to all but root and the server's own user */
        VARLINK_MORE = 1 << 1,      /* the caller must say "more" (ExpectedMore) */
} VarlinkMethodFlags;

/* The handler must answer the call, now or later. A negative return drops the connection. */
typedef int (*varlink_method_fn)(VarlinkCall *call, const Json *parameters, void *userdata);

typedef struct VarlinkMethod {
        const char *name; /* without the interface */
        unsigned flags;
        const char *const *
                        parameters; /* names it takes, ended by NULL; others are InvalidParameter */
        varlink_method_fn fn;
} VarlinkMethod;

typedef struct VarlinkService {
        const char *interface;        /* "io.renewd.Signer" */
        const char *description;      /* the text of its .varlink file */
        const VarlinkMethod *methods; /* ended by a NULL name */
} VarlinkService;

/* A connection without a descriptor: octets in, octets out. `write` must take all or fail. */
typedef struct VarlinkConnection VarlinkConnection;
typedef int (*varlink_write_fn)(const void *data, size_t size, void *io);
int varlink_connection_new(
                const VarlinkService *service,
                const VarlinkPeer *peer,
                varlink_write_fn write,
                void *io,
                void *userdata,
                VarlinkConnection **ret);
VarlinkConnection *varlink_connection_free(VarlinkConnection *c);
DEFINE_CLEANUP(VarlinkConnection *, varlink_connection_free)
/* Feeds octets; dispatches every whole message. A call is dispatched only when the one before it is
 * answered. Negative: drop the connection. */
int varlink_connection_input(VarlinkConnection *c, const void *data, size_t size);

/* Serves one blocking descriptor until its end; 0 at end of file. */
int varlink_serve_fd(
                int fd, const VarlinkService *service, const VarlinkPeer *peer, void *userdata);
