/* Which addresses are public. */

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/address.h"
#include "tests/unit/test.h"

static bool is_public(const char *text) {
        struct sockaddr_in in = { .sin_family = AF_INET };
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

        if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
                return address_is_public((const struct sockaddr *) &in, sizeof(in));
        if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
                return address_is_public((const struct sockaddr *) &in6, sizeof(in6));
        test_failures++;
        printf("# no address: %s\n", text);
        return false;
}

static void check_all(const char *const *addresses, size_t count, bool expected) {
        for (size_t i = 0; i < count; i++)
                if (is_public(addresses[i]) != expected ||
                    address_text_is_public(addresses[i]) != expected) {
                        test_failures++;
                        printf("# %s is taken for %s\n", addresses[i],
                               expected ? "private" : "public");
                }
}

static void test_public(void) {
        static const char *const addresses[] = {
                "1.1.1.1",         "8.8.8.8",         "9.255.255.255",    "11.0.0.0",
                "100.63.255.255",  "100.128.0.0",     "126.255.255.255",  "128.0.0.1",
                "169.253.255.255", "169.255.0.0",     "172.15.255.255",   "172.32.0.0",
                "192.167.255.255", "192.169.0.0",     "198.17.255.255",   "198.20.0.0",
                "223.255.255.255", "2606:4700::1111", "2a00:1450::1",     "2001:200::1",
                "2001:4860::8888", "::ffff:1.1.1.1",  "64:ff9b::808:808", "2002:808:808::1",
                "2001:db7::1",     "2001:db9::1",     "3ffe::1",
        };

        check_all(addresses, ELEMENTSOF(addresses), true);
}

static void test_private4(void) {
        static const char *const addresses[] = {
                "0.0.0.0",         "0.1.2.3",         "10.0.0.1",       "10.255.255.255",
                "100.64.0.1",      "100.127.255.255", "127.0.0.1",      "127.255.255.254",
                "169.254.169.254", "172.16.0.1",      "172.31.255.255", "192.0.0.1",
                "192.0.2.1",       "192.88.99.1",     "192.168.0.1",    "192.168.255.255",
                "198.18.0.1",      "198.19.255.255",  "198.51.100.1",   "203.0.113.1",
                "224.0.0.1",       "239.255.255.255", "240.0.0.1",      "255.255.255.255",
        };

        check_all(addresses, ELEMENTSOF(addresses), false);
}

static void test_private6(void) {
        static const char *const addresses[] = {
                "::",           "::1",     "fe80::1", "febf::1",     "fec0::1",   "fc00::1",
                "fd12:3456::1", "ff02::1", "ff0e::1", "2001:db8::1", "2001::1",   "2001:10::1",
                "2001:20::1",   "100::1",  "3fff::1", "4000::1",     "::1.1.1.1", "5f00::1",
        };

        check_all(addresses, ELEMENTSOF(addresses), false);
}

static void test_hidden(void) {
        static const char *const addresses[] = {
                "::ffff:127.0.0.1",   "::ffff:10.0.0.1",  "::ffff:169.254.169.254",
                "::ffff:192.168.1.1", "::ffff:0.0.0.0",   "64:ff9b::7f00:1",
                "64:ff9b::a00:1",     "64:ff9b:1::a00:1", "2002:7f00:1::1",
                "2002:a9fe:a9fe::1",  "2002:c0a8:101::1",
        };

        check_all(addresses, ELEMENTSOF(addresses), false);
}

static void test_other_families(void) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x01010101) };

        CHECK(address_is_public((const struct sockaddr *) &in, sizeof(in)));
        CHECK(!address_is_public((const struct sockaddr *) &in, sizeof(in) - 1));
        in.sin_family = AF_UNIX;
        CHECK(!address_is_public((const struct sockaddr *) &in, sizeof(in)));
}

static void test_hosts(void) {
        CHECK(host_is_private("localhost"));
        CHECK(host_is_private("LocalHost."));
        CHECK(host_is_private("127.0.0.1"));
        CHECK(host_is_private("10.1.2.3"));
        CHECK(host_is_private("[::1]"));
        CHECK(host_is_private("[fd00::1]"));
        CHECK(!host_is_private("1.1.1.1"));
        CHECK(!host_is_private("[2606:4700::1111]"));
        CHECK(!host_is_private("ca.example.org"));
        CHECK(!host_is_private("localhost.example.org"));
        CHECK(!host_is_private("0x7f.1"));
        CHECK(!host_is_private("["));
        CHECK(!host_is_private("[]"));
        CHECK(!host_is_private(""));
}

TEST_MAIN({ "A-15 R2.4.5 public addresses pass, also at the edges of others", test_public },
          { "A-15 R2.4.5 IPv4 that is not public is refused", test_private4 },
          { "A-15 R2.4.5 IPv6 that is not public is refused", test_private6 },
          { "R2.4.5 IPv4 hidden in IPv6 is judged by what it is", test_hidden },
          { "R2.4.5 what is no internet address is refused", test_other_families },
          { "A-15 a directory written as a private address means it", test_hosts }, )
