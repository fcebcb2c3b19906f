/* getaddrinfo() alone asks all that is configured, and it blocks, for half a minute where a name server is away. So each
 * name has a thread that does nothing else. The thread and the loop own the lookup together, and whoever lets go last
 * frees it: one that is cancelled ends when the resolver gives up. */

#include "daemon/lookup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define THREADS_MAX 64
#define STACK_SIZE  ((size_t) 512 * 1024) /* modules of nsswitch.conf are many and old */

struct Lookup {
        atomic_uint owners;
        char *host;
        uint16_t port;
        int fd;  /* readable when there is an answer: */
        int why; /* of the thread, until it has answered */
        ProbeAddresses addresses;
        atomic_bool answered;
        sd_event_source *io; /* from here on the loop's alone */
        lookup_fn fn;
        void *userdata;
};

static atomic_uint threads;

static void let_go(Lookup *l) {
        if (atomic_fetch_sub(&l->owners, 1) > 1)
                return;
        if (l->fd >= 0)
                (void) close(l->fd);
        free(l->host);
        free(l);
}

static void *run(void *argument) {
        Lookup *l = argument;

        l->why = probe_addresses_of(l->host, l->port, &l->addresses);
        atomic_store(&l->answered, true);
        (void) eventfd_write(l->fd, 1); /* the first one fits */
        let_go(l);
        (void) atomic_fetch_sub(&threads, 1);
        return NULL;
}

static int start_thread(Lookup *l) {
        pthread_attr_t attributes;
        pthread_t thread;
        int r;

        if (atomic_fetch_add(&threads, 1) >= THREADS_MAX) {
                (void) atomic_fetch_sub(&threads, 1);
                return -EAGAIN;
        }
        (void) atomic_fetch_add(&l->owners, 1);
        r = pthread_attr_init(&attributes);
        if (r == 0) {
                (void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
                (void) pthread_attr_setstacksize(&attributes, STACK_SIZE); /* else the default */
                r = pthread_create(&thread, &attributes, run, l);
                (void) pthread_attr_destroy(&attributes);
        }
        if (r == 0)
                return 0;
        (void) atomic_fetch_sub(&threads, 1);
        let_go(l);
        return -r;
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Lookup *l = userdata;

        (void) fd;
        (void) events;
        if (!atomic_load(&l->answered)) /* what is behind it is seen */
                return 0;
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF); /* valid, so it cannot fail */
        l->fn(l->why, &l->addresses, l->userdata);                /* may free the lookup */
        return 0;
}

int lookup_start(
                sd_event *event,
                const char *host,
                uint16_t port,
                lookup_fn fn,
                void *userdata,
                Lookup **ret) {
        _cleanup_(lookup_freep) Lookup *l = calloc(1, sizeof *l);
        int r;

        if (!l)
                return -ENOMEM;
        atomic_init(&l->owners, 1);
        l->fd = -1;
        l->port = port;
        l->fn = fn;
        l->userdata = userdata;
        l->host = strdup(host);
        if (!l->host)
                return -ENOMEM;
        l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (l->fd < 0)
                return -errno;
        r = sd_event_add_io(event, &l->io, l->fd, EPOLLIN, on_answer, l);
        if (r >= 0)
                r = start_thread(l);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

Lookup *lookup_free(Lookup *l) {
        if (!l)
                return NULL;
        l->io = sd_event_source_disable_unref(l->io);
        let_go(l);
        return NULL;
}
