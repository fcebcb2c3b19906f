/* Handshakes with services, pumped by the event loop. The probe may change its descriptor in any step, even to a new one of
 * the same number; hence the io source is given up before each step, while the old descriptor is still open, and made
 * anew behind it. */

#include <poll.h>
#include <string.h>

#include "daemon/lookup.h"
#include "daemon/prober-real.h"

struct Prober {
        sd_event *event; /* owns */
};

/* One address. */
typedef struct Look {
        ProberCall *call;
        Probe *probe;        /* owns */
        sd_event_source *io; /* owns */
        bool ended;
        ProbeResult result; /* of the ended one */
} Look;

struct ProberCall {
        Prober *prober;         /* borrows */
        ProbeEndpoint endpoint; /* with texts of its own */
        Lookup *lookup;         /* owns; of its host; NULL: the addresses are known */
        ProbeAddresses addresses;
        Look looks[PROBE_ADDRESSES_MAX];
        size_t count;
        sd_event_source *start; /* owns; the first steps, from the loop */
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

static void look_stop(Look *l) {
        l->io = sd_event_source_disable_unref(l->io);
        l->probe = probe_free(l->probe);
        probe_result_done(&l->result);
}

static void stop(ProberCall *c) {
        c->start = sd_event_source_disable_unref(c->start);
        c->timer = sd_event_source_disable_unref(c->timer);
        c->lookup = lookup_free(c->lookup);
        for (size_t i = 0; i < c->count; i++)
                look_stop(&c->looks[i]);
        c->count = 0;
}

/* A fault of our own (memory, descriptors) says nothing about the service: it is told as not reached. */
static void look_end(Look *l, int error) {
        l->io = sd_event_source_disable_unref(l->io);
        l->ended = true;
        if (error >= 0)
                error = probe_result(l->probe, &l->result);
        if (error >= 0)
                return;
        l->result = (ProbeResult){ .outcome = PROBE_UNREACHABLE };
        l->result.detail = strdup(strerror(-error)); /* NULL when out of memory */
}

/* Tells the results when all are there. */
static void finish(ProberCall *c) {
        ProbeResult results[PROBE_ADDRESSES_MAX];
        prober_fn fn = c->fn;
        void *userdata = c->userdata;
        size_t count = c->count;

        for (size_t i = 0; i < count; i++)
                if (!c->looks[i].ended)
                        return;
        for (size_t i = 0; i < count; i++) {
                results[i] = c->looks[i].result;
                c->looks[i].result = (ProbeResult){};
        }
        stop(c);
        fn(results, count, userdata); /* may free the call */
        for (size_t i = 0; i < count; i++)
                probe_result_done(&results[i]);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static void pump(Look *l) {
        int r;

        l->io = sd_event_source_disable_unref(l->io);
        r = probe_step(l->probe);
        if (r == 0) {
                uint32_t events = probe_events(l->probe) & POLLOUT ? EPOLLOUT : EPOLLIN;
                r =
                                sd_event_add_io(l->call->prober->event, &l->io, probe_fd(l->probe),
                                                events, on_io, l);
                if (r >= 0)
                        return;
        }
        look_end(l, r);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Look *l = userdata;

        (void) source;
        (void) fd;
        (void) revents;
        pump(l);
        finish(l->call);
        return 0;
}

static void begin(ProberCall *c, int why, const ProbeAddresses *addresses) {
        Probe *probes[PROBE_ADDRESSES_MAX] = {};
        int r;

        r = probe_new_each(&c->endpoint, why, addresses, probes, &c->count);
        if (r < 0)
                c->count = 1;
        for (size_t i = 0; i < c->count; i++) {
                c->looks[i] = (Look){ .call = c, .probe = probes[i] };
                if (r < 0)
                        look_end(&c->looks[i], r);
                else
                        pump(&c->looks[i]);
        }
        finish(c);
}

static int on_start(sd_event_source *source, void *userdata) {
        ProberCall *c = userdata;

        (void) source;
        begin(c, 0, &c->addresses);
        return 0;
}

static void on_looked_up(int why, const ProbeAddresses *addresses, void *userdata) {
        ProberCall *c = userdata;

        c->addresses = *addresses;
        c->lookup = lookup_free(c->lookup);
        begin(c, why, &c->addresses);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        ProberCall *c = userdata;

        (void) source;
        (void) usec;
        if (c->lookup) {
                c->lookup = lookup_free(c->lookup);
                begin(c, -EAI_AGAIN, &c->addresses);
                return 0;
        }
        for (size_t i = 0; i < c->count; i++)
                if (!c->looks[i].ended) {
                        probe_give_up(c->looks[i].probe);
                        look_end(&c->looks[i], 0);
                }
        finish(c);
        return 0;
}

static int copy_endpoint(ProberCall *c, const ProbeEndpoint *endpoint) {
        c->endpoint = *endpoint;
        c->endpoint.host = strdup(endpoint->host);
        c->endpoint.server_name = endpoint->server_name ? strdup(endpoint->server_name) : NULL;
        return c->endpoint.host && (c->endpoint.server_name || !endpoint->server_name) ? 0
                                                                                       : -ENOMEM;
}

/* What needs no resolver begins with the next turn of the loop. */
static int find_addresses(ProberCall *c) {
        const ProbeEndpoint *e = &c->endpoint;
        sd_event *event = c->prober->event;
        int r;

        r = probe_addresses_at_once(e->host, e->port, &c->addresses);
        if (r == -EAGAIN)
                return lookup_start(event, e->host, e->port, on_looked_up, c, &c->lookup);
        return r < 0 ? r : sd_event_add_defer(event, &c->start, on_start, c);
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

        if (!endpoint->host || endpoint->port == 0)
                return -EINVAL;
        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (ProberCall){ .prober = p, .fn = fn, .userdata = userdata };
        r = copy_endpoint(c, endpoint);
        if (r >= 0)
                r = find_addresses(c);
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
        free((char *) c->endpoint.host);
        free((char *) c->endpoint.server_name);
        free(c);
        return NULL;
}
