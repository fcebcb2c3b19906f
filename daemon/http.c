/* One libcurl multi handle for all CAs, driven by the event loop: libcurl tells which sockets and which time it waits for.
 * The handle lives only while requests run and 20 s after, so that an idle engine holds no connection, no session, no
 * trust store and no resolver thread. */

#include <dirent.h>
#include <malloc.h>
#include <string.h>

#include "base/log.h"
#include "daemon/http-internal.h"

#define IDLE_USEC       (20 * USEC_PER_SEC)
#define CONNECTIONS_MAX 8L /* to one host */
#define TOTAL_MAX       32L
#define KEPT_MAX        8L

/* ---- the end of exchanges ---- */

static void close_multi(Http *h) {
        if (h->multi)
                (void) curl_multi_cleanup(h->multi);
        h->multi = NULL;
        (void) sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
        (void) malloc_trim(0); /* what it returns does not matter */
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        Http *h = userdata;

        (void) source;
        (void) usec;
        if (h->calls == 0)
                close_multi(h);
        return 0;
}

static void begin_idling(Http *h) {
        (void) malloc_trim(0);
        (void) sd_event_source_set_time_relative(h->idle, IDLE_USEC);
        (void) sd_event_source_set_enabled(h->idle, SD_EVENT_ONESHOT);
}

/* The call leaves the multi handle; freeing it is its owner's. */
static void detach(HttpCall *c) {
        Http *h = c->http;

        if (!c->easy)
                return;
        (void) curl_multi_remove_handle(h->multi, c->easy);
        http_call_release(c);
        h->calls--;
        if (h->calls == 0)
                begin_idling(h);
}

/* libcurl does so itself for HTTP/1.1 and refused streams, but not when HTTP/2 says goodbye. */
static bool repeat(HttpCall *c, CURLcode code) {
        if (c->method == HTTP_POST || c->repeated || !http_call_unanswered(c, code))
                return false;
        c->repeated = true;
        c->error[0] = '\0';
        (void) curl_multi_remove_handle(c->http->multi, c->easy);
        return curl_multi_add_handle(c->http->multi, c->easy) == CURLM_OK;
}

static void finish(HttpCall *c, CURLcode code) {
        http_fn fn = c->fn;
        void *userdata = c->userdata;

        if (repeat(c, code))
                return;
        http_call_conclude(c, code);
        HttpReply reply = c->reply;
        c->reply = (HttpReply){};
        detach(c);
        fn(&reply, userdata); /* may free the call */
        http_reply_done(&reply);
}

static void finish_all(Http *h) {
        CURLMsg *message;
        int left;

        while (h->multi && (message = curl_multi_info_read(h->multi, &left))) {
                char *private = NULL;
                CURLcode code = message->data.result;
                if (message->msg != CURLMSG_DONE)
                        continue;
                (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
                finish((HttpCall *) (void *) private, code);
        }
}

/* ---- libcurl's sockets and its one timer ---- */

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Http *h = userdata;
        int action = 0, running;

        (void) source;
        if (events & (EPOLLIN | EPOLLHUP))
                action |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                action |= CURL_CSELECT_OUT;
        if (events & EPOLLERR)
                action |= CURL_CSELECT_ERR;
        (void) curl_multi_socket_action(
                        h->multi, fd, action, &running); /* each transfer has its own error */
        finish_all(h);
        return 0;
}

static uint32_t events_of(int what) {
        switch (what) {
        case CURL_POLL_IN:
                return EPOLLIN;
        case CURL_POLL_OUT:
                return EPOLLOUT;
        case CURL_POLL_INOUT:
                return EPOLLIN | EPOLLOUT;
        default:
                return 0;
        }
}

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *userdata, void *known) {
        Http *h = userdata;
        sd_event_source *source = known;

        (void) easy;
        if (what == CURL_POLL_REMOVE) {
                (void) sd_event_source_disable_unref(source);
                return 0;
        }
        if (source)
                return sd_event_source_set_io_events(source, events_of(what)) < 0 ? -1 : 0;
        if (sd_event_add_io(h->event, &source, fd, events_of(what), on_io, h) < 0)
                return -1;
        if (curl_multi_assign(h->multi, fd, source) != CURLM_OK) {
                (void) sd_event_source_disable_unref(source);
                return -1;
        }
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Http *h = userdata;
        int running;

        (void) source;
        (void) usec;
        (void) curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        finish_all(h);
        return 0;
}

static int on_timer_wish(CURLM *multi, long timeout_ms, void *userdata) {
        Http *h = userdata;

        (void) multi;
        if (timeout_ms < 0)
                return sd_event_source_set_enabled(h->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        if (sd_event_source_set_time_relative(h->timer, (usec_t) timeout_ms * USEC_PER_MSEC) < 0 ||
            sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT) < 0)
                return -1;
        return 0;
}

static int open_multi(Http *h) {
        CURLM *m = curl_multi_init();

        if (!m)
                return -ENOMEM;
        if (curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket_wish) != CURLM_OK ||
            curl_multi_setopt(m, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
            curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer_wish) != CURLM_OK ||
            curl_multi_setopt(m, CURLMOPT_TIMERDATA, h) != CURLM_OK ||
            curl_multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX) != CURLM_OK ||
            curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS, TOTAL_MAX) != CURLM_OK ||
            curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, KEPT_MAX) != CURLM_OK) {
                (void) curl_multi_cleanup(m);
                return -EINVAL;
        }
        h->multi = m;
        return 0;
}

/* ---- public ---- */

/* "4042bcee.0": what c_rehash makes. */
static bool is_hash_name(const char *name) {
        return strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".0") == 0;
}

/* The system's trust store as a directory of hashes: there verifying reads one root instead of all. */
static const char *find_hashed_path(void) {
        const char *path = curl_version_info(CURLVERSION_NOW)->capath;
        const struct dirent *entry;
        DIR *d = path ? opendir(path) : NULL;
        bool found = false;

        if (!d)
                return NULL;
        while (!found && (entry = readdir(d)))
                found = is_hash_name(entry->d_name);
        (void) closedir(d);
        return found ? path : NULL;
}

static int add_timers(Http *h) {
        int r;

        r = sd_event_add_time(h->event, &h->timer, CLOCK_MONOTONIC, USEC_INFINITY, 1, on_timer, h);
        if (r >= 0)
                r = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(
                                h->event, &h->idle, CLOCK_MONOTONIC, USEC_INFINITY, IDLE_USEC / 4,
                                on_idle, h);
        return r < 0 ? r : sd_event_source_set_enabled(h->idle, SD_EVENT_OFF);
}

int http_new(Loop *loop, Http **ret) {
        _cleanup_(http_freep) Http *h = NULL;
        int r;

        h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
                free(TAKE_PTR(h));
                return -EIO;
        }
        h->event = sd_event_ref(loop_event(loop));
        h->hashed_path = find_hashed_path();
        r = add_timers(h);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

Http *http_free(Http *h) {
        if (!h)
                return NULL;
        assert(h->calls == 0); /* calls end before the one they were started on */
        if (h->multi)
                (void) curl_multi_cleanup(h->multi);
        (void) sd_event_source_disable_unref(h->timer);
        (void) sd_event_source_disable_unref(h->idle);
        (void) sd_event_unref(h->event);
        curl_global_cleanup();
        free(h);
        return NULL;
}

int http_start(Http *h, const HttpRequest *request, http_fn fn, void *userdata, HttpCall **ret) {
        _cleanup_(http_call_freep) HttpCall *c = NULL;
        int r;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (HttpCall){ .http = h, .fn = fn, .userdata = userdata };
        r = h->multi ? 0 : open_multi(h);
        if (r >= 0)
                r = http_call_prepare(c, request);
        if (r < 0)
                http_call_release(c);
        if (r < 0)
                return r;
        if (curl_multi_add_handle(h->multi, c->easy) != CURLM_OK) {
                http_call_release(c);
                return -ENOMEM;
        }
        h->calls++;
        (void) sd_event_source_set_enabled(h->idle, SD_EVENT_OFF);
        *ret = TAKE_PTR(c);
        return 0;
}

HttpCall *http_call_free(HttpCall *c) {
        if (!c)
                return NULL;
        detach(c);
        http_reply_done(&c->reply);
        free(c);
        return NULL;
}
