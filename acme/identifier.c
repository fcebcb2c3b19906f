#include "acme/identifier.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "base/strings.h"

size_t identifier_octets(const char *text, uint8_t ret[16]) {
        if (inet_pton(AF_INET, text, ret) == 1)
                return 4;
        return inet_pton(AF_INET6, text, ret) == 1 ? 16 : 0;
}

bool identifier_is_ip(const char *text) {
        uint8_t octets[16];

        return identifier_octets(text, octets) > 0;
}

int identifier_canonical_ip(const char *text, char **ret) {
        char buffer[INET6_ADDRSTRLEN];
        uint8_t octets[16];
        size_t size = identifier_octets(text, octets);

        if (size == 0 || !inet_ntop(size == 4 ? AF_INET : AF_INET6, octets, buffer, sizeof(buffer)))
                return -EINVAL;
        *ret = strdup(buffer);
        return *ret ? 0 : -ENOMEM;
}

int identifier_server_name(const char *identifier, char **ret) {
        _cleanup_(bytes_done) Bytes b = {};
        uint8_t octets[16];
        size_t size = identifier_octets(identifier, octets);
        int r = 0;

        if (size == 0)
                return str_replace(ret, identifier);
        for (size_t i = size; i > 0 && r >= 0; i--)
                if (size == 4)
                        r = bytes_printf(&b, "%u.", octets[i - 1]);
                else
                        r = bytes_printf(&b, "%x.%x.", octets[i - 1] & 15U, octets[i - 1] >> 4U);
        if (r >= 0)
                r = bytes_append_string(&b, size == 4 ? "in-addr.arpa" : "ip6.arpa");
        if (r < 0)
                return r;
        *ret = bytes_take_text(&b);
        return *ret ? 0 : -ENOMEM;
}
