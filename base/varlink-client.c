/* The blocking client: the privileged helpers, renewctl and the tests use it. */

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/socket-io.h"
#include "base/varlink.h"

struct VarlinkClient {
        int fd; /* owns */
        Bytes input;
};

/* Before connect(), so that it also bounds the wait for a full backlog. */
static int set_timeout(int fd, unsigned seconds) {
        struct timeval tv = { .tv_sec = (time_t) seconds };

        if (seconds == 0)
                return 0;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
                return -errno;
        return 0;
}

static int connect_unix(int fd, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t length = strlen(path);

        if (length >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, length + 1);
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        return 0;
}

int varlink_client_connect(const char *path, unsigned timeout_sec, VarlinkClient **ret) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = NULL;
        int r;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        /* A service may answer several messages before we read one. */
        c->input.limit = 2 * VARLINK_MESSAGE_MAX;
        c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0)
                return -errno;
        r = set_timeout(c->fd, timeout_sec);
        if (r >= 0)
                r = connect_unix(c->fd, path);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

VarlinkClient *varlink_client_free(VarlinkClient *c) {
        if (!c)
                return NULL;
        (void) close_fd(c->fd);
        bytes_done(&c->input);
        free(c);
        return NULL;
}

int varlink_client_send(VarlinkClient *c, const char *method, Json *parameters, bool more) {
        _cleanup_(json_freep) Json *call = NULL;
        _cleanup_(bytes_done) Bytes output = {};
        int r;

        r = varlink_call_new(method, parameters, more, &call);
        if (r < 0)
                return r;
        r = varlink_put_message(&output, call);
        if (r < 0)
                return r;
        return socket_send_all(c->fd, output.data, output.size);
}

int varlink_client_receive(VarlinkClient *c, VarlinkReply *ret) {
        _cleanup_(json_freep) Json *message = NULL;
        uint8_t chunk[4096];
        int r;

        for (;;) {
                r = varlink_take_message(&c->input, &message);
                if (r != 0)
                        break;
                ssize_t n = socket_receive(c->fd, chunk, sizeof(chunk));
                if (n <= 0)
                        return n < 0 ? (int) n : -ECONNRESET;
                r = bytes_append(&c->input, chunk, (size_t) n);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : varlink_reply_parse(message, ret);
}

int varlink_client_call(VarlinkClient *c, const char *method, Json *parameters, VarlinkReply *ret) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        int r;

        r = varlink_client_send(c, method, parameters, false);
        if (r >= 0)
                r = varlink_client_receive(c, &reply);
        if (r < 0)
                return r;
        if (reply.continues) /* nobody asked for more; the next answer would be taken for another's */
                return -EBADMSG;
        *ret = reply;
        reply = (VarlinkReply){};
        return 0;
}
