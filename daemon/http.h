#pragma once

/* Seam: requests to a CA, and the one to our own names that shows what a CA would see there. Real: libcurl multi on the event loop (http.c), with the limits of A-01 … A-20 and Appendix E:
 * https only, TLS 1.2+, verified against the CA's bundle or the system's store, no redirect of a POST, 1 MiB body, 64 KiB
 * headers, no private addresses unless the CA is private. */

#include "base/bytes.h"
#include "base/strings.h"
#include "config/config.h"

typedef struct Http Http;
typedef struct HttpCall HttpCall;

typedef enum HttpMethod { HTTP_GET, HTTP_HEAD, HTTP_POST } HttpMethod;

typedef struct HttpRequest {
        HttpMethod method;
        const char *url;
        const char *accept; /* NULL: none */
        const void *body;   /* POST: application/jose+json; copied */
        size_t size;
        const CaConfig *ca; /* trust, address rule; borrowed until the reply */
        bool site; /* a GET of a page as a validator makes it (K-07): http, redirects to https are followed without
                    * looking at certificates, any address, a small body; no other member but url and timeout counts */
        unsigned timeout_sec; /* whole exchange; 0: 120 */
} HttpRequest;

typedef struct HttpReply {
        int error; /* 0, or negative: no complete answer (DNS, connect, TLS, timeout, too large) */
        char *error_text; /* escaped words for a person; NULL if no error */
        bool unanswered; /* an error: the connection, which had been kept open, or the stream ended before an octet of an
                           * answer; the request may have been carried out */
        long status;
        Bytes body;
        char *location, *replay_nonce, *retry_after, *date, *content_type,
                        *cache_control; /* raw, ≤ 2 KiB each; NULL if absent */
        StringList links;               /* each Link field value */
} HttpReply;

void http_reply_done(HttpReply *r);

typedef void (*http_fn)(const HttpReply *reply, void *userdata);

/* Starts; `fn` is called once from the loop. What a dead connection left unanswered is asked once more, unless it was a
 * POST: that needs another nonce, so it is the caller's. Freeing the call cancels it. The call is freed by its owner also after `fn`. */
int http_start(Http *h, const HttpRequest *request, http_fn fn, void *userdata, HttpCall **ret);
HttpCall *http_call_free(HttpCall *c);
DEFINE_CLEANUP(HttpCall *, http_call_free)
