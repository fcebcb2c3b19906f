#include "tests/fake/http.h"

#include <string.h>

#define CAS_MAX 4

struct Http {
        Loop *loop;
        FakeCa *cas[CAS_MAX];
        size_t ca_count;
        unsigned in_flight, most;
        fake_site_fn site;
        void *site_userdata;
};

struct HttpCall {
        Http *http;
        HttpReply reply;
        Timer *timer;
        bool site;
        http_fn fn;
        void *userdata;
};

Http *fake_http_new(Loop *loop) {
        Http *h = calloc(1, sizeof *h);

        if (h)
                h->loop = loop;
        return h;
}

Http *fake_http_free(Http *h) {
        free(h);
        return NULL;
}

int fake_http_add(Http *h, FakeCa *ca) {
        if (h->ca_count == CAS_MAX)
                return -ENOSPC;
        h->cas[h->ca_count++] = ca;
        return 0;
}

void fake_http_set_site(Http *h, fake_site_fn fn, void *userdata) {
        h->site = fn;
        h->site_userdata = userdata;
}

unsigned fake_http_in_flight(const Http *h) {
        return h->in_flight;
}

unsigned fake_http_most_in_flight(const Http *h) {
        return h->most;
}

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

static int handle(Http *h, const HttpRequest *q, HttpReply *ret) {
        if (q->site)
                return h->site ? h->site(q->url, ret, h->site_userdata) : -ECONNREFUSED;
        for (size_t i = 0; i < h->ca_count; i++) {
                const char *rest = str_skip_prefix(q->url, "https://");
                const char *host = fake_ca_host(h->cas[i]);
                size_t n = strlen(host);

                if (rest && strncmp(rest, host, n) == 0 && rest[n] == '/')
                        return fake_ca_handle(h->cas[i], q->method, q->url, q->body, q->size, ret);
        }
        return -EHOSTUNREACH;
}

static void on_timer(void *userdata) {
        HttpCall *c = userdata;

        c->timer = timer_free(c->timer);
        c->http->in_flight -= !c->site;
        c->fn(&c->reply, c->userdata);
}

int http_start(Http *h, const HttpRequest *request, http_fn fn, void *userdata, HttpCall **ret) {
        HttpCall *c = calloc(1, sizeof *c);
        usec_t delay = (20 + fake_random(h->loop) % 300) * USEC_PER_MSEC;

        if (!c)
                return -ENOMEM;
        *c = (HttpCall){ .http = h, .fn = fn, .userdata = userdata };
        if (fake_loop_effect(h->loop) != EFFECT_COMES_TOO_LATE)
                c->reply.error = handle(h, request, &c->reply);
        if (c->reply.error < 0) {
                int error = c->reply.error;

                http_reply_done(&c->reply);
                c->reply.error = error;
                c->reply.error_text = strdup("connection failed");
                delay += 5 * USEC_PER_SEC;
        }
        c->site = request->site;
        h->in_flight += !c->site;
        h->most = MAX(h->most, h->in_flight);
        (void) loop_timer_after(h->loop, delay, on_timer, c, &c->timer);
        *ret = c;
        return 0;
}

HttpCall *http_call_free(HttpCall *c) {
        if (!c)
                return NULL;
        if (c->timer)
                c->http->in_flight -= !c->site;
        (void) timer_free(c->timer);
        http_reply_done(&c->reply);
        free(c);
        return NULL;
}
