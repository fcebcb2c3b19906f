/* Handshakes with services, pumped by the event loop. The probe may change its descriptor in any step, even to a new one of
 * the same number; hence the io source is given up before each step, while the old descriptor is still open, and made
 * anew behind it. */

#include <poll.h>
#include <string.h>

#include "daemon/prober-real.h"

struct Prober {
        sd_event *event; /* owns */
};

struct ProberCall {
        Prober *prober;         /* borrows */
        Probe *probe;           /* owns */
        sd_event_source *start; /* owns; the first step, from the loop */
        sd_event_source *io;    /* owns */
        sd_event_source *timer; /* owns; the deadline */
        prober_fn fn;
        void *userdata;
};

int prober_new(Loop *loop, Prober **ret) {
        Prober *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->event = sd_event_ref(loop_event(loop));
        *ret = p;
        return 0;
}

Prober *prober_free(Prober *p) {
        if (!p)
                return NULL;
        (void) sd_event_unref(p->event);
        free(p);
        return NULL;
}

/* ---- one call ---- */

static void stop(ProberCall *c) {
        c->io = sd_event_source_disable_unref(c->io);
        c->start = sd_event_source_disable_unref(c->start);
        c->timer = sd_event_source_disable_unref(c->timer);
        c->probe = probe_free(c->probe);
}

/* A fault of our own (memory, descriptors) says nothing about the service: it is told as not reached. */
static void finish(ProberCall *c, int error) {
        ProbeResult result = { .outcome = PROBE_UNREACHABLE };
        prober_fn fn = c->fn;
        void *userdata = c->userdata;

        if (error >= 0)
                error = probe_result(c->probe, &result);
        if (error < 0 && !result.detail)
                result.detail = strdup(strerror(-error)); /* NULL when out of memory */
        stop(c);
        fn(&result, userdata); /* may free the call */
        probe_result_done(&result);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static void pump(ProberCall *c) {
        int r;

        c->io = sd_event_source_disable_unref(c->io);
        r = probe_step(c->probe);
        if (r == 0) {
                uint32_t events = probe_events(c->probe) & POLLOUT ? EPOLLOUT : EPOLLIN;
                r = sd_event_add_io(c->prober->event, &c->io, probe_fd(c->probe), events, on_io, c);
                if (r >= 0)
                        return;
        }
        finish(c, r);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source;
        (void) fd;
        (void) revents;
        pump(userdata);
        return 0;
}

static int on_start(sd_event_source *source, void *userdata) {
        (void) source;
        pump(userdata);
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        ProberCall *c = userdata;

        (void) source;
        (void) usec;
        probe_give_up(c->probe);
        finish(c, 0);
        return 0;
}

int prober_start(
                Prober *p,
                const ProbeEndpoint *endpoint,
                unsigned timeout_sec,
                prober_fn fn,
                void *userdata,
                ProberCall **ret) {
        _cleanup_(prober_call_freep) ProberCall *c = NULL;
        usec_t limit = timeout_sec * USEC_PER_SEC;
        int r;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (ProberCall){ .prober = p, .fn = fn, .userdata = userdata };
        r = probe_new(endpoint, &c->probe);
        if (r >= 0)
                r = sd_event_add_defer(p->event, &c->start, on_start, c);
        if (r >= 0)
                r = sd_event_add_time_relative(
                                p->event, &c->timer, CLOCK_BOOTTIME, limit, 0, on_deadline, c);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

ProberCall *prober_call_free(ProberCall *c) {
        if (!c)
                return NULL;
        stop(c);
        free(c);
        return NULL;
}
