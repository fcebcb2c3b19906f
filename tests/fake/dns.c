#include "tests/fake/dns.h"

#include <string.h>

#include "base/strings.h"

#define ITEMS_MAX  64
#define QUICK_USEC (20 * USEC_PER_MSEC)
#define SILENT_SEC 5

typedef struct Item {
        char *server, *name, *text;
        char *tag; /* CAA */
        DnsType type;
        usec_t from;
} Item;

typedef struct Fault {
        char *server;
        int error;
} Fault;

struct Dns {
        Loop *loop;
        Item items[ITEMS_MAX];
        size_t count;
        Fault faults[8];
        size_t fault_count;
        struct {
                char *server;
                unsigned count;
        } asked[32];
        size_t asked_count;
};

struct DnsQuery {
        Dns *dns;
        char *name, *server;
        DnsType type;
        bool recurse;
        Timer *timer;
        dns_fn fn;
        void *userdata;
};

Dns *fake_dns_new(Loop *loop) {
        Dns *d = calloc(1, sizeof *d);

        if (d)
                d->loop = loop;
        return d;
}

void fake_dns_clear(Dns *d) {
        for (size_t i = 0; i < d->count; i++) {
                free(d->items[i].server);
                free(d->items[i].name);
                free(d->items[i].text);
                free(d->items[i].tag);
        }
        d->count = 0;
}

Dns *fake_dns_free(Dns *d) {
        if (!d)
                return NULL;
        fake_dns_clear(d);
        for (size_t i = 0; i < d->fault_count; i++)
                free(d->faults[i].server);
        for (size_t i = 0; i < d->asked_count; i++)
                free(d->asked[i].server);
        free(d);
        return NULL;
}

void fake_dns_add(
                Dns *d,
                const char *server,
                const char *name,
                DnsType type,
                const char *text,
                int64_t after_sec) {
        const char *value = type == DNS_CAA ? strchr(text, ' ') : NULL;

        assert(d->count < ITEMS_MAX);
        d->items[d->count++] = (Item){
                .server = server ? strdup(server) : NULL,
                .name = strdup(name),
                .text = strdup(value ? value + 1 : text),
                .tag = value ? strndup(text, (size_t) (value - text)) : NULL,
                .type = type,
                .from = loop_boot_usec(d->loop) + (usec_t) after_sec * USEC_PER_SEC,
        };
}

void fake_dns_fail(Dns *d, const char *server, int error) {
        for (size_t i = 0; i < d->fault_count; i++)
                if (str_equal(d->faults[i].server, server)) {
                        d->faults[i].error = error;
                        return;
                }
        assert(d->fault_count < ELEMENTSOF(d->faults));
        d->faults[d->fault_count++] = (Fault){ server ? strdup(server) : NULL, error };
}

unsigned fake_dns_asked(const Dns *d, const char *server) {
        for (size_t i = 0; i < d->asked_count; i++)
                if (str_equal(d->asked[i].server, server))
                        return d->asked[i].count;
        return 0;
}

static void count_question(Dns *d, const char *server) {
        for (size_t i = 0; i < d->asked_count; i++)
                if (str_equal(d->asked[i].server, server)) {
                        d->asked[i].count++;
                        return;
                }
        assert(d->asked_count < ELEMENTSOF(d->asked));
        d->asked[d->asked_count].server = server ? strdup(server) : NULL;
        d->asked[d->asked_count++].count = 1;
}

static int fault_of(const Dns *d, const char *server) {
        for (size_t i = 0; i < d->fault_count; i++)
                if (!d->faults[i].server || str_equal(d->faults[i].server, server))
                        return d->faults[i].error;
        return 0;
}

static bool fits(const DnsQuery *q, const Item *item, const char *name, DnsType type) {
        return item->type == type && str_equal(item->name, name) &&
               item->from <= loop_boot_usec(q->dns->loop) &&
               (!item->server || str_equal(item->server, q->server));
}

static void look_up(const DnsQuery *q, DnsAnswer *a) {
        const char *name = q->name, *next = name;

        while (next) {
                name = next;
                next = NULL;
                for (size_t i = 0; i < q->dns->count; i++) {
                        const Item *item = &q->dns->items[i];
                        bool alias = q->recurse && fits(q, item, name, DNS_CNAME);

                        if (!alias && !fits(q, item, name, q->type))
                                continue;
                        a->records[a->count++] = (DnsRecord){
                                .type = item->type,
                                .owner = item->name,
                                .text = item->text,
                                .tag = item->tag,
                        };
                        if (alias && a->count < 10)
                                next = item->text;
                }
        }
        a->missing = a->count == 0;
}

static void on_timer(void *userdata) {
        DnsRecord records[ITEMS_MAX];
        DnsAnswer a = { .records = records };
        DnsQuery *q = userdata;

        a.error = fault_of(q->dns, q->server);
        if (a.error < 0)
                a.message = "it failed";
        else
                look_up(q, &a);
        q->fn(&a, q->userdata);
}

int dns_ask(Dns *d, const DnsQuestion *question, dns_fn fn, void *userdata, DnsQuery **ret) {
        DnsQuery *q = calloc(1, sizeof *q);
        bool silent = fault_of(d, question->server) == -ETIMEDOUT;

        if (!q)
                return -ENOMEM;
        *q = (DnsQuery){
                .dns = d,
                .name = strdup(question->name),
                .server = question->server ? strdup(question->server) : NULL,
                .type = question->type,
                .recurse = question->recurse,
                .fn = fn,
                .userdata = userdata,
        };
        count_question(d, question->server);
        *ret = q;
        return loop_timer_after(
                        d->loop, silent ? SILENT_SEC * USEC_PER_SEC : QUICK_USEC, on_timer, q,
                        &q->timer);
}

DnsQuery *dns_query_free(DnsQuery *q) {
        if (!q)
                return NULL;
        (void) timer_free(q->timer);
        free(q->name);
        free(q->server);
        free(q);
        return NULL;
}
