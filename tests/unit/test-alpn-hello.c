#include "daemon/alpn-hello.h"
#include "tests/unit/test.h"

#define MATCH(octets) alpn_hello_is_validation((const uint8_t *) (octets), sizeof(octets) - 1)

static void protocols(void) {
        CHECK(MATCH("\0\13\12acme-tls/1"));
        CHECK(!MATCH("\0\14\2h2\10http/1.1"));
        CHECK(!MATCH("\0\16\12acme-tls/1\2h2"));
        CHECK(!MATCH("\0\16\2h2\12acme-tls/1"));
        CHECK(!MATCH("\0\26\12acme-tls/1\12acme-tls/1"));
        CHECK(!MATCH("\0\13\12acme-tls/2"));
        CHECK(!MATCH("\0\13\12ACME-TLS/1"));
        CHECK(!MATCH("\0\12\11acme-tls/"));
        CHECK(!MATCH("\0\0"));
        CHECK(!alpn_hello_is_validation(NULL, 0));
}

/* The extension for one name of this type, or with its size off by `lie`. */
static bool named(
                const char *name,
                size_t size,
                uint8_t type,
                int lie,
                char ret[ALPN_SERVER_NAME_MAX + 1]) {
        uint8_t e[600] = {};
        int inner = (int) size + lie, outer = (int) size + 3;

        e[0] = (uint8_t) (outer >> 8);
        e[1] = (uint8_t) outer;
        e[2] = type;
        e[3] = (uint8_t) (inner >> 8);
        e[4] = (uint8_t) inner;
        memcpy(e + 5, name, size);
        return alpn_hello_server_name(e, size + 5, ret);
}

static void names(void) {
        static const struct {
                const char *sent, *taken;
        } cases[] = {
                { "a.example", "a.example" },
                { "A.ExAmPle", "a.example" },
                { "a.example.", "a.example" },
                { "7.2.0.192.in-addr.arpa", "7.2.0.192.in-addr.arpa" },
                { "1.0.0.0.IP6.ARPA.", "1.0.0.0.ip6.arpa" },
                { "xn--bcher-kva.example", "xn--bcher-kva.example" },
                { ".", NULL },
                { "a b.example", NULL },
                { "b\xc3\xbc"
                  "cher.example",
                  NULL },
                { "[::1]", NULL },
                { "a/../b", NULL },
        };
        char name[ALPN_SERVER_NAME_MAX + 1], longest[257];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                bool taken = named(cases[i].sent, strlen(cases[i].sent), 0, 0, name);
                CHECK_INT(taken, cases[i].taken != NULL);
                if (taken)
                        CHECK_STR(name, cases[i].taken);
        }
        memset(longest, 'a', sizeof(longest));
        CHECK(named(longest, 255, 0, 0, name) && strlen(name) == 255);
        CHECK(!named(longest, 256, 0, 0, name));
        CHECK(!named("a\0.example", 10, 0, 0, name));
}

static void forms(void) {
        char name[ALPN_SERVER_NAME_MAX + 1];

        CHECK(!named("a.example", 9, 1, 0, name));
        CHECK(!named("a.example", 9, 0, 1, name));
        CHECK(!named("a.example", 9, 0, -1, name));
        CHECK(!named("", 0, 0, 0, name));
        for (size_t size = 0; size < 6; size++)
                CHECK(!alpn_hello_server_name((const uint8_t *) "\0\4\0\0\1a", size, name) ||
                      size == 6);
        CHECK(alpn_hello_server_name((const uint8_t *) "\0\4\0\0\1a", 6, name));
}

int main(int argc, char *argv[]) {
        static const TestCase cases[] = {
                { "only a list of acme-tls/1 alone is a validation (M-01, M-02)", protocols },
                { "server names are folded, the final dot goes, other octets are refused (M-06, R2.6.2)",
                  names },
                { "server_name of another form is refused", forms },
        };

        return test_run(argc, argv, cases, ELEMENTSOF(cases));
}
