/* Handshakes with the server for tls-alpn-01, over a unix socket. */

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "acme/alpn-certificate.h"
#include "base/strings.h"
#include "daemon/alpn-server.h"
#include "daemon/listen-unix.h"
#include "tests/unit/test.h"

#define NAME     "a.example"
#define TOKEN    "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define NOW      ((int64_t) 1764000000)
#define DEADLINE (60 * USEC_PER_SEC)
#define ACME     "\12acme-tls/1"

typedef struct Fixture {
        Loop *loop;
        AlpnShown *shown;
        AlpnServer *server;
        SSL_CTX *client;
        char path[108];
} Fixture;

static void fixture_init(Fixture *f, usec_t deadline) {
        *f = (Fixture){};
        (void) signal(SIGPIPE, SIG_IGN);
        (void) snprintf(f->path, sizeof(f->path), "%s/https", test_directory());
        CHECK_INT(loop_new(&f->loop), 0);
        CHECK_INT(alpn_shown_new(&f->shown), 0);
        CHECK_INT(alpn_server_new(f->loop, deadline, f->shown, &f->server), 0);
        int fd = listen_unix(f->path, 0600);
        CHECK(fd >= 0);
        CHECK_INT(stranger_server_listen(alpn_server_strangers(f->server), fd, f->path), 0);
        CHECK_INT(alpn_shown_add(f->shown, NAME, TOKEN, TOKEN ".x", NOW), 0);
        f->client = SSL_CTX_new(TLS_client_method());
        CHECK(f->client);
}

static void fixture_done(Fixture *f) {
        SSL_CTX_free(f->client);
        alpn_server_free(f->server);
        alpn_shown_free(f->shown);
        loop_free(f->loop);
}

static size_t busy(const Fixture *f) {
        return stranger_server_busy(alpn_server_strangers(f->server));
}

static int connect_to(const Fixture *f) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
        CHECK_INT(connect(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static void turn(Fixture *f) {
        while (sd_event_run(loop_event(f->loop), 0) > 0)
                ;
}

typedef struct Outcome {
        bool done;
        int alert; /* 0: none */
        char protocol[16];
        X509 *certificate; /* owns */
        int version;
        bool closed; /* by the server, after the handshake */
        int tickets;
} Outcome;

static int on_session(SSL *ssl, SSL_SESSION *session) {
        Outcome *o = SSL_get_app_data(ssl);

        o->tickets += SSL_SESSION_is_resumable(session);
        return 0;
}

static void note(SSL *ssl, int k, Outcome *o) {
        const unsigned char *protocol;
        unsigned size;

        o->done = k == 1;
        if (k != 1 && SSL_get_error(ssl, k) == SSL_ERROR_SSL)
                o->alert = ERR_GET_REASON(ERR_peek_error()) - SSL_AD_REASON_OFFSET;
        SSL_get0_alpn_selected(ssl, &protocol, &size);
        (void) snprintf(o->protocol, sizeof(o->protocol), "%.*s", (int) size,
                        (const char *) protocol);
        o->certificate = SSL_get1_peer_certificate(ssl);
        o->version = SSL_version(ssl);
}

/* `protocols`: with their lengths, NULL: no extension; `name` NULL: none. */
static Outcome shake(Fixture *f, int fd, const char *protocols, const char *name) {
        SSL *ssl = SSL_new(f->client);
        Outcome o = {};
        int k = -1;

        ERR_clear_error();
        SSL_CTX_set_session_cache_mode(f->client, SSL_SESS_CACHE_CLIENT);
        SSL_CTX_sess_set_new_cb(f->client, on_session);
        (void) SSL_set_app_data(ssl, &o);
        (void) SSL_set_fd(ssl, fd);
        if (protocols)
                (void) SSL_set_alpn_protos(
                                ssl, (const unsigned char *) protocols,
                                (unsigned) strlen(protocols));
        if (name)
                (void) SSL_set_tlsext_host_name(ssl, name);
        for (int i = 0; i < 50 && k != 1; i++) {
                k = SSL_connect(ssl);
                if (k != 1 && SSL_get_error(ssl, k) != SSL_ERROR_WANT_READ)
                        break;
                turn(f);
        }
        note(ssl, k, &o);
        if (o.done) {
                char octet;
                turn(f);
                k = SSL_read(ssl, &octet, 1);
                o.closed = k <= 0 && SSL_get_error(ssl, k) == SSL_ERROR_ZERO_RETURN;
        }
        SSL_free(ssl);
        ERR_clear_error();
        (void) close_fd(fd);
        turn(f);
        return o;
}

static void check_refused(Fixture *f, const char *protocols, const char *name, int alert) {
        Outcome o = shake(f, connect_to(f), protocols, name);

        CHECK(!o.done);
        CHECK(!o.certificate);
        CHECK_INT(o.alert, alert);
        CHECK_INT(busy(f), 0);
        X509_free(o.certificate);
}

static void check_validated(Fixture *f, int fd, const char *name, int version) {
        Outcome o = shake(f, fd, ACME, name);

        CHECK(o.done);
        CHECK(o.closed);
        CHECK_STR(o.protocol, ALPN_PROTOCOL);
        CHECK_INT(o.version, version);
        CHECK_INT(o.tickets, 0);
        CHECK(o.certificate);
        CHECK_INT(busy(f), 0);
        X509_free(o.certificate);
}

static void validation(void) {
        Fixture f;

        fixture_init(&f, DEADLINE);
        check_validated(&f, connect_to(&f), NAME, TLS1_3_VERSION);
        check_validated(&f, connect_to(&f), "A.EXAMPLE", TLS1_3_VERSION);
        CHECK_INT(SSL_CTX_set_max_proto_version(f.client, TLS1_2_VERSION), 1);
        check_validated(&f, connect_to(&f), NAME, TLS1_2_VERSION);
        fixture_done(&f);
}

static void strangers(void) {
        char longest[256];
        Fixture f;

        fixture_init(&f, DEADLINE);
        check_refused(&f, NULL, NAME, SSL_AD_NO_APPLICATION_PROTOCOL);
        check_refused(&f, "\2h2\10http/1.1", NAME, SSL_AD_NO_APPLICATION_PROTOCOL);
        check_refused(&f, "\2h2" ACME, NAME, SSL_AD_NO_APPLICATION_PROTOCOL);
        check_refused(&f, ACME "\10http/1.1", NAME, SSL_AD_NO_APPLICATION_PROTOCOL);
        check_refused(&f, ACME, NULL, SSL_AD_UNRECOGNIZED_NAME);
        check_refused(&f, ACME, "b.example", SSL_AD_UNRECOGNIZED_NAME);
        check_refused(&f, ACME, "x.a.example", SSL_AD_UNRECOGNIZED_NAME);
        memset(longest, 'a', 255);
        longest[255] = 0;
        check_refused(&f, ACME, longest, SSL_AD_UNRECOGNIZED_NAME);
        alpn_shown_remove(f.shown, NAME, TOKEN);
        check_refused(&f, ACME, NAME, SSL_AD_UNRECOGNIZED_NAME);
        fixture_done(&f);
}

static void old_versions(void) {
        Fixture f;

        fixture_init(&f, DEADLINE);
        SSL_CTX_set_security_level(f.client, 0);
        CHECK_INT(SSL_CTX_set_min_proto_version(f.client, TLS1_VERSION), 1);
        CHECK_INT(SSL_CTX_set_max_proto_version(f.client, TLS1_1_VERSION), 1);
        Outcome o = shake(&f, connect_to(&f), ACME, NAME);
        CHECK(!o.done);
        CHECK(!o.certificate);
        X509_free(o.certificate);
        fixture_done(&f);
}

static void no_tls(void) {
        Fixture f;

        fixture_init(&f, DEADLINE);
        int fd = connect_to(&f);
        CHECK(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
        turn(&f);
        CHECK_INT(busy(&f), 0);
        (void) close_fd(fd);
        fixture_done(&f);
}

static void addresses(void) {
        Fixture f;

        fixture_init(&f, DEADLINE);
        CHECK_INT(alpn_shown_add(f.shown, "192.0.2.7", TOKEN, TOKEN ".x", NOW), 0);
        CHECK_INT(alpn_shown_add(f.shown, "2001:db8::1", TOKEN, TOKEN ".x", NOW), 0);
        check_validated(&f, connect_to(&f), "7.2.0.192.in-addr.arpa", TLS1_3_VERSION);
        check_validated(&f, connect_to(&f),
                        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.IP6.ARPA.",
                        TLS1_3_VERSION);
        check_refused(&f, ACME, "8.2.0.192.in-addr.arpa", SSL_AD_UNRECOGNIZED_NAME);
        fixture_done(&f);
}

static void proxied(void) {
        static const char header[] = "PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n";
        Fixture f;

        fixture_init(&f, DEADLINE);
        int fd = connect_to(&f);
        CHECK(send(fd, header, strlen(header), MSG_NOSIGNAL) == (ssize_t) strlen(header));
        turn(&f);
        check_validated(&f, fd, NAME, TLS1_3_VERSION);
        fixture_done(&f);
}

static void shown_once(void) {
        Fixture f;

        fixture_init(&f, DEADLINE);
        CHECK_INT(alpn_shown_add(f.shown, NAME, TOKEN, TOKEN ".x", NOW), 0);
        CHECK_INT(alpn_shown_add(f.shown, NAME, "other", "other.x", NOW), -EBUSY);
        alpn_shown_remove(f.shown, NAME, "other");
        check_validated(&f, connect_to(&f), NAME, TLS1_3_VERSION);
        alpn_shown_remove(f.shown, NAME, TOKEN);
        CHECK_INT(alpn_shown_add(f.shown, NAME, "other", "other.x", NOW), 0);
        CHECK_INT(alpn_shown_add(f.shown, "*.a.example", TOKEN, TOKEN ".x", NOW), -EINVAL);
        fixture_done(&f);
}

static void full(void) {
        static int clients[STRANGER_SLOTS];
        struct rlimit limit;
        Fixture f;

        CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = MIN(limit.rlim_max, (rlim_t) 4096);
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
        fixture_init(&f, DEADLINE);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
                clients[i] = connect_to(&f);
                if (i % 2) /* the beginning of a handshake, and no more */
                        (void) send(clients[i], "\x16\x03\x01\x02\x00\x01", 6, MSG_NOSIGNAL);
                turn(&f);
        }
        CHECK_INT(busy(&f), STRANGER_SLOTS);
        Outcome o = shake(&f, connect_to(&f), ACME, NAME);
        CHECK(o.done);
        CHECK_INT(busy(&f), STRANGER_SLOTS - 1);
        X509_free(o.certificate);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                (void) close_fd(clients[i]);
        fixture_done(&f);
}

static void slow(void) {
        const usec_t deadline = 50 * USEC_PER_MSEC;
        Fixture f;

        fixture_init(&f, deadline);
        int fd = connect_to(&f);
        usec_t end = loop_boot_usec(f.loop) + 40 * deadline;
        turn(&f);
        CHECK_INT(busy(&f), 1);
        (void) send(fd, "\x16\x03\x01\x02\x00", 5, MSG_NOSIGNAL);
        while (busy(&f) > 0 && loop_boot_usec(f.loop) < end) {
                (void) send(fd, "\x01", 1, MSG_NOSIGNAL); /* a trickle does not help */
                (void) sd_event_run(loop_event(f.loop), deadline / 10);
        }
        CHECK_INT(busy(&f), 0);
        (void) close_fd(fd);
        fixture_done(&f);
}

int main(int argc, char *argv[]) {
        static const TestCase cases[] = {
                { "a validation gets its certificate and the end, no ticket (M-01, R2.6.2)",
                  validation },
                { "any other offer or name gets an alert and no certificate (M-02)", strangers },
                { "TLS below 1.2 is refused (M-01)", old_versions },
                { "what is no TLS is closed", no_tls },
                { "addresses go by their reverse names (M-06)", addresses },
                { "a PROXY header before the handshake is passed over", proxied },
                { "of a name one token is shown at a time, twice is once, no wildcard (M-07)",
                  shown_once },
                { "half handshakes in all slots do not keep a validator out (R2.6.1)", full },
                { "a handshake that does not end is ended (R2.6.1)", slow },
        };

        return test_run(argc, argv, cases, ELEMENTSOF(cases));
}
