/* Octets to and from a helper without blocking. One timer serves for both the answer's deadline and the idle time. */

#include "daemon/helper-connection.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/socket-io.h"

struct HelperConnection {
        int fd;                 /* owns */
        sd_event_source *io;    /* owns */
        sd_event_source *timer; /* owns */
        Bytes input, output;
        bool waiting; /* for an answer */
        helper_message_fn fn;
        void *userdata;
};

static void tell(HelperConnection *c, int error, const VarlinkReply *reply) {
        c->fn(error, reply, c->userdata);
}

/* ---- out ---- */

static int flush_output(HelperConnection *c) {
        while (c->output.size > 0) {
                ssize_t n = send(
                                c->fd, c->output.data, c->output.size, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return sd_event_source_set_io_events(c->io, EPOLLIN | EPOLLOUT);
                if (n < 0)
                        return -errno;
                bytes_consume(&c->output, (size_t) n);
        }
        bytes_done(&c->output);
        return sd_event_source_set_io_events(c->io, EPOLLIN);
}

/* ---- in ---- */

static int take_reply(HelperConnection *c, VarlinkReply *ret) {
        _cleanup_(json_freep) Json *message = NULL;
        int r;

        r = varlink_take_message(&c->input, &message);
        if (r <= 0)
                return r;
        r = varlink_reply_parse(message, ret);
        if (r < 0)
                return r;
        /* Nobody asked for more than one, or for anything at all. */
        return !c->waiting || ret->continues || c->input.size > 0 ? -EBADMSG : 1;
}

static int receive(HelperConnection *c, VarlinkReply *ret) {
        uint8_t chunk[4096];
        ssize_t n = socket_receive(c->fd, chunk, sizeof(chunk));

        if (n == -ETIMEDOUT) /* EAGAIN of a descriptor that does not block */
                return 0;
        if (n <= 0)
                return n < 0 ? (int) n : -ECONNRESET;
        int r = bytes_append(&c->input, chunk, (size_t) n);
        return r < 0 ? r : take_reply(c, ret);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        HelperConnection *c = userdata;
        int r = 0;

        (void) source;
        (void) fd;
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                r = receive(c, &reply);
        if (r == 0 && (events & EPOLLOUT))
                r = flush_output(c);
        if (r < 0) {
                (void) sd_event_source_set_enabled(c->io, SD_EVENT_OFF); /* it is told once */
                tell(c, r, NULL);
        } else if (r > 0) {
                c->waiting = false;
                bytes_done(&c->input);
                (void) sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
                tell(c, 0, &reply);
        }
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        HelperConnection *c = userdata;

        (void) source;
        (void) usec;
        tell(c, c->waiting ? -ETIMEDOUT : -ETIME, NULL);
        return 0;
}

static int arm(HelperConnection *c, usec_t limit) {
        int r = sd_event_source_set_time_relative(c->timer, limit);

        return r < 0 ? r : sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

/* ---- public ---- */

static int connect_unix(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -1;
        size_t length = strlen(path);

        if (length >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, length + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int add_sources(HelperConnection *c, sd_event *event) {
        int r;

        r = sd_event_add_io(event, &c->io, c->fd, EPOLLIN, on_io, c);
        if (r >= 0)
                r = sd_event_add_time(
                                event, &c->timer, CLOCK_BOOTTIME, USEC_INFINITY, 0, on_time, c);
        return r < 0 ? r : sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
}

int helper_connection_open(
                sd_event *event,
                const char *path,
                helper_message_fn fn,
                void *userdata,
                HelperConnection **ret) {
        _cleanup_(helper_connection_freep) HelperConnection *c = NULL;
        int r;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (HelperConnection){
                .fd = connect_unix(path),
                .input = { .limit = 2 * VARLINK_MESSAGE_MAX },
                .output = { .limit = 2 * VARLINK_MESSAGE_MAX },
                .fn = fn,
                .userdata = userdata,
        };
        r = c->fd < 0 ? c->fd : add_sources(c, event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

HelperConnection *helper_connection_free(HelperConnection *c) {
        if (!c)
                return NULL;
        (void) sd_event_source_disable_unref(c->io);
        (void) sd_event_source_disable_unref(c->timer);
        (void) close_fd(c->fd);
        bytes_done(&c->input);
        bytes_done(&c->output);
        free(c);
        return NULL;
}

int helper_connection_send(HelperConnection *c, const Bytes *message, usec_t limit) {
        int r;

        r = bytes_append(&c->output, message->data, message->size);
        if (r >= 0)
                r = flush_output(c);
        if (r >= 0)
                r = arm(c, limit);
        if (r >= 0)
                c->waiting = true;
        return r;
}

int helper_connection_idle(HelperConnection *c, usec_t limit) {
        return arm(c, limit);
}
