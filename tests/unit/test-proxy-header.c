#include <sys/socket.h>

#include "daemon/proxy-header.h"
#include "tests/unit/test.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define V2_HEADER           \
        V2 "\x21\x11\0\x0c" \
           "abcdefghijkl"

/* Sends `size` octets in pieces of `piece` and reads after each. What is left behind the header: *ret_left. */
static int feed(const char *text, size_t size, size_t piece, char *ret_left) {
        ProxyHeader h = {};
        int pair[2], r = -EAGAIN;

        CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        for (size_t i = 0; i < size; i += piece) {
                size_t n = MIN(piece, size - i);
                CHECK_INT(send(pair[0], text + i, n, MSG_NOSIGNAL), n);
                if (r == -EAGAIN)
                        r = proxy_header_read(&h, pair[1]);
        }
        (void) shutdown(pair[0], SHUT_WR);
        if (r == -EAGAIN)
                r = proxy_header_read(&h, pair[1]);
        ssize_t n = recv(pair[1], ret_left, 63, MSG_DONTWAIT);
        ret_left[MAX(n, 0)] = 0;
        (void) close_fd(pair[0]);
        (void) close_fd(pair[1]);
        return r;
}

#define CASE(text, result, left) \
        { text, sizeof(text) - 1, result, left }

static void headers(void) {
        static const struct {
                const char *text;
                size_t size;
                int result;
                const char *left;
        } cases[] = {
                CASE("\x16\x03\x01hello", 0, "\x16\x03\x01hello"),
                CASE("GET / HTTP/1.1\r\n", 0, "GET / HTTP/1.1\r\n"),
                CASE("PROXY TCP4 192.0.2.1 192.0.2.2 5 443\r\n\x16hello", 0, "\x16hello"),
                CASE("PROXY UNKNOWN\r\n\x16hello", 0, "\x16hello"),
                CASE(V2_HEADER "\x16hello", 0, "\x16hello"),
                CASE(V2 "\x20\0\0\0"
                        "\x16hello",
                     0, "\x16hello"),
                CASE("PROPX TCP4\r\n", -EBADMSG, NULL),
                CASE("POST / HTTP/1.1\r\n", -EBADMSG, NULL),
                CASE("PROXY TCP4 192.0.2.1", -ECONNRESET, NULL),
                CASE(V2 "\x21\x11\xff\xff", -EBADMSG, NULL),
                CASE(V2 "\x11\x11\0\0", -EBADMSG, NULL),
                CASE("\r\n\r\nx\r\nQUIT\n\x21\x11\0\0", -EBADMSG, NULL),
                CASE(V2 "\x21", -ECONNRESET, NULL),
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                for (size_t piece = 1; piece < 40; piece += 6) {
                        char left[64];
                        CHECK_INT(feed(cases[i].text, cases[i].size, piece, left), cases[i].result);
                        if (cases[i].left && piece == 37)
                                CHECK_STR(left, cases[i].left);
                }
}

static void endless(void) {
        char text[400], left[64];

        memset(text, 'a', sizeof(text));
        memcpy(text, "PROXY ", 6);
        CHECK_INT(feed(text, sizeof(text), 7, left), -EBADMSG);
}

int main(int argc, char *argv[]) {
        static const TestCase cases[] = {
                { "a header of version 1 or 2 is taken off, and not an octet more", headers },
                { "a line without end is refused", endless },
        };

        return test_run(argc, argv, cases, ELEMENTSOF(cases));
}
