/* What is asked of an answer, whoever made it. */

#include "base/strings.h"
#include "daemon/dns.h"

#define ALIASES_MAX 16

static const char *const TYPE_NAMES[DNS_TYPE_MAX] = {
        [DNS_A] = "A",     [DNS_AAAA] = "AAAA", [DNS_NS] = "NS",   [DNS_CNAME] = "CNAME",
        [DNS_SOA] = "SOA", [DNS_TXT] = "TXT",   [DNS_CAA] = "CAA",
};

const char *dns_type_to_string(DnsType t) {
        return (unsigned) t < DNS_TYPE_MAX ? TYPE_NAMES[t] : "?";
}

static const char *alias_of(const DnsAnswer *a, const char *name) {
        for (size_t i = 0; i < a->count; i++)
                if (a->records[i].type == DNS_CNAME &&
                    str_equal_ignore_case(a->records[i].owner, name))
                        return a->records[i].text;
        return NULL;
}

const char *dns_answer_follow(const DnsAnswer *a, const char *name) {
        for (int i = 0; i < ALIASES_MAX; i++) {
                const char *next = alias_of(a, name);

                if (!next)
                        return name;
                name = next;
        }
        return NULL;
}
