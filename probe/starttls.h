#pragma once

/* The plain text before TLS: what is sent to make the service begin with it, and what it may answer. Pure: octets in,
 * octets out. Every line and the whole dialogue have a limit, and not one octet is taken behind the go-ahead: what
 * somebody slips in there would later count as said under TLS (CVE-2011-0411 and its kin). */

#include "base/bytes.h"
#include "base/probe-protocol.h"

#define STARTTLS_LINE_MAX     ((size_t) 4096)
#define STARTTLS_DIALOGUE_MAX ((size_t) 64 * 1024)

typedef struct Starttls {
        ProbeProtocol protocol;
        size_t step;
        Bytes in;        /* what came and was not used yet */
        Bytes out;       /* to be sent before anything else */
        size_t received; /* in all */
        bool continued;  /* within a reply of several lines */
        bool offered;    /* it was said that TLS can be had */
        bool agreed;     /* the go-ahead came */
        char *failure;   /* owns; after -EPROTO, not escaped */
} Starttls;

/* `server_name` may be NULL; only XMPP tells it. Afterwards there may be something in `out`. */
int starttls_init(Starttls *s, ProbeProtocol protocol, const char *server_name);
void starttls_done(Starttls *s);

/* What the service sent. 1: as soon as `out` is sent TLS begins; 0: send `out`, wait for more; -EPROTO: no TLS, `failure`
 * says why; -ENOMEM. */
int starttls_feed(Starttls *s, const void *data, size_t size);

/* The same on a socket: 1: TLS begins; 0: wait for *ret_events; -EPROTO; another negative errno is our own fault. */
int starttls_step(Starttls *s, int fd, int *ret_events);
