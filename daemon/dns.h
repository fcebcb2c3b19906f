#pragma once

/* Seam: questions to name servers. Real: dns.c, c-ares on the event loop. Fake: tests/fake/dns.c. */

#include "base/base.h"

typedef struct Dns Dns;
typedef struct DnsQuery DnsQuery;

typedef enum DnsType {
        DNS_A,
        DNS_AAAA,
        DNS_NS,
        DNS_CNAME,
        DNS_SOA,
        DNS_TXT,
        DNS_CAA,
        DNS_TYPE_MAX
} DnsType;
const char *dns_type_to_string(DnsType t); /* "TXT" */

#define DNS_RECORDS_MAX ((size_t) 256) /* of an answer; more are not looked at (R2.13.2) */

typedef struct DnsRecord {
        DnsType type;
        char *owner; /* lower case, without the final dot */
        char *text; /* address, name (lower case), text with its strings joined, or value of a CAA; not escaped */
        char *tag;     /* CAA: lower case; else NULL */
        uint8_t flags; /* CAA */
} DnsRecord;

typedef struct DnsAnswer {
        int error; /* 0: there was an answer, perhaps without records. -ETIMEDOUT; -ECONNREFUSED: nobody there;
                    * -EREMOTEIO: the server refused or failed; -EBADMSG; … */
        const char *message; /* with an error: for a person */
        bool missing;        /* NXDOMAIN: there is no such name */
        DnsRecord *records;  /* of the answer section: also the aliases on the way */
        size_t count;
} DnsAnswer;

typedef struct DnsQuestion {
        const char *name; /* with or without the final dot */
        DnsType type;
        const char *server; /* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; NULL: the system's resolvers */
        bool recurse;       /* a resolver is asked; else the server for what itself knows */
} DnsQuestion;

typedef void (*dns_fn)(const DnsAnswer *answer, void *userdata);

/* `fn` is called once, from the loop, within some seconds; freeing the query cancels it. */
int dns_ask(Dns *d, const DnsQuestion *question, dns_fn fn, void *userdata, DnsQuery **ret);
DnsQuery *dns_query_free(DnsQuery *q);
DEFINE_CLEANUP(DnsQuery *, dns_query_free)

/* The end of the aliases from `name` in the answer; `name` itself where there is none. Borrowed; NULL: a loop. */
const char *dns_answer_follow(const DnsAnswer *a, const char *name);
