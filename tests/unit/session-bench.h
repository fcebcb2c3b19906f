#pragma once

/* A session and, in place of the HTTP client, a script of answers: one for each request, which must be as it says. */

#include "daemon/session-request.h"

#define START   INT64_C(1798761600) /* Fri, 01 Jan 2027 00:00:00 GMT */
#define URN     "urn:ietf:params:acme:error:"
#define HTML    "<html><body>502 Bad Gateway</body></html>"
#define ACCOUNT "https://ca.test/account/7"

#define DIRECTORY(more)                                                                           \
        "{\"newNonce\":\"https://ca.test/nonce\",\"newAccount\":\"https://ca.test/new-account\"," \
        "\"newOrder\":\"https://ca.test/new-order\"" more "}"
#define BAD_NONCE "{\"type\":\"" URN "badNonce\",\"detail\":\"no\"}"

typedef struct Answer {
        const char *request; /* "POST /new-order nonce": what the session must have sent */
        int error;
        long status;
        const char *nonce, *location, *retry_after, *date, *body, *type, *cache_control;
        int64_t delay_sec;
        bool unanswered; /* with an error */
} Answer;

struct Http {
        Loop *loop;
        const Answer *script; /* ends with one without request */
        size_t next;
};

typedef struct Bench {
        Loop *loop;
        Store *store;
        Helper *signer;
        Http http;
        Engine engine;
        CaConfig ca;
        Account *account;
        Session *session;
        SessionWait *wait;
        SessionCall *call;

        bool told, ready;
        ProblemClass class;
        char message[512];

        bool answered;
        int error;
        bool unanswered;
        long status;
        int64_t retry_after_sec;
        char location[128], body[128];
} Bench;

void bench_init(Bench *b);
void bench_done(Bench *b);

/* The whole script is played, in this order. */
void bench_play_out(Bench *b);

/* True: ready. */
bool bench_prepare(Bench *b, const Answer *script);
void bench_send(Bench *b, const SessionRequest *request, const Answer *script);

/* newOrder for one name. */
void bench_order(Bench *b, const Answer *script);
void bench_fetch(Bench *b, const char *url, const Answer *script);

/* Ready, with `nonce` alone in the pool (NULL: none). */
void bench_init_ready(Bench *b, const char *nonce);
