#include "daemon/alpn-hello.h"

#include <string.h>

#define NAME_HEADER_SIZE 5 /* size of the list, type, size of the name */

bool alpn_hello_is_validation(const uint8_t *extension, size_t size) {
        static const uint8_t exact[] = {
                0, 11, 10, 'a', 'c', 'm', 'e', '-', 't', 'l', 's', '/', '1'
        };

        return size == sizeof(exact) && memcmp(extension, exact, sizeof(exact)) == 0;
}

static bool is_name_octet(uint8_t c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool alpn_hello_server_name(
                const uint8_t *extension, size_t size, char ret[ALPN_SERVER_NAME_MAX + 1]) {
        size_t length = 0;

        if (size <= NAME_HEADER_SIZE || size > NAME_HEADER_SIZE + ALPN_SERVER_NAME_MAX)
                return false;
        size_t list = (size_t) extension[0] << 8 | extension[1];
        size_t name = (size_t) extension[3] << 8 | extension[4];
        if (list != size - 2 || extension[2] != 0 || name != size - NAME_HEADER_SIZE)
                return false;
        for (const uint8_t *p = extension + NAME_HEADER_SIZE; length < name; p++) {
                uint8_t c = *p >= 'A' && *p <= 'Z' ? (uint8_t) (*p - 'A' + 'a') : *p;
                if (!is_name_octet(c))
                        return false;
                ret[length++] = (char) c;
        }
        if (ret[length - 1] == '.')
                length--;
        ret[length] = 0;
        return length > 0;
}
