/* Descriptors come as ancillary data. recvmsg() without a place for it makes the kernel drop them
 * before they enter our table, which also holds when a peer sends more than our table could take. */

#include "base/socket-io.h"

#include <sys/socket.h>

ssize_t socket_receive(int fd, void *buffer, size_t size) {
        struct iovec iov = { .iov_base = buffer, .iov_len = size };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = NULL };
        ssize_t n;

        do
                n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        return n;
}

int socket_send_all(int fd, const void *data, size_t size) {
        const uint8_t *p = data;

        while (size > 0) {
                ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}
