#pragma once

/* One TLS handshake with a service, to see which leaf it serves. Whom the leaf is from is not asked:
 * a probe compares the leaf, the trust was checked when it was issued. The machine knows no event loop
 * and no time: the caller waits for probe_events() on probe_fd() and calls probe_step(). */

#include "acme/certinfo.h"
#include "base/probe-protocol.h"

#define PROBE_ADDRESSES_MAX 8 /* of a host */
#define PROBE_ADDRESS_SIZE  64

typedef struct ProbeAddresses ProbeAddresses; /* probe/address.h */

typedef struct ProbeEndpoint {
        const char *host; /* a literal address, "localhost" (127.0.0.1, then ::1), or a name */
        uint16_t port;
        const char *server_name; /* SNI; NULL: none */
        KeyFamily key_family; /* the leaf of such a key is asked for; KEY_FAMILY_ANY: as the service likes */
        ProbeProtocol protocol; /* spoken before TLS */
        const char *alpn; /* the only protocol that is offered, a constant; NULL: nothing is said of it */
} ProbeEndpoint;

typedef enum ProbeOutcome {
        PROBE_SERVED,      /* a leaf was seen, and that the service has its key */
        PROBE_UNREACHABLE, /* no connection: name unknown, refused, no answer */
        PROBE_NO_TLS, /* connected, but the handshake, or what comes before, failed or did not end */
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
        char address[PROBE_ADDRESS_SIZE]; /* "127.0.0.1", "::1": the last that was tried; "" if there is none */
        char *detail; /* owns; escaped words for people: what failed, or what was seen; "" */
} ProbeResult;

#define PROBE_CHAIN_MAX 10

void probe_result_done(ProbeResult *r);

typedef struct Probe Probe;

/* Copies `endpoint`. A host that is neither a literal address nor "localhost" is looked up here, which
 * blocks for as long as the resolver does. A name that cannot be resolved is a result and no error. */
int probe_new(const ProbeEndpoint *endpoint, Probe **ret);
/* One for each of these addresses of the host, none of which goes on to another one: what answers at 127.0.0.1 says
 * nothing of what answers at ::1. Without an address, or with a `why` other than 0 (as probe_addresses_of() returned it),
 * it is one probe, which has ended. On failure there are none. */
int probe_new_each(
                const ProbeEndpoint *endpoint,
                int why,
                const ProbeAddresses *addresses,
                Probe *ret[static PROBE_ADDRESSES_MAX],
                size_t *ret_count);

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
