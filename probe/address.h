#pragma once

/* The addresses of a host, in the order in which they are tried. */

#include <netdb.h>
#include <sys/socket.h>

#include "probe/probe.h"

typedef struct ProbeAddress {
        union {
                struct sockaddr sa;
                struct sockaddr_storage storage;
        };
        socklen_t size;
} ProbeAddress;

struct ProbeAddresses {
        ProbeAddress items[PROBE_ADDRESSES_MAX];
        size_t count;
};

/* Of what needs no resolver: literal addresses and "localhost". 0 or as below; -EAGAIN: it is a name. */
int probe_addresses_at_once(const char *host, uint16_t port, ProbeAddresses *ret);

/* 0; a negative errno; or a positive r when the host has no address: gai_strerror(-r) says why.
 * Blocks for names; may be called in any thread. */
int probe_addresses_of(const char *host, uint16_t port, ProbeAddresses *ret);

/* "127.0.0.1", "::1". */
void probe_address_to_host(const ProbeAddress *a, char ret[static PROBE_ADDRESS_SIZE]);

/* "127.0.0.1 port 443". */
void probe_address_to_string(const ProbeAddress *a, char ret[static 128]);
