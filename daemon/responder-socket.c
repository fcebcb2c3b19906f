/* The sockets of Listen=: where a web server or proxy on this machine hands challenges over. Strangers come by an inherited
 * socket only, so anything but loopback is refused here. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/strings.h"
#include "daemon/listen-unix.h"
#include "daemon/responder-real.h"

#define BACKLOG 512

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
} Address;

static int parse_loopback(const char *text, Address *ret, socklen_t *ret_size) {
        const char *colon = strrchr(text, ':');
        char host[INET6_ADDRSTRLEN + 2] = {};
        int64_t port;

        if (!colon || (size_t) (colon - text) >= sizeof(host) ||
            str_to_int64(colon + 1, 1, UINT16_MAX, &port) < 0)
                return -EINVAL;
        memcpy(host, text, (size_t) (colon - text));
        size_t length = strlen(host);

        if (host[0] == '[' && host[length - 1] == ']') {
                host[length - 1] = 0;
                ret->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
                                                  .sin6_port = htons((uint16_t) port) };
                *ret_size = sizeof(ret->in6);
                return inet_pton(AF_INET6, host + 1, &ret->in6.sin6_addr) == 1 &&
                                                       IN6_IS_ADDR_LOOPBACK(&ret->in6.sin6_addr)
                                       ? 0
                                       : -EINVAL;
        }
        ret->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
        *ret_size = sizeof(ret->in);
        if (inet_pton(AF_INET, host, &ret->in.sin_addr) != 1)
                return -EINVAL;
        return ntohl(ret->in.sin_addr.s_addr) >> 24 == 127 ? 0 : -EINVAL;
}

static int listen_loopback(const char *text) {
        _cleanup_close_ int fd = -1;
        Address address = {};
        socklen_t size = 0;
        int on = 1, r;

        r = parse_loopback(text, &address, &size);
        if (r < 0)
                return r;
        fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
                return -errno;
        if (bind(fd, &address.any, size) < 0 || listen(fd, BACKLOG) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int responder_socket(const char *where) {
        /* What is served there is public: any web server may ask. */
        return where[0] == '/' ? listen_unix(where, 0666) : listen_loopback(where);
}
