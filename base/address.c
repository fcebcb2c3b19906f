/* Classes of addresses: two tables of prefixes (IANA special-purpose registries), and the IPv6 forms that hide an IPv4
 * address, which are judged by what they hide. */

#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/strings.h"

typedef struct Prefix {
        uint8_t octets[16];
        unsigned bits;
} Prefix;

static const Prefix special4[] = {
        { { 0 }, 8 },             /* this network */
        { { 10 }, 8 },            /* private */
        { { 100, 64 }, 10 },      /* shared by carriers */
        { { 127 }, 8 },           /* loopback */
        { { 169, 254 }, 16 },     /* link-local; metadata services of clouds */
        { { 172, 16 }, 12 },      /* private */
        { { 192, 0, 0 }, 24 },    /* protocol assignments */
        { { 192, 0, 2 }, 24 },    /* documentation */
        { { 192, 88, 99 }, 24 },  /* 6to4 relays */
        { { 192, 168 }, 16 },     /* private */
        { { 198, 18 }, 15 },      /* benchmarks */
        { { 198, 51, 100 }, 24 }, /* documentation */
        { { 203, 0, 113 }, 24 },  /* documentation */
        { { 224 }, 3 },           /* multicast, reserved, broadcast */
};

/* Of 2000::/3, which alone is global unicast. */
static const Prefix special6[] = {
        { { 0x20, 0x01 }, 23 },             /* protocol assignments, Teredo, ORCHID */
        { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
        { { 0x3f, 0xff }, 20 },             /* documentation */
};

static const Prefix global6 = { { 0x20 }, 3 };

/* An IPv4 address follows these prefixes. */
static const Prefix carries4[] = {
        { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, /* mapped */
        { { 0x00, 0x64, 0xff, 0x9b }, 96 },                   /* NAT64 */
        { { 0x20, 0x02 }, 16 },                               /* 6to4 */
};

static bool has_prefix(const uint8_t *address, const Prefix *p) {
        unsigned whole = p->bits / 8, rest = p->bits % 8;

        if (memcmp(address, p->octets, whole) != 0)
                return false;
        uint8_t mask = (uint8_t) (0xff00 >> rest);
        return rest == 0 || ((address[whole] ^ p->octets[whole]) & mask) == 0;
}

static bool is_public4(const uint8_t *address) {
        for (size_t i = 0; i < ELEMENTSOF(special4); i++)
                if (has_prefix(address, &special4[i]))
                        return false;
        return true;
}

static bool is_public6(const uint8_t *address) {
        for (size_t i = 0; i < ELEMENTSOF(carries4); i++)
                if (has_prefix(address, &carries4[i]))
                        return is_public4(address + carries4[i].bits / 8);
        if (!has_prefix(address, &global6))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(special6); i++)
                if (has_prefix(address, &special6[i]))
                        return false;
        return true;
}

bool address_is_public(const struct sockaddr *address, socklen_t size) {
        if (address->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
                struct sockaddr_in in;
                memcpy(&in, address, sizeof(in));
                return is_public4((const uint8_t *) &in.sin_addr);
        }
        if (address->sa_family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
                struct sockaddr_in6 in6;
                memcpy(&in6, address, sizeof(in6));
                return is_public6((const uint8_t *) &in6.sin6_addr);
        }
        return false;
}

bool host_is_private(const char *host) {
        uint8_t octets[16];
        char bare[INET6_ADDRSTRLEN] = {};
        size_t length = strlen(host);

        if (str_equal_ignore_case(host, "localhost") || str_equal_ignore_case(host, "localhost."))
                return true;
        if (inet_pton(AF_INET, host, octets) == 1)
                return !is_public4(octets);
        if (host[0] != '[' || length < 2 || length - 2 >= sizeof(bare))
                return false;
        memcpy(bare, host + 1, length - 2);
        return inet_pton(AF_INET6, bare, octets) == 1 && !is_public6(octets);
}

bool address_text_is_public(const char *text) {
        uint8_t octets[16];

        if (inet_pton(AF_INET, text, octets) == 1)
                return is_public4(octets);
        return inet_pton(AF_INET6, text, octets) == 1 && is_public6(octets);
}
