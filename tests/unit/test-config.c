/* The configuration: what is read, and what follows from it. */

#include "config/config.h"
#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

static void test_shortest(void) {
        const CertificateConfig *cert;
        const TargetConfig *t;

        make_tree();
        write_text("etc/certificates/pbx.example.org.conf",
                   "[Certificate]\nNames=pbx.example.org\n[Deploy nginx]\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(c->message_count, 0);
        CHECK(!c->broken && !c->agree_to_terms);
        cert = config_certificate(c, "pbx.example.org");
        REQUIRE(cert);
        CHECK(!cert->broken);
        CHECK_STR(cert->ca, "letsencrypt");
        CHECK_INT(cert->key_type, KEY_ECDSA_P256);
        CHECK_INT(cert->challenge_count, 0); /* what the machine can do */
        CHECK(!cert->dns && !cert->dns_name && cert->challenge_hook.count == 0);
        CHECK_INT(config_ca(c, "letsencrypt")->order_budget, 300);
        CHECK_INT(config_ca(c, "letsencrypt")->max_orders, 10);
        CHECK_STR(config_ca(c, "letsencrypt")->origins.items[0], "https://ca.example");
        t = certificate_target(cert, "nginx");
        REQUIRE(t && t->file_count == 2);
        CHECK_STR(t->service, "nginx");
        CHECK_STR(t->files[0].path, "/etc/nginx/pbx.example.org.crt");
        CHECK_INT(t->files[0].mode, 0644);
        CHECK_INT(t->files[1].mode, 0600);
        CHECK_STR(t->files[1].owner, "root");
        CHECK_INT(t->check.count, 2);
        CHECK_INT(t->timeout_sec, 90);
        REQUIRE(t->probe_count == 1);
        CHECK_STR(t->probes[0].host, "localhost");
        CHECK_INT(t->probes[0].port, 443);
        CHECK_INT(t->probes[0].protocol, PROBE_PROTOCOL_TLS);
        CHECK_STR(t->probe_name, "pbx.example.org");
}

static void test_overlay(void) {
        const TargetConfig *t;

        make_tree();
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=z.example.org a.example.org Z.example.org\n"
                   "[Deploy web]\nService=nginx\nFile=\n"
                   "File=combined \"/srv/my site/%t.pem\" www: 0640\nFile=cert /srv/100%%.pem 1:2 0644\n"
                   "Reload=\nRestart=haproxy\nTimeout=2min\n"
                   "Probe=\nProbe=[::1]:8443\nProbe=xmpp-server  Z.example.org:5269\nProbe=smtp [::1]:25\nValidation=strict\nValidation=basic\n"
                   "Pin=RBcJbctvGi+5PUoFbG86TGE2L/QpCwrUQzH3TttnCUM=\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(c->message_count, 0);
        const CertificateConfig *cert = config_certificate(c, "a");
        REQUIRE(cert && !cert->broken && cert->target_count == 1);
        CHECK_INT(cert->names.count, 2);
        CHECK_STR(cert->names.items[0], "a.example.org");
        t = &cert->targets[0];
        REQUIRE(t->file_count == 2);
        CHECK_STR(t->files[0].path, "/srv/my site/web.pem");
        CHECK_STR(t->files[0].owner, "www");
        CHECK_INT(t->files[0].mode, 0640);
        CHECK_STR(t->files[1].path, "/srv/100%.pem");
        CHECK_STR(t->files[1].group, "2");
        CHECK(!t->reload);
        CHECK_STR(t->restart, "haproxy.service");
        CHECK_INT(t->timeout_sec, 120);
        REQUIRE(t->probe_count == 3);
        CHECK_STR(t->probes[0].host, "::1");
        CHECK_INT(t->probes[1].protocol, PROBE_PROTOCOL_XMPP_SERVER);
        CHECK_STR(t->probes[1].host, "z.example.org");
        CHECK_INT(t->probes[2].port, 25);
        CHECK_INT(t->validation, VALIDATION_BASIC);
        CHECK_STR(t->pin, "RBcJbctvGi+5PUoFbG86TGE2L/QpCwrUQzH3TttnCUM=");
        CHECK_STR(t->probe_name, "z.example.org"); /* the first as written */
}

static void test_optional_names(void) {
        _cleanup_(string_list_done) StringList names = {};
        const CertificateConfig *a;

        make_tree();
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\nOptionalNames=b.example.org\n");
        write_text("etc/certificates/b.conf",
                   "[Certificate]\nNames=b.example.org\nOptionalNames=b.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        check_one_message(
                        c, true, "b",
                        "/etc/certificates/b.conf: [Certificate] all names are optional; write at "
                        "least one in Names= alone");
        a = config_certificate(c, "a");
        REQUIRE(a);
        CHECK(!certificate_accepts_names(a, &names));
        (void) string_list_add(&names, "b.example.org");
        CHECK(!certificate_accepts_names(a, &names));
        (void) string_list_add(&names, "a.example.org");
        CHECK(certificate_accepts_names(a, &names));
        (void) string_list_add(&names, "c.example.org");
        CHECK(!certificate_accepts_names(a, &names));
}

static void test_drop_ins(void) {
        make_tree();
        write_text("etc/renewd.conf",
                   "[Account]\nEmail=a@example.org\nAgreeToTerms=no\n[Defaults]\nKeyType=rsa-2048\n");
        write_text("etc/renewd.conf.d/50-account.conf",
                   "[Account]\nAgreeToTerms=yes\nEmail=\n[Defaults]\nKeyType=\n");
        write_text("etc/ca/letsencrypt.conf.d/x.conf",
                   "[CA]\nAgreeToTerms=no\nOrigins=https://b.example/ https://ca.example\n");
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\nKeyType=rsa-4096\n");
        write_text("etc/certificates/a.conf.d/b.conf",
                   "[Certificate]\nNames=\nNames=b.example.org\nKeyType=\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(c->message_count, 0);
        CHECK(c->agree_to_terms);
        CHECK(!c->email);
        CHECK_INT(c->default_key_types[0], KEY_ECDSA_P256);
        CHECK_INT(c->default_key_type_count, 1);
        REQUIRE(c->ca_count == 1 && c->certificate_count == 1);
        CHECK(!c->cas[0].terms_agreed);
        CHECK_INT(c->cas[0].origins.count, 2);
        CHECK_STR(c->cas[0].origins.items[1], "https://b.example");
        CHECK_STR(c->certificates[0].names.items[0], "b.example.org");
        CHECK_INT(c->certificates[0].names.count, 1);
        CHECK_INT(c->certificates[0].key_type, KEY_ECDSA_P256);
}

static void test_only(void) {
        make_tree();
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\n");
        _cleanup_(config_freep) Config *c = load_only("b");
        CHECK_INT(c->certificate_count, 1);
        CHECK(config_certificate(c, "b"));
        _cleanup_(config_freep) Config *d = load_only("../a");
        CHECK_INT(d->certificate_count, 0);
}

static void test_same_order(void) {
        make_tree();
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org b.example.org\n[Deploy nginx]\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org a.example.org\n");
        write_text("etc/certificates/c.conf",
                   "[Certificate]\nNames=b.example.org a.example.org\nKeyType=rsa-2048\n");
        _cleanup_(config_freep) Config *c = load();
        REQUIRE(c->certificate_count == 3);
        CHECK(certificate_same_order(&c->certificates[0], &c->certificates[1]));
        CHECK(!certificate_same_order(&c->certificates[0], &c->certificates[2]));

        static const char *const wishes[] = { "Profile=x", "RequireProfile=x", "PreferredChain=x",
                                              "Lifetime=7d" };
        for (size_t i = 0; i < ELEMENTSOF(wishes); i++) {
                _cleanup_free_ char *text = NULL;

                CHECK(str_printf(&text, "[Certificate]\nNames=b.example.org a.example.org\n%s\n",
                                 wishes[i]) >= 0);
                write_text("etc/certificates/c.conf", text);
                _cleanup_(config_freep) Config *d = load();
                REQUIRE(d->certificate_count == 3);
                CHECK(!certificate_same_order(&d->certificates[0], &d->certificates[2]));
        }
}

/* Of two keys that say one thing the certificate's own counts. */
static void test_wishes(void) {
        make_tree();
        write_text("etc/renewd.conf",
                   "[Defaults]\nProfile=tlsserver\nPreferredChain=ISRG Root X1\nLifetime=10d\n"
                   "StrictNames=yes\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        write_text("etc/certificates/b.conf",
                   "[Certificate]\nNames=b.example.org\nRequireProfile=short lived\nLifetime=12h\n"
                   "PreferredChain=Other\nStrictNames=no\n");
        write_text("etc/ca/letsencrypt.conf.d/x.conf", "[CA]\nRenewalInfo=no\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(c->message_count, 0);
        REQUIRE(c->certificate_count == 2 && c->ca_count == 1);
        CHECK_STR(c->certificates[0].profile, "tlsserver");
        CHECK(!c->certificates[0].require_profile);
        CHECK_STR(certificate_profile(&c->certificates[0]), "tlsserver");
        CHECK_STR(c->certificates[0].preferred_chain, "ISRG Root X1");
        CHECK_INT(c->certificates[0].lifetime_sec, 10 * SEC_PER_DAY);
        CHECK(!c->certificates[1].profile);
        CHECK_STR(c->certificates[1].require_profile, "short lived");
        CHECK_STR(certificate_profile(&c->certificates[1]), "short lived");
        CHECK_STR(c->certificates[1].preferred_chain, "Other");
        CHECK_INT(c->certificates[1].lifetime_sec, 12 * SEC_PER_HOUR);
        CHECK(c->certificates[0].strict_names && !c->certificates[1].strict_names);
        CHECK(!c->cas[0].renewal_info);
        CHECK(c->cas[0].replaces);
}

/* What is dumped, read again, is dumped the same. */
static void test_dump(void) {
        _cleanup_(bytes_done) Bytes first = {}, second = {};
        const char *text, *at;

        make_tree();
        write_text("etc/renewd.conf",
                   "[Account]\nEmail=a@example.org\n[HTTP]\nListen=127.0.0.1:8402\nListen=/run/x\n");
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\nDNS=p\nRenewBefore=10d\n[Deploy nginx]\nFile=combined \"/srv/a %%\\\\.pem\" 1:2\n"
                   "Hook=/bin/echo \"a \\\"b\\\" %%n\" \"\"\n"
                   "Setup=/bin/set %n\nOption=A=1 \"2\" %%\nOption=B=\nOption=A=3 %%\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(config_dump(c, &first), 0);
        text = bytes_text(&first);
        CHECK(strstr(text, "Listen=/run/x\n"));
        CHECK(strstr(text, "\nSetup=/bin/set a\nOption=A=3 %%\nOption=B=\n"));
        at = strstr(text, "[Certificate]");
        REQUIRE(at);
        write_text("etc/certificates/a.conf", at);
        write_text("lib/services/nginx.conf", "[Service]\nDescription=nothing\n");
        _cleanup_(config_freep) Config *d = load();
        print_messages(d);
        CHECK_INT(config_dump(d, &second), 0);
        CHECK_STR(bytes_text(&second), bytes_text(&first));
}

static void test_reference(void) {
        _cleanup_(bytes_done) Bytes man = {};

        CHECK_INT(config_reference_man(&man), 0);
        CHECK(strstr(bytes_text(&man), ".BI OrderBudget= \"NUMBER\"\n"));
        CHECK(strstr(bytes_text(&man), "\nDefault: ecdsa\\-p256.\n"));
}

static void test_paths(void) {
        Paths p = paths_default();
        _cleanup_free_ char *joined = NULL;

        CHECK_INT(paths_take_option(&p, PATHS_OPTION_STATE, "/x"), 1);
        CHECK_STR(p.state, "/x");
        CHECK_INT(paths_take_option(&p, PATHS_OPTION_STATE, "x"), -EINVAL);
        CHECK_INT(paths_take_option(&p, 'h', "/x"), 0);
        CHECK_INT(path_join("/a/", "b", &joined), 0);
        CHECK_STR(joined, "/a/b");
}

TEST_MAIN({ "the shortest configuration is complete", test_shortest },
          { "a certificate's [Deploy] overlays the profile", test_overlay },
          { "Q-05: optional names are names, but not all of them", test_optional_names },
          { "drop-ins apply in order, an empty value resets", test_drop_ins },
          { "one certificate can be read alone", test_only },
          { "certificate_same_order looks at what is ordered", test_same_order },
          { "profile, chain, lifetime and strictness, of the certificate or the defaults (U-02, P-08, H-04, P-05)",
            test_wishes },
          { "the dump reads back as the same", test_dump },
          { "every key is in the reference", test_reference },
          { "directories are moved by absolute paths only", test_paths })
