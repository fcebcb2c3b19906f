/* A session and, in place of the HTTP client, a script of answers: one for each request, which must be as it says. */

#include "tests/unit/session-bench.h"

#include "base/log.h"
#include "tests/fake/helper.h"
#include "tests/fake/loop.h"
#include "tests/unit/test.h"

struct HttpCall {
        HttpReply reply;
        Timer *timer;
        http_fn fn;
        void *userdata;
};

void http_reply_done(HttpReply *r) {
        free(r->error_text);
        bytes_done(&r->body);
        free(r->location);
        free(r->replay_nonce);
        free(r->retry_after);
        free(r->date);
        free(r->content_type);
        free(r->cache_control);
        string_list_done(&r->links);
        *r = (HttpReply){};
}

static void describe(const HttpRequest *q, char *text, size_t size) {
        static const char *const methods[] = { "GET", "HEAD", "POST" };
        const char *path = strstr(q->url, "ca.test"), *nonce = "";
        _cleanup_(json_freep) Json *j = NULL;

        if (q->size > 0 && json_parse(q->body, q->size, &j) >= 0)
                (void) json_get_string(j, "nonce", &nonce);
        (void) snprintf(text, size, "%s %s%s%s", methods[q->method], path ? path + 7 : q->url,
                        *nonce ? " " : "", nonce);
}

static void on_http_timer(void *userdata) {
        HttpCall *c = userdata;

        c->timer = timer_free(c->timer);
        c->fn(&c->reply, c->userdata);
}

int http_start(Http *h, const HttpRequest *request, http_fn fn, void *userdata, HttpCall **ret) {
        const Answer *a = &h->script[h->next];
        HttpCall *c = calloc(1, sizeof *c);
        char text[256];

        if (!c)
                return -ENOMEM;
        *c = (HttpCall){ .fn = fn, .userdata = userdata };
        describe(request, text, sizeof text);
        CHECK_STR(text, a->request);
        if (!a->request)
                c->reply.error = -EHOSTUNREACH; /* more than the script has */
        else
                h->next++;
        if (a->error < 0)
                c->reply.error = a->error;
        c->reply.unanswered = a->unanswered;
        c->reply.status = a->status;
        (void) str_replace(&c->reply.replay_nonce, a->nonce);
        (void) str_replace(&c->reply.location, a->location);
        (void) str_replace(&c->reply.retry_after, a->retry_after);
        (void) str_replace(&c->reply.date, a->date);
        (void) str_replace(&c->reply.content_type, a->type);
        (void) str_replace(&c->reply.cache_control, a->cache_control);
        if (a->body)
                (void) bytes_append_string(&c->reply.body, a->body);
        CHECK_INT(loop_timer_after(
                                  h->loop,
                                  (usec_t) a->delay_sec * USEC_PER_SEC + 50 * USEC_PER_MSEC,
                                  on_http_timer, c, &c->timer),
                  0);
        *ret = c;
        return 0;
}

HttpCall *http_call_free(HttpCall *c) {
        if (!c)
                return NULL;
        (void) timer_free(c->timer);
        http_reply_done(&c->reply);
        free(c);
        return NULL;
}

void bench_init(Bench *b) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        *b = (Bench){ .loop = fake_loop_new(1, START) };
        b->store = fake_store_new(b->loop);
        b->signer = fake_signer_new(b->loop);
        b->http = (Http){ .loop = b->loop };
        b->engine = (Engine){
                .loop = b->loop,
                .http = &b->http,
                .signer = b->signer,
                .store = b->store,
        };
        b->ca = (CaConfig){
                .name = strdup("ca"),
                .directory = strdup("https://ca.test/dir"),
                .terms_agreed = true,
        };
        CHECK_INT(string_list_add(&b->ca.origins, "https://ca.test"), 0);
        CHECK_INT(account_load(b->store, "ca", &b->account), 0);
        CHECK_INT(session_new(&b->engine, &b->ca, b->account, &b->session), 0);
}

void bench_done(Bench *b) {
        b->wait = session_wait_free(b->wait);
        b->call = session_call_free(b->call);
        b->session = session_free(b->session);
        b->account = account_free(b->account);
        free(b->ca.name);
        free(b->ca.directory);
        string_list_done(&b->ca.origins);
        (void) fake_helper_free(b->signer);
        (void) fake_store_free(b->store);
        (void) fake_loop_free(b->loop);
}

static void on_ready(const Failure *failure, void *userdata) {
        Bench *b = userdata;

        b->told = true;
        b->ready = !failure;
        if (!failure)
                return;
        b->class = failure->class;
        b->retry_after_sec = failure->retry_after_sec;
        (void) snprintf(b->message, sizeof b->message, "%s", failure->message);
}

void bench_play_out(Bench *b) {
        CHECK(fake_loop_run_until_quiet(b->loop, 20, 200));
        CHECK(!b->http.script[b->http.next].request);
}

bool bench_prepare(Bench *b, const Answer *script) {
        b->wait = session_wait_free(b->wait);
        b->http.script = script;
        b->http.next = 0;
        b->told = b->ready = false;
        b->message[0] = '\0';
        CHECK_INT(session_prepare(b->session, false, on_ready, b, &b->wait), 0);
        bench_play_out(b);
        CHECK(b->told);
        return b->ready;
}

static void on_reply(const SessionReply *reply, void *userdata) {
        Bench *b = userdata;

        b->answered = true;
        b->error = reply->error;
        b->unanswered = reply->unanswered;
        b->status = reply->status;
        b->retry_after_sec = reply->retry_after_sec;
        (void) snprintf(b->location, sizeof b->location, "%s",
                        reply->location ? reply->location : "none");
        (void) snprintf(b->body, sizeof b->body, "%.*s", (int) MIN(reply->size, (size_t) 100),
                        reply->body ? (const char *) reply->body : "");
        (void) snprintf(b->message, sizeof b->message, "%s", reply->message ? reply->message : "");
}

void bench_send(Bench *b, const SessionRequest *request, const Answer *script) {
        b->call = session_call_free(b->call);
        b->http.script = script;
        b->http.next = 0;
        b->answered = false;
        CHECK_INT(session_send(b->session, request, on_reply, b, &b->call), 0);
        CHECK(!b->answered); /* never from within the call */
        bench_play_out(b);
        CHECK(b->answered);
}

void bench_order(Bench *b, const Answer *script) {
        _cleanup_(string_list_done) StringList names = {};
        SessionRequest request = {
                .kind = SESSION_NEW_ORDER,
                .owner = b,
                .certificate = "a",
                .names = &names,
        };

        CHECK_INT(string_list_add(&names, "a.example.org"), 0);
        bench_send(b, &request, script);
}

void bench_fetch(Bench *b, const char *url, const Answer *script) {
        SessionRequest request = { .kind = SESSION_POST_AS_GET, .owner = b, .url = url };

        bench_send(b, &request, script);
}

void bench_init_ready(Bench *b, const char *nonce) {
        const Answer script[] = {
                { "GET /dir", .status = 200, .body = DIRECTORY("") },
                { "HEAD /nonce", .status = 204, .nonce = "first" },
                { "POST /new-account first", .status = 201, .location = ACCOUNT, .nonce = nonce },
                {},
        };

        bench_init(b);
        CHECK(bench_prepare(b, script));
}
