/* The step machine: addresses are tried in turn until one accepts the connection; on that one the
 * handshake is made, and its end is the end, whatever other addresses there are. */

#include "probe/probe.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/strings.h"
#include "probe/address.h"
#include "probe/handshake.h"
#include "probe/served.h"
#include "probe/starttls.h"

typedef enum ProbeState {
        STATE_START,     /* no connection: the next address is to be tried */
        STATE_CONNECT,   /* connect() is under way */
        STATE_DIALOGUE,  /* connected: plain text before TLS */
        STATE_HANDSHAKE, /* TLS */
        STATE_FINISHED,  /* there is a result */
        STATE_TAKEN,     /* it was handed on */
} ProbeState;

struct Probe {
        ProbeState state;
        ProbeAddresses addresses;
        size_t next; /* index of the address to try next */
        int fd;      /* owns */
        int events;
        Starttls starttls; /* protocol TLS: none */
        Handshake handshake;
        ProbeResult result;
};

void probe_result_done(ProbeResult *r) {
        free(r->subject);
        free(r->issuer);
        free(r->serial);
        free(r->chain_pem);
        free(r->detail);
        *r = (ProbeResult){};
}

/* ---- the end ---- */

static void disconnect(Probe *p) {
        p->fd = close_fd(p->fd);
        p->events = 0;
}

static int finish(Probe *p, ProbeOutcome outcome, const char *words) {
        _cleanup_free_ char *detail = str_escape(words, STR_ESCAPE_MAX);

        if (!detail)
                return -ENOMEM;
        free(p->result.detail);
        p->result.detail = TAKE_PTR(detail);
        p->result.outcome = outcome;
        p->state = STATE_FINISHED;
        disconnect(p);
        return 1;
}

/* ---- handshake ---- */

static int handshake_failed(Probe *p, const char *words) {
        _cleanup_free_ char *detail = NULL;

        if (str_printf(&detail, "TLS handshake failed: %s", words) < 0)
                return -ENOMEM;
        return finish(p, PROBE_NO_TLS, detail);
}

static int step_handshake(Probe *p) {
        Handshake *h = &p->handshake;
        int r;

        r = handshake_step(h, p->fd, &p->events);
        if (r == -EPROTO)
                return handshake_failed(p, h->failure);
        if (r <= 0)
                return r;
        r = probe_served(h->leaf, h->chain, &p->result);
        if (r < 0)
                return r;
        return finish(p, PROBE_SERVED,
                      h->asked_for_client ? "the service asks for a client certificate" : "");
}

static int step_dialogue(Probe *p) {
        _cleanup_free_ char *detail = NULL;
        int r;

        r = starttls_step(&p->starttls, p->fd, &p->events);
        if (r > 0) {
                p->state = STATE_HANDSHAKE;
                return 0;
        }
        if (r != -EPROTO)
                return r;
        if (str_printf(&detail, "no STARTTLS: %s", p->starttls.failure) < 0)
                return -ENOMEM;
        return finish(p, PROBE_NO_TLS, detail);
}

/* ---- connection ---- */

static bool is_our_own_fault(int error) {
        return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

/* Notes why this address is none, and goes back to try the next. */
static int connect_failed(Probe *p, int error) {
        _cleanup_free_ char *words = NULL;
        char address[128];

        if (is_our_own_fault(error))
                return -error;
        probe_address_to_string(&p->addresses.items[p->next - 1], address);
        if (str_printf(&words, "cannot connect to %s: %s", address, errno_text(error)) < 0)
                return -ENOMEM;
        disconnect(p);
        p->state = STATE_START;
        return p->next < p->addresses.count ? 0 : finish(p, PROBE_UNREACHABLE, words);
}

static int step_start(Probe *p) {
        const ProbeAddress *a = &p->addresses.items[p->next++];

        probe_address_to_host(a, p->result.address);
        p->fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (p->fd < 0)
                return connect_failed(p, errno); /* also "no IPv6 here" */
        p->state = STATE_CONNECT;
        p->events = POLLOUT;
        if (connect(p->fd, &a->sa, a->size) < 0 && errno != EINPROGRESS)
                return connect_failed(p, errno);
        return 0;
}

/* 1: connected; 0: not yet, or it failed and the next address is to be tried (then the state says
 * so). */
static int step_connect(Probe *p) {
        struct pollfd pollfd = { .fd = p->fd, .events = POLLOUT };
        int error = 0;
        socklen_t size = sizeof(error);

        /* SO_ERROR alone is 0 while the connection is being made, too. */
        if (poll(&pollfd, 1, 0) <= 0)
                return 0;
        if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                error = errno;
        if (error != 0)
                return connect_failed(p, error);
        p->state = p->starttls.protocol == PROBE_PROTOCOL_TLS ? STATE_HANDSHAKE : STATE_DIALOGUE;
        return 0;
}

int probe_step(Probe *p) {
        ProbeState before;
        int r;

        /* As long as there is something to do without waiting. */
        do {
                before = p->state;
                switch (p->state) {
                case STATE_START:
                        r = step_start(p);
                        break;
                case STATE_CONNECT:
                        r = step_connect(p);
                        break;
                case STATE_DIALOGUE:
                        r = step_dialogue(p);
                        break;
                case STATE_HANDSHAKE:
                        return step_handshake(p);
                case STATE_FINISHED:
                case STATE_TAKEN:
                default:
                        return 1;
                }
        } while (r == 0 && (p->state != before || p->state == STATE_START));
        return r;
}

/* ---- the object ---- */

/* Everything but its addresses. */
static int new_probe(const ProbeEndpoint *endpoint, Probe **ret) {
        _cleanup_(probe_freep) Probe *p = NULL;
        int r;

        if (!endpoint->host || endpoint->port == 0 || endpoint->protocol < 0 ||
            endpoint->protocol >= PROBE_PROTOCOL_MAX)
                return -EINVAL;
        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->fd = -1;
        r = handshake_init(
                        &p->handshake, endpoint->server_name, endpoint->key_family, endpoint->alpn);
        if (r >= 0 && endpoint->protocol != PROBE_PROTOCOL_TLS)
                r = starttls_init(
                                &p->starttls, endpoint->protocol,
                                endpoint->server_name ? endpoint->server_name : endpoint->host);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

/* `why` as probe_addresses_of() returned it. */
static int finish_unknown(Probe *p, const char *host, int why) {
        _cleanup_free_ char *words = NULL;

        if (str_printf(&words, "cannot find '%s': %s", host,
                       why > 0 ? gai_strerror(-why) : "it has no address") < 0)
                return -ENOMEM;
        return finish(p, PROBE_UNREACHABLE, words);
}

int probe_new(const ProbeEndpoint *endpoint, Probe **ret) {
        _cleanup_(probe_freep) Probe *p = NULL;
        int r;

        r = new_probe(endpoint, &p);
        if (r < 0)
                return r;
        r = probe_addresses_of(endpoint->host, endpoint->port, &p->addresses);
        if (r < 0)
                return r;
        if (r > 0 || p->addresses.count == 0)
                r = finish_unknown(p, endpoint->host, r);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

static int new_at(const ProbeEndpoint *endpoint, const ProbeAddress *address, Probe **ret) {
        int r;

        r = new_probe(endpoint, ret);
        if (r < 0)
                return r;
        (*ret)->addresses = (ProbeAddresses){ .items = { *address }, .count = 1 };
        return 0;
}

int probe_new_each(
                const ProbeEndpoint *endpoint,
                int why,
                const ProbeAddresses *addresses,
                Probe *ret[static PROBE_ADDRESSES_MAX],
                size_t *ret_count) {
        size_t count = 0;
        int r = 0;

        if (why < 0)
                return why;
        if (why > 0 || addresses->count == 0) {
                r = new_probe(endpoint, &ret[0]);
                if (r >= 0)
                        r = finish_unknown(ret[count++], endpoint->host, why);
        } else
                for (; count < addresses->count && r >= 0; count += r >= 0)
                        r = new_at(endpoint, &addresses->items[count], &ret[count]);
        if (r >= 0) {
                *ret_count = count;
                return 0;
        }
        while (count > 0)
                (void) probe_free(ret[--count]);
        return r;
}

Probe *probe_free(Probe *p) {
        if (!p)
                return NULL;
        disconnect(p);
        handshake_clear(&p->handshake);
        starttls_done(&p->starttls);
        probe_result_done(&p->result);
        free(p);
        return NULL;
}

int probe_fd(const Probe *p) {
        return p->fd;
}

int probe_events(const Probe *p) {
        return p->events;
}

void probe_give_up(Probe *p) {
        int r;

        if (p->state >= STATE_FINISHED)
                return;
        if (p->state == STATE_HANDSHAKE)
                r = handshake_failed(p, "the service did not answer in time");
        else if (p->state == STATE_DIALOGUE)
                r = finish(p, PROBE_NO_TLS, "no STARTTLS: the service did not answer in time");
        else
                r = finish(p, PROBE_UNREACHABLE, "the connection was not accepted in time");
        if (r < 0) { /* no memory for the words: the outcome is known all the same */
                p->result.outcome = p->state >= STATE_DIALOGUE ? PROBE_NO_TLS : PROBE_UNREACHABLE;
                p->state = STATE_FINISHED;
                disconnect(p);
        }
}

int probe_result(Probe *p, ProbeResult *ret) {
        if (p->state != STATE_FINISHED)
                return -EAGAIN;
        *ret = p->result;
        p->result = (ProbeResult){};
        p->state = STATE_TAKEN;
        return 0;
}

/* ---- blocking ---- */

static int64_t now_ms(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail: the clock exists */
        return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int probe_run(const ProbeEndpoint *endpoint, int timeout_ms, ProbeResult *ret) {
        _cleanup_(probe_freep) Probe *p = NULL;
        int r;

        r = probe_new(endpoint, &p);
        if (r < 0)
                return r;
        int64_t end = now_ms() + timeout_ms;
        while ((r = probe_step(p)) == 0) {
                struct pollfd pollfd = { .fd = p->fd, .events = (short) p->events };
                int64_t left = end - now_ms();
                if (left <= 0)
                        probe_give_up(p);
                else if (poll(&pollfd, 1, (int) left) < 0 && errno != EINTR)
                        return -errno;
        }
        return r < 0 ? r : probe_result(p, ret);
}
