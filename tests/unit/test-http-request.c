/* The tiny grammar of strangers' requests. Each case is fed whole and octet by octet. */

#include "daemon/http-request.h"
#include "tests/unit/test.h"

#define PATH "/.well-known/acme-challenge/abc"

typedef struct Case {
        const char *text;
        RequestResult result;
} Case;

static RequestResult feed_whole(RequestParser *p, const char *text) {
        request_init(p);
        return request_feed(p, text, strlen(text));
}

static RequestResult feed_slowly(RequestParser *p, const char *text) {
        RequestResult r = REQUEST_MORE;

        request_init(p);
        for (size_t i = 0; text[i] && r == REQUEST_MORE; i++)
                r = request_feed(p, text + i, 1);
        return r;
}

static void check_cases(const Case *cases, size_t count) {
        RequestParser p;

        for (size_t i = 0; i < count; i++)
                for (int slowly = 0; slowly < 2; slowly++) {
                        RequestResult r = slowly ? feed_slowly(&p, cases[i].text)
                                                 : feed_whole(&p, cases[i].text);
                        if (r != cases[i].result) {
                                test_failures++;
                                printf("# case %zu (%s): %d, not %d\n", i,
                                       slowly ? "slowly" : "whole", (int) r, (int) cases[i].result);
                        }
                }
}

static void test_good(void) {
        static const Case cases[] = {
                { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", REQUEST_DONE },
                { "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", REQUEST_DONE },
                { "GET " PATH " HTTP/1.0\r\n\r\n", REQUEST_DONE },
                { "GET /a?b=c HTTP/1.1\r\nHost:a\r\n\r\n", REQUEST_DONE },
                { "GET / HTTP/1.1\r\nhOsT:\t a.example:80 \r\nX: y\r\nZ:\r\n\r\n", REQUEST_DONE },
                { "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", REQUEST_DONE },
                { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", REQUEST_DONE },
                { "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa4\r\n\r\n", REQUEST_DONE },
                { "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled HTTP/1.1\r\n", REQUEST_DONE },
                { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", REQUEST_DONE },
        };

        check_cases(cases, ELEMENTSOF(cases));
}

static void test_bad_line(void) {
        static const Case cases[] = {
                { "\r\nGET / HTTP/1.1\r\n", REQUEST_BAD },
                { " GET / HTTP/1.1\r\n", REQUEST_BAD },
                { "GET  / HTTP/1.1\r\n", REQUEST_BAD },
                { "GET\t/ HTTP/1.1\r\n", REQUEST_BAD },
                { "GET /\r\n", REQUEST_BAD },
                { "GET / \r\n", REQUEST_BAD },
                { "GET /  HTTP/1.1\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1 \r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\n", REQUEST_BAD },
                { "GET / HTTP/1.1\rX", REQUEST_BAD },
                { "GET / HTTP/1.2\r\n", REQUEST_BAD },
                { "GET / HTTP/2.0\r\n", REQUEST_BAD },
                { "GET / HTTP/1.10\r\n", REQUEST_BAD },
                { "GET / http/1.1\r\n", REQUEST_BAD },
                { "GET http://a/ HTTP/1.1\r\n", REQUEST_BAD },
                { "GET * HTTP/1.1\r\n", REQUEST_BAD },
                { "GET a HTTP/1.1\r\n", REQUEST_BAD },
                { "CONNECT a:80 HTTP/1.1\r\n", REQUEST_BAD },
                { "GET /a#b HTTP/1.1\r\n", REQUEST_BAD },
                { "GET /\x7f HTTP/1.1\r\n", REQUEST_BAD },
                { "GET /\xc3\xa4 HTTP/1.1\r\n", REQUEST_BAD },
                { "GET /\x01 HTTP/1.1\r\n", REQUEST_BAD },
                { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REQUEST_BAD },
                { "\x16\x03\x01\x02", REQUEST_BAD },
                { "GET/ HTTP/1.1\r\n", REQUEST_BAD },
        };

        check_cases(cases, ELEMENTSOF(cases));
}

static void test_bad_header(void) {
        static const Case cases[] = {
                { "GET / HTTP/1.1\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\n: a\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\n\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\r\n\rX", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", REQUEST_BAD },
                { "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", REQUEST_BAD },
        };

        check_cases(cases, ELEMENTSOF(cases));
}

static void test_unfinished(void) {
        static const Case cases[] = {
                { "", REQUEST_MORE },
                { "GE", REQUEST_MORE },
                { "GET / HTTP/1.1\r\nHost: a\r\n", REQUEST_MORE },
                { "GET / HTTP/1.1\r\nHost: a\r\n\r", REQUEST_MORE },
        };

        check_cases(cases, ELEMENTSOF(cases));
}

static void test_what_is_kept(void) {
        RequestParser p;

        CHECK_INT(feed_whole(&p, "HEAD " PATH " HTTP/1.1\r\nA: b\r\nHost: Ex-1.ORG.:8080\r\n\r\n"),
                  REQUEST_DONE);
        CHECK_INT(p.method, REQUEST_HEAD);
        CHECK_STR(p.path, PATH);
        CHECK_STR(p.host, "ex-1.org");
        CHECK_INT(feed_whole(&p, "get / HTTP/1.1\r\nHost: [2001:DB8::1]:80\r\n\r\n"), REQUEST_DONE);
        CHECK_INT(p.method, REQUEST_OTHER);
        CHECK_STR(p.host, "2001:db8::1");
}

static void test_limits(void) {
        char text[REQUEST_HEAD_MAX + 64];
        RequestParser p;
        int n;

        n = snprintf(text, sizeof(text), "GET /%0600d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
        CHECK_INT(request_feed((request_init(&p), &p), text, (size_t) n), REQUEST_DONE);
        CHECK_STR(p.path, "");
        n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %0265d\r\n\r\n", 0);
        CHECK_INT(request_feed((request_init(&p), &p), text, (size_t) n), REQUEST_BAD);
        n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nX: %08100d\r\n\r\n", 0);
        CHECK_INT(request_feed((request_init(&p), &p), text, (size_t) n), REQUEST_DONE);
        n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nX: %08180d\r\n\r\n", 0);
        CHECK_INT(request_feed((request_init(&p), &p), text, (size_t) n), REQUEST_BAD);
        n = snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: a\r\n\r\n",
                     "GETGETGETGETGETGETGETGET");
        CHECK_INT(request_feed((request_init(&p), &p), text, (size_t) n), REQUEST_DONE);
        CHECK_INT(p.method, REQUEST_OTHER);
}

static void check_host(const char *text, const char *expected) {
        char host[300];

        (void) snprintf(host, sizeof(host), "%s", text);
        bool good = request_host_reduce(host);
        CHECK_INT(good, expected != NULL);
        if (good && expected)
                CHECK_STR(host, expected);
}

static void test_host(void) {
        check_host("a", "a");
        check_host("A.Example.ORG", "a.example.org");
        check_host("a.", "a");
        check_host("a.:80", "a");
        check_host("a:", "a");
        check_host("[::1]", "::1");
        check_host("[FE80::1]:443", "fe80::1");
        check_host("192.0.2.1:80", "192.0.2.1");
        check_host("", NULL);
        check_host(":80", NULL);
        check_host(".", NULL);
        check_host("[]", NULL);
        check_host("[::1]x", NULL);
        check_host("a:123456", NULL);
        check_host("a b", NULL);
        check_host("a\\b", NULL);
        check_host("::1", NULL);
}

TEST_MAIN({ "R2.5.2 good heads are taken", test_good },
          { "R2.5.2 bad request lines are refused", test_bad_line },
          { "R2.5.2 bad headers, bodies and expectations are refused", test_bad_header },
          { "R2.5.2 an unfinished head is waited for", test_unfinished },
          { "R2.5.2 method, path and host are kept", test_what_is_kept },
          { "K-09 R2.5.2 each part has its limit", test_limits },
          { "K-05 R2.5.4 a Host field is reduced to the bare host", test_host }, )
