/* Who listens on port 80, from the kernel's tables, and what is said to whom. */

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/strings.h"
#include "ctl/port80.h"
#include "tests/unit/test.h"

#define HEAD \
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define TCP_80 \
        "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0\n"
#define TCP_80_ESTABLISHED \
        "   1: 0100007F:0050 0100007F:C350 01 00000000:00000000 02:00000A1B 00000000    33        0 22222 2 0000000000000000 20 4 30 10 -1\n"
#define TCP_8080 \
        "   2: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 33333 1 0000000000000000 100 0 0 10 0\n"
#define TCP6_80 \
        "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 44444 1 0000000000000000 100 0 0 10 0\n"

static void test_tcp(void) {
        uint64_t inodes[4];

        CHECK_INT(port_listeners_parse(HEAD TCP_80_ESTABLISHED TCP_8080 TCP_80, 80, inodes, 4), 1);
        CHECK_INT(inodes[0], 12345);
        CHECK_INT(port_listeners_parse(HEAD TCP_80 TCP_8080, 8080, inodes, 4), 1);
        CHECK_INT(inodes[0], 33333);
}

static void test_tcp6(void) {
        uint64_t inodes[4];

        CHECK_INT(port_listeners_parse(HEAD TCP6_80, 80, inodes, 4), 1);
        CHECK_INT(inodes[0], 44444);
}

static void test_nobody(void) {
        uint64_t inodes[4];

        CHECK_INT(port_listeners_parse(HEAD TCP_80_ESTABLISHED TCP_8080, 80, inodes, 4), 0);
        CHECK_INT(port_listeners_parse("", 80, inodes, 4), 0);
        CHECK_INT(port_listeners_parse(HEAD, 80, inodes, 4), 0);
        CHECK_INT(port_listeners_parse("0: zz\n\n   1: 00000000:0050\n", 80, inodes, 4), 0);
}

static void test_limit(void) {
        uint64_t inodes[2];

        CHECK_INT(port_listeners_parse(HEAD TCP_80 TCP_80 TCP_80, 80, inodes, 2), 2);
}

static void make_file(const char *root, const char *name, const char *text) {
        char path[400];
        FILE *f;

        (void) snprintf(path, sizeof path, "%s/%s", root, name);
        f = fopen(path, "w");
        if (!f || fputs(text, f) < 0 || fclose(f) != 0)
                abort();
}

static void make_process(
                const char *root, const char *pid, const char *comm, const char *socket_link) {
        char path[400];

        (void) snprintf(path, sizeof path, "%s/%s", root, pid);
        if (mkdir(path, 0755) < 0)
                abort();
        (void) snprintf(path, sizeof path, "%s/%s/fd", root, pid);
        if (mkdir(path, 0755) < 0)
                abort();
        (void) snprintf(path, sizeof path, "%s/%s/fd/6", root, pid);
        if (symlink(socket_link, path) < 0)
                abort();
        (void) snprintf(path, sizeof path, "%s/comm", pid);
        make_file(root, path, comm);
}

static void test_owner(void) {
        _cleanup_(port_owner_done) PortOwner owner = {}, unknown = {}, free_port = {};
        const char *root = test_directory();
        char path[400];

        (void) snprintf(path, sizeof path, "%s/net", root);
        REQUIRE(mkdir(path, 0755) == 0);
        make_file(root, "net/tcp", HEAD TCP_80 TCP_8080);
        make_process(root, "1", "systemd\n", "socket:[12345]");
        make_process(root, "900", "nginx\n", "socket:[12345]");
        make_process(root, "700", "ng\033inx\n", "socket:[12345]");
        make_process(root, "600", "other\n", "socket:[99999]");
        CHECK_INT(port_owner_find(root, 80, &owner), 0);
        CHECK(owner.busy);
        CHECK_INT(owner.pid, 700); /* the master, not systemd that shares the socket */
        CHECK_STR(owner.program, "ng\\x1binx");
        CHECK_INT(port_owner_find(root, 8080, &unknown), 0);
        CHECK(unknown.busy && !unknown.program);
        CHECK_INT(port_owner_find(root, 443, &free_port), 0);
        CHECK(!free_port.busy);
}

static void test_real(void) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr = { htonl(INADDR_LOOPBACK) } };
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        _cleanup_(port_owner_done) PortOwner owner = {};
        socklen_t size = sizeof address;

        REQUIRE(fd >= 0 && bind(fd, (const struct sockaddr *) &address, size) == 0 &&
                listen(fd, 1) == 0);
        REQUIRE(getsockname(fd, (struct sockaddr *) &address, &size) == 0);
        CHECK_INT(port_owner_find("/proc", ntohs(address.sin_port), &owner), 0);
        CHECK(owner.busy);
        CHECK_INT(owner.pid, getpid());
        CHECK_INT(port_try_bind(ntohs(address.sin_port)), -EADDRINUSE);
}

static void test_lines(void) {
        _cleanup_free_ char *nginx = NULL, *haproxy = NULL, *unknown = NULL;

        CHECK_INT(web_server_lines(web_server_for("nginx"), "/run/renewd", &nginx), 0);
        CHECK(strstr(nginx, "proxy_pass http://unix:/run/renewd/http;"));
        CHECK_INT(web_server_lines(web_server_for("haproxy"), "/run/renewd", &haproxy), 0);
        CHECK(strstr(haproxy, "server renewd 127.0.0.1:8402"));
        CHECK(!web_server_for("haproxy")->by_socket);
        CHECK_INT(web_server_lines(web_server_for(NULL), "/run/renewd", &unknown), 0);
        CHECK(strstr(unknown, "http://127.0.0.1:8402"));
}

static void test_alpn_lines(void) {
        CHECK(strstr(alpn_proxy_for("haproxy")->lines, "server renewd 127.0.0.1:8443"));
        CHECK(strstr(alpn_proxy_for("nginx")->lines, "acme-tls/1 127.0.0.1:8443;"));
        CHECK(strstr(alpn_proxy_for(NULL)->lines, "127.0.0.1:8443"));
        CHECK(alpn_proxy_for("apache2") == alpn_proxy_for(NULL));
}

TEST_MAIN({ "listeners on IPv4 are found, connections are not", test_tcp },
          { "listeners on IPv6 are found", test_tcp6 },
          { "other ports and garbage are nobody", test_nobody },
          { "no more are taken than there is room for", test_limit },
          { "K-08: the master of a web server is named, escaped", test_owner },
          { "the owner of a real listener is found", test_real },
          { "K-08: each web server gets its own lines", test_lines },
          { "each proxy gets the lines that route by ALPN", test_alpn_lines })
