/* The server: octets in, calls dispatched by a table, octets out. It has no descriptor of its own, so
 * that an event loop and a blocking helper use the same code. One call at a time: answers go out in the
 * order of the calls, and a peer that sends without waiting fills a bounded buffer and not a queue. */

#include <string.h>
#include <sys/socket.h>

#include "base/socket-io.h"
#include "base/strings.h"
#include "base/varlink-call.h"

/* What a peer may send ahead of the answers. */
#define INPUT_MAX (4 * VARLINK_MESSAGE_MAX)

struct VarlinkConnection {
        const VarlinkService *service; /* borrows */
        VarlinkPeer peer;
        varlink_write_fn write;
        void *io;       /* of `write`; borrows */
        void *userdata; /* of the methods; borrows */
        Bytes input;
        VarlinkCall *call; /* owns; being answered */
        bool dispatching;
        int failed; /* the error that ended the dispatching; handed up by the next input */
};

int varlink_peer_of(int fd, VarlinkPeer *ret) {
        struct ucred credentials;
        socklen_t size = sizeof(credentials);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
                return -errno;
        *ret = (VarlinkPeer){
                .uid = credentials.uid,
                .gid = credentials.gid,
                .pid = credentials.pid,
        };
        return 0;
}

int varlink_connection_new(
                const VarlinkService *service,
                const VarlinkPeer *peer,
                varlink_write_fn write,
                void *io,
                void *userdata,
                VarlinkConnection **ret) {
        VarlinkConnection *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        *c = (VarlinkConnection){
                .service = service,
                .peer = *peer,
                .write = write,
                .io = io,
                .userdata = userdata,
                .input = { .limit = INPUT_MAX },
        };
        *ret = c;
        return 0;
}

/* Frees the call that nobody will answer any more. */
static void drop_call(VarlinkConnection *c) {
        VarlinkCall *call = TAKE_PTR(c->call);

        if (call && call->gone)
                call->gone(call->gone_userdata);
        varlink_call_free(call);
}

VarlinkConnection *varlink_connection_free(VarlinkConnection *c) {
        if (!c)
                return NULL;
        assert(!c->dispatching); /* a handler drops its connection by a negative return */
        drop_call(c);
        bytes_done(&c->input);
        free(c);
        return NULL;
}

const VarlinkPeer *varlink_connection_peer(const VarlinkConnection *c) {
        return &c->peer;
}

int varlink_connection_write(VarlinkConnection *c, const Json *message) {
        _cleanup_(bytes_done) Bytes output = {};
        int r;

        r = varlink_put_message(&output, message);
        return r < 0 ? r : c->write(output.data, output.size, c->io);
}

static const VarlinkMethod *find_method(const VarlinkService *service, const char *name) {
        for (const VarlinkMethod *m = service->methods; m->name; m++)
                if (str_equal(m->name, name))
                        return m;
        return NULL;
}

/* Root, or whoever could do it to this process anyway. */
static bool is_root_or_self(const VarlinkPeer *peer) {
        return peer->uid == 0 || peer->uid == geteuid();
}

static int call_method(VarlinkConnection *c, const VarlinkMethod *m, const Json *parameters) {
        VarlinkCall *call = c->call;

        if ((m->flags & VARLINK_ROOT_ONLY) && !is_root_or_self(&c->peer))
                return varlink_refuse(call, "org.varlink.service.PermissionDenied", NULL, NULL);
        if ((m->flags & VARLINK_MORE) && !call->more)
                return varlink_refuse(call, "org.varlink.service.ExpectedMore", NULL, NULL);
        const char *unknown = varlink_unknown_parameter(parameters, m->parameters);
        if (unknown)
                return varlink_invalid_parameter(call, unknown);
        return m->fn(call, parameters, c->userdata);
}

static int dispatch(VarlinkConnection *c, const Json *message) {
        _cleanup_(json_freep) Json *none = NULL;
        const Json *parameters;
        int r;

        r = varlink_call_read(c, message, &c->call, &parameters);
        if (r < 0)
                return r;
        if (!parameters) {
                parameters = none = json_object_new();
                if (!none)
                        return -ENOMEM;
        }
        if (str_equal(c->call->interface, "org.varlink.service"))
                return varlink_service_call(c->call, c->service, parameters);
        if (!str_equal(c->call->interface, c->service->interface))
                return varlink_refuse(
                                c->call, "org.varlink.service.InterfaceNotFound", "interface",
                                c->call->interface);
        const VarlinkMethod *m = find_method(c->service, c->call->method);
        if (!m)
                return varlink_refuse(
                                c->call, "org.varlink.service.MethodNotFound", "method",
                                c->call->full_name);
        return call_method(c, m, parameters);
}

/* Dispatches what has arrived whole, until a call stays unanswered. */
static int dispatch_all(VarlinkConnection *c) {
        int r = c->failed;

        if (c->dispatching)
                return 0; /* a handler answered: the loop below is our caller */
        c->dispatching = true;
        while (r >= 0 && !c->call) {
                _cleanup_(json_freep) Json *message = NULL;
                r = varlink_take_message(&c->input, &message);
                if (r == 0)
                        break;
                if (r > 0)
                        r = dispatch(c, message);
                r = r < 0 ? r : c->failed; /* an answer that could not be written */
        }
        c->dispatching = false;
        if (r < 0) {
                c->failed = r;
                drop_call(c);
                return r;
        }
        return 0;
}

int varlink_connection_answered(VarlinkConnection *c, int r) {
        c->call = NULL;
        if (r < 0) {
                c->failed = r;
                return r;
        }
        return dispatch_all(c);
}

int varlink_connection_input(VarlinkConnection *c, const void *data, size_t size) {
        int r;

        if (c->failed < 0)
                return c->failed;
        r = bytes_append(&c->input, data, size);
        return r < 0 ? r : dispatch_all(c);
}

/* ---- blocking ---- */

static int write_to_fd(const void *data, size_t size, void *io) {
        return socket_send_all(*(const int *) io, data, size);
}

int varlink_serve_fd(
                int fd, const VarlinkService *service, const VarlinkPeer *peer, void *userdata) {
        _cleanup_(varlink_connection_freep) VarlinkConnection *c = NULL;
        uint8_t chunk[4096];
        int r;

        r = varlink_connection_new(service, peer, write_to_fd, &fd, userdata, &c);
        while (r >= 0) {
                ssize_t n = socket_receive(fd, chunk, sizeof(chunk));
                if (n <= 0)
                        return (int) n;
                r = varlink_connection_input(c, chunk, (size_t) n);
        }
        return r;
}
