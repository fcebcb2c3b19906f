/* A DNS message into plain values, by the parser of libresolv: names and lengths are checked there, the contents of
 * records here. */

#include <arpa/nameser.h>

/* It brings sys/param.h along, and those are ours. */
#undef MIN
#undef MAX

#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "daemon/dns-real.h"

#define TYPE_CAA    257
#define TEXT_MAX    ((size_t) 4096)
#define CAA_TAG_MAX ((size_t) 15)

static const int numbers[DNS_TYPE_MAX] = {
        [DNS_A] = ns_t_a,         [DNS_AAAA] = ns_t_aaaa, [DNS_NS] = ns_t_ns,
        [DNS_CNAME] = ns_t_cname, [DNS_SOA] = ns_t_soa,   [DNS_TXT] = ns_t_txt,
        [DNS_CAA] = TYPE_CAA,
};

int dns_type_number(DnsType t) {
        return numbers[t];
}

static void record_done(DnsRecord *r) {
        free(r->owner);
        free(r->text);
        free(r->tag);
        *r = (DnsRecord){};
}

void dns_answer_done(DnsAnswer *a) {
        for (size_t i = 0; i < a->count; i++)
                record_done(&a->records[i]);
        free(a->records);
        *a = (DnsAnswer){};
}

/* Lower case, without the final dot. */
static int take_name(const char *text, char **ret) {
        size_t size = strlen(text);
        char *copy = strndup(text, size > 0 && text[size - 1] == '.' ? size - 1 : size);

        if (!copy)
                return -ENOMEM;
        for (char *p = copy; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p + ('a' - 'A'));
        *ret = copy;
        return 0;
}

static int read_address(const ns_rr *rr, int family, size_t size, char **ret) {
        char text[INET6_ADDRSTRLEN];

        if (ns_rr_rdlen(*rr) != size || !inet_ntop(family, ns_rr_rdata(*rr), text, sizeof text))
                return -EBADMSG;
        return str_replace(ret, text);
}

static int read_name(ns_msg *message, const ns_rr *rr, char **ret) {
        char name[NS_MAXDNAME];

        if (ns_name_uncompress(
                            ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(*rr), name,
                            sizeof name) < 0)
                return -EBADMSG;
        return take_name(name, ret);
}

/* Octets as a C string; one with a NUL is as good as none. */
static int take_text(const unsigned char *data, size_t size, Bytes *ret) {
        if (memchr(data, 0, size) || ret->size + size > TEXT_MAX)
                return -EBADMSG;
        return bytes_append(ret, data, size);
}

static int finish_text(Bytes *b, char **ret) {
        if (b->size == 0)
                return str_replace(ret, "");
        *ret = bytes_take_text(b);
        return *ret ? 0 : -ENOMEM;
}

static int read_txt(const ns_rr *rr, char **ret) {
        const unsigned char *p = ns_rr_rdata(*rr), *end = p + ns_rr_rdlen(*rr);
        _cleanup_(bytes_done) Bytes b = {};
        int r = 0;

        while (p < end && r >= 0) {
                size_t size = *p++;

                if (size > (size_t) (end - p))
                        return -EBADMSG;
                r = take_text(p, size, &b);
                p += size;
        }
        return r < 0 ? r : finish_text(&b, ret);
}

static int read_caa(const ns_rr *rr, DnsRecord *ret) {
        const unsigned char *p = ns_rr_rdata(*rr);
        _cleanup_(bytes_done) Bytes tag = {}, value = {};
        size_t size = ns_rr_rdlen(*rr), length;
        int r;

        if (size < 2 || p[1] == 0 || p[1] > CAA_TAG_MAX || size < 2 + (size_t) p[1])
                return -EBADMSG;
        ret->flags = p[0];
        length = p[1];
        r = take_text(p + 2, length, &tag);
        if (r >= 0)
                r = take_name(bytes_text(&tag), &ret->tag);
        if (r >= 0)
                r = take_text(p + 2 + length, size - 2 - length, &value);
        return r < 0 ? r : finish_text(&value, &ret->text);
}

static int read_record(ns_msg *message, const ns_rr *rr, DnsType type, DnsRecord *ret) {
        int r = take_name(ns_rr_name(*rr), &ret->owner);

        ret->type = type;
        if (r < 0)
                return r;
        switch (type) {
        case DNS_A:
                return read_address(rr, AF_INET, 4, &ret->text);
        case DNS_AAAA:
                return read_address(rr, AF_INET6, 16, &ret->text);
        case DNS_TXT:
                return read_txt(rr, &ret->text);
        case DNS_CAA:
                return read_caa(rr, ret);
        case DNS_NS:
        case DNS_CNAME:
        case DNS_SOA: /* its first field is the primary server */
        case DNS_TYPE_MAX:
        default:
                return read_name(message, rr, &ret->text);
        }
}

static DnsType type_of(const ns_rr *rr) {
        for (DnsType t = 0; t < DNS_TYPE_MAX; t++)
                if (numbers[t] == (int) ns_rr_type(*rr) && ns_rr_class(*rr) == ns_c_in)
                        return t;
        return DNS_TYPE_MAX;
}

int dns_parse(const unsigned char *wire, size_t size, DnsAnswer *ret) {
        _cleanup_(dns_answer_done) DnsAnswer a = {};
        ns_msg message;
        size_t count;

        if (size > NS_MAXMSG || ns_initparse(wire, (int) size, &message) < 0)
                return -EBADMSG;
        a.missing = ns_msg_getflag(message, ns_f_rcode) == ns_r_nxdomain;
        count = MIN((size_t) ns_msg_count(message, ns_s_an), DNS_RECORDS_MAX);
        a.records = calloc(count + 1, sizeof *a.records);
        if (!a.records)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                DnsType type;
                ns_rr rr;
                int r;

                if (ns_parserr(&message, ns_s_an, (int) i, &rr) < 0)
                        return -EBADMSG;
                type = type_of(&rr);
                if (type == DNS_TYPE_MAX)
                        continue;
                r = read_record(&message, &rr, type, &a.records[a.count]);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        record_done(&a.records[a.count]); /* this one is odd, others may be good */
                else
                        a.count++;
        }
        *ret = a;
        a = (DnsAnswer){};
        return 0;
}
