/* What strangers are answered, over a unix socket in a scratch directory. */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/strings.h"
#include "daemon/responder-real.h"
#include "tests/unit/test.h"

#define TOKEN         "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define AUTHORIZATION TOKEN ".nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ"
#define GET(path)     "GET " path " HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define TOKEN_PATH    "/.well-known/acme-challenge/" TOKEN

typedef struct Fixture {
        Loop *loop;
        Responder *responder;
        Config config;
        char *directory, *path;
        char answer[2048];
} Fixture;

static void quiet(int level, const char *message, const LogFields *fields) {
        (void) level;
        (void) message;
        (void) fields;
}

static void fixture_init(Fixture *f) {
        *f = (Fixture){};
        log_set_sink(quiet);
        CHECK_INT(str_printf(&f->directory, "%s", test_directory()), 0);
        CHECK_INT(str_printf(&f->path, "%s/http", f->directory), 0);
        CHECK_INT(loop_new(&f->loop), 0);
        CHECK_INT(responder_new(f->loop, &f->responder), 0);
}

static void fixture_listen(Fixture *f) {
        CHECK_INT(string_list_add(&f->config.http_listen, f->path), 0);
        responder_configure(f->responder, &f->config);
}

static void fixture_done(Fixture *f) {
        responder_free(f->responder);
        loop_free(f->loop);
        string_list_done(&f->config.http_listen);
        free(f->directory);
        free(f->path);
}

static int connect_to(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return close_fd(fd);
        return fd;
}

/* Turns the loop until nothing happens any more. */
static void turn(Fixture *f) {
        while (sd_event_run(loop_event(f->loop), 0) > 0)
                ;
}

static const char *ask(Fixture *f, const char *request) {
        _cleanup_close_ int fd = connect_to(f->path);
        size_t length = strlen(request);

        f->answer[0] = 0;
        CHECK(fd >= 0);
        if (fd < 0)
                return f->answer;
        CHECK_INT(send(fd, request, length, MSG_NOSIGNAL), length);
        turn(f);
        ssize_t n = recv(fd, f->answer, sizeof(f->answer) - 1, 0);
        f->answer[n > 0 ? n : 0] = 0;
        return f->answer;
}

static bool has_status(const char *answer, const char *status) {
        return strncmp(answer, "HTTP/1.1 ", 9) == 0 && strncmp(answer + 9, status, 3) == 0;
}

static const char *body_of(const char *answer) {
        const char *end = strstr(answer, "\r\n\r\n");

        return end ? end + 4 : "(no end of head)";
}

/* ---- cases ---- */

static void test_token(void) {
        Fixture f;

        fixture_init(&f);
        fixture_listen(&f);
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        const char *answer = ask(&f, GET(TOKEN_PATH));
        CHECK(has_status(answer, "200"));
        CHECK_STR(body_of(answer), AUTHORIZATION);
        CHECK(strstr(answer, "\r\nContent-Length: 87\r\n"));
        CHECK(strstr(answer, "\r\nContent-Type: application/octet-stream\r\n"));
        CHECK(strstr(answer, "\r\nCache-Control: no-store\r\n"));
        CHECK(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
        CHECK(strstr(answer, "\r\nConnection: close\r\n"));

        answer = ask(&f, "HEAD " TOKEN_PATH " HTTP/1.1\r\nHost: A.Example.:80\r\n\r\n");
        CHECK(has_status(answer, "200"));
        CHECK(strstr(answer, "\r\nContent-Length: 87\r\n"));
        CHECK_STR(body_of(answer), "");

        responder_remove(f.responder, "a.example", TOKEN);
        responder_remove(f.responder, "a.example", TOKEN);
        CHECK(has_status(ask(&f, GET(TOKEN_PATH)), "404"));
        fixture_done(&f);
}

static void test_constant_404(void) {
        static const char *const requests[] = {
                GET("/"),
                GET("/.well-known/acme-challenge/"),
                GET("/.well-known/acme-challenge/x"),
                GET(TOKEN_PATH "/"),
                GET(TOKEN_PATH "?x"),
                GET("/.well-known/acme-challenge/%65vaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"),
                GET("/.well-known/acme-challenge/../acme-challenge/" TOKEN),
                "GET " TOKEN_PATH " HTTP/1.1\r\nHost: b.example\r\n\r\n",
                "GET " TOKEN_PATH " HTTP/1.1\r\nHost: a.example.b.example\r\n\r\n",
                "GET " TOKEN_PATH " HTTP/1.0\r\n\r\n",
        };
        char first[sizeof(((Fixture *) 0)->answer)];
        Fixture f;

        fixture_init(&f);
        fixture_listen(&f);
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        (void) snprintf(first, sizeof(first), "%s", ask(&f, requests[0]));
        CHECK(has_status(first, "404"));
        for (size_t i = 1; i < ELEMENTSOF(requests); i++)
                CHECK_STR(ask(&f, requests[i]), first);
        fixture_done(&f);
}

static void test_bad_requests(void) {
        Fixture f;

        fixture_init(&f);
        fixture_listen(&f);
        CHECK(has_status(ask(&f, "nonsense\r\n\r\n"), "400"));
        CHECK(has_status(ask(&f, "\x16\x03\x01"), "400"));
        CHECK(has_status(ask(&f, "GET http://a.example/ HTTP/1.1\r\n\r\n"), "400"));
        const char *answer = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        CHECK(has_status(answer, "405"));
        CHECK(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
        fixture_done(&f);
}

static void test_addresses(void) {
        Fixture f;

        fixture_init(&f);
        fixture_listen(&f);
        CHECK_INT(responder_present(f.responder, "2001:db8::1", TOKEN, AUTHORIZATION), 0);
        CHECK(has_status(
                        ask(&f, "GET " TOKEN_PATH " HTTP/1.1\r\nHost: [2001:DB8:0::1]:80\r\n\r\n"),
                        "200"));
        CHECK(has_status(
                        ask(&f, "GET " TOKEN_PATH " HTTP/1.1\r\nHost: [2001:db8::2]\r\n\r\n"),
                        "404"));
        fixture_done(&f);
}

static void test_redirect(void) {
        Fixture f;

        fixture_init(&f);
        f.config.redirect_to_https = true;
        fixture_listen(&f);
        const char *answer = ask(&f, "GET /a/b?c HTTP/1.1\r\nHost: A.example:80\r\n\r\n");
        CHECK(has_status(answer, "301"));
        CHECK(strstr(answer, "\r\nLocation: https://a.example/a/b?c\r\n"));
        answer = ask(&f, "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n");
        CHECK(strstr(answer, "\r\nLocation: https://[::1]/\r\n"));
        CHECK(has_status(ask(&f, GET("/.well-known/acme-challenge/x")), "404"));
        CHECK(has_status(ask(&f, "GET / HTTP/1.0\r\n\r\n"), "404"));
        CHECK(has_status(ask(&f, "GET / HTTP/1.1\r\nHost: a\"b\r\n\r\n"), "400"));
        fixture_done(&f);
}

static void test_nowhere(void) {
        Fixture f;

        fixture_init(&f);
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), -ENODEV);
        CHECK_INT(responder_present(f.responder, "a.example", "../x", AUTHORIZATION), -EINVAL);
        fixture_done(&f);
}

static void test_listen(void) {
        struct stat st;
        Fixture f;

        fixture_init(&f);
        CHECK_INT(responder_socket("192.0.2.1:80"), -EINVAL);
        CHECK_INT(responder_socket("0.0.0.0:8402"), -EINVAL);
        CHECK_INT(responder_socket("[::]:8402"), -EINVAL);
        CHECK_INT(responder_socket("127.0.0.1"), -EINVAL);
        CHECK_INT(responder_socket("127.0.0.1:0"), -EINVAL);
        CHECK_INT(responder_socket("localhost:8402"), -EINVAL);

        int first = responder_socket(f.path);
        CHECK(first >= 0);
        CHECK(stat(f.path, &st) == 0 && (st.st_mode & 0777) == 0666);
        CHECK_INT(responder_socket(f.path), -EADDRINUSE);
        (void) close_fd(first);
        int second = responder_socket(f.path); /* a stale one is in the way no more */
        CHECK(second >= 0);
        (void) close_fd(second);
        fixture_done(&f);
}

static void test_reload(void) {
        Fixture f;

        fixture_init(&f);
        fixture_listen(&f);
        responder_configure(f.responder, &f.config);
        CHECK(has_status(ask(&f, GET("/")), "404"));
        string_list_done(&f.config.http_listen);
        responder_configure(f.responder, &f.config);
        CHECK_INT(connect_to(f.path), -1);
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), -ENODEV);
        fixture_done(&f);
}

static void write_file(const char *directory, const char *name, const char *content) {
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        FILE *file = fopen(path, "we");
        CHECK(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

static bool exists(const char *directory, const char *name) {
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        return access(path, F_OK) == 0;
}

static void test_files(void) {
        _cleanup_free_ char *directory = NULL;
        Fixture f;

        fixture_init(&f);
        CHECK_INT(str_printf(&directory, "%s/challenges", f.directory), 0);
        CHECK_INT(mkdir(directory, 0755), 0);
        write_file(directory, "LeftoverLeftoverLeftover", "LeftoverLeftoverLeftover.abc");
        write_file(directory, "ForeignForeignForeignForeign", "something else");
        write_file(directory, "index.html", "x");
        f.config.challenge_directory = directory;
        responder_configure(f.responder, &f.config);
        CHECK(!exists(directory, "LeftoverLeftoverLeftover"));
        CHECK(exists(directory, "ForeignForeignForeignForeign"));
        CHECK(exists(directory, "index.html"));

        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        CHECK(exists(directory, TOKEN));
        responder_remove(f.responder, "a.example", TOKEN);
        CHECK(!exists(directory, TOKEN));

        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        f.config.challenge_directory = NULL;
        responder_configure(f.responder, &f.config);
        CHECK(!exists(directory, TOKEN));
        fixture_done(&f);
}

/* The answer of a decided authorization is still given, and a restart finds no file of it. */
static void test_retired(void) {
        _cleanup_free_ char *directory = NULL;
        Fixture f;

        fixture_init(&f);
        CHECK_INT(str_printf(&directory, "%s/retired", f.directory), 0);
        CHECK_INT(mkdir(directory, 0755), 0);
        f.config.challenge_directory = directory;
        fixture_listen(&f);
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        responder_retire(f.responder, CHALLENGE_HTTP_01, "a.example", TOKEN);
        CHECK(has_status(ask(&f, GET(TOKEN_PATH)), "200"));
        CHECK(exists(directory, TOKEN));
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        responder_remove(f.responder, "a.example", TOKEN);
        CHECK(has_status(ask(&f, GET(TOKEN_PATH)), "404"));
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        responder_retire(f.responder, CHALLENGE_HTTP_01, "a.example", TOKEN);
        f.responder = responder_free(f.responder);
        CHECK(!exists(directory, TOKEN));
        fixture_done(&f);
}

static void test_alpn(void) {
        Fixture f;

        fixture_init(&f);
        CHECK(!responder_can(f.responder, CHALLENGE_TLS_ALPN_01));
        CHECK(!responder_can(f.responder, CHALLENGE_HTTP_01));
        CHECK(!responder_can(f.responder, CHALLENGE_DNS_01));
        CHECK_INT(responder_present_alpn(f.responder, "a.example", TOKEN, AUTHORIZATION), -ENODEV);
        CHECK_INT(string_list_add(&f.config.tls_listen, f.path), 0);
        responder_configure(f.responder, &f.config);
        CHECK(responder_can(f.responder, CHALLENGE_TLS_ALPN_01));
        CHECK(!responder_can(f.responder, CHALLENGE_HTTP_01));
        CHECK_INT(responder_present(f.responder, "a.example", TOKEN, AUTHORIZATION), -ENODEV);
        CHECK_INT(responder_present_alpn(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        CHECK_INT(responder_present_alpn(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        CHECK_INT(responder_present_alpn(f.responder, "a.example", "abc", "abc.x"), -EBUSY);
        CHECK_INT(responder_present_alpn(f.responder, "b.example", "../x", "x"), -EINVAL);
        responder_remove_alpn(f.responder, "a.example", TOKEN);
        CHECK_INT(responder_present_alpn(f.responder, "a.example", "abc", "abc.x"), 0);
        responder_retire(f.responder, CHALLENGE_TLS_ALPN_01, "a.example", "abc");
        CHECK_INT(responder_present_alpn(f.responder, "a.example", TOKEN, AUTHORIZATION), 0);
        string_list_done(&f.config.tls_listen);
        responder_configure(f.responder, &f.config);
        CHECK(!responder_can(f.responder, CHALLENGE_TLS_ALPN_01));
        int fd = responder_socket(f.path);
        CHECK(fd >= 0);
        CHECK_INT(responder_adopt_tls(f.responder, fd), 0);
        CHECK(responder_can(f.responder, CHALLENGE_TLS_ALPN_01));
        fixture_done(&f);
}

TEST_MAIN({ "K-01 K-02 K-03 a shown token is answered exactly, then no more", test_token },
          { "K-04 R2.5.3 R2.5.4 all else gets the same 404", test_constant_404 },
          { "R2.5.2 what is no request of ours is refused", test_bad_requests },
          { "K-05 an IPv6 host is compared as an address", test_addresses },
          { "all but challenges can be redirected to https", test_redirect },
          { "tls-alpn-01 has a listener of its own, and one token of a name at a time (R2.6.4)",
            test_alpn },
          { "a challenge that nobody would see is refused", test_nowhere },
          { "only unix paths and loopback are listened on", test_listen },
          { "a changed configuration opens and closes listeners", test_reload },
          { "K-08 files appear, go, and only our leftovers are removed", test_files },
          { "J-13 the answer of a decided authorization stays a while", test_retired }, )
