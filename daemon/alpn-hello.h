#pragma once

/* What a ClientHello must say to be a CA's validation (M-01, M-02, M-06): the contents of its two extensions. Pure. */

#include "base/base.h"

#define ALPN_SERVER_NAME_MAX ((size_t) 255)

/* The list of protocols is acme-tls/1 and nothing else. */
bool alpn_hello_is_validation(const uint8_t *extension, size_t size);

/* The one host name of server_name: lower case, without final dot. False if it is none of ours in form. */
bool alpn_hello_server_name(
                const uint8_t *extension, size_t size, char ret[ALPN_SERVER_NAME_MAX + 1]);
