/* c-ares before 1.28. */

#include "daemon/dns-real.h"

#define CLASS_IN 1

static void on_answer(void *arg, int status, int timeouts, unsigned char *wire, int size) {
        DnsSending *s = arg;

        (void) timeouts;
        s->fn(status, wire, size > 0 ? (size_t) size : 0, s->userdata);
}

void dns_send(ares_channel channel, const char *name, int type, DnsSending *s) {
        ares_query(channel, name, CLASS_IN, type, on_answer, s);
}
