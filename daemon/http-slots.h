#pragma once

/* The table of connections that http-server.c accepted. Inside that file only. */

#include "daemon/http-server.h"

typedef struct HttpSlots HttpSlots;

int http_slots_new(
                sd_event *event,
                usec_t deadline,
                http_server_fn fn,
                void *userdata,
                HttpSlots **ret);
HttpSlots *http_slots_free(HttpSlots *s);
DEFINE_CLEANUP(HttpSlots *, http_slots_free)

/* Takes the descriptor, also on error; makes room by dropping another connection when needed. `peer`: IPv4 address or IPv6
 * /64; 0: local, without a share. */
int http_slots_add(HttpSlots *s, int fd, uint64_t peer);

void http_slots_drop_oldest(HttpSlots *s);
size_t http_slots_busy(const HttpSlots *s);
