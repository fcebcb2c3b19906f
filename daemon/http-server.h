#pragma once

/* A server for strangers: a fixed table of slots, one request each, hard deadlines, no keep-alive (R2.5.1). What is
 * answered its owner decides. */

#include "daemon/http-request.h"
#include "daemon/loop-real.h"

#define HTTP_SERVER_SLOTS       512
#define HTTP_SERVER_ADDRESS_MAX 64 /* slots of one peer's address, or /64 */

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

/* Serves this listening socket too; takes the descriptor, also on error. `name`: where it listens, for messages and for
 * http_server_unlisten(). */
int http_server_listen(HttpServer *s, int fd, const char *name);
void http_server_unlisten(HttpServer *s, const char *name);
bool http_server_listens(const HttpServer *s, const char *name); /* NULL: anywhere? */

size_t http_server_busy(const HttpServer *s);
