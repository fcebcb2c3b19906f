/* One channel for each question: it lives for some seconds, reads /etc/resolv.conf as it is then, has no cache, and
 * the idle engine holds nothing. Its sockets and its clock are sources of the event loop. */

#include <string.h>

#include "base/strings.h"
#include "daemon/dns-real.h"

#define TRY_MS      2000
#define TRIES       3
#define UDP_MAX     1232 /* as the resolvers' operators agreed; what is larger comes by TCP */
#define SOCKETS_MAX 16

struct Dns {
        sd_event *event; /* owns */
};

typedef struct Socket {
        int fd;                  /* borrows: c-ares' */
        sd_event_source *source; /* owns */
} Socket;

struct DnsQuery {
        Dns *dns;             /* borrows */
        ares_channel channel; /* owns */
        DnsSending sending;
        Socket sockets[SOCKETS_MAX];
        sd_event_source *timer; /* owns */
        sd_event_source *done;  /* owns; tells the answer from the loop */
        DnsAnswer answer;
        bool answered;
        dns_fn fn;
        void *userdata;
};

int dns_new(Loop *loop, Dns **ret) {
        Dns *d;

        if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
                return -ENOMEM;
        d = calloc(1, sizeof *d);
        if (!d)
                return -ENOMEM;
        d->event = sd_event_ref(loop_event(loop));
        *ret = d;
        return 0;
}

Dns *dns_free(Dns *d) {
        if (!d)
                return NULL;
        (void) sd_event_unref(d->event);
        ares_library_cleanup();
        free(d);
        return NULL;
}

/* ---- the answer ---- */

static int error_of(int status) {
        switch (status) {
        case ARES_SUCCESS:
        case ARES_ENODATA:
        case ARES_ENOTFOUND:
                return 0;
        case ARES_ETIMEOUT:
                return -ETIMEDOUT;
        case ARES_ECONNREFUSED:
                return -ECONNREFUSED;
        case ARES_ENOMEM:
                return -ENOMEM;
        case ARES_EBADNAME:
        case ARES_EBADQUERY:
                return -EINVAL;
        case ARES_EBADRESP:
        case ARES_EFORMERR:
                return -EBADMSG;
        default:
                return -EREMOTEIO; /* SERVFAIL, REFUSED, NOTIMP, no socket … */
        }
}

static void on_wire(int status, const unsigned char *wire, size_t size, void *userdata) {
        DnsQuery *q = userdata;
        int error = error_of(status);

        if (status == ARES_EDESTRUCTION || q->answered)
                return;
        q->answered = true;
        if (error >= 0 && wire && size > 0)
                error = dns_parse(wire, size, &q->answer);
        else if (error >= 0)
                q->answer.missing = status == ARES_ENOTFOUND;
        q->answer.error = error;
        if (error < 0)
                q->answer.message =
                                error == -EBADMSG ? "a malformed answer" : ares_strerror(status);
        (void) sd_event_source_set_enabled(
                        q->done, SD_EVENT_ONESHOT); /* valid, so it cannot fail */
}

static int on_done(sd_event_source *source, void *userdata) {
        DnsQuery *q = userdata;

        (void) source;
        q->fn(&q->answer, q->userdata); /* may free the query */
        return 0;
}

/* ---- sockets and clock ---- */

static void arm(DnsQuery *q);

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        DnsQuery *q = userdata;

        (void) source;
        ares_process_fd(q->channel, events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? fd : ARES_SOCKET_BAD,
                        events & (EPOLLOUT | EPOLLERR) ? fd : ARES_SOCKET_BAD);
        arm(q);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        DnsQuery *q = userdata;

        (void) source;
        (void) usec;
        ares_process_fd(q->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        arm(q);
        return 0;
}

/* c-ares wants to be called when its next try is due. */
static void arm(DnsQuery *q) {
        struct timeval at, *wait = ares_timeout(q->channel, NULL, &at);
        usec_t delay = wait ? (usec_t) wait->tv_sec * USEC_PER_SEC + (usec_t) wait->tv_usec : 0;

        q->timer = sd_event_source_disable_unref(q->timer);
        if (q->answered || !wait)
                return;
        /* Without memory for a source the sockets still answer. */
        (void) sd_event_add_time_relative(
                        q->dns->event, &q->timer, CLOCK_BOOTTIME, delay + USEC_PER_MSEC, 0,
                        on_timer, q);
}

/* The place of this socket, or a free one. */
static Socket *place_of(DnsQuery *q, int fd) {
        Socket *free_one = NULL;

        for (size_t i = 0; i < SOCKETS_MAX; i++) {
                if (q->sockets[i].source && q->sockets[i].fd == fd)
                        return &q->sockets[i];
                if (!q->sockets[i].source && !free_one)
                        free_one = &q->sockets[i];
        }
        return free_one;
}

/* Called before a socket is closed, too, with nothing to watch. */
static void on_socket(void *data, ares_socket_t fd, int readable, int writable) {
        uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
        DnsQuery *q = data;
        Socket *s = place_of(q, fd);

        if (!s)
                return; /* never so many: a try is one socket; the timer goes on */
        if (events == 0)
                s->source = sd_event_source_disable_unref(s->source);
        else if (s->source)
                (void) sd_event_source_set_io_events(
                                s->source, events); /* at worst the timer goes on */
        else {
                s->fd = fd;
                (void) sd_event_add_io(q->dns->event, &s->source, fd, events, on_io, q);
        }
}

/* ---- a question ---- */

static int open_channel(DnsQuery *q, const DnsQuestion *question) {
        struct ares_options options = {
                .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS |
                         (question->recurse ? 0 : ARES_FLAG_NORECURSE | ARES_FLAG_NOCHECKRESP),
                .timeout = TRY_MS,
                .tries = TRIES,
                .ednspsz = UDP_MAX,
                .sock_state_cb = on_socket,
                .sock_state_cb_data = q,
        };
        int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                   ARES_OPT_SOCK_STATE_CB;
        int status = ares_init_options(&q->channel, &options, mask);

        if (status != ARES_SUCCESS) {
                q->channel = NULL;
                return status == ARES_ENOMEM ? -ENOMEM : -EIO;
        }
        if (!question->server)
                return 0;
        status = ares_set_servers_ports_csv(q->channel, question->server);
        return status == ARES_SUCCESS ? 0 : status == ARES_ENOMEM ? -ENOMEM : -EINVAL;
}

int dns_ask(Dns *d, const DnsQuestion *question, dns_fn fn, void *userdata, DnsQuery **ret) {
        _cleanup_(dns_query_freep) DnsQuery *q = calloc(1, sizeof *q);
        int r;

        if (!q)
                return -ENOMEM;
        *q = (DnsQuery){ .dns = d, .fn = fn, .userdata = userdata };
        q->sending = (DnsSending){ .fn = on_wire, .userdata = q };
        r = sd_event_add_defer(d->event, &q->done, on_done, q);
        if (r >= 0)
                r = sd_event_source_set_enabled(q->done, SD_EVENT_OFF);
        if (r >= 0)
                r = open_channel(q, question);
        if (r < 0)
                return r;
        dns_send(q->channel, question->name, dns_type_number(question->type), &q->sending);
        arm(q);
        *ret = TAKE_PTR(q);
        return 0;
}

DnsQuery *dns_query_free(DnsQuery *q) {
        if (!q)
                return NULL;
        q->answered = true; /* what the channel says while it ends is not heard */
        if (q->channel)
                ares_destroy(q->channel);
        for (size_t i = 0; i < SOCKETS_MAX; i++)
                (void) sd_event_source_disable_unref(q->sockets[i].source);
        (void) sd_event_source_disable_unref(q->timer);
        (void) sd_event_source_disable_unref(q->done);
        dns_answer_done(&q->answer);
        free(q);
        return NULL;
}
