/* Listening sockets and what comes in by them; the connections are in stranger-slots.c. */

#include "daemon/stranger-server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/strings.h"
#include "daemon/stranger-slots.h"

#define ACCEPTS_PER_TURN 32
#define LISTENERS_MAX    16

typedef struct Listener {
        StrangerServer *server; /* borrows */
        sd_event_source *io;    /* owns */
        int fd;                 /* owns */
        char *name;             /* owns */
} Listener;

struct StrangerServer {
        sd_event *event;      /* owns */
        StrangerSlots *slots; /* owns */
        int reserve_fd;       /* owns; given up to be able to refuse when descriptors run out */
        Listener *listeners[LISTENERS_MAX]; /* owns */
        size_t listener_count;
};

/* ---- connections ---- */

/* Loopback counts as local: a web server there speaks for many strangers. */
static uint64_t peer_of(const struct sockaddr_storage *address) {
        uint64_t peer = 0;

        if (address->ss_family == AF_INET) {
                const struct sockaddr_in *in = (const void *) address;
                uint32_t host = ntohl(in->sin_addr.s_addr);
                return host >> 24 == 127 ? 0 : host;
        }
        if (address->ss_family != AF_INET6)
                return 0;
        const struct in6_addr *in6 =
                        &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr;
        if (IN6_IS_ADDR_LOOPBACK(in6))
                return 0;
        if (IN6_IS_ADDR_V4MAPPED(in6)) {
                uint32_t host;
                memcpy(&host, in6->s6_addr + 12, sizeof(host));
                return ntohl(host) >> 24 == 127 ? 0 : ntohl(host);
        }
        memcpy(&peer, in6->s6_addr, sizeof(peer));
        return peer;
}

/* Without a free descriptor the connection would stay in the backlog and wake us for ever: the reserve is given up to take
 * it, and it is closed. */
static void refuse_one(StrangerServer *s, int listen_fd) {
        stranger_slots_drop_oldest(s->slots);
        s->reserve_fd = close_fd(s->reserve_fd);
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        (void) close_fd(fd);
        s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t events, void *userdata) {
        StrangerServer *s = ((Listener *) userdata)->server;

        (void) source;
        (void) events;
        for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
                struct sockaddr_storage address = {};
                socklen_t size = sizeof(address);
                int fd =
                                accept4(listen_fd, (struct sockaddr *) &address, &size,
                                        SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
                        refuse_one(s, listen_fd);
                        return 0;
                }
                if (fd < 0)
                        return 0; /* none left, or gone before it was taken */
                if (stranger_slots_add(s->slots, fd, peer_of(&address)) < 0)
                        return 0;
        }
        return 0;
}

/* ---- listeners ---- */

static Listener *listener_free(Listener *l) {
        if (!l)
                return NULL;
        (void) sd_event_source_disable_unref(l->io);
        (void) close_fd(l->fd);
        free(l->name);
        free(l);
        return NULL;
}
DEFINE_CLEANUP(Listener *, listener_free)

int stranger_server_listen(StrangerServer *s, int fd, const char *name) {
        _cleanup_(listener_freep) Listener *l = NULL;
        _cleanup_close_ int owned = fd;
        int r;

        if (s->listener_count >= LISTENERS_MAX)
                return -ENOBUFS;
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->server = s;
        l->fd = TAKE_FD(owned);
        r = str_replace(&l->name, name);
        if (r >= 0)
                r = sd_event_add_io(s->event, &l->io, l->fd, EPOLLIN, on_connection, l);
        if (r < 0)
                return r;
        s->listeners[s->listener_count++] = TAKE_PTR(l);
        return 0;
}

void stranger_server_unlisten(StrangerServer *s, const char *name) {
        for (size_t i = 0; i < s->listener_count; i++)
                if (str_equal(s->listeners[i]->name, name)) {
                        listener_free(s->listeners[i]);
                        s->listeners[i] = s->listeners[--s->listener_count];
                        s->listeners[s->listener_count] = NULL;
                        return;
                }
}

bool stranger_server_listens(const StrangerServer *s, const char *name) {
        for (size_t i = 0; i < s->listener_count; i++)
                if (!name || str_equal(s->listeners[i]->name, name))
                        return true;
        return false;
}

/* ---- public ---- */

int stranger_server_new(
                Loop *loop,
                usec_t deadline,
                const StrangerProtocol *protocol,
                void *userdata,
                StrangerServer **ret) {
        _cleanup_(stranger_server_freep) StrangerServer *s = NULL;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->event = sd_event_ref(loop_event(loop));
        s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        r = stranger_slots_new(s->event, deadline, protocol, userdata, &s->slots);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

StrangerServer *stranger_server_free(StrangerServer *s) {
        if (!s)
                return NULL;
        stranger_slots_free(s->slots);
        for (size_t i = 0; i < s->listener_count; i++)
                listener_free(s->listeners[i]);
        (void) close_fd(s->reserve_fd);
        (void) sd_event_unref(s->event);
        free(s);
        return NULL;
}

size_t stranger_server_busy(const StrangerServer *s) {
        return stranger_slots_busy(s->slots);
}
