/* What is configured of DNS providers. */

#include "config/config.h"
#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

static const char *const bad_dns[][2] = {
        { "Program=dns",
          "/etc/dns/p.conf:2: Program=dns: not an absolute path; begin it with '/'" },
        { "Style=bind",
          "/etc/dns/p.conf:2: Style=bind: not a style; use one of native, certbot, dehydrated, dehydrated-chain, lego, lego-raw, uacme, acmetool, mod_md, acme.sh" },
        { "Credentials=../key",
          "/etc/dns/p.conf:2: Credentials=../key: not a name of a file below credentials/ (letters, digits and '._@-')" },
        { "Environment=LD_PRELOAD=x",
          "/etc/dns/p.conf:2: Environment=LD_PRELOAD=x: not NAME=VALUE (no RENEWD_..., LD_..., CREDENTIALS_DIRECTORY)" },
        { "Servers=ns.example.org",
          "/etc/dns/p.conf:2: Servers=ns.example.org: not ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT" },
        { "Resolver=192.0.2.1:0",
          "/etc/dns/p.conf:2: Resolver=192.0.2.1:0: not ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT" },
        { "Propagation=2d",
          "/etc/dns/p.conf:2: Propagation=2d: not a span up to a day, like 5min; 0 for none" },
        { "WhenUnseen=wait", "/etc/dns/p.conf:2: WhenUnseen=wait: not post or fail" },
        { "Timeout=1min",
          "/etc/dns/p.conf: [DNS] Program= is missing; write the program that sets the records" },
};

static void test_dns(void) {
        const DnsConfig *d;

        make_tree();
        write_text("etc/dns/p.conf.d/local.conf", "[DNS]\nPropagation=0\nWhenUnseen=fail\n");
        write_text("etc/renewd.conf", "[Defaults]\nDNS=p\nChallengeHook=/bin/open 80\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=*.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        REQUIRE(config_certificate(c, "a") && config_certificate(c, "a")->dns);
        CHECK_STR(config_certificate(c, "a")->challenge_hook.items[1], "80");
        d = config_certificate(c, "a")->dns;
        CHECK_STR(d->name, "p");
        CHECK_INT(d->style, DNS_STYLE_LEGO);
        CHECK_STR(d->program.items[1], "a b");
        CHECK_INT(d->credentials.count, 2);
        CHECK_STR(d->environment.items[0], "ZONE=example org");
        CHECK_INT(d->environment.count, 2);
        CHECK_INT(d->propagation_sec, 0);
        CHECK(!d->post_unseen);
        CHECK_INT(d->timeout_sec, 180);
        CHECK_STR(d->servers.items[1], "[2001:db8::53]:5353");
        CHECK_STR(d->resolver, "127.0.0.1:5300");
}

static void test_dns_mistakes(void) {
        for (size_t i = 0; i < ELEMENTSOF(bad_dns); i++) {
                _cleanup_free_ char *text = NULL;

                make_tree();
                CHECK(str_printf(&text, "[DNS]\n%s\n", bad_dns[i][0]) >= 0);
                write_text("etc/dns/p.conf", text);
                write_text("etc/certificates/a.conf",
                           "[Certificate]\nNames=a.example.org\nDNS=p\n");
                write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\n");
                _cleanup_(config_freep) Config *c = load();
                CHECK(c->message_count >= 1);
                CHECK_STR(message_at(c, 0), bad_dns[i][1]);
                CHECK(config_certificate(c, "a")->broken && !config_certificate(c, "b")->broken);
        }
}

TEST_MAIN({ "a DNS provider is read with its drop-ins, by all who name it", test_dns },
          { "a mistake in a DNS provider has its message and breaks those who name it",
            test_dns_mistakes })
