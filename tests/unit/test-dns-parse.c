/* Messages from the wire: good ones, and what a stranger may send. */

#include "daemon/dns-real.h"
#include "tests/unit/test.h"

/* Header, question "a.b IN TXT", and what answers to it. 0xc00c points to the question's name. */
#define HEADER(rcode, answers) "\x12\x34\x81" rcode "\0\1\0" answers "\0\0\0\0"
#define QUESTION               "\1a\1B\0\0\20\0\1"
#define RR(type, length)       "\xc0\x0c" type "\0\1\0\0\0\74\0" length

#define MESSAGE(name, text) static const unsigned char name[] = text

MESSAGE(good,
        HEADER("\x80", "\5") QUESTION RR("\0\5", "\4") "\1C\xc0\x0c" RR("\0\20", "\7") "\2hi\3 yo" RR(
                        "\0\1",
                        "\4") "\300\0\2\7" RR("\1\1", "\12") "\200\5isSUEca;" RR("\0\2", "\2") "\xc0\x0c");
MESSAGE(missing, HEADER("\x83", "\0") QUESTION);
MESSAGE(odd,
        HEADER("\x80", "\4") QUESTION RR("\0\20", "\3") "\11hi" RR("\0\1", "\3") "\300\0\2" RR(
                        "\1\1", "\2") "\0\0" RR("\0\20", "\3") "\2x\0");
MESSAGE(loop, HEADER("\x80", "\1") QUESTION RR("\0\5", "\2") "\xc0\x21");

static void values(void) {
        _cleanup_(dns_answer_done) DnsAnswer a = {};

        CHECK_INT(dns_parse(good, sizeof good - 1, &a), 0);
        REQUIRE(a.count == 5);
        CHECK(!a.missing);
        CHECK_INT(a.records[0].type, DNS_CNAME);
        CHECK_STR(a.records[0].owner, "a.b");
        CHECK_STR(a.records[0].text, "c.a.b");
        CHECK_STR(a.records[1].text, "hi yo");
        CHECK_STR(a.records[2].text, "192.0.2.7");
        CHECK_STR(a.records[3].tag, "issue");
        CHECK_INT(a.records[3].flags, 128);
        CHECK_STR(a.records[3].text, "ca;");
        CHECK_STR(a.records[4].text, "a.b");
        CHECK_STR(dns_answer_follow(&a, "A.b"), "c.a.b");
}

static void strange(void) {
        _cleanup_(dns_answer_done) DnsAnswer a = {}, b = {}, c = {};

        CHECK_INT(dns_parse(missing, sizeof missing - 1, &a), 0);
        CHECK(a.missing && a.count == 0);
        CHECK_INT(dns_parse(odd, sizeof odd - 1, &b), 0);
        CHECK_INT(b.count, 0); /* each of them is passed over */
        CHECK(dns_parse(loop, sizeof loop - 1, &c) < 0 || c.count == 0);
        CHECK_INT(dns_parse(good, 5, &c), -EBADMSG);
}

static void mutated(void) {
        unsigned seed = 20270104;

        printf("# seed %u\n", seed);
        for (int round = 0; round < 20000; round++) {
                unsigned char copy[sizeof good];
                size_t size = sizeof good - 1;
                DnsAnswer a = {};

                memcpy(copy, good, sizeof good);
                for (int i = 0; i <= round % 4; i++) {
                        seed = seed * 1664525u + 1013904223u;
                        copy[(seed >> 8) % size] = (unsigned char) (seed >> 24);
                }
                if (round % 5 == 0)
                        size = seed % size;
                if (dns_parse(copy, size, &a) >= 0) {
                        for (size_t i = 0; i < a.count; i++)
                                CHECK(a.records[i].owner && a.records[i].text);
                        dns_answer_done(&a);
                }
        }
}

static void circle(void) {
        DnsRecord records[] = {
                { .type = DNS_CNAME, .owner = (char *) "a", .text = (char *) "b" },
                { .type = DNS_CNAME, .owner = (char *) "b", .text = (char *) "a" },
        };
        DnsAnswer a = { .records = records, .count = 2 };

        CHECK(!dns_answer_follow(&a, "a"));
        CHECK_STR(dns_answer_follow(&a, "c"), "c");
}

TEST_MAIN({ "records become plain values", values },
          { "R2.13.2 odd records and messages", strange },
          { "twenty thousand mutated messages", mutated },
          { "R2.13.2 a circle of aliases has no end", circle })
