#pragma once

/* dns/NAME.conf: a provider of DNS records. */

#include "base/strings.h"

/* Whose contract a program that writes DNS records was made for. */
typedef enum DnsStyle {
        DNS_STYLE_NATIVE,
        DNS_STYLE_CERTBOT,
        DNS_STYLE_DEHYDRATED,
        DNS_STYLE_DEHYDRATED_CHAIN,
        DNS_STYLE_LEGO,
        DNS_STYLE_LEGO_RAW,
        DNS_STYLE_UACME,
        DNS_STYLE_ACMETOOL,
        DNS_STYLE_MOD_MD,
        DNS_STYLE_ACME_SH,
        DNS_STYLE_MAX,
        DNS_STYLE_INVALID = -EINVAL,
} DnsStyle;
const char *dns_style_to_string(DnsStyle s);
DnsStyle dns_style_from_string(const char *text);

/* A DNS provider: the program that writes records, and how it is seen that they are served. */
typedef struct DnsConfig {
        char *name;         /* file name without .conf */
        StringList program; /* argv; for acme.sh the file of its dnsapi */
        StringList cleanup; /* argv of the program that takes records away; empty: the same one */
        DnsStyle style;
        StringList credentials;  /* files of CONFIG/credentials handed to the program */
        StringList environment;  /* "KEY=value" for the program */
        int64_t timeout_sec;     /* of each run of the program */
        int64_t propagation_sec; /* how long the servers are looked at; 0: not at all */
        bool post_unseen;   /* the challenge is posted though not all servers serve the value */
        StringList servers; /* asked instead of the zone's own; ADDRESS or ADDRESS:PORT */
        char *resolver;     /* asked for zones and aliases; NULL: the system's */
} DnsConfig;
