/* c-ares 1.28 and later: answers come as objects, and are turned back into what came on the wire, so that one
 * parser reads them all. */

#include "daemon/dns-real.h"

static void on_answer(
                void *arg, ares_status_t status, size_t timeouts, const ares_dns_record_t *record) {
        unsigned char *wire = NULL;
        DnsSending *s = arg;
        size_t size = 0;

        (void) timeouts;
        if (record && ares_dns_write(record, &wire, &size) != ARES_SUCCESS)
                size = 0;
        s->fn((int) status, wire, size, s->userdata);
        ares_free_string(wire);
}

void dns_send(ares_channel channel, const char *name, int type, DnsSending *s) {
        ares_status_t status = ares_query_dnsrec(
                        channel, name, ARES_CLASS_IN, (ares_dns_rec_type_t) type, on_answer, s,
                        NULL);

        (void) status; /* also told to the callback */
}
