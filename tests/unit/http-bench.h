#pragma once

/* A TLS server in a child that answers by path, and a client of it. */

#include "config/ca-config.h"
#include "daemon/http.h"
#include "daemon/loop.h"

typedef struct Fixture {
        Loop *loop;
        Http *http;
        CaConfig ca;
        char bundle[512];
        unsigned port;
        pid_t server;
        bool done;
        HttpReply reply; /* the parts that the cases look at, copied */
        char *body, *nonce, *location, *retry_after, *type, *date, *error_text;
        size_t links;
} Fixture;

void fixture_init(Fixture *f);
void fixture_done(Fixture *f);

/* Keeps what came in the fixture. */
void fixture_on_reply(const HttpReply *reply, void *userdata);

/* One request for `path`, to its end. */
void fixture_exchange(Fixture *f, HttpMethod method, const char *path, unsigned timeout_sec);

/* Likewise; it fails with `error` and a text. */
void fixture_check_refused(Fixture *f, HttpMethod method, const char *path, int error);
