#include "probe/octets.h"

#include <sys/socket.h>

ssize_t octets_send(int fd, const void *data, size_t size) {
        ssize_t n;

        do
                n = send(fd, data, size, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        return n;
}

ssize_t octets_receive(int fd, void *data, size_t size) {
        ssize_t n;

        do
                n = recv(fd, data, size, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        return n == 0 ? -ECONNRESET : n;
}
