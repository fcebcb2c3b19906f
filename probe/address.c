/* Literal addresses and "localhost" never reach the resolver: a probe of the own machine must not hang
 * on a name server that is away. */

#include "probe/address.h"

#include <stdio.h>
#include <string.h>

#include "base/strings.h"

static int add_from(const char *host, uint16_t port, int flags, ProbeAddresses *ret) {
        struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags };
        struct addrinfo *list = NULL;
        char service[8];

        (void) snprintf(service, sizeof(service), "%u", port); /* fits */
        int r = getaddrinfo(host, service, &hints, &list);
        if (r == EAI_MEMORY)
                return -ENOMEM;
        if (r != 0)
                return -r;
        for (const struct addrinfo *i = list; i && ret->count < PROBE_ADDRESSES_MAX;
             i = i->ai_next) {
                ProbeAddress *a = &ret->items[ret->count++];
                memcpy(&a->storage, i->ai_addr, i->ai_addrlen);
                a->size = i->ai_addrlen;
        }
        freeaddrinfo(list);
        return 0;
}

int probe_addresses_at_once(const char *host, uint16_t port, ProbeAddresses *ret) {
        int r;

        *ret = (ProbeAddresses){};
        if (str_equal_ignore_case(host, "localhost")) {
                r = add_from("127.0.0.1", port, AI_NUMERICHOST, ret);
                return r != 0 ? r : add_from("::1", port, AI_NUMERICHOST, ret);
        }
        r = add_from(host, port, AI_NUMERICHOST, ret);
        return r > 0 ? -EAGAIN : r;
}

int probe_addresses_of(const char *host, uint16_t port, ProbeAddresses *ret) {
        int r = probe_addresses_at_once(host, port, ret);

        return r == -EAGAIN ? add_from(host, port, AI_ADDRCONFIG, ret) : r;
}

void probe_address_to_host(const ProbeAddress *a, char ret[static PROBE_ADDRESS_SIZE]) {
        if (getnameinfo(&a->sa, a->size, ret, PROBE_ADDRESS_SIZE, NULL, 0, NI_NUMERICHOST) != 0)
                ret[0] = '\0';
}

void probe_address_to_string(const ProbeAddress *a, char ret[static 128]) {
        char host[64], port[8];
        int flags = NI_NUMERICHOST | NI_NUMERICSERV;

        if (getnameinfo(&a->sa, a->size, host, sizeof(host), port, sizeof(port), flags) != 0)
                (void) snprintf(ret, 128, "unknown address"); /* fits */
        else
                (void) snprintf(ret, 128, "%s port %s", host, port); /* fits */
}
