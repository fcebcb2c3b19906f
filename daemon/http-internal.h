#pragma once

/* What http.c (the multi handle) and http-call.c (one exchange) share. */

#include <curl/curl.h>

#include "daemon/http-real.h"

#define HTTP_BODY_MAX           ((size_t) 1024 * 1024)
#define HTTP_HEADERS_MAX        ((size_t) 64 * 1024)
#define HTTP_HEADER_VALUE_MAX   ((size_t) 2048)
#define HTTP_LINKS_MAX          32
#define HTTP_URL_MAX            ((size_t) 2048)
#define HTTP_REDIRECTS_MAX      3L
#define HTTP_SITE_BODY_MAX      ((size_t) 64 * 1024)
#define HTTP_SITE_REDIRECTS_MAX 10L
#define HTTP_SITE_CONNECT_SEC   10L
#define HTTP_CONNECT_SEC        30L
#define HTTP_STALL_SEC          30L
#define HTTP_STALL_RATE         10L /* octets per second */
#define HTTP_TIMEOUT_SEC        120

struct Http {
        sd_event *event;        /* owns */
        CURLM *multi;           /* owns; NULL while idle */
        sd_event_source *timer; /* owns; curl's */
        sd_event_source *idle;  /* owns; closes what is kept open */
        unsigned calls;         /* under way */
        const char *hashed_path; /* borrowed from curl; the system's trust store as a directory, or NULL */
};

struct HttpCall {
        Http *http;                 /* borrows */
        CURL *easy;                 /* owns; NULL once ended */
        struct curl_slist *headers; /* owns */
        void *body;                 /* owns */
        http_fn fn;
        void *userdata;
        HttpMethod method;
        bool repeated; /* once */
        bool site;
        bool allow_private;
        bool refused_address; /* an address was refused: says more than "could not connect" */
        bool in_body;         /* what follows as header are trailers */
        size_t header_size;   /* of all header blocks so far */
        const char *refusal;  /* why we ended the exchange ourselves */
        HttpReply reply;
        char error[CURL_ERROR_SIZE];
};

/* Makes the easy handle with all limits. */
int http_call_prepare(HttpCall *c, const HttpRequest *request);

/* The exchange ended: fills what the reply lacks. */
void http_call_conclude(HttpCall *c, CURLcode code);

/* Nobody answered, on a connection that may only have been too old? */
bool http_call_unanswered(const HttpCall *c, CURLcode code);

/* Frees the easy handle and what it used; the reply stays. */
void http_call_release(HttpCall *c);
