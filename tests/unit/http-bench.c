/* A TLS server in a child that answers by path, and a client of it. */

#include "tests/unit/http-bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/strings.h"
#include "daemon/http-real.h"
#include "daemon/loop-real.h"
#include "tests/unit/test.h"

static EVP_PKEY *key;
static X509 *certificate;

static void make_certificate(void) {
        X509_EXTENSION *san;

        key = EVP_EC_gen("P-256");
        certificate = X509_new();
        CHECK(X509_set_version(certificate, X509_VERSION_3) == 1);
        CHECK(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1);
        CHECK(X509_gmtime_adj(X509_getm_notBefore(certificate), -SEC_PER_HOUR) != NULL);
        CHECK(X509_gmtime_adj(X509_getm_notAfter(certificate), SEC_PER_HOUR) != NULL);
        X509_NAME *name = X509_get_subject_name(certificate);
        CHECK(X509_NAME_add_entry_by_txt(
                        name, "CN", MBSTRING_UTF8, (const unsigned char *) "test", -1, -1, 0));
        CHECK(X509_set_issuer_name(certificate, name) == 1);
        CHECK(X509_set_pubkey(certificate, key) == 1);
        san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
        CHECK(san && X509_add_ext(certificate, san, -1) == 1);
        X509_EXTENSION_free(san);
        CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
}

static void put(SSL *ssl, const char *text) {
        (void) SSL_write(ssl, text, (int) strlen(text)); /* the client may have gone */
}

static void put_much(SSL *ssl, const char *piece, size_t total) {
        size_t length = strlen(piece);

        for (size_t sent = 0; sent < total; sent += length)
                if (SSL_write(ssl, piece, (int) length) <= 0)
                        return;
}

#define OK        "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define SIXTYFOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Answers with the head of the request itself. */
static void echo(SSL *ssl, const char *request) {
        char head[128];

        (void) snprintf(head, sizeof(head), OK "Content-Length: %zu\r\n\r\n", strlen(request));
        put(ssl, head);
        put(ssl, request);
}

static void redirect(SSL *ssl, const char *path, unsigned port) {
        char head[256];
        int left = atoi(path);

        if (left == 0) {
                put(ssl, OK "Content-Length: 4\r\n\r\nhere");
                return;
        }
        (void) snprintf(head, sizeof(head),
                        "HTTP/1.1 302 Found\r\nConnection: close\r\nReplay-Nonce: stale\r\n"
                        "Location: https://127.0.0.1:%u/redirect/%d\r\nContent-Length: 0\r\n\r\n",
                        port, left - 1);
        put(ssl, head);
}

static void answer(SSL *ssl, const char *request, const char *path, unsigned port) {
        const char *rest;

        if (strcmp(path, "/echo") == 0)
                echo(ssl, request);
        else if (strcmp(path, "/fields") == 0)
                put(ssl, "HTTP/1.1 103 Early\r\nReplay-Nonce: early\r\n\r\n" OK
                         "replay-nonce:  abc \r\nReplay-Nonce: second\r\nLOCATION: https://x/1\r\n"
                         "Link: <a>;rel=\"up\"\r\nLink: <b>;rel=\"alternate\"\r\nRetry-After: 7\r\n"
                         "Content-Type: application/json; charset=utf-8\r\nDate: today\r\n"
                         "Content-Length: 2\r\n\r\n{}");
        else if (strcmp(path, "/big") == 0) {
                put(ssl, OK "\r\n");
                put_much(ssl, SIXTYFOUR, 2 * 1024 * 1024);
        } else if (strcmp(path, "/promised") == 0)
                put(ssl, OK "Content-Length: 2000000\r\n\r\n");
        else if (strcmp(path, "/header") == 0) {
                put(ssl, OK);
                put_much(ssl, "X: " SIXTYFOUR "\r\n", 128 * 1024);
                put(ssl, "\r\n");
        } else if (strcmp(path, "/encoded") == 0)
                put(ssl, OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}");
        else if (strcmp(path, "/transfer") == 0)
                put(ssl, OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
        else if (strcmp(path, "/hang") == 0)
                (void) pause();
        else if (strcmp(path, "/plain") == 0)
                put(ssl,
                    "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: http://127.0.0.1:1/\r\n"
                    "Content-Length: 0\r\n\r\n");
        else if ((rest = str_skip_prefix(path, "/redirect/")))
                redirect(ssl, rest, port);
        else
                put(ssl,
                    "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

static void serve_one(SSL_CTX *context, int fd, unsigned port) {
        SSL *ssl = SSL_new(context);
        char request[8192] = {}, path[64] = {};
        int size = 0, n;

        (void) SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1) {
                while (!strstr(request, "\r\n\r\n") && size < (int) sizeof(request) - 1 &&
                       (n = SSL_read(ssl, request + size, (int) sizeof(request) - 1 - size)) > 0)
                        size += n;
                if (sscanf(request, "%*s %63s", path) == 1)
                        answer(ssl, request, path, port);
                (void) SSL_shutdown(ssl);
        }
        SSL_free(ssl);
        (void) close_fd(fd);
}

static void serve(int listen_fd, unsigned port) {
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());

        (void) signal(SIGPIPE, SIG_IGN);
        if (SSL_CTX_use_certificate(context, certificate) != 1 ||
            SSL_CTX_use_PrivateKey(context, key) != 1)
                _exit(1);
        for (;;) {
                int fd = accept(listen_fd, NULL, NULL);
                if (fd >= 0)
                        serve_one(context, fd, port);
        }
}

static void start_server(Fixture *f) {
        struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        CHECK_INT(bind(fd, (struct sockaddr *) &address, size), 0);
        CHECK_INT(listen(fd, 16), 0);
        CHECK_INT(getsockname(fd, (struct sockaddr *) &address, &size), 0);
        f->port = ntohs(address.sin_port);
        f->server = fork();
        if (f->server == 0)
                serve(fd, f->port);
        (void) close_fd(fd);
}

void fixture_init(Fixture *f) {
        *f = (Fixture){};
        if (!certificate)
                make_certificate();
        (void) snprintf(f->bundle, sizeof(f->bundle), "%s/bundle.pem", test_directory());
        FILE *file = fopen(f->bundle, "we");
        CHECK(file && PEM_write_X509(file, certificate) == 1 && fclose(file) == 0);
        f->ca = (CaConfig){ .bundle = f->bundle, .allow_private = true };
        start_server(f);
        CHECK_INT(loop_new(&f->loop), 0);
        CHECK_INT(http_new(f->loop, &f->http), 0);
}

static void forget_reply(Fixture *f) {
        char **texts[] = { &f->body, &f->nonce, &f->location,  &f->retry_after,
                           &f->type, &f->date,  &f->error_text };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                free(*texts[i]);
                *texts[i] = NULL;
        }
        f->done = false;
}

void fixture_done(Fixture *f) {
        forget_reply(f);
        http_free(f->http);
        loop_free(f->loop);
        (void) kill(f->server, SIGKILL);
        (void) waitpid(f->server, NULL, 0);
}

void fixture_on_reply(const HttpReply *reply, void *userdata) {
        Fixture *f = userdata;

        f->done = true;
        f->reply = (HttpReply){ .error = reply->error, .status = reply->status };
        f->links = reply->links.count;
        (void) str_replace(&f->body, bytes_text(&reply->body));
        (void) str_replace(&f->nonce, reply->replay_nonce);
        (void) str_replace(&f->location, reply->location);
        (void) str_replace(&f->retry_after, reply->retry_after);
        (void) str_replace(&f->type, reply->content_type);
        (void) str_replace(&f->date, reply->date);
        (void) str_replace(&f->error_text, reply->error_text);
}

void fixture_exchange(Fixture *f, HttpMethod method, const char *path, unsigned timeout_sec) {
        _cleanup_(http_call_freep) HttpCall *call = NULL;
        char url[256];

        forget_reply(f);
        (void) snprintf(url, sizeof(url), "https://127.0.0.1:%u%s", f->port, path);
        HttpRequest request = {
                .method = method,
                .url = url,
                .body = "{\"a\":1}",
                .size = method == HTTP_POST ? 7 : 0,
                .ca = &f->ca,
                .timeout_sec = timeout_sec,
        };
        CHECK_INT(http_start(f->http, &request, fixture_on_reply, f, &call), 0);
        CHECK(!f->done); /* never from within the call */
        while (call && !f->done && sd_event_run(loop_event(f->loop), 10 * USEC_PER_SEC) > 0)
                ;
        CHECK(f->done);
}

void fixture_check_refused(Fixture *f, HttpMethod method, const char *path, int error) {
        fixture_exchange(f, method, path, 5);
        CHECK_INT(f->reply.error, error);
        CHECK(f->error_text && *f->error_text);
}
