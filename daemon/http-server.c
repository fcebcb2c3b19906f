/* What is said over one connection: a request, as far as http-request.c reads it, and one answer. */

#include "daemon/http-server.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define OUTPUT_MAX 1280

struct HttpServer {
        StrangerServer *strangers; /* owns */
        http_server_fn fn;
        void *userdata;
};

typedef struct Exchange {
        bool answering;
        uint16_t output_size, output_sent;
        union {
                RequestParser request; /* zeros are its beginning */
                char output[OUTPUT_MAX];
        };
} Exchange;

/* ---- answers ---- */

static const char *reason_of(unsigned status) {
        switch (status) {
        case 200:
                return "OK";
        case 301:
                return "Moved Permanently";
        case 404:
                return "Not Found";
        case 405:
                return "Method Not Allowed";
        default:
                return "Bad Request";
        }
}

/* The request shares its memory with the answer: whatever is needed of it is copied first. */
static void write_answer(Exchange *x, const HttpAnswer *answer) {
        char host[REQUEST_HOST_MAX + 1] = "", path[REQUEST_PATH_MAX + 1] = "";
        bool head = x->request.method == REQUEST_HEAD, redirect = answer->status == 301;
        bool literal = redirect && strchr(x->request.host, ':');
        const char *body = answer->body ? answer->body : "";

        if (redirect) {
                (void) snprintf(host, sizeof(host), "%s", x->request.host);
                (void) snprintf(path, sizeof(path), "%s", answer->location);
        }
        int n =
                        snprintf(x->output, sizeof(x->output),
                                 "HTTP/1.1 %u %s\r\n"
                                 "%s%s%s%s%s%s"
                                 "%s"
                                 "Content-Type: application/octet-stream\r\n"
                                 "Content-Length: %zu\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "X-Content-Type-Options: nosniff\r\n"
                                 "Connection: close\r\n\r\n%s",
                                 answer->status, reason_of(answer->status),
                                 redirect ? "Location: https://" : "", literal ? "[" : "", host,
                                 literal ? "]" : "", path, redirect ? "\r\n" : "",
                                 answer->status == 405 ? "Allow: GET, HEAD\r\n" : "", strlen(body),
                                 head ? "" : body);
        x->output_sent = 0;
        x->output_size = n > 0 && (size_t) n < sizeof(x->output) ? (uint16_t) n : 0;
}

static StrangerWant send_output(Exchange *x, int fd) {
        while (x->output_sent < x->output_size) {
                ssize_t n =
                                send(fd, x->output + x->output_sent,
                                     (size_t) (x->output_size - x->output_sent),
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? STRANGER_WRITE : STRANGER_END;
                x->output_sent = (uint16_t) (x->output_sent + n);
        }
        return STRANGER_END;
}

static StrangerWant answer_request(HttpServer *s, Exchange *x, int fd, RequestResult result) {
        HttpAnswer answer = { .status = 400 };

        if (result == REQUEST_DONE && x->request.method == REQUEST_OTHER)
                answer.status = 405;
        else if (result == REQUEST_DONE)
                s->fn(&x->request, &answer, s->userdata);
        write_answer(x, &answer);
        x->answering = true;
        return send_output(x, fd);
}

/* ---- protocol ---- */

static StrangerWant step(void *state, int fd, bool local, bool *engaged, void *userdata) {
        Exchange *x = state;
        char chunk[1024];

        (void) local;
        if (x->answering)
                return send_output(x, fd);
        ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return STRANGER_READ;
        if (n <= 0)
                return STRANGER_END;
        RequestResult result = request_feed(&x->request, chunk, (size_t) n);
        if (result == REQUEST_MORE)
                return STRANGER_READ;
        *engaged = true;
        return answer_request(userdata, x, fd, result);
}

/* ---- public ---- */

int http_server_new(
                Loop *loop, usec_t deadline, http_server_fn fn, void *userdata, HttpServer **ret) {
        static const StrangerProtocol protocol = { .size = sizeof(Exchange), .step = step };
        _cleanup_(http_server_freep) HttpServer *s = NULL;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (HttpServer){ .fn = fn, .userdata = userdata };
        r = stranger_server_new(loop, deadline, &protocol, s, &s->strangers);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

HttpServer *http_server_free(HttpServer *s) {
        if (!s)
                return NULL;
        stranger_server_free(s->strangers);
        free(s);
        return NULL;
}

StrangerServer *http_server_strangers(HttpServer *s) {
        return s->strangers;
}
