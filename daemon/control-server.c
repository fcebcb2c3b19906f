/* Clients of the control socket. Answers go to a bounded buffer and from there to the socket as it takes them; a timer is
 * armed while half a message has come in or an answer has not gone out. */

#include "daemon/control-server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/socket-io.h"

#define LISTENERS_MAX 2

struct ControlClient {
        ControlServer *server;         /* borrows */
        int fd;                        /* owns */
        sd_event_source *io;           /* owns */
        sd_event_source *timer;        /* owns */
        VarlinkConnection *connection; /* owns */
        Bytes output;
        bool busy, half, failed;
        usec_t since;
        void (*drained)(void *userdata);
        void *drained_userdata;
};

typedef struct ControlListener {
        int fd;
        sd_event_source *io;
} ControlListener;

struct ControlServer {
        sd_event *event;               /* owns */
        const VarlinkService *service; /* borrows */
        void *userdata;
        ControlListener listeners[LISTENERS_MAX]; /* owns */
        size_t listener_count;
        ControlClient *clients[CONTROL_CLIENTS_MAX]; /* owns */
        size_t count;
};

/* ---- one client ---- */

static ControlClient *client_free(ControlClient *c) {
        if (!c)
                return NULL;
        varlink_connection_free(c->connection); /* tells open calls that the peer is gone */
        (void) sd_event_source_disable_unref(c->io);
        (void) sd_event_source_disable_unref(c->timer);
        (void) close_fd(c->fd);
        bytes_done(&c->output);
        free(c);
        return NULL;
}
DEFINE_CLEANUP(ControlClient *, client_free)

static void drop(ControlClient *c) {
        ControlServer *s = c->server;

        for (size_t i = 0; i < s->count; i++)
                if (s->clients[i] == c) {
                        s->clients[i] = s->clients[--s->count];
                        s->clients[s->count] = NULL;
                        break;
                }
        client_free(c);
}

static void arm(ControlClient *c) {
        bool wanted = c->half || c->output.size > 0;

        if (c->failed)
                return;
        if (wanted)
                (void) sd_event_source_set_time_relative(c->timer, CONTROL_DEADLINE);
        (void) sd_event_source_set_enabled(c->timer, wanted ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

void control_client_fail(ControlClient *c) {
        c->failed = true;
        (void) sd_event_source_set_time(c->timer, 0);
        (void) sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        drop(userdata);
        return 0;
}

static int flush_output(ControlClient *c) {
        size_t sent = 0;

        while (sent < c->output.size) {
                ssize_t n =
                                send(c->fd, c->output.data + sent, c->output.size - sent,
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0)
                        return -errno;
                sent += (size_t) n;
        }
        bytes_consume(&c->output, sent);
        if (c->output.size == 0)
                bytes_done(&c->output); /* an idle client holds no memory */
        arm(c);
        return sd_event_source_set_io_events(
                        c->io, EPOLLIN | (c->output.size > 0 ? (uint32_t) EPOLLOUT : 0));
}

/* Called by the connection, also in the middle of a method: nothing is freed here. */
static int client_write(const void *data, size_t size, void *io) {
        ControlClient *c = io;
        bool first = c->output.size == 0;
        int r;

        r = bytes_append(&c->output, data, size);
        return r < 0 || !first ? r : flush_output(c);
}

static int receive(ControlClient *c) {
        uint8_t chunk[4096];
        ssize_t n = socket_receive(c->fd, chunk, sizeof(chunk));

        if (n == -ETIMEDOUT) /* EAGAIN of a descriptor that does not block */
                return 0;
        if (n <= 0)
                return n < 0 ? (int) n : -ECONNRESET;
        bool half = chunk[n - 1] != 0;
        if (half != c->half) { /* not at each octet: the deadline is that of the message */
                c->half = half;
                arm(c);
        }
        return varlink_connection_input(c->connection, chunk, (size_t) n);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        ControlClient *c = userdata;
        int r = 0;

        (void) source;
        (void) fd;
        if (c->failed)
                r = -ECONNRESET;
        if (r >= 0 && (events & EPOLLOUT))
                r = flush_output(c);
        if (r >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                r = receive(c);
        if (r < 0) {
                drop(c);
                return 0;
        }
        if (c->output.size == 0 && c->drained)
                c->drained(c->drained_userdata);
        return 0;
}

void *control_client_userdata(const ControlClient *c) {
        return c->server->userdata;
}

void control_client_set_busy(ControlClient *c, bool busy) {
        c->busy = busy;
}

size_t control_client_pending(const ControlClient *c) {
        return c->output.size;
}

void control_client_on_drained(ControlClient *c, void (*fn)(void *userdata), void *userdata) {
        c->drained = fn;
        c->drained_userdata = userdata;
}

/* ---- connections ---- */

/* The oldest that waits for nothing makes room; false when all have a call under way. */
static bool make_room(ControlServer *s) {
        ControlClient *oldest = NULL;

        if (s->count < CONTROL_CLIENTS_MAX)
                return true;
        for (size_t i = 0; i < s->count; i++)
                if (!s->clients[i]->busy && (!oldest || s->clients[i]->since < oldest->since))
                        oldest = s->clients[i];
        if (oldest)
                drop(oldest);
        return oldest;
}

static int client_new(ControlServer *s, int fd, ControlClient **ret) {
        _cleanup_(client_freep) ControlClient *c = NULL;
        _cleanup_close_ int owned = fd;
        VarlinkPeer peer;
        int r;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (ControlClient){ .server = s,
                              .fd = TAKE_FD(owned),
                              .output.limit = CONTROL_OUTPUT_MAX };
        (void) sd_event_now(
                        s->event, CLOCK_MONOTONIC, &c->since); /* fails for unknown clocks only */
        r = varlink_peer_of(c->fd, &peer);
        if (r >= 0)
                r = varlink_connection_new(s->service, &peer, client_write, c, c, &c->connection);
        if (r >= 0)
                r = sd_event_add_io(s->event, &c->io, c->fd, EPOLLIN, on_client, c);
        if (r >= 0)
                r = sd_event_add_time(
                                s->event, &c->timer, CLOCK_MONOTONIC, USEC_INFINITY, 0, on_deadline,
                                c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t events, void *userdata) {
        ControlServer *s = userdata;
        ControlClient *c = NULL;
        int fd, r;

        (void) source;
        (void) events;
        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE) && s->count > 0)
                drop(s->clients[0]); /* else the loop would spin until a descriptor is free */
        if (fd < 0)
                return 0;
        if (!make_room(s)) {
                (void) close_fd(fd);
                return 0;
        }
        r = client_new(s, fd, &c);
        if (r < 0)
                log_warning("Control socket: connection dropped: %s", errno_text(r));
        else
                s->clients[s->count++] = c;
        return 0;
}

/* ---- public ---- */

int control_server_new(
                Loop *loop, const VarlinkService *service, void *userdata, ControlServer **ret) {
        ControlServer *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->event = sd_event_ref(loop_event(loop));
        s->service = service;
        s->userdata = userdata;
        *ret = s;
        return 0;
}

ControlServer *control_server_free(ControlServer *s) {
        if (!s)
                return NULL;
        while (s->count > 0)
                drop(s->clients[0]);
        for (size_t i = 0; i < s->listener_count; i++) {
                (void) sd_event_source_disable_unref(s->listeners[i].io);
                (void) close_fd(s->listeners[i].fd);
        }
        (void) sd_event_unref(s->event);
        free(s);
        return NULL;
}

int control_server_listen(ControlServer *s, int fd) {
        _cleanup_close_ int owned = fd;
        int flags, r;

        if (s->listener_count >= LISTENERS_MAX)
                return -ENOBUFS;
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        ControlListener *l = &s->listeners[s->listener_count];
        r = sd_event_add_io(s->event, &l->io, fd, EPOLLIN, on_connection, s);
        if (r < 0)
                return r;
        l->fd = TAKE_FD(owned);
        s->listener_count++;
        return 0;
}
