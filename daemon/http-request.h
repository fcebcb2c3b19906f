#pragma once

/* The head of a request from a stranger, read octet by octet into fixed memory. Tiny grammar: GET or HEAD, one space, a
 * path, one space, HTTP/1.0 or 1.1, header lines ended by CR LF (R2.5.2). Pure. */

#include "base/base.h"

#define REQUEST_HEAD_MAX ((size_t) 8192)
#define REQUEST_PATH_MAX ((size_t) 512)
#define REQUEST_HOST_MAX ((size_t) 264) /* 253, brackets, ":65535" and some air */

typedef enum RequestResult {
        REQUEST_MORE, /* octets are missing */
        REQUEST_DONE, /* the head is whole and good */
        REQUEST_BAD,  /* 400 */
} RequestResult;

typedef enum RequestMethod { REQUEST_GET, REQUEST_HEAD, REQUEST_OTHER } RequestMethod;

typedef struct RequestParser {
        uint8_t state;
        uint8_t minor; /* of the version */
        uint8_t field; /* header that is being read */
        RequestMethod method;
        uint16_t size;   /* octets of the head so far */
        uint16_t length; /* of what is being read */
        uint16_t path_size;
        bool has_host, has_body, path_cut;
        char token[20];                  /* method or header name, as far as it is of interest */
        char path[REQUEST_PATH_MAX + 1]; /* with its query; "" when too long to be ours */
        char host[REQUEST_HOST_MAX + 1]; /* raw until done, then the bare lower-case host */
} RequestParser;

void request_init(RequestParser *p);

/* Feeds octets; not to be called again after another answer than REQUEST_MORE. What follows the head is not read. */
RequestResult request_feed(RequestParser *p, const void *data, size_t size);

/* Reduces a Host field in place: lower case, without port, brackets and final dot. False if it is none. */
bool request_host_reduce(char *host);
