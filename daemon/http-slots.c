/* Slots are made when a connection comes and freed when it goes, so that an idle engine pays nothing for them; their number
 * is fixed. One timer serves the whole table and is armed only while a slot is busy. A flood from one address pushes out
 * that address's own oldest connection, and any flood the oldest that has not sent its request yet, so that validators
 * still get in. */

#include "daemon/http-slots.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define OUTPUT_MAX 1280

typedef struct Slot {
        HttpSlots *slots;    /* borrows */
        sd_event_source *io; /* owns */
        int fd;              /* owns */
        uint64_t peer;
        usec_t since;    /* accepted */
        usec_t deadline; /* CLOCK_MONOTONIC */
        bool answering;
        uint16_t output_size, output_sent;
        union {
                RequestParser request;
                char output[OUTPUT_MAX];
        };
} Slot;

struct HttpSlots {
        sd_event *event;        /* borrows */
        sd_event_source *timer; /* owns */
        usec_t deadline;
        http_server_fn fn;
        void *userdata;
        Slot *slots[HTTP_SERVER_SLOTS]; /* owns; the first `busy` are set */
        size_t busy;
};

/* ---- the table ---- */

static usec_t now_of(HttpSlots *s) {
        uint64_t now = 0;

        (void) sd_event_now(s->event, CLOCK_MONOTONIC, &now); /* fails for unknown clocks only */
        return now;
}

/* What has come behind the request is taken off first: closing over unread octets would make the kernel reset the
 * connection and the peer lose the answer. */
static Slot *slot_free(Slot *slot) {
        if (!slot)
                return NULL;
        (void) sd_event_source_disable_unref(slot->io);
        if (slot->fd >= 0) {
                (void) shutdown(slot->fd, SHUT_WR);
                (void) recv(slot->fd, slot->output, sizeof(slot->output), MSG_DONTWAIT);
        }
        (void) close_fd(slot->fd);
        free(slot);
        return NULL;
}

static void drop_slot(HttpSlots *s, size_t i) {
        slot_free(s->slots[i]);
        s->slots[i] = s->slots[--s->busy];
        s->slots[s->busy] = NULL;
        if (s->busy == 0)
                (void) sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
}

static void end_slot(Slot *slot) {
        HttpSlots *s = slot->slots;

        for (size_t i = 0; i < s->busy; i++)
                if (s->slots[i] == slot) {
                        drop_slot(s, i);
                        return;
                }
}

/* Arms the one timer at the first deadline. */
static void arm_timer(HttpSlots *s) {
        usec_t first = USEC_INFINITY;

        for (size_t i = 0; i < s->busy; i++)
                first = MIN(first, s->slots[i]->deadline);
        if (first == USEC_INFINITY)
                return;
        (void) sd_event_source_set_time(s->timer, first);
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        HttpSlots *s = userdata;
        usec_t now = now_of(s);

        (void) source;
        (void) usec;
        for (size_t i = 0; i < s->busy;)
                if (s->slots[i]->deadline <= now)
                        drop_slot(s, i);
                else
                        i++;
        arm_timer(s);
        return 0;
}

/* Whether `a` is to go rather than `b`: first who has not sent its request, then the older. */
static bool goes_before(const Slot *a, const Slot *b) {
        if (a->answering != b->answering)
                return b->answering;
        return a->since < b->since;
}

/* The oldest idle slot, of `peer` only if that is not 0. There must be one. */
static size_t oldest_idle(const HttpSlots *s, uint64_t peer) {
        size_t best = s->busy;

        for (size_t i = 0; i < s->busy; i++)
                if ((!peer || s->slots[i]->peer == peer) &&
                    (best == s->busy || goes_before(s->slots[i], s->slots[best])))
                        best = i;
        return best;
}

static size_t count_of_peer(const HttpSlots *s, uint64_t peer) {
        size_t count = 0;

        for (size_t i = 0; i < s->busy; i++)
                count += s->slots[i]->peer == peer;
        return count;
}

static void make_room(HttpSlots *s, uint64_t peer) {
        if (peer && count_of_peer(s, peer) >= HTTP_SERVER_ADDRESS_MAX)
                drop_slot(s, oldest_idle(s, peer));
        else if (s->busy >= HTTP_SERVER_SLOTS)
                drop_slot(s, oldest_idle(s, 0));
}

/* ---- answers ---- */

static const char *reason_of(unsigned status) {
        switch (status) {
        case 200:
                return "OK";
        case 301:
                return "Moved Permanently";
        case 404:
                return "Not Found";
        case 405:
                return "Method Not Allowed";
        default:
                return "Bad Request";
        }
}

/* The request shares its memory with the answer: whatever is needed of it is copied first. */
static void write_answer(Slot *slot, const HttpAnswer *answer) {
        char host[REQUEST_HOST_MAX + 1] = "", path[REQUEST_PATH_MAX + 1] = "";
        bool head = slot->request.method == REQUEST_HEAD, redirect = answer->status == 301;
        bool literal = redirect && strchr(slot->request.host, ':');
        const char *body = answer->body ? answer->body : "";

        if (redirect) {
                (void) snprintf(host, sizeof(host), "%s", slot->request.host);
                (void) snprintf(path, sizeof(path), "%s", answer->location);
        }
        int n =
                        snprintf(slot->output, sizeof(slot->output),
                                 "HTTP/1.1 %u %s\r\n"
                                 "%s%s%s%s%s%s"
                                 "%s"
                                 "Content-Type: application/octet-stream\r\n"
                                 "Content-Length: %zu\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "X-Content-Type-Options: nosniff\r\n"
                                 "Connection: close\r\n\r\n%s",
                                 answer->status, reason_of(answer->status),
                                 redirect ? "Location: https://" : "", literal ? "[" : "", host,
                                 literal ? "]" : "", path, redirect ? "\r\n" : "",
                                 answer->status == 405 ? "Allow: GET, HEAD\r\n" : "", strlen(body),
                                 head ? "" : body);
        slot->output_sent = 0;
        slot->output_size = n > 0 && (size_t) n < sizeof(slot->output) ? (uint16_t) n : 0;
}

static void send_output(Slot *slot) {
        while (slot->output_sent < slot->output_size) {
                ssize_t n =
                                send(slot->fd, slot->output + slot->output_sent,
                                     (size_t) (slot->output_size - slot->output_sent),
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN &&
                    sd_event_source_set_io_events(slot->io, EPOLLOUT) >= 0)
                        return;
                if (n < 0)
                        break;
                slot->output_sent = (uint16_t) (slot->output_sent + n);
        }
        end_slot(slot);
}

static void answer_request(Slot *slot, RequestResult result) {
        HttpSlots *s = slot->slots;
        HttpAnswer answer = { .status = 400 };

        if (result == REQUEST_DONE && slot->request.method == REQUEST_OTHER)
                answer.status = 405;
        else if (result == REQUEST_DONE)
                s->fn(&slot->request, &answer, s->userdata);
        write_answer(slot, &answer);
        slot->answering = true;
        slot->deadline = now_of(s) + s->deadline;
        send_output(slot);
}

/* ---- connections ---- */

static int on_slot(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Slot *slot = userdata;
        char chunk[1024];

        (void) source;
        (void) events;
        if (slot->answering) {
                send_output(slot);
                return 0;
        }
        ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                end_slot(slot);
                return 0;
        }
        RequestResult result = request_feed(&slot->request, chunk, (size_t) n);
        if (result != REQUEST_MORE)
                answer_request(slot, result);
        return 0;
}

/* ---- public ---- */

int http_slots_new(
                sd_event *event,
                usec_t deadline,
                http_server_fn fn,
                void *userdata,
                HttpSlots **ret) {
        _cleanup_(http_slots_freep) HttpSlots *s = NULL;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (HttpSlots){ .event = event, .deadline = deadline, .fn = fn, .userdata = userdata };
        r = sd_event_add_time(
                        event, &s->timer, CLOCK_MONOTONIC, USEC_INFINITY, deadline / 50,
                        on_deadline, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

HttpSlots *http_slots_free(HttpSlots *s) {
        if (!s)
                return NULL;
        while (s->busy > 0)
                drop_slot(s, s->busy - 1);
        (void) sd_event_source_disable_unref(s->timer);
        free(s);
        return NULL;
}

int http_slots_add(HttpSlots *s, int fd, uint64_t peer) {
        Slot *slot = calloc(1, sizeof(*slot));
        int r;

        if (!slot) {
                (void) close_fd(fd);
                return -ENOMEM;
        }
        make_room(s, peer);
        usec_t now = now_of(s);
        *slot = (Slot){
                .slots = s,
                .fd = fd,
                .peer = peer,
                .since = now,
                .deadline = now + s->deadline,
        };
        request_init(&slot->request);
        r = sd_event_add_io(s->event, &slot->io, fd, EPOLLIN, on_slot, slot);
        if (r < 0) {
                slot_free(slot);
                return r;
        }
        s->slots[s->busy++] = slot;
        if (s->busy == 1)
                arm_timer(s);
        return 0;
}

void http_slots_drop_oldest(HttpSlots *s) {
        if (s->busy > 0)
                drop_slot(s, oldest_idle(s, 0));
}

size_t http_slots_busy(const HttpSlots *s) {
        return s->busy;
}
