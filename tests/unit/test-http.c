/* Exchanges with a CA: what is sent, what is taken, and what is refused. */

#include "base/strings.h"
#include "daemon/loop-real.h"
#include "tests/unit/http-bench.h"
#include "tests/unit/test.h"

static void test_request(void) {
        Fixture f;

        fixture_init(&f);
        fixture_exchange(&f, HTTP_POST, "/echo", 5);
        CHECK_INT(f.reply.error, 0);
        CHECK_INT(f.reply.status, 200);
        const char *head = f.body ? f.body : "";
        CHECK(str_skip_prefix(head, "POST /echo HTTP/1.1\r\n"));
        CHECK(strstr(head, "\r\nContent-Type: application/jose+json\r\n"));
        CHECK(strstr(head, "\r\nContent-Length: 7\r\n"));
        CHECK(strstr(head, "\r\nAccept-Language: en\r\n"));
        CHECK(strstr(head, "\r\nUser-Agent: renewd/" RENEWD_VERSION " libcurl/"));
        CHECK(!strcasestr(head, "Expect"));
        CHECK(!strcasestr(head, "Accept-Encoding"));
        CHECK(!strcasestr(head, "Transfer-Encoding"));
        fixture_done(&f);
}

static void test_fields(void) {
        Fixture f;

        fixture_init(&f);
        fixture_exchange(&f, HTTP_GET, "/fields", 5);
        CHECK_INT(f.reply.error, 0);
        CHECK_STR(f.nonce, "abc");
        CHECK_STR(f.location, "https://x/1");
        CHECK_STR(f.retry_after, "7");
        CHECK_STR(f.type, "application/json; charset=utf-8");
        CHECK_STR(f.date, "today");
        CHECK_INT(f.links, 2);
        CHECK_STR(f.body, "{}");
        fixture_exchange(&f, HTTP_HEAD, "/fields", 5);
        CHECK_STR(f.nonce, "abc");
        CHECK_STR(f.body, "");
        fixture_done(&f);
}

static void test_caps(void) {
        Fixture f;

        fixture_init(&f);
        fixture_check_refused(&f, HTTP_GET, "/big", -EMSGSIZE);
        fixture_check_refused(&f, HTTP_GET, "/promised", -EMSGSIZE);
        fixture_check_refused(&f, HTTP_GET, "/header", -EMSGSIZE);
        fixture_done(&f);
}

static void test_encodings(void) {
        Fixture f;

        fixture_init(&f);
        fixture_check_refused(&f, HTTP_GET, "/encoded", -EMSGSIZE);
        fixture_check_refused(&f, HTTP_POST, "/encoded", -EMSGSIZE);
        fixture_check_refused(&f, HTTP_GET, "/transfer", -EMSGSIZE);
        fixture_done(&f);
}

static void test_redirects(void) {
        Fixture f;

        fixture_init(&f);
        fixture_exchange(&f, HTTP_GET, "/redirect/3", 5);
        CHECK_INT(f.reply.status, 200);
        CHECK_STR(f.body, "here");
        CHECK(!f.nonce); /* that of the redirect is void */
        fixture_check_refused(&f, HTTP_GET, "/redirect/4", -ELOOP);
        fixture_check_refused(&f, HTTP_GET, "/plain", -EPROTONOSUPPORT);
        fixture_exchange(&f, HTTP_POST, "/redirect/1", 5);
        CHECK_INT(f.reply.error, 0);
        CHECK_INT(f.reply.status, 302);
        fixture_done(&f);
}

static void test_timeout(void) {
        Fixture f;

        fixture_init(&f);
        fixture_exchange(&f, HTTP_GET, "/hang", 1);
        CHECK_INT(f.reply.error, -ETIMEDOUT);
        fixture_done(&f);
}

static void test_trust(void) {
        Fixture f;

        fixture_init(&f);
        f.ca.bundle = NULL; /* the system's store does not know it */
        fixture_check_refused(&f, HTTP_GET, "/fields", -EKEYREJECTED);
        fixture_done(&f);
}

static void test_addresses(void) {
        char directory[] = "https://ca.example/dir", own[64];
        Fixture f;

        fixture_init(&f);
        f.ca.allow_private = false;
        f.ca.directory = directory;
        fixture_check_refused(&f, HTTP_GET, "/fields", -ECONNREFUSED);
        CHECK(f.error_text && strstr(f.error_text, "AllowPrivateAddresses"));
        (void) snprintf(own, sizeof(own), "https://127.0.0.1:%u/dir", f.port);
        f.ca.directory = own;
        fixture_exchange(&f, HTTP_GET, "/fields", 5);
        CHECK_INT(f.reply.status, 200);
        fixture_done(&f);
}

static void test_urls(void) {
        _cleanup_(http_call_freep) HttpCall *call = NULL;
        Fixture f;

        fixture_init(&f);
        HttpRequest request = { .method = HTTP_GET, .url = "http://127.0.0.1:1/", .ca = &f.ca };
        CHECK_INT(http_start(f.http, &request, fixture_on_reply, &f, &call), 0);
        while (call && !f.done && sd_event_run(loop_event(f.loop), USEC_PER_SEC) > 0)
                ;
        CHECK_INT(f.reply.error, -EPROTONOSUPPORT);
        call = http_call_free(call);
        fixture_done(&f);
}

static void on_never(const HttpReply *reply, void *userdata) {
        (void) reply;
        (void) userdata;
        CHECK(false);
}

static void test_cancel(void) {
        HttpCall *call = NULL;
        char url[64];
        Fixture f;

        fixture_init(&f);
        (void) snprintf(url, sizeof(url), "https://127.0.0.1:%u/hang", f.port);
        HttpRequest request = { .method = HTTP_GET, .url = url, .ca = &f.ca };
        CHECK_INT(http_start(f.http, &request, on_never, NULL, &call), 0);
        for (int i = 0; i < 5; i++)
                (void) sd_event_run(loop_event(f.loop), 10 * USEC_PER_MSEC);
        call = http_call_free(call);
        fixture_done(&f);
}

TEST_MAIN({ "A-03 A-04 A-05 A-06 a request is what CAs compare literally", test_request },
          { "A-07 header fields are taken raw, of the last response only", test_fields },
          { "A-11 R2.4.8 R2.4.9 body and header have caps that are counted", test_caps },
          { "R2.4.8 an encoding that was not asked for is refused", test_encodings },
          { "A-09 A-10 R2.4.4 three https redirects of a GET, none of a POST", test_redirects },
          { "A-12 an exchange has its time", test_timeout },
          { "A-01 A-02 R2.4.6 a server that the store does not know is refused", test_trust },
          { "A-15 R2.4.5 a private address is refused unless it is meant", test_addresses },
          { "A-01 R2.4.3 only https", test_urls },
          { "freeing a call cancels it", test_cancel })
