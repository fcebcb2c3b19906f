#pragma once

/* One TLS handshake with a service, to see which leaf it serves. Whom the leaf is from is not asked:
 * a probe compares the leaf, the trust was checked when it was issued. The machine knows no event loop
 * and no time: the caller waits for probe_events() on probe_fd() and calls probe_step(). */

#include "acme/certinfo.h"

typedef enum ProbeStarttls {
        PROBE_TLS, /* TLS from the first octet */
        _PROBE_STARTTLS_MAX,
} ProbeStarttls;

typedef struct ProbeEndpoint {
        const char *host; /* a literal address, "localhost" (127.0.0.1, then ::1), or a name */
        uint16_t port;
        const char *server_name; /* SNI; NULL: none */
        KeyFamily key_family; /* the leaf of such a key is asked for; KEY_FAMILY_ANY: as the service likes */
        ProbeStarttls starttls;
} ProbeEndpoint;

typedef enum ProbeOutcome {
        PROBE_SERVED,      /* a leaf was seen, and that the service has its key */
        PROBE_UNREACHABLE, /* no connection: name unknown, refused, no answer */
        PROBE_NO_TLS,      /* connected, but the handshake failed or did not end */
} ProbeOutcome;

typedef struct ProbeResult {
        ProbeOutcome outcome;
        char leaf_sha256[65]; /* hexadecimal; "" unless PROBE_SERVED, as all below but `detail` */
        int64_t not_after;
        char *subject;      /* owns; escaped, "" if it cannot be read */
        char *issuer;       /* owns; as subject */
        char *serial;       /* owns; upper-case hexadecimal */
        size_t chain_count; /* certificates that were sent, the leaf included */
        char *chain_pem;    /* owns; at most PROBE_CHAIN_MAX of them in the order sent */
        char *detail;       /* owns; escaped words for people: what failed, or what was seen; "" */
} ProbeResult;

#define PROBE_CHAIN_MAX 10

void probe_result_done(ProbeResult *r);

typedef struct Probe Probe;

/* Copies `endpoint`. A host that is neither a literal address nor "localhost" is looked up here, which
 * blocks for as long as the resolver does. A name that cannot be resolved is a result and no error. */
int probe_new(const ProbeEndpoint *endpoint, Probe **ret);
Probe *probe_free(Probe *p);
DEFINE_CLEANUP(Probe *, probe_free)

/* What to wait for, valid until the next step, which may change both: the next address of a host is
 * another descriptor (the old one is closed by then). Before the first step there is none (-1, 0). */
int probe_fd(const Probe *p);
int probe_events(const Probe *p); /* POLLIN or POLLOUT */

/* Goes on without blocking. 1: finished; 0: wait; a negative errno: this machine's own fault
 * (descriptors, memory), there is no result. */
int probe_step(Probe *p);

/* The caller's patience ended: finishes with what that means at this point. */
void probe_give_up(Probe *p);

/* Hands the result on, once. -EAGAIN while not finished. */
int probe_result(Probe *p, ProbeResult *ret);

/* All of it, blocking. `timeout_ms` bounds it from the first step on. */
int probe_run(const ProbeEndpoint *endpoint, int timeout_ms, ProbeResult *ret);
