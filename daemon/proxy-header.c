/* What follows the header belongs to the TLS library, which reads the socket itself. So never more is read than is known to
 * be header: version 1 octet by octet, version 2 by its announced size. */

#include "daemon/proxy-header.h"

#include <string.h>
#include <sys/socket.h>

#define TEXT_MAX 107 /* version 1, with CR LF */
#define REST_MAX 2048

enum { STATE_BEGIN, STATE_TEXT, STATE_BINARY, STATE_REST, STATE_DONE };

static const uint8_t text_mark[6] = { 'P', 'R', 'O', 'X', 'Y', ' ' };
static const uint8_t binary_mark[12] = { 13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10 };

static int take(int fd, void *data, size_t size, int flags, size_t *ret) {
        ssize_t n = recv(fd, data, size, MSG_DONTWAIT | flags);

        if (n < 0)
                return errno == EINTR ? -EAGAIN : -errno;
        if (n == 0)
                return -ECONNRESET;
        *ret = (size_t) n;
        return 0;
}

static int on_begin(ProxyHeader *h, int fd) {
        uint8_t first;
        size_t n;
        int r;

        r = take(fd, &first, 1, MSG_PEEK, &n);
        if (r < 0)
                return r;
        if (first == text_mark[0])
                h->state = STATE_TEXT;
        else
                h->state = first == binary_mark[0] ? STATE_BINARY : STATE_DONE;
        return 0;
}

static int on_text(ProxyHeader *h, int fd) {
        uint8_t c;
        size_t n;
        int r;

        r = take(fd, &c, 1, 0, &n);
        if (r < 0)
                return r;
        if (h->size < sizeof(text_mark) && c != text_mark[h->size])
                return -EBADMSG;
        if (++h->size > TEXT_MAX)
                return -EBADMSG;
        if (c == '\n')
                h->state = STATE_DONE;
        return 0;
}

static int on_binary(ProxyHeader *h, int fd) {
        size_t n;
        int r;

        r = take(fd, h->octets + h->size, sizeof(h->octets) - h->size, 0, &n);
        if (r < 0)
                return r;
        h->size = (uint8_t) (h->size + n);
        if (memcmp(h->octets, binary_mark, MIN(sizeof(binary_mark), (size_t) h->size)) != 0)
                return -EBADMSG;
        if (h->size < sizeof(h->octets))
                return 0;
        h->rest = (uint16_t) (h->octets[14] << 8 | h->octets[15]);
        if (h->octets[12] >> 4 != 2 || h->rest > REST_MAX)
                return -EBADMSG;
        h->state = h->rest > 0 ? STATE_REST : STATE_DONE;
        return 0;
}

static int on_rest(ProxyHeader *h, int fd) {
        uint8_t chunk[256];
        size_t n;
        int r;

        r = take(fd, chunk, MIN(sizeof(chunk), (size_t) h->rest), 0, &n);
        if (r < 0)
                return r;
        h->rest = (uint16_t) (h->rest - n);
        if (h->rest == 0)
                h->state = STATE_DONE;
        return 0;
}

int proxy_header_read(ProxyHeader *h, int fd) {
        static int (*const handlers[])(ProxyHeader *, int) = {
                [STATE_BEGIN] = on_begin,
                [STATE_TEXT] = on_text,
                [STATE_BINARY] = on_binary,
                [STATE_REST] = on_rest,
        };

        while (h->state != STATE_DONE) {
                int r = handlers[h->state](h, fd);
                if (r < 0)
                        return r;
        }
        return 0;
}
