#pragma once

/* The PROXY protocol's header, versions 1 and 2, which a proxy may put before what it passes on. Who the client is matters
 * to nobody here: the header is read and forgotten. Only a local peer may send one. */

#include "base/base.h"

typedef struct ProxyHeader {
        uint8_t state; /* zeros are the beginning */
        uint8_t size;
        uint16_t rest;
        uint8_t octets[16];
} ProxyHeader;

/* Takes the header off the socket, and not an octet more. 0: it is off, or there is none. -EAGAIN: more is to come;
 * -EBADMSG, -ECONNRESET: the end. */
int proxy_header_read(ProxyHeader *h, int fd);
