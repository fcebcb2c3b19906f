#pragma once

/* The table of connections that stranger-server.c accepted. Inside that file only. */

#include "daemon/stranger-server.h"

typedef struct StrangerSlots StrangerSlots;

int stranger_slots_new(
                sd_event *event,
                usec_t deadline,
                const StrangerProtocol *protocol,
                void *userdata,
                StrangerSlots **ret);
StrangerSlots *stranger_slots_free(StrangerSlots *s);
DEFINE_CLEANUP(StrangerSlots *, stranger_slots_free)

/* Takes the descriptor, also on error; makes room by dropping another connection when needed. `peer`: IPv4 address or IPv6
 * /64; 0: local, without a share. */
int stranger_slots_add(StrangerSlots *s, int fd, uint64_t peer);

void stranger_slots_drop_oldest(StrangerSlots *s);
size_t stranger_slots_busy(const StrangerSlots *s);
