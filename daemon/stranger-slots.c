/* Slots are made when a connection comes and freed when it goes, so that an idle engine pays nothing for them; their number
 * is fixed. One timer serves the whole table and is armed only while a slot is busy. A flood from one address pushes out
 * that address's own oldest connection, and any flood the oldest that has not asked anything of worth yet, so that
 * validators still get in. */

#include "daemon/stranger-slots.h"

#include <stddef.h>
#include <sys/socket.h>

#define DRAIN_SIZE 1024

typedef struct Slot {
        StrangerSlots *slots; /* borrows */
        sd_event_source *io;  /* owns */
        int fd;               /* owns */
        uint64_t peer;
        usec_t since;    /* accepted */
        usec_t deadline; /* CLOCK_MONOTONIC */
        bool engaged;
        _Alignas(max_align_t) uint8_t state[]; /* the protocol's */
} Slot;

struct StrangerSlots {
        sd_event *event;        /* borrows */
        sd_event_source *timer; /* owns */
        usec_t deadline;
        const StrangerProtocol *protocol; /* borrows */
        void *userdata;
        Slot *slots[STRANGER_SLOTS]; /* owns; the first `busy` are set */
        size_t busy;
};

/* ---- the table ---- */

static usec_t now_of(StrangerSlots *s) {
        uint64_t now = 0;

        (void) sd_event_now(s->event, CLOCK_MONOTONIC, &now); /* fails for unknown clocks only */
        return now;
}

/* What has come behind the request is taken off first: closing over unread octets would make the kernel reset the
 * connection and the peer lose the answer. */
static Slot *slot_free(Slot *slot) {
        char rest[DRAIN_SIZE];

        if (!slot)
                return NULL;
        (void) sd_event_source_disable_unref(slot->io);
        if (slot->slots->protocol->end)
                slot->slots->protocol->end(slot->state);
        if (slot->fd >= 0) {
                (void) shutdown(slot->fd, SHUT_WR);
                (void) recv(slot->fd, rest, sizeof(rest), MSG_DONTWAIT);
        }
        (void) close_fd(slot->fd);
        free(slot);
        return NULL;
}

static void drop_slot(StrangerSlots *s, size_t i) {
        slot_free(s->slots[i]);
        s->slots[i] = s->slots[--s->busy];
        s->slots[s->busy] = NULL;
        if (s->busy == 0)
                (void) sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
}

static void end_slot(Slot *slot) {
        StrangerSlots *s = slot->slots;

        for (size_t i = 0; i < s->busy; i++)
                if (s->slots[i] == slot) {
                        drop_slot(s, i);
                        return;
                }
}

/* Arms the one timer at the first deadline. */
static void arm_timer(StrangerSlots *s) {
        usec_t first = USEC_INFINITY;

        for (size_t i = 0; i < s->busy; i++)
                first = MIN(first, s->slots[i]->deadline);
        if (first == USEC_INFINITY)
                return;
        (void) sd_event_source_set_time(s->timer, first);
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        StrangerSlots *s = userdata;
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

/* Whether `a` is to go rather than `b`: first who has asked nothing of worth, then the older. */
static bool goes_before(const Slot *a, const Slot *b) {
        if (a->engaged != b->engaged)
                return b->engaged;
        return a->since < b->since;
}

/* The oldest idle slot, of `peer` only if that is not 0. There must be one. */
static size_t oldest_idle(const StrangerSlots *s, uint64_t peer) {
        size_t best = s->busy;

        for (size_t i = 0; i < s->busy; i++)
                if ((!peer || s->slots[i]->peer == peer) &&
                    (best == s->busy || goes_before(s->slots[i], s->slots[best])))
                        best = i;
        return best;
}

static size_t count_of_peer(const StrangerSlots *s, uint64_t peer) {
        size_t count = 0;

        for (size_t i = 0; i < s->busy; i++)
                count += s->slots[i]->peer == peer;
        return count;
}

static void make_room(StrangerSlots *s, uint64_t peer) {
        if (peer && count_of_peer(s, peer) >= STRANGER_ADDRESS_MAX)
                drop_slot(s, oldest_idle(s, peer));
        else if (s->busy >= STRANGER_SLOTS)
                drop_slot(s, oldest_idle(s, 0));
}

/* ---- connections ---- */

static int on_slot(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Slot *slot = userdata;
        StrangerSlots *s = slot->slots;
        bool engaged = slot->engaged;

        (void) events;
        StrangerWant want = s->protocol->step(
                        slot->state, fd, slot->peer == 0, &slot->engaged, s->userdata);
        if (slot->engaged && !engaged)
                slot->deadline = now_of(s) + s->deadline;
        if (want == STRANGER_END ||
            sd_event_source_set_io_events(source, want == STRANGER_WRITE ? EPOLLOUT : EPOLLIN) < 0)
                end_slot(slot);
        return 0;
}

/* ---- public ---- */

int stranger_slots_new(
                sd_event *event,
                usec_t deadline,
                const StrangerProtocol *protocol,
                void *userdata,
                StrangerSlots **ret) {
        _cleanup_(stranger_slots_freep) StrangerSlots *s = NULL;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (StrangerSlots){
                .event = event, .deadline = deadline, .protocol = protocol, .userdata = userdata
        };
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

StrangerSlots *stranger_slots_free(StrangerSlots *s) {
        if (!s)
                return NULL;
        while (s->busy > 0)
                drop_slot(s, s->busy - 1);
        (void) sd_event_source_disable_unref(s->timer);
        free(s);
        return NULL;
}

int stranger_slots_add(StrangerSlots *s, int fd, uint64_t peer) {
        Slot *slot = calloc(1, sizeof(*slot) + s->protocol->size);
        int r;

        if (!slot) {
                (void) close_fd(fd);
                return -ENOMEM;
        }
        make_room(s, peer);
        slot->slots = s;
        slot->fd = fd;
        slot->peer = peer;
        slot->since = now_of(s);
        slot->deadline = slot->since + s->deadline;
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

void stranger_slots_drop_oldest(StrangerSlots *s) {
        if (s->busy > 0)
                drop_slot(s, oldest_idle(s, 0));
}

size_t stranger_slots_busy(const StrangerSlots *s) {
        return s->busy;
}
