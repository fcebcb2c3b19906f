#pragma once

/* A server for http-01: one request of each connection, no keep-alive (R2.5.1). What is answered its owner decides. */

#include "daemon/http-request.h"
#include "daemon/stranger-server.h"

typedef struct HttpAnswer {
        unsigned status;      /* 200, 301, 404 … */
        const char *location; /* path for 301 to https://HOST/PATH; borrowed */
        const char *body;     /* text; borrowed; NULL: none */
} HttpAnswer;

typedef void (*http_server_fn)(const RequestParser *request, HttpAnswer *ret, void *userdata);

typedef struct HttpServer HttpServer;

/* `deadline`: for the whole request, and again for the answer. */
int http_server_new(
                Loop *loop, usec_t deadline, http_server_fn fn, void *userdata, HttpServer **ret);
HttpServer *http_server_free(HttpServer *s);
DEFINE_CLEANUP(HttpServer *, http_server_free)

/* Where it listens, and how many connections it has. Borrowed. */
StrangerServer *http_server_strangers(HttpServer *s);
