/* The dialogues before TLS against services that are right, wrong and hostile. */

#include <string.h>

#include "base/strings.h"
#include "probe/starttls.h"
#include "tests/unit/test.h"

#define FEATURES                                                                          \
        "<?xml version='1.0'?><stream:stream from='x' id='1' xmlns='jabber:client' "      \
        "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>" \
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
#define MYSQL_TAIL "\0\1\0\0\0saltsalt\0\xff\xff\x21\0\0"
#define LDAP_OK    "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0"

/* What each side says in turn: `them` after what we said before. */
typedef struct Turn {
        const char *them;
        size_t size; /* 0: of a string */
        const char *us;
        size_t us_size;
} Turn;

#define TEXT(t) t, sizeof(t) - 1

typedef struct Case {
        const char *name;
        ProbeProtocol protocol;
        const char *first; /* what we say unasked; NULL: nothing */
        Turn turns[4];
        const char *failure; /* part of it; NULL: TLS begins */
} Case;

static const Case cases[] = {
        { "smtp",
          PROBE_PROTOCOL_SMTP,
          NULL,
          { { TEXT("220-mail.example.org\r\n220 ESMTP\r\n"), TEXT("EHLO localhost\r\n") },
            { TEXT("250-mail.example.org\r\n250-SIZE 1\r\n250 starttls\r\n"),
              TEXT("STARTTLS\r\n") },
            { TEXT("220 2.0.0 Ready\r\n"), NULL, 0 } },
          NULL },
        { "smtp with bare ends of line",
          PROBE_PROTOCOL_SMTP,
          NULL,
          { { TEXT("220 x\n"), TEXT("EHLO localhost\r\n") },
            { TEXT("250-x\n250 STARTTLS\n"), TEXT("STARTTLS\r\n") },
            { TEXT("220\n"), NULL, 0 } },
          NULL },
        { "smtp without TLS",
          PROBE_PROTOCOL_SMTP,
          NULL,
          { { TEXT("220 x\r\n"), TEXT("EHLO localhost\r\n") },
            { TEXT("250-x\r\n250 SIZE\r\n"), NULL, 0 } },
          "does not offer STARTTLS" },
        { "smtp refuses",
          PROBE_PROTOCOL_SMTP,
          NULL,
          { { TEXT("220 x\r\n"), TEXT("EHLO localhost\r\n") },
            { TEXT("250-x\r\n250 STARTTLS\r\n"), TEXT("STARTTLS\r\n") },
            { TEXT("454 4.7.0 TLS not available\r\n"), NULL, 0 } },
          "answers 'STARTTLS' with '454 4.7.0 TLS not available'" },
        { "smtp turns away",
          PROBE_PROTOCOL_SMTP,
          NULL,
          { { TEXT("554 no\r\n"), NULL, 0 } },
          "answers the connection with '554 no'" },
        { "smtp with octets behind the go-ahead",
          PROBE_PROTOCOL_SMTP,
          NULL,
          { { TEXT("220 x\r\n"), TEXT("EHLO localhost\r\n") },
            { TEXT("250-x\r\n250 STARTTLS\r\n"), TEXT("STARTTLS\r\n") },
            { TEXT("220 go\r\n250 injected\r\n"), NULL, 0 } },
          "behind its go-ahead" },
        { "http",
          PROBE_PROTOCOL_SMTP,
          NULL,
          { { TEXT("HTTP/1.1 400 Bad Request\r\n"), NULL, 0 } },
          "does not speak smtp: 'HTTP/1.1 400 Bad Request'" },
        { "TLS",
          PROBE_PROTOCOL_SMTP,
          NULL,
          { { TEXT("\x15\x03\x01\0\x02\x02\n"), NULL, 0 } },
          "binary data" },
        { "lmtp",
          PROBE_PROTOCOL_LMTP,
          NULL,
          { { TEXT("220 x\r\n"), TEXT("LHLO localhost\r\n") },
            { TEXT("250-x\r\n250 STARTTLS\r\n"), TEXT("STARTTLS\r\n") },
            { TEXT("220 go\r\n"), NULL, 0 } },
          NULL },
        { "imap",
          PROBE_PROTOCOL_IMAP,
          NULL,
          { { TEXT("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"), TEXT("a STARTTLS\r\n") },
            { TEXT("* CAPABILITY X\r\na OK begin\r\n"), NULL, 0 } },
          NULL },
        { "imap refuses",
          PROBE_PROTOCOL_IMAP,
          NULL,
          { { TEXT("* OK\r\n"), TEXT("a STARTTLS\r\n") },
            { TEXT("a BAD TLS support isn't enabled.\r\n"), NULL, 0 } },
          "with 'a BAD TLS support isn't enabled.'" },
        { "imap of one who is in",
          PROBE_PROTOCOL_IMAP,
          NULL,
          { { TEXT("* PREAUTH hi\r\n"), NULL, 0 } },
          "PREAUTH" },
        { "imap says goodbye",
          PROBE_PROTOCOL_IMAP,
          NULL,
          { { TEXT("* OK\r\n"), TEXT("a STARTTLS\r\n") }, { TEXT("* BYE too many\r\n"), NULL, 0 } },
          "BYE too many" },
        { "pop3",
          PROBE_PROTOCOL_POP3,
          NULL,
          { { TEXT("+OK ready\r\n"), TEXT("STLS\r\n") }, { TEXT("+OK Begin\r\n"), NULL, 0 } },
          NULL },
        { "pop3 refuses",
          PROBE_PROTOCOL_POP3,
          NULL,
          { { TEXT("+OK ready\r\n"), TEXT("STLS\r\n") }, { TEXT("-ERR no\r\n"), NULL, 0 } },
          "'-ERR no'" },
        { "sieve",
          PROBE_PROTOCOL_SIEVE,
          NULL,
          { { TEXT("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"),
              TEXT("STARTTLS\r\n") },
            { TEXT("OK \"begin\"\r\n"), NULL, 0 } },
          NULL },
        { "sieve without TLS",
          PROBE_PROTOCOL_SIEVE,
          NULL,
          { { TEXT("\"IMPLEMENTATION\" \"x\"\r\nOK\r\n"), NULL, 0 } },
          "does not offer" },
        { "ftp",
          PROBE_PROTOCOL_FTP,
          NULL,
          { { TEXT("220-Welcome\r\n  to 1 of\r\n220- these\r\n\r\n220 ready\r\n"),
              TEXT("AUTH TLS\r\n") },
            { TEXT("234 go\r\n"), NULL, 0 } },
          NULL },
        { "ftp refuses",
          PROBE_PROTOCOL_FTP,
          NULL,
          { { TEXT("220 x\r\n"), TEXT("AUTH TLS\r\n") },
            { TEXT("530 Please login\r\n"), NULL, 0 } },
          "'530 Please login'" },
        { "nntp",
          PROBE_PROTOCOL_NNTP,
          NULL,
          { { TEXT("201 no posting\r\n"), TEXT("STARTTLS\r\n") }, { TEXT("382 go\r\n"), NULL, 0 } },
          NULL },
        { "irc",
          PROBE_PROTOCOL_IRC,
          "STARTTLS\r\n",
          { { TEXT(":irc.x NOTICE * :*** Looking up\r\nNOTICE AUTH :y\r\n"), NULL, 0 },
            { TEXT(":irc.x 670 * :go ahead\r\n"), NULL, 0 } },
          NULL },
        { "irc refuses",
          PROBE_PROTOCOL_IRC,
          "STARTTLS\r\n",
          { { TEXT(":irc.x 421 * STARTTLS :Unknown command\r\n"), NULL, 0 } },
          "Unknown command" },
        { "irc errs",
          PROBE_PROTOCOL_IRC,
          "STARTTLS\r\n",
          { { TEXT("ERROR :no\r\n"), NULL, 0 } },
          "ERROR :no" },

        { "xmpp",
          PROBE_PROTOCOL_XMPP,
          "<?xml version='1.0'?><stream:stream to='chat.example.org' xmlns='jabber:client' "
          "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
          { { TEXT(FEATURES), TEXT("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") },
            { TEXT("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), NULL, 0 } },
          NULL },
        { "xmpp-server",
          PROBE_PROTOCOL_XMPP_SERVER,
          "<?xml version='1.0'?><stream:stream to='chat.example.org' xmlns='jabber:server' "
          "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
          { { TEXT(FEATURES), TEXT("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") },
            { TEXT("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"), NULL, 0 } },
          NULL },
        { "xmpp without TLS",
          PROBE_PROTOCOL_XMPP,
          "<?xml",
          { { TEXT("<stream:stream><stream:features><bind/></stream:features>"), NULL, 0 } },
          "does not offer" },
        { "xmpp of another host",
          PROBE_PROTOCOL_XMPP,
          "<?xml",
          { { TEXT("<stream:stream><stream:error><host-unknown xmlns='urn:x'/></stream:error></stream:stream>"),
              NULL, 0 } },
          "refuses the stream: host-unknown" },
        { "xmpp refuses",
          PROBE_PROTOCOL_XMPP,
          "<?xml",
          { { TEXT(FEATURES), TEXT("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") },
            { TEXT("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"), NULL,
              0 } },
          "refuses STARTTLS" },
        { "xmpp with octets behind the go-ahead",
          PROBE_PROTOCOL_XMPP,
          "<?xml",
          { { TEXT(FEATURES), TEXT("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") },
            { TEXT("<proceed xmlns='x'/><stream:features>"), NULL, 0 } },
          "behind its go-ahead" },
        { "no xmpp",
          PROBE_PROTOCOL_XMPP,
          "<?xml",
          { { TEXT("220 x\r\n"), NULL, 0 } },
          "does not speak XMPP" },

        { "ldap",
          PROBE_PROTOCOL_LDAP,
          "0\x1d\2\1\1w\x18\x80\x16"
          "1.3.6.1.4.1.1466.20037",
          { { TEXT(LDAP_OK), NULL, 0 } },
          NULL },
        { "ldap refuses",
          PROBE_PROTOCOL_LDAP,
          "0",
          { { TEXT("\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01\x34\x04\0\x04\x03no\x1b"), NULL, 0 } },
          "LDAP result 52 'no" },
        { "ldap disconnects",
          PROBE_PROTOCOL_LDAP,
          "0",
          { { TEXT("\x30\x0c\x02\x01\0\x78\x07\x0a\x01\0\x04\0\x04\0"), NULL, 0 } },
          "refuses STARTTLS" },
        { "ldap with octets behind the go-ahead",
          PROBE_PROTOCOL_LDAP,
          "0",
          { { TEXT(LDAP_OK "\x30"), NULL, 0 } },
          "behind its go-ahead" },
        { "ldap that is none",
          PROBE_PROTOCOL_LDAP,
          "0",
          { { TEXT("\x30\x03\x02\x01\x01"), NULL, 0 } },
          "does not speak LDAP" },
        { "ldap of a long length",
          PROBE_PROTOCOL_LDAP,
          "0",
          { { TEXT("\x30\x84\xff\xff\xff\xff"), NULL, 0 } },
          "does not speak LDAP" },
        { "ldap in long form",
          PROBE_PROTOCOL_LDAP,
          "0",
          { { TEXT("\x30\x84\0\0\0\x10\x02\x01\x01\x78\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0"), NULL,
              0 } },
          NULL },
        { "no ldap",
          PROBE_PROTOCOL_LDAP,
          "0",
          { { TEXT("220 x\r\n"), NULL, 0 } },
          "does not speak LDAP" },

        { "postgres", PROBE_PROTOCOL_POSTGRES, "", { { TEXT("S"), NULL, 0 } }, NULL },
        { "postgres without TLS",
          PROBE_PROTOCOL_POSTGRES,
          "",
          { { TEXT("N"), NULL, 0 } },
          "does not offer TLS" },
        { "postgres with octets behind the go-ahead",
          PROBE_PROTOCOL_POSTGRES,
          "",
          { { TEXT("SR"), NULL, 0 } },
          "behind its go-ahead" },
        { "no postgres",
          PROBE_PROTOCOL_POSTGRES,
          "",
          { { TEXT("x"), NULL, 0 } },
          "does not speak" },

        { "mysql",
          PROBE_PROTOCOL_MYSQL,
          NULL,
          { { TEXT("\x18\0\0\0\x0a"
                   "8.0" MYSQL_TAIL "\0"),
              TEXT("\x20\0\0\1\1\x8a\0\0\0\0\0\1\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") } },
          NULL },
        { "mysql without TLS",
          PROBE_PROTOCOL_MYSQL,
          NULL,
          { { TEXT("\x14\0\0\0\x0a"
                   "8.0\0\1\0\0\0saltsalt\0\xff\xf7\x21"),
              NULL, 0 } },
          "does not offer TLS" },
        { "mysql blocks",
          PROBE_PROTOCOL_MYSQL,
          NULL,
          { { TEXT("\x0f\0\0\0\xff\x69\x04Host blocked"), NULL, 0 } },
          "refuses the connection: 'Host blocked'" },
        { "mysql with octets behind its greeting",
          PROBE_PROTOCOL_MYSQL,
          NULL,
          { { TEXT("\x18\0\0\0\x0a"
                   "8.0" MYSQL_TAIL "\0x"),
              NULL, 0 } },
          "behind its go-ahead" },
        { "mysql cut short",
          PROBE_PROTOCOL_MYSQL,
          NULL,
          { { TEXT("\3\0\0\0\x0a"
                   "8\0"),
              NULL, 0 } },
          "does not speak" },
        { "no mysql",
          PROBE_PROTOCOL_MYSQL,
          NULL,
          { { TEXT("220 x\r\n"), NULL, 0 } },
          "does not speak" },
};

/* The whole turn at once, or octet by octet. */
static int feed(Starttls *s, const Turn *t, bool slowly) {
        int r = 0;

        if (!slowly)
                return starttls_feed(s, t->them, t->size);
        for (size_t i = 0; i < t->size && r == 0; i++)
                r = starttls_feed(s, t->them + i, 1);
        return r;
}

static bool is_injection(const Case *c) {
        return c->failure && strstr(c->failure, "behind");
}

static void play(const Case *c, bool slowly) {
        _cleanup_(starttls_done) Starttls s = {};
        int r = 0;

        printf("# %s%s\n", c->name, slowly ? ", an octet at a time" : "");
        CHECK_INT(starttls_init(&s, c->protocol, "chat.example.org"), 0);
        if (c->first)
                CHECK(s.out.size >= strlen(c->first) &&
                      memcmp(s.out.data, c->first, strlen(c->first)) == 0);
        else
                CHECK_INT(s.out.size, 0);
        bytes_done(&s.out);
        for (size_t i = 0; i < ELEMENTSOF(c->turns) && c->turns[i].them && r == 0; i++) {
                const Turn *t = &c->turns[i];

                r = feed(&s, t, slowly);
                if (r < 0)
                        break;
                CHECK_INT(s.out.size, t->us_size);
                CHECK(t->us_size == 0 ||
                      (s.out.size == t->us_size && memcmp(s.out.data, t->us, t->us_size) == 0));
                bytes_done(&s.out);
        }
        CHECK_INT(r, c->failure ? -EPROTO : 1);
        if (c->failure && s.failure && !strstr(s.failure, c->failure))
                CHECK_STR(s.failure, c->failure);
        CHECK(!c->failure == !s.failure);
}

static void every_protocol(void) {
        bool seen[PROBE_PROTOCOL_MAX] = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                play(&cases[i], false);
                if (!is_injection(&cases[i])) /* slowly what comes behind is TLS's to judge */
                        play(&cases[i], true);
                seen[cases[i].protocol] = seen[cases[i].protocol] || !cases[i].failure;
        }
        for (int p = PROBE_PROTOCOL_TLS + 1; p < PROBE_PROTOCOL_MAX; p++)
                CHECK(seen[p]);
}

/* ---- without end ---- */

static void endless(
                ProbeProtocol protocol, const char *begin, const char *more, const char *failure) {
        _cleanup_(starttls_done) Starttls s = {};
        size_t sent = strlen(begin);
        int r;

        CHECK_INT(starttls_init(&s, protocol, "x"), 0);
        r = starttls_feed(&s, begin, strlen(begin));
        for (; r == 0 && sent < 1024 * 1024; sent += strlen(more)) {
                r = starttls_feed(&s, more, strlen(more));
                CHECK(s.in.size <= STARTTLS_DIALOGUE_MAX && s.out.size < 1024);
        }
        CHECK_INT(r, -EPROTO);
        CHECK(sent <= STARTTLS_DIALOGUE_MAX + 200);
        if (s.failure && !strstr(s.failure, failure))
                CHECK_STR(s.failure, failure);
}

static void nothing_is_endless(void) {
        endless(PROBE_PROTOCOL_SMTP, "220-", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "a line without end");
        endless(PROBE_PROTOCOL_SMTP, "220 x\r\n", "250-aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
                "plain text without end");
        endless(PROBE_PROTOCOL_FTP, "220-x\r\n", "\r\n\r\n\r\n\r\n\r\n\r\n",
                "plain text without end");
        endless(PROBE_PROTOCOL_IMAP, "* OK\r\n", "* 1 EXISTS\r\n", "plain text without end");
        endless(PROBE_PROTOCOL_IRC, "", ":x NOTICE * :again\r\n", "plain text without end");
        endless(PROBE_PROTOCOL_XMPP, "<stream:stream>", "<a/><a/><a/><a/><a/><a/><a/>",
                "XML without end");
        endless(PROBE_PROTOCOL_XMPP, FEATURES, "          ", "XML without end");
        endless(PROBE_PROTOCOL_LDAP, "\x30\x82\x1f\xff", "\2\1\1\2\1\1\2\1\1\2\1\1", "LDAP");
        endless(PROBE_PROTOCOL_MYSQL, "\xff\x1f", "aaaa", "does not speak");
}

/* Whatever a service says: no octet is read beyond what came, and it ends. */
static void noise(void) {
        unsigned seed = 20270114;

        printf("# seed %u\n", seed);
        for (int round = 0; round < 20000; round++) {
                const Case *c = &cases[(size_t) round % ELEMENTSOF(cases)];
                _cleanup_(starttls_done) Starttls s = {};
                int r;

                CHECK_INT(starttls_init(&s, c->protocol, "x"), 0);
                for (size_t i = 0, k = 0; i < ELEMENTSOF(c->turns) && c->turns[i].them; i++) {
                        uint8_t octets[1024];
                        size_t size = MIN(c->turns[i].size, sizeof octets);

                        memcpy(octets, c->turns[i].them, size);
                        for (k = 0; k < 3; k++) {
                                seed = seed * 1664525u + 1013904223u;
                                octets[(seed >> 8) % size] = (uint8_t) (seed >> 24);
                        }
                        r = starttls_feed(&s, octets, size);
                        CHECK(r == 0 || r == 1 || r == -EPROTO);
                        CHECK((r == -EPROTO) == (s.failure != NULL));
                        if (r != 0)
                                break;
                }
        }
}

/* A name from a command line goes into XML only if it is plain. */
static void names_are_plain(void) {
        _cleanup_(starttls_done) Starttls s = {}, none = {};

        CHECK_INT(starttls_init(&s, PROBE_PROTOCOL_XMPP, "x'><stream:error/>"), 0);
        CHECK(!strstr(bytes_text(&s.out), "error") && !strstr(bytes_text(&s.out), " to="));
        CHECK_INT(starttls_init(&none, PROBE_PROTOCOL_TLS, "x"), -EINVAL);
}

TEST_MAIN({ "every protocol: right, refusing, strange, with octets slipped in", every_protocol },
          { "no line and no dialogue is endless", nothing_is_endless },
          { "noise", noise },
          { "names are plain", names_are_plain })
