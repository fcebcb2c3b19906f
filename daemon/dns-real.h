#pragma once

/* The real DNS seam: c-ares, whose sockets and clock are the event loop's. */

#include <ares.h>

#include "daemon/dns.h"
#include "daemon/loop-real.h"

int dns_new(Loop *loop, Dns **ret);
Dns *dns_free(Dns *d);
DEFINE_CLEANUP(Dns *, dns_free)

/* ---- inside: dns.c, dns-send*.c, dns-parse.c ---- */

/* The answer as it came, NULL when none did; `status` is c-ares' word for it. */
typedef void (*dns_wire_fn)(int status, const unsigned char *wire, size_t size, void *userdata);

typedef struct DnsSending {
        dns_wire_fn fn;
        void *userdata;
} DnsSending;

/* Sends the question; `s` must live until it is answered or the channel is destroyed. Two implementations, as c-ares
 * renamed its functions: dns-send.c for 1.28 and later, dns-send-old.c before. */
void dns_send(ares_channel channel, const char *name, int type, DnsSending *s);

/* Reads a message. -EBADMSG. */
int dns_parse(const unsigned char *wire, size_t size, DnsAnswer *ret);
void dns_answer_done(DnsAnswer *a);
int dns_type_number(DnsType t); /* as on the wire */
