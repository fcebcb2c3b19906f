#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "probe/probe.h"
#include "tests/unit/test.h"

/* ---- a service with a self-signed certificate, in a child ---- */

#define NOT_AFTER INT64_C(4102444800) /* 2100-01-01 */

static EVP_PKEY *key;
static X509 *leaf;
static char leaf_sha256[65];

static X509 *new_certificate(EVP_PKEY *k, const char *name) {
        X509 *c = X509_new();

        CHECK(c && X509_set_version(c, X509_VERSION_3) == 1);
        CHECK(ASN1_INTEGER_set(X509_get_serialNumber(c), 0x1f3a) == 1);
        CHECK(ASN1_TIME_set(X509_getm_notBefore(c), 946684800) != NULL);
        CHECK(ASN1_TIME_set(X509_getm_notAfter(c), NOT_AFTER) != NULL);
        X509_NAME *n = X509_get_subject_name(c);
        CHECK(X509_NAME_add_entry_by_txt(
                        n, "CN", MBSTRING_UTF8, (const unsigned char *) name, -1, -1, 0));
        CHECK(X509_set_issuer_name(c, n) == 1 && X509_set_pubkey(c, k) == 1);
        CHECK(X509_sign(c, k, EVP_sha256()) > 0);
        return c;
}

static void make_leaf(void) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        char *hex = NULL;

        if (leaf)
                return;
        key = EVP_EC_gen("P-256");
        leaf = new_certificate(key, "te\x1bst.example");
        CHECK(X509_digest(leaf, EVP_sha256(), digest, &size) == 1);
        CHECK_INT(hex_encode(digest, size, &hex), 0);
        (void) snprintf(leaf_sha256, sizeof(leaf_sha256), "%s", hex ? hex : "");
        free(hex);
}

typedef enum ServiceKind {
        SERVICE_TLS_1_3,
        SERVICE_TLS_1_2,
        SERVICE_TLS_1_1,
        SERVICE_ASKS_FOR_CLIENT, /* requires a client certificate, TLS 1.2 */
        SERVICE_WRONG_KEY,       /* serves the leaf, has another key */
        SERVICE_ALPN,            /* acme-tls/1 alone */
        SERVICE_CLOSES,
        SERVICE_TALKS, /* plain text */
} ServiceKind;

static int select_protocol(
                SSL *ssl,
                const unsigned char **selected,
                unsigned char *size,
                const unsigned char *offered,
                unsigned offered_size,
                void *userdata) {
        static const unsigned char wanted[] = "\x0a"
                                              "acme-tls/1";

        (void) ssl;
        (void) userdata;
        if (offered_size != sizeof wanted - 1 || memcmp(offered, wanted, offered_size) != 0)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        *selected = offered + 1;
        *size = offered[0];
        return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *service_context(ServiceKind kind) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        int version = kind == SERVICE_TLS_1_3 || kind == SERVICE_WRONG_KEY ? TLS1_3_VERSION
                      : kind == SERVICE_TLS_1_1                            ? TLS1_1_VERSION
                                                                           : TLS1_2_VERSION;

        SSL_CTX_set_security_level(ctx, 0);
        if (SSL_CTX_set_min_proto_version(ctx, version) != 1 ||
            SSL_CTX_set_max_proto_version(ctx, version) != 1 ||
            SSL_CTX_use_certificate(ctx, leaf) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1 ||
            SSL_CTX_add1_chain_cert(ctx, new_certificate(key, "intermediate")) != 1)
                _exit(9);
        if (kind == SERVICE_ALPN)
                SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
        if (kind == SERVICE_ASKS_FOR_CLIENT)
                SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        /* Behind the back of the library, which would refuse the pair. */
        if (kind == SERVICE_WRONG_KEY) {
                EVP_PKEY *other = EVP_EC_gen("P-256");
                X509 *served = SSL_CTX_get0_certificate(ctx);
                if (X509_set_pubkey(served, other) != 1 ||
                    X509_sign(served, other, EVP_sha256()) <= 0)
                        _exit(9);
        }
        return ctx;
}

/* The exit status: 0 when the client sent this SNI (or none for NULL), 4 if another. */
static void serve_tls(int fd, ServiceKind kind, const char *server_name) {
        SSL *ssl = SSL_new(service_context(kind));
        char octet;

        if (SSL_set_fd(ssl, fd) != 1)
                _exit(9);
        int accepted = SSL_accept(ssl);
        (void) SSL_read(ssl, &octet, 1); /* until the client leaves */
        const char *seen = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        _exit(accepted != 1 ? 3 : str_equal(seen, server_name) ? 0 : 4);
}

static void serve(int listener, ServiceKind kind, const char *server_name) {
        (void) signal(SIGPIPE, SIG_IGN);
        (void) alarm(60); /* never outlives a broken test for long */
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
                _exit(9);
        if (kind == SERVICE_TALKS)
                _exit(write(fd, "220 mail.example ESMTP\r\n", 24) == 24 ? 0 : 9);
        if (kind == SERVICE_CLOSES)
                _exit(0);
        serve_tls(fd, kind, server_name);
}

/* A listening (or just bound) socket; -1 when there is no such address here. */
static int bind_port(int family, bool listening, uint16_t *ret_port) {
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        struct sockaddr_in four = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr *address = family == AF_INET ? (void *) &four : (void *) &six;
        socklen_t size = family == AF_INET ? sizeof(four) : sizeof(six);
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, address, size) < 0 || (listening && listen(fd, 4) < 0) ||
            getsockname(fd, address, &size) < 0)
                return close_fd(fd);
        *ret_port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
        return fd;
}

static pid_t start_service(
                int family, ServiceKind kind, const char *server_name, uint16_t *ret_port) {
        make_leaf();
        _cleanup_close_ int fd = bind_port(family, true, ret_port);

        if (fd < 0)
                return -1;
        (void) fflush(stdout); /* not twice */
        pid_t pid = fork();
        if (pid == 0)
                serve(fd, kind, server_name);
        return pid;
}

static int status_of(pid_t pid) {
        int status = -1;

        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                return -1;
        return WEXITSTATUS(status);
}

/* ---- cases ---- */

static void check_leaf(const ProbeResult *result) {
        CHECK_INT(result->outcome, PROBE_SERVED);
        CHECK_STR(result->leaf_sha256, leaf_sha256);
        CHECK_INT(result->not_after, NOT_AFTER);
        CHECK_STR(result->serial, "1F3A");
        CHECK_INT(result->chain_count, 2);
        REQUIRE(result->subject && result->issuer && result->chain_pem);
        CHECK(strstr(result->subject, "st.example") && !strchr(result->subject, 0x1b));
        CHECK(strstr(result->issuer, "st.example") && !strchr(result->issuer, 0x1b));
        const char *first = strstr(result->chain_pem, "BEGIN CERTIFICATE");
        CHECK(first && strstr(first + 1, "BEGIN CERTIFICATE"));
}

static void check_served(
                ServiceKind kind, const char *host, const char *sni, const char *expected) {
        _cleanup_(probe_result_done) ProbeResult result = {};
        ProbeEndpoint endpoint = { .host = host, .server_name = sni };

        pid_t pid = start_service(AF_INET, kind, expected, &endpoint.port);
        REQUIRE(pid > 0);
        CHECK_INT(probe_run(&endpoint, 30000, &result), 0);
        check_leaf(&result);
        CHECK_STR(result.detail, "");
        CHECK_INT(status_of(pid), 0);
}

static void sees_the_leaf(void) {
        check_served(SERVICE_TLS_1_3, "127.0.0.1", "test.example", "test.example");
        check_served(SERVICE_TLS_1_2, "127.0.0.1", "test.example", "test.example");
}

static void sends_no_name_that_is_none(void) {
        check_served(SERVICE_TLS_1_3, "127.0.0.1", NULL, NULL);
        check_served(SERVICE_TLS_1_3, "127.0.0.1", "127.0.0.1", NULL);
        check_served(SERVICE_TLS_1_3, "127.0.0.1", "::1", NULL);
}

static void offers_one_protocol(void) {
        for (int right = 0; right <= 1; right++) {
                _cleanup_(probe_result_done) ProbeResult result = {};
                ProbeEndpoint endpoint = { .host = "127.0.0.1",
                                           .server_name = "a",
                                           .alpn = right ? "acme-tls/1" : "h2" };

                pid_t pid = start_service(AF_INET, SERVICE_ALPN, "a", &endpoint.port);
                REQUIRE(pid > 0);
                CHECK_INT(probe_run(&endpoint, 30000, &result), 0);
                CHECK_INT(result.outcome, right ? PROBE_SERVED : PROBE_NO_TLS);
                CHECK_INT(status_of(pid), right ? 0 : 3);
        }
}

static void localhost_is_four_then_six(void) {
        _cleanup_(probe_result_done) ProbeResult result = {};
        ProbeEndpoint endpoint = { .host = "localhost", .server_name = "a" };

        check_served(SERVICE_TLS_1_3, "LocalHost", NULL, NULL);
        pid_t pid = start_service(AF_INET6, SERVICE_TLS_1_3, "a", &endpoint.port);
        if (pid < 0) {
                printf("# no IPv6 here\n");
                return;
        }
        CHECK_INT(probe_run(&endpoint, 30000, &result), 0);
        check_leaf(&result);
        CHECK_INT(status_of(pid), 0);
}

static void client_certificate_is_no_hindrance(void) {
        _cleanup_(probe_result_done) ProbeResult result = {};
        ProbeEndpoint endpoint = { .host = "127.0.0.1" };

        pid_t pid = start_service(AF_INET, SERVICE_ASKS_FOR_CLIENT, NULL, &endpoint.port);
        REQUIRE(pid > 0);
        CHECK_INT(probe_run(&endpoint, 30000, &result), 0);
        check_leaf(&result);
        CHECK_STR(result.detail, "the service asks for a client certificate");
        CHECK_INT(status_of(pid), 3);
}

static void check_no_tls(ServiceKind kind, const char *expected_detail) {
        _cleanup_(probe_result_done) ProbeResult result = {};
        ProbeEndpoint endpoint = { .host = "127.0.0.1" };

        pid_t pid = start_service(AF_INET, kind, NULL, &endpoint.port);
        REQUIRE(pid > 0);
        CHECK_INT(probe_run(&endpoint, 30000, &result), 0);
        CHECK_INT(result.outcome, PROBE_NO_TLS);
        CHECK_STR(result.leaf_sha256, "");
        CHECK(!result.subject && !result.chain_pem);
        REQUIRE(result.detail);
        if (!strstr(result.detail, expected_detail))
                CHECK_STR(result.detail, expected_detail);
        (void) status_of(pid); /* 0 or 3, as the end was seen */
}

static void no_tls_is_told(void) {
        check_no_tls(SERVICE_CLOSES, "TLS handshake failed: the service closed the connection");
        check_no_tls(SERVICE_TALKS, "wrong version number");
        check_no_tls(SERVICE_TLS_1_1, "TLS handshake failed: ");
}

static void leaf_without_its_key_is_not_served(void) {
        check_no_tls(SERVICE_WRONG_KEY, "bad signature");
}

static void refused_is_unreachable(void) {
        _cleanup_(probe_result_done) ProbeResult result = {};
        ProbeEndpoint endpoint = { .host = "127.0.0.1" };
        _cleanup_close_ int fd = bind_port(AF_INET, false, &endpoint.port);
        _cleanup_free_ char *expected = NULL;

        REQUIRE(fd >= 0);
        CHECK_INT(str_printf(&expected,
                             "cannot connect to 127.0.0.1 port %u: Connection refused (ECONNREFUSED)",
                             endpoint.port),
                  0);
        CHECK_INT(probe_run(&endpoint, 30000, &result), 0);
        CHECK_INT(result.outcome, PROBE_UNREACHABLE);
        CHECK_STR(result.detail, expected);
}

/* Connected by the kernel, never answered. The caller's time is the caller's: no waiting here. */
static void silence_ends_when_the_caller_says(void) {
        _cleanup_(probe_result_done) ProbeResult result = {}, run = {};
        _cleanup_(probe_freep) Probe *p = NULL;
        ProbeEndpoint endpoint = { .host = "127.0.0.1" };
        _cleanup_close_ int fd = bind_port(AF_INET, true, &endpoint.port);

        REQUIRE(fd >= 0 && probe_new(&endpoint, &p) == 0);
        CHECK_INT(probe_fd(p), -1);
        CHECK_INT(probe_result(p, &result), -EAGAIN);
        CHECK_INT(probe_step(p), 0);
        REQUIRE(probe_fd(p) >= 0);
        while (probe_events(p) != POLLIN) {
                struct pollfd pollfd = { .fd = probe_fd(p), .events = (short) probe_events(p) };
                REQUIRE(poll(&pollfd, 1, 30000) == 1 && probe_step(p) == 0);
        }
        CHECK_INT(probe_step(p), 0); /* awake for nothing */
        probe_give_up(p);
        CHECK_INT(probe_step(p), 1);
        CHECK_INT(probe_fd(p), -1);
        CHECK_INT(probe_result(p, &result), 0);
        CHECK_INT(result.outcome, PROBE_NO_TLS);
        CHECK_STR(result.detail, "TLS handshake failed: the service did not answer in time");
        CHECK_INT(probe_result(p, &result), -EAGAIN);

        CHECK_INT(probe_run(&endpoint, 1, &run), 0);
        CHECK(run.outcome != PROBE_SERVED);
}

static void unknown_host_is_unreachable(void) {
        _cleanup_(probe_result_done) ProbeResult result = {};
        ProbeEndpoint endpoint = { .host = "", .port = 443 };

        CHECK_INT(probe_run(&endpoint, 1000, &result), 0);
        CHECK_INT(result.outcome, PROBE_UNREACHABLE);
        CHECK(result.detail && str_skip_prefix(result.detail, "cannot find ''"));
}

static void refuses_bad_endpoints(void) {
        char long_name[300];
        ProbeEndpoint none = { .port = 443 }, port = { .host = "::1" };
        ProbeEndpoint name = { .host = "::1", .port = 1, .server_name = long_name };
        ProbeEndpoint starttls = { .host = "::1", .port = 1, .protocol = PROBE_PROTOCOL_MAX };
        Probe *p = NULL;

        memset(long_name, 'a', sizeof(long_name) - 1);
        long_name[299] = 0;
        CHECK_INT(probe_new(&none, &p), -EINVAL);
        CHECK_INT(probe_new(&port, &p), -EINVAL);
        CHECK_INT(probe_new(&name, &p), -EINVAL);
        CHECK_INT(probe_new(&starttls, &p), -EINVAL);
        CHECK(!p && !probe_free(NULL));
}

TEST_MAIN({ "sees the leaf that is served, TLS 1.3 and 1.2", sees_the_leaf },
          { "sends no SNI for an address", sends_no_name_that_is_none },
          { "J-06 offers one protocol by ALPN, and says when it is refused", offers_one_protocol },
          { "localhost is 127.0.0.1, then ::1", localhost_is_four_then_six },
          { "a service that wants a client certificate serves its leaf",
            client_certificate_is_no_hindrance },
          { "connected but no TLS is told from unreachable", no_tls_is_told },
          { "a leaf without its key is not served", leaf_without_its_key_is_not_served },
          { "a refused connection is unreachable", refused_is_unreachable },
          { "silence ends when the caller says", silence_ends_when_the_caller_says },
          { "a host without address is unreachable", unknown_host_is_unreachable },
          { "refuses endpoints that cannot be", refuses_bad_endpoints })
