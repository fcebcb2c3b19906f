/* Handshakes on the real loop, with services in children on 127.0.0.1. */

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

#include "acme/key.h"
#include "base/strings.h"
#include "daemon/prober-real.h"
#include "tests/unit/test.h"

/* ---- a service ---- */

typedef struct Service {
        char leaf[SHA256_HEX_SIZE];
        uint16_t port;
        pid_t pid;
} Service;

static X509 *new_leaf(EVP_PKEY *key) {
        X509 *c = X509_new();
        X509_NAME *name = X509_get_subject_name(c);

        CHECK(X509_set_version(c, X509_VERSION_3) == 1);
        CHECK(ASN1_INTEGER_set(X509_get_serialNumber(c), 1) == 1);
        CHECK(X509_gmtime_adj(X509_getm_notBefore(c), -SEC_PER_HOUR) != NULL);
        CHECK(X509_gmtime_adj(X509_getm_notAfter(c), SEC_PER_HOUR) != NULL);
        CHECK(X509_NAME_add_entry_by_txt(
                              name, "CN", MBSTRING_UTF8, (const unsigned char *) "test", -1, -1,
                              0) == 1);
        CHECK(X509_set_issuer_name(c, name) == 1 && X509_set_pubkey(c, key) == 1);
        CHECK(X509_sign(c, key, EVP_sha256()) > 0);
        return c;
}

/* The SNI must be "a.example.org", else the handshake fails. */
static int on_server_name(SSL *ssl, int *alert, void *userdata) {
        (void) alert;
        (void) userdata;
        return str_equal(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), "a.example.org")
                               ? SSL_TLSEXT_ERR_OK
                               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static _Noreturn void serve(int listener, EVP_PKEY *key, X509 *leaf, bool silent) {
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());
        char octet;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) alarm(60); /* never outlives a broken test for long */
        if (SSL_CTX_use_certificate(context, leaf) != 1 ||
            SSL_CTX_use_PrivateKey(context, key) != 1)
                _exit(1);
        (void) SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
        while (silent)
                (void) pause(); /* the kernel connects, nobody answers */
        for (;;) {
                int fd = accept(listener, NULL, NULL);
                SSL *ssl = SSL_new(context);

                if (fd >= 0 && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1)
                        (void) SSL_read(ssl, &octet, 1); /* until the client leaves */
                SSL_free(ssl);
                (void) close_fd(fd);
        }
}

static int bind_port(int family, uint16_t port, uint16_t *ret) {
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        struct sockaddr_in four = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr *address = family == AF_INET ? (void *) &four : (void *) &six;
        socklen_t size = family == AF_INET ? sizeof four : sizeof six;
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        four.sin_port = six.sin6_port = htons(port);
        if (fd < 0 || bind(fd, address, size) < 0 || listen(fd, 8) < 0 ||
            getsockname(fd, address, &size) < 0)
                return close_fd(fd);
        *ret = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
        return fd;
}

/* False: there is no such address here. */
static bool service_start(Service *s, int family, bool silent) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        int fd = bind_port(family, 0, &s->port);
        X509 *leaf;

        s->pid = 0;
        if (fd < 0)
                return false;
        CHECK_INT(key_generate(KEY_ECDSA_P256, &key), 0);
        leaf = new_leaf(key);
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        CHECK(X509_digest(leaf, EVP_sha256(), digest, &size) == 1);
        for (unsigned i = 0; i < size; i++)
                (void) snprintf(s->leaf + 2 * (size_t) i, 3, "%02x", digest[i]);
        (void) fflush(stdout); /* not twice */
        s->pid = fork();
        if (s->pid == 0)
                serve(fd, key, leaf, silent);
        X509_free(leaf);
        (void) close_fd(fd);
        return s->pid > 0;
}

static void service_end(Service *s) {
        if (s->pid <= 0)
                return;
        (void) kill(s->pid, SIGKILL);
        (void) waitpid(s->pid, NULL, 0);
}

/* ---- the engine's side ---- */

typedef struct Seen {
        ProberCall *call;
        bool done, free_in_callback;
        size_t count;
        ProbeOutcome outcome;
        char leaf[SHA256_HEX_SIZE], detail[256];
} Seen;

/* ---- a resolver ---- */

static sem_t hang;

/* In place of the C library's: one name is known, another one's name server does not answer until it is let go. */
int getaddrinfo(const char *host,
                const char *service,
                const struct addrinfo *hints,
                struct addrinfo **ret) {
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
        void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

        memcpy(&real, &symbol, sizeof real);
        if (hints->ai_flags & AI_NUMERICHOST)
                return real(host, service, hints, ret);
        if (strcmp(host, "hangs.example.org") == 0)
                while (sem_wait(&hang) < 0)
                        ;
        return strcmp(host, "web.example.org") == 0 ? real("127.0.0.1", service, hints, ret)
                                                    : EAI_NONAME;
}

typedef struct Bench {
        Loop *loop;
        Prober *prober;
} Bench;

static void init(Bench *b) {
        *b = (Bench){};
        CHECK_INT(loop_new(&b->loop), 0);
        CHECK_INT(prober_new(b->loop, &b->prober), 0);
}

static void done(Bench *b) {
        b->prober = prober_free(b->prober);
        b->loop = loop_free(b->loop);
}

static void on_result(const ProbeResult *results, size_t count, void *userdata) {
        const ProbeResult *result = &results[count - 1];
        Seen *s = userdata;

        CHECK(!s->done && count > 0);
        s->count = count;
        s->done = true;
        s->outcome = result->outcome;
        (void) snprintf(s->leaf, sizeof s->leaf, "%s", result->leaf_sha256);
        (void) snprintf(s->detail, sizeof s->detail, "%s", result->detail ? result->detail : "");
        if (s->free_in_callback)
                s->call = prober_call_free(s->call);
}

static void start(Bench *b, Seen *s, const char *host, uint16_t port, unsigned timeout_sec) {
        ProbeEndpoint endpoint = { .host = host, .port = port, .server_name = "a.example.org" };

        s->done = false;
        CHECK_INT(prober_start(b->prober, &endpoint, timeout_sec, on_result, s, &s->call), 0);
        CHECK(!s->done); /* never from within the call */
}

static void wait_for(Bench *b, Seen *s) {
        while (!s->done && sd_event_run(loop_event(b->loop), 30 * USEC_PER_SEC) > 0)
                ;
        CHECK(s->done);
        s->call = prober_call_free(s->call);
}

/* ---- cases ---- */

static void sees_the_leaf(void) {
        Service service;
        Seen seen = {};
        Bench b;

        init(&b);
        REQUIRE(service_start(&service, AF_INET, false));
        for (int i = 0; i < 3; i++) { /* each is a connection of its own */
                start(&b, &seen, "127.0.0.1", service.port, 30);
                wait_for(&b, &seen);
                CHECK_INT(seen.outcome, PROBE_SERVED);
                CHECK_STR(seen.leaf, service.leaf);
        }
        service_end(&service);
        done(&b);
}

static void refused(void) {
        Service service;
        Seen seen = {};
        Bench b;

        init(&b);
        REQUIRE(service_start(&service, AF_INET, false));
        service_end(&service);
        start(&b, &seen, "127.0.0.1", service.port, 30);
        wait_for(&b, &seen);
        CHECK_INT(seen.outcome, PROBE_UNREACHABLE);
        CHECK(strstr(seen.detail, "ECONNREFUSED"));
        CHECK_STR(seen.leaf, "");
        done(&b);
}

/* What is seen at the one says nothing of the other. */
static void each_address(void) {
        Service service;
        Seen seen = {};
        Bench b;

        init(&b);
        if (!service_start(&service, AF_INET6, false)) {
                printf("# no IPv6 here\n");
                done(&b);
                return;
        }
        start(&b, &seen, "localhost", service.port, 30);
        wait_for(&b, &seen);
        CHECK_INT(seen.count, 2); /* 127.0.0.1 refuses */
        CHECK_INT(seen.outcome, PROBE_SERVED);
        CHECK_STR(seen.leaf, service.leaf);
        service_end(&service);
        done(&b);
}

static void many_at_once(void) {
        Service services[3];
        Seen seen[9] = {};
        Bench b;

        init(&b);
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                REQUIRE(service_start(&services[i], AF_INET, i == 2));
        for (size_t i = 0; i < ELEMENTSOF(seen); i++)
                start(&b, &seen[i], "127.0.0.1", services[i % 2].port, 30);
        Seen hanging = {};
        start(&b, &hanging, "127.0.0.1", services[2].port, 30);
        for (size_t i = 0; i < ELEMENTSOF(seen); i++) {
                wait_for(&b, &seen[i]);
                CHECK_INT(seen[i].outcome, PROBE_SERVED);
                CHECK_STR(seen[i].leaf, services[i % 2].leaf);
        }
        CHECK(!hanging.done); /* and holds up nobody */
        hanging.call = prober_call_free(hanging.call);
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                service_end(&services[i]);
        done(&b);
}

static void silence_ends(void) {
        Service service;
        Seen seen = {};
        Bench b;

        init(&b);
        REQUIRE(service_start(&service, AF_INET, true));
        start(&b, &seen, "127.0.0.1", service.port, 1);
        wait_for(&b, &seen);
        CHECK_INT(seen.outcome, PROBE_NO_TLS);
        CHECK(strstr(seen.detail, "did not answer in time"));
        service_end(&service);
        done(&b);
}

static void freeing_cancels(void) {
        Service service;
        Seen begun = {}, fresh = {}, last = {};
        Bench b;

        init(&b);
        REQUIRE(service_start(&service, AF_INET, true));
        start(&b, &begun, "127.0.0.1", service.port, 1);
        for (int i = 0; i < 5; i++)
                (void) sd_event_run(loop_event(b.loop), 10 * USEC_PER_MSEC);
        start(&b, &fresh, "127.0.0.1", service.port, 1);
        begun.call = prober_call_free(begun.call);
        fresh.call = prober_call_free(fresh.call);
        start(&b, &last, "127.0.0.1", service.port, 1);
        wait_for(&b, &last); /* by then the others would have ended too */
        CHECK(!begun.done && !fresh.done);
        service_end(&service);
        done(&b);
}

static void may_be_freed_in_its_callback(void) {
        Service service;
        Seen seen = { .free_in_callback = true };
        Bench b;

        init(&b);
        REQUIRE(service_start(&service, AF_INET, false));
        start(&b, &seen, "127.0.0.1", service.port, 30);
        wait_for(&b, &seen);
        CHECK(!seen.call);
        CHECK_INT(seen.outcome, PROBE_SERVED);
        service_end(&service);
        done(&b);
}

static void names_are_looked_up(void) {
        Service service;
        Seen seen = {};
        Bench b;

        init(&b);
        REQUIRE(service_start(&service, AF_INET, false));
        start(&b, &seen, "web.example.org", service.port, 30);
        wait_for(&b, &seen);
        CHECK_INT(seen.outcome, PROBE_SERVED);
        CHECK_STR(seen.leaf, service.leaf);
        start(&b, &seen, "nobody.example.org", service.port, 30);
        wait_for(&b, &seen);
        CHECK_INT(seen.count, 1);
        CHECK_INT(seen.outcome, PROBE_UNREACHABLE);
        CHECK(strstr(seen.detail, "cannot find 'nobody.example.org': Name or service not known"));
        service_end(&service);
        done(&b);
}

/* A name server that is away holds up nobody: neither the loop nor who gave up. */
static void a_lookup_may_hang(void) {
        enum { CANCELLED = 20 };
        Seen cancelled[CANCELLED] = {}, late = {}, other = {};
        Service service;
        Bench b;

        init(&b);
        REQUIRE(service_start(&service, AF_INET, false));
        start(&b, &late, "hangs.example.org", service.port, 1);
        for (size_t i = 0; i < CANCELLED; i++)
                start(&b, &cancelled[i], "hangs.example.org", service.port, 30);
        start(&b, &other, "127.0.0.1", service.port, 30);
        wait_for(&b, &other);
        CHECK_INT(other.outcome, PROBE_SERVED);
        CHECK(!late.done);
        for (size_t i = 0; i < CANCELLED; i++)
                cancelled[i].call = prober_call_free(cancelled[i].call);
        wait_for(&b, &late);
        CHECK_INT(late.outcome, PROBE_UNREACHABLE);
        CHECK(strstr(late.detail, "Temporary failure in name resolution"));
        service_end(&service);
        done(&b);
        for (size_t i = 0; i <= CANCELLED; i++)
                CHECK_INT(sem_post(&hang), 0);
}

/* Lookups that nobody waits for any more are counted until they end. */
static void lookups_are_limited(void) {
        ProbeEndpoint endpoint = { .host = "hangs.example.org", .port = 443 };
        Seen seen[100] = {};
        unsigned begun = 0;
        int r = 0;
        Bench b;

        init(&b);
        for (; begun < ELEMENTSOF(seen) && r >= 0; begun += r >= 0)
                r =
                                prober_start(b.prober, &endpoint, 30, on_result, &seen[begun],
                                             &seen[begun].call);
        CHECK_INT(r, -EAGAIN);
        CHECK(begun > 20);
        for (unsigned i = 0; i < begun; i++) {
                seen[i].call = prober_call_free(seen[i].call);
                CHECK_INT(sem_post(&hang), 0);
        }
        for (int i = 0; i < 1000; i++) { /* their threads end in their own time */
                r = prober_start(b.prober, &endpoint, 30, on_result, &seen[0], &seen[0].call);
                if (r >= 0)
                        break;
                (void) usleep(10000);
        }
        CHECK_INT(r, 0);
        seen[0].call = prober_call_free(seen[0].call);
        CHECK_INT(sem_post(&hang), 0);
        done(&b);
}

static void endpoints_that_cannot_be(void) {
        ProbeEndpoint endpoint = { .host = "127.0.0.1" };
        Seen seen = {};
        Bench b;

        init(&b);
        CHECK_INT(prober_start(b.prober, &endpoint, 1, on_result, &seen, &seen.call), -EINVAL);
        CHECK(!seen.call);
        start(&b, &seen, "", 443, 30); /* a host without address is a result */
        wait_for(&b, &seen);
        CHECK_INT(seen.outcome, PROBE_UNREACHABLE);
        CHECK(seen.detail[0]);
        done(&b);
}

TEST_MAIN({ "a handshake shows the leaf, each on a new connection", sees_the_leaf },
          { "a service that does not listen is unreachable", refused },
          { "the next address of a host is tried", each_address },
          { "a name is looked up", names_are_looked_up },
          { "a lookup that hangs holds up nobody", a_lookup_may_hang },
          { "lookups that hang are limited", lookups_are_limited },
          { "many at once see each their own, none waits for another", many_at_once },
          { "a service that is silent ends its handshake only", silence_ends },
          { "freeing a call cancels it, begun or not", freeing_cancels },
          { "a call may be freed in its callback", may_be_freed_in_its_callback },
          { "an endpoint that cannot be is refused at once", endpoints_that_cannot_be })
