/* Aliases, zones and the wait for all name servers, under virtual time. */

#include "daemon/dns-alias.h"
#include "daemon/propagation.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define RECORD "_acme-challenge.www.example.org"
#define VALUE  "CDvMRM887iX2QQG9YH8BBRDYNalGOyle1JVKp8Hd0Co"

static World w;
static DnsConfig dns;
static unsigned answers;
static char said[400];

static void on_end(const char *missing, void *userdata) {
        (void) userdata;
        answers++;
        (void) snprintf(said, sizeof said, "%s", missing ? missing : "");
}

static void on_alias(const char *target, void *userdata) {
        (void) userdata;
        answers++;
        (void) snprintf(said, sizeof said, "%s", target);
}

/* A zone with two servers. */
static void begin(void) {
        CHECK_INT(world_init(&w, 1), 0);
        dns = (DnsConfig){ .name = (char *) "p", .propagation_sec = 300 };
        answers = 0;
        said[0] = 0;
        fake_dns_add(w.dns, NULL, "example.org", DNS_NS, "ns1.example.net", 0);
        fake_dns_add(w.dns, NULL, "example.org", DNS_NS, "ns2.example.net", 0);
        fake_dns_add(w.dns, NULL, "ns1.example.net", DNS_A, "192.0.2.1", 0);
        fake_dns_add(w.dns, NULL, "ns2.example.net", DNS_A, "192.0.2.2", 0);
        fake_dns_add(w.dns, NULL, "ns2.example.net", DNS_AAAA, "2001:db8::2", 0);
}

static Propagation *start(int64_t lifetime) {
        PropagationSpec spec = {
                .dns = &dns, .record = RECORD, .value = VALUE, .lifetime_sec = lifetime
        };
        Propagation *p = NULL;

        CHECK_INT(propagation_start(&w.engine, &spec, on_end, NULL, &p), 0);
        return p;
}

/* Seconds until it ended. */
static int64_t wait_end(int64_t limit) {
        usec_t from = loop_boot_usec(w.loop), end = from + (usec_t) limit * USEC_PER_SEC;

        while (answers == 0 && loop_boot_usec(w.loop) < end)
                if (!fake_loop_step(w.loop))
                        break;
        return (int64_t) ((loop_boot_usec(w.loop) - from) / USEC_PER_SEC);
}

static void all_serve(void) {
        begin();
        fake_dns_add(w.dns, "192.0.2.1", RECORD, DNS_TXT, "another value", 0);
        fake_dns_add(w.dns, "192.0.2.1", RECORD, DNS_TXT, VALUE, 0);
        fake_dns_add(w.dns, "192.0.2.2", RECORD, DNS_TXT, VALUE, 30);
        _cleanup_(propagation_freep) Propagation *p = start(0);
        int64_t took = wait_end(1000);

        CHECK_INT(answers, 1);
        CHECK_STR(said, "");
        CHECK(took >= 30 && took <= 50);
        p = propagation_free(p);
        world_done(&w);
}

static void remembered(void) {
        unsigned before;

        begin();
        fake_dns_add(w.dns, "192.0.2.1", RECORD, DNS_TXT, VALUE, 60);
        fake_dns_add(w.dns, "192.0.2.2", RECORD, DNS_TXT, VALUE, 60);
        Propagation *p = start(0);
        CHECK(wait_end(1000) >= 60);
        CHECK_STR(said, "");
        p = propagation_free(p);
        before = fake_dns_asked(w.dns, "192.0.2.1");
        CHECK(before > 4);
        answers = 0;
        p = start(0);
        CHECK(wait_end(1000) >= 45); /* three quarters of what it took */
        CHECK_INT(fake_dns_asked(w.dns, "192.0.2.1") - before, 1);
        p = propagation_free(p);
        world_done(&w);
}

static void limit(void) {
        begin();
        fake_dns_add(w.dns, "192.0.2.1", RECORD, DNS_TXT, VALUE, 0);
        _cleanup_(propagation_freep) Propagation *p = start(0);
        _cleanup_free_ char *words = NULL;

        fake_loop_run(w.loop, 20);
        CHECK_INT(propagation_describe(p, &words), 0);
        CHECK_STR(words, "waiting for 1 of 2 name servers of example.org to serve the record");
        int64_t took = wait_end(1000);
        CHECK_INT(answers, 1);
        CHECK_STR(said, "ns2.example.net does not serve the record");
        CHECK(took >= 275 && took <= 300);
        p = propagation_free(p);
        world_done(&w);
}

static void short_lifetime(void) {
        begin();
        _cleanup_(propagation_freep) Propagation *p = start(200);
        int64_t took = wait_end(1000);

        CHECK_INT(answers, 1);
        CHECK(took <= 25);
        p = propagation_free(p);
        world_done(&w);
}

static void one_family(void) {
        begin();
        fake_dns_fail(w.dns, "192.0.2.2", -ETIMEDOUT);
        fake_dns_add(w.dns, NULL, RECORD, DNS_TXT, VALUE, 0);
        _cleanup_(propagation_freep) Propagation *p = start(0);

        (void) wait_end(1000);
        CHECK_INT(answers, 1);
        CHECK_STR(said, "");
        CHECK(fake_dns_asked(w.dns, "2001:db8::2") == 1);
        p = propagation_free(p);
        world_done(&w);
}

static void dead_server(void) {
        begin();
        fake_dns_fail(w.dns, "192.0.2.1", -ETIMEDOUT);
        fake_dns_add(w.dns, "192.0.2.2", RECORD, DNS_TXT, VALUE, 0);
        _cleanup_(propagation_freep) Propagation *p = start(0);

        (void) wait_end(1000);
        CHECK_STR(said, "ns1.example.net does not answer");
        p = propagation_free(p);
        world_done(&w);
}

static void no_zone(void) {
        begin();
        fake_dns_clear(w.dns);
        _cleanup_(propagation_freep) Propagation *p = start(0);

        CHECK(wait_end(1000) < 10);
        CHECK_STR(said, "its name servers cannot be found");
        p = propagation_free(p);
        world_done(&w);
}

static void configured_servers(void) {
        begin();
        CHECK_INT(string_list_add(&dns.servers, "127.0.0.1:5353"), 0);
        fake_dns_add(w.dns, "127.0.0.1:5353", RECORD, DNS_TXT, VALUE, 0);
        _cleanup_(propagation_freep) Propagation *p = start(0);

        (void) wait_end(1000);
        CHECK_STR(said, "");
        CHECK_INT(fake_dns_asked(w.dns, NULL), 0);
        p = propagation_free(p);
        string_list_done(&dns.servers);
        world_done(&w);
}

static const char *follow(const char *name) {
        DnsAlias *a = NULL;

        answers = 0;
        CHECK_INT(dns_alias_follow(&w.engine, NULL, name, on_alias, NULL, &a), 0);
        CHECK(wait_end(600) < 100);
        CHECK_INT(answers, 1);
        (void) dns_alias_free(a);
        return said;
}

static void aliases(void) {
        begin();
        fake_dns_add(w.dns, NULL, RECORD, DNS_CNAME, "www.acme.example.net", 0);
        fake_dns_add(w.dns, NULL, "www.acme.example.net", DNS_CNAME, "x.auth.example.com", 0);
        CHECK_STR(follow(RECORD), "x.auth.example.com");
        CHECK_STR(follow("_acme-challenge.other.example"), "_acme-challenge.other.example");
        fake_dns_add(w.dns, NULL, "x.auth.example.com", DNS_CNAME, RECORD, 0);
        CHECK_STR(follow(RECORD), RECORD); /* a circle leads nowhere */
        fake_dns_fail(w.dns, NULL, -ETIMEDOUT);
        CHECK_STR(follow(RECORD), RECORD);
        world_done(&w);
}

TEST_MAIN({ "L-03 it ends when all authoritative servers serve the value", all_serve },
          { "the time of a zone is remembered, and the first look comes with it", remembered },
          { "a limit, and who is missing", limit },
          { "the wait is at most a tenth of the lifetime", short_lifetime },
          { "R2.13.2 a server that is reached by one family only serves", one_family },
          { "a server that does not answer is named", dead_server },
          { "R2.13.2 no zone, no servers", no_zone },
          { "Servers= are asked instead of the zone's", configured_servers },
          { "L-03 aliases are followed to their end, circles and silence are not", aliases })
