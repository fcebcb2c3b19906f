/* The configuration: what is read, which message a mistake gets, and whom it breaks. */

#include <fcntl.h>
#include <sys/stat.h>

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

static void test_cas(void) {
        make_tree();
        write_text("lib/ca/second.conf", "[CA]\nDirectory=https://second.example/dir\nMaxNames=2\n"
                                         "Limit=duplicates 5/7d\nLimit=failures 4/1h\n"
                                         "Limit=failures 5/2h\nCaaIdentity=Second.example\n");
        write_text("etc/renewd.conf", "[Defaults]\nCA=letsencrypt second\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\nCA=second\n");
        write_text("etc/certificates/c.conf",
                   "[Certificate]\nNames=a.example.org\nOptionalNames=c.example.org b.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        const CaConfig *ca = config_ca(c, "second");
        REQUIRE(c->certificate_count == 3 && ca);
        CHECK_STR(c->certificates[0].ca, "letsencrypt");
        REQUIRE(c->certificates[0].fallback_cas.count == 1);
        CHECK_STR(c->certificates[0].fallback_cas.items[0], "second");
        CHECK(certificate_has_ca(&c->certificates[0], "second"));
        CHECK(!certificate_has_ca(&c->certificates[1], "letsencrypt"));
        CHECK_INT(c->certificates[1].fallback_cas.count, 0);
        CHECK_INT(ca->max_names, 2);
        CHECK_INT(config_ca(c, "letsencrypt")->max_names, 100);
        CHECK_INT(ca->limits[CA_LIMIT_DUPLICATES].count, 5);
        CHECK_INT(ca->limits[CA_LIMIT_DUPLICATES].period_sec, 7 * 86400);
        CHECK_INT(ca->limits[CA_LIMIT_FAILURES].period_sec, 7200);
        CHECK_STR(ca->caa_identities.items[0], "second.example");
        CHECK_INT(c->certificates[2].names.count, 3);
        CHECK_INT(c->certificates[2].optional_names.count, 2);
        check_one_message(
                        c, true, "c",
                        "/etc/certificates/c.conf: Names=: 3 names, but CA 'second' puts at most 2 "
                        "into one certificate (MaxNames=); make two certificates of it");
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

/* One line each in [Certificate] or [Deploy t] of certificate "a", and its golden message. */
typedef struct Golden {
        const char *lines;
        const char *message;
} Golden;

static const Golden golden_errors[] = {
        { "KeyType=rsa-1024",
          "/etc/certificates/a.conf:3: KeyType=rsa-1024: not a key type; use one of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519" },
        { "CA=letsencrypt letsencrypt",
          "/etc/certificates/a.conf:3: CA=letsencrypt letsencrypt: 'letsencrypt' is given twice" },
        { "CA=letsencrypt nobody",
          "/etc/certificates/a.conf: CA=nobody: there is no such CA; there are: letsencrypt" },
        { "Challenge=http-1",
          "/etc/certificates/a.conf:3: Challenge=http-1: not a challenge type; use http-01, tls-alpn-01, dns-01, dns-account-01 or dns-persist-01" },
        { "Challenge=http-01 http-01",
          "/etc/certificates/a.conf:3: Challenge=http-01 http-01: http-01 is given twice" },
        { "Lifetime=0",
          "/etc/certificates/a.conf:3: Lifetime=0: not between one second and 316224000 s" },
        { "Profile=a\xc3\xa4",
          "/etc/certificates/a.conf:3: Profile=a\xc3\xa4: not a profile's name; at most 100 printable ASCII characters" },
        { "Profile=a\nRequireProfile=b",
          "/etc/certificates/a.conf: both Profile=a and RequireProfile=b are set; leave one of them out" },
        { "RenewBefore=soon",
          "/etc/certificates/a.conf:3: RenewBefore=soon: not a span of time; write for example 30d" },
        { "RenewBefore=400d",
          "/etc/certificates/a.conf:3: RenewBefore=400d: not between one second and 34387200 s" },
        { "CA=../x",
          "/etc/certificates/a.conf:3: CA=../x: not a name of a file without .conf (letters, digits and '._@-', at most 100)" },
        { "CA=nobody",
          "/etc/certificates/a.conf: CA=nobody: there is no such CA; there are: letsencrypt" },
        { "Names=b_c.example.org",
          "/etc/certificates/a.conf:3: Names=b_c.example.org: 'b_c.example.org' has an underscore, which no public CA accepts in a host name" },
        { "Names=*.example.org\nDNS=p",
          "/etc/certificates/a.conf: Names=a.example.org: already covered by '*.example.org' in the same certificate; leave it out" },
        { "Names=*.b.example.org",
          "/etc/certificates/a.conf: Names=*.b.example.org: a wildcard can only be shown by dns-01; set DNS=NAME" },
        { "Names=*.b.example.org\nChallenge=http-01",
          "/etc/certificates/a.conf: Names=*.b.example.org: a wildcard can only be shown by dns-01; set DNS=NAME and Challenge=dns-01" },
        { "Challenge=dns-01",
          "/etc/certificates/a.conf: Challenge=dns-01 needs a DNS provider; set DNS=NAME of a file below dns/" },
        { "DNS=q", "/etc/certificates/a.conf: DNS=q: there is no dns/q.conf; there are: p" },
        { "DNS=../q",
          "/etc/certificates/a.conf:3: DNS=../q: not a name of a file without .conf (letters, digits and '._@-', at most 100)" },
        { "ChallengeHook=open",
          "/etc/certificates/a.conf:3: ChallengeHook=open: not an absolute path; begin it with '/'" },
        { "Names=9.9.9.9\nChallenge=dns-01\nDNS=p",
          "/etc/certificates/a.conf: Names=9.9.9.9: an IP address cannot be shown by dns-01; set Challenge=http-01" },
        { "Names=printer",
          "/etc/certificates/a.conf: Names=printer: not a full name; no public CA takes it (a CA of your own with Bundle= may)" },
        { "Names=192.168.1.1",
          "/etc/certificates/a.conf: Names=192.168.1.1: a private, loopback, link-local or documentation address, for which no public CA issues; leave it out, or use a CA of your own (with Bundle=)" },
        { "Names=FD00:0::1",
          "/etc/certificates/a.conf: Names=fd00::1: a private, loopback, link-local or documentation address, for which no public CA issues; leave it out, or use a CA of your own (with Bundle=)" },
        { "Names=1.2.3.4.5.6.7.example.org\nNames=1.2.3.4.5.6.7.8.example.org",
          "/etc/certificates/a.conf: Names=1.2.3.4.5.6.7.8.example.org: has 10 labels; CA 'letsencrypt' takes at most 9" },
        { "Names=b\u00fc_.example.org",
          "/etc/certificates/a.conf:3: Names=b\u00fc_.example.org: 'b\u00fc_.example.org' has an underscore, which no public CA accepts in a host name" },
        { "Names=\xfc.example.org", "/etc/certificates/a.conf:3: line is not UTF-8" },
        { "[Deploy t]\nFile=key relative.key",
          "/etc/certificates/a.conf:4: File=key relative.key: not an absolute path; begin it with '/'" },
        { "[Deploy t]\nFile=key /a/../b",
          "/etc/certificates/a.conf:4: File=key /a/../b: a path with '//', '/./' or '/../'; write it without" },
        { "[Deploy t]\nFile=pkcs12 /a",
          "/etc/certificates/a.conf:4: File=pkcs12 /a: 'pkcs12' is not a kind of file; write: key|cert|chain|root|fullchain|combined /PATH [OWNER:GROUP] [MODE] [OPTION=VALUE...], or parts in an order of yours as in cert,chain,key" },
        { "[Deploy t]\nFile=key /a root:root 0644",
          "/etc/certificates/a.conf:4: File=key /a root:root 0644: mode 0644 lets everybody read the private key; use 0600 or 0640" },
        { "[Deploy t]\nFile=cert /a 0666",
          "/etc/certificates/a.conf:4: File=cert /a 0666: mode 0666 lets everybody write; use for example 0644" },
        { "[Deploy t]\nFile=cert /a root:root 4755",
          "/etc/certificates/a.conf:4: File=cert /a root:root 4755: '4755' is not a mode; write for example 0640, or '-' where the file system has no rights to set" },
        { "[Deploy t]\nFile=cert /a\nFile=key /a",
          "/etc/certificates/a.conf:3: [Deploy t]: File= names '/a' twice" },
        { "[Deploy t]\nHook=touch /x",
          "/etc/certificates/a.conf:4: Hook=touch /x: not an absolute path; begin it with '/'" },
        { "[Deploy t]\nHook=/bin/x \"a",
          "/etc/certificates/a.conf:4: Hook=/bin/x \"a: quotes do not match" },
        { "[Deploy t]\nHook=/bin/x %d",
          "/etc/certificates/a.conf:4: Hook=/bin/x %d: a '%' that is none of %n (certificate), %t (target), %s (stage directory), %%" },
        { "[Deploy t]\nSetup=/bin/x\nOption=set=1",
          "/etc/certificates/a.conf:5: Option=set=1: not NAME=VALUE with a name of A-Z, 0-9 and _; write for example SETUP=yes" },
        { "[Deploy t]\nSetup=/bin/x\nOption=SET",
          "/etc/certificates/a.conf:5: Option=SET: not NAME=VALUE with a name of A-Z, 0-9 and _; write for example SETUP=yes" },
        { "[Deploy t]\nSetup=x",
          "/etc/certificates/a.conf:4: Setup=x: not an absolute path; begin it with '/'" },
        { "[Deploy t]\nReload=a b",
          "/etc/certificates/a.conf:4: Reload=a b: not the name of a unit; write for example nginx.service" },
        { "[Deploy t]\nReload=a\nRestart=b",
          "/etc/certificates/a.conf:3: [Deploy t]: both Reload=a.service and Restart=b.service; empty the one that is not wanted, for example with a line 'Reload='" },
        { "[Deploy t]\nHook=/bin/x\nValidation=lax",
          "/etc/certificates/a.conf:5: Validation=lax: none of disabled, basic, recommended and strict" },
        { "[Deploy t]\nHook=/bin/x\nPin=abc",
          "/etc/certificates/a.conf:5: Pin=abc: no pin; 'renewctl inspect HOST:PORT' shows it, 44 characters of base64" },
        { "[Deploy t]\nHook=/bin/x\nProbe=gopher localhost:70",
          "/etc/certificates/a.conf:5: Probe=gopher localhost:70: 'gopher' is not a protocol; there are: tls smtp lmtp imap pop3 "
          "sieve ftp ldap xmpp xmpp-server postgres mysql nntp irc" },
        { "[Deploy t]\nHook=/bin/x\nProbe=localhost",
          "/etc/certificates/a.conf:5: Probe=localhost: not HOST:PORT; write for example localhost:443, [::1]:443 or smtp localhost:25" },
        { "[Deploy t]\nHook=/bin/x\nRestartWindow=Sun 25:00",
          "/etc/certificates/a.conf:5: RestartWindow=Sun 25:00: a number is too small or too large for its place" },
        { "[Deploy t]\nHook=/bin/x\nRestartWindow=Sun 03:00 /2x",
          "/etc/certificates/a.conf:5: RestartWindow=Sun 03:00 /2x: '2x' is not a length; write for example Sun 03:00 /2h" },
        { "[Deploy t]\nHook=/bin/x\nRestartWindow=daily /10s",
          "/etc/certificates/a.conf:5: RestartWindow=daily /10s: a window is one minute to four weeks long" },
        { "[Deploy t]\nHook=/bin/x\nRestartDeadline=never",
          "/etc/certificates/a.conf:5: RestartDeadline=never: not a span of time; write for example 5d, or auto" },
        { "[Deploy t]\nHook=/bin/x\nTimeout=0",
          "/etc/certificates/a.conf:5: Timeout=0: not between one second and 3600 s" },
        { "[Deploy ngnix]",
          "/etc/certificates/a.conf:3: [Deploy ngnix]: there is no service profile 'ngnix'; there are: nginx" },
        { "[Deploy a/b]\nHook=/bin/x",
          "/etc/certificates/a.conf:3: [Deploy a/b]: not a name for a target (letters, digits and '._@-')" },
};

static void test_golden(void) {
        for (size_t i = 0; i < ELEMENTSOF(golden_errors); i++) {
                char text[1024];
                const CertificateConfig *cert;

                make_tree();
                (void) snprintf(text, sizeof text, "[Certificate]\nNames=a.example.org\n%s\n",
                                golden_errors[i].lines);
                write_text("etc/certificates/a.conf", text);
                write_text("etc/certificates/b.conf", "[Certificate]\nNames=other.example\n");
                _cleanup_(config_freep) Config *c = load();
                check_one_message(c, true, "a", golden_errors[i].message);
                cert = config_certificate(c, "a");
                CHECK(cert && cert->broken);
                cert = config_certificate(c, "b");
                CHECK(cert && !cert->broken);
                CHECK(!c->broken);
        }
}

static void test_unknown(void) {
        make_tree();
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\nkeytype=rsa-2048\n[Certs]\nX=1\nY=2\n[Deploy]\nFile=\n[X-Mine]\nA=b\n");
        _cleanup_(config_freep) Config *c = load();
        REQUIRE(c->message_count == 3);
        CHECK_STR(message_at(c, 0),
                  "/etc/certificates/a.conf:3: unknown key 'keytype' in [Certificate] is ignored; it is written 'KeyType'");
        CHECK_STR(message_at(c, 1),
                  "/etc/certificates/a.conf:4: unknown section [Certs] is ignored");
        CHECK_STR(message_at(c, 2),
                  "/etc/certificates/a.conf:7: unknown section [Deploy] is ignored; it needs a name: [Deploy NAME]");
        CHECK(!c->messages[0].error && !c->messages[1].error && !c->messages[2].error);
        CHECK(!config_certificate(c, "a")->broken);
}

static void test_main_error(void) {
        static const Golden golden[] = {
                { "[Account]\nAgreeToTerms=perhaps\n",
                  "/etc/renewd.conf:2: AgreeToTerms=perhaps: not a boolean; write yes or no" },
                { "[Account]\nEmail=nobody\n",
                  "/etc/renewd.conf:2: Email=nobody: not an e-mail address; write NAME@DOMAIN" },
                { "[HTTP]\nListen=0.0.0.0:80\n",
                  "/etc/renewd.conf:2: Listen=0.0.0.0:80: neither an absolute path nor ADDRESS:PORT on loopback; write for "
                  "example /run/renewd/http or 127.0.0.1:8402 (port 80 is renewd-http.socket, 443 renewd-https.socket)" },
                { "[TLS]\nListen=[2001:db8::1]:443\n",
                  "/etc/renewd.conf:2: Listen=[2001:db8::1]:443: neither an absolute path nor ADDRESS:PORT on loopback; write for "
                  "example /run/renewd/http or 127.0.0.1:8402 (port 80 is renewd-http.socket, 443 renewd-https.socket)" },
                { "[HTTP]\nChallengeDirectory=www\n",
                  "/etc/renewd.conf:2: ChallengeDirectory=www: not an absolute path; begin it with '/'" },
        };

        for (size_t i = 0; i < ELEMENTSOF(golden); i++) {
                make_tree();
                write_text("etc/renewd.conf", golden[i].lines);
                _cleanup_(config_freep) Config *c = load();
                check_one_message(c, true, NULL, golden[i].message);
                CHECK(c->broken);
        }
}

static void test_destinations(void) {
        static const char text[] =
                        "[Certificate]\nNames=%s.example.org\n[Deploy web]\nFile=cert /srv/one.pem\nHook=/bin/true\n";
        char a[300], b[300];

        make_tree();
        (void) snprintf(a, sizeof a, text, "a");
        (void) snprintf(b, sizeof b, text, "b");
        write_text("etc/certificates/a.conf", a);
        write_text("etc/certificates/b.conf", b);
        _cleanup_(config_freep) Config *c = load();
        check_one_message(
                        c, true, "b",
                        "/etc/certificates/b.conf: [Deploy web]: File= '/srv/one.pem' already belongs to [Deploy web] of "
                        "certificate 'a'; choose another path");
        CHECK(!config_certificate(c, "a")->broken);
        CHECK(config_certificate(c, "b")->broken);
}

static void set_mode(const char *name, mode_t mode) {
        char path[500];

        (void) snprintf(path, sizeof path, "%s/%s", root, name);
        if (chmod(path, mode) < 0)
                abort();
}

static void test_trust(void) {
        make_tree();
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\n");
        set_mode("etc/certificates/a.conf", 0646);
        _cleanup_(config_freep) Config *c = load();
        REQUIRE(c->message_count >= 1);
        CHECK_STR(message_at(c, 0),
                  "/etc/certificates/a.conf: not read: '/etc/certificates/a.conf' may be written by everybody; mend it: "
                  "chmod o-w '/etc/certificates/a.conf'");
        CHECK(config_certificate(c, "a") && config_certificate(c, "a")->broken);
        CHECK(config_certificate(c, "b") && !config_certificate(c, "b")->broken);

        set_mode("etc/certificates/a.conf", 0644);
        set_mode("etc/certificates", 0777);
        _cleanup_(config_freep) Config *d = load();
        CHECK(config_certificate(d, "b") && config_certificate(d, "b")->broken);
        set_mode("etc/certificates", 0755);
        _cleanup_(config_freep) Config *e = load();
        CHECK_INT(e->message_count, 0);
}

static void test_foreign_owner(void) {
        char path[500];

        if (geteuid() != 0)
                return; /* only root can give a file away */
        make_tree();
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        (void) snprintf(path, sizeof path, "%s/etc/certificates/a.conf", root);
        REQUIRE(chown(path, 12345, 12345) == 0);
        _cleanup_(config_freep) Config *c = load();
        CHECK(config_certificate(c, "a") && config_certificate(c, "a")->broken);
        REQUIRE(chown(path, 0, 12345) == 0);
        set_mode("etc/certificates/a.conf", 0664);
        _cleanup_(config_freep) Config *d = load();
        CHECK(config_certificate(d, "a") && config_certificate(d, "a")->broken);
        REQUIRE(chown(path, 0, 0) == 0);
        _cleanup_(config_freep) Config *e = load();
        CHECK(config_certificate(e, "a") && !config_certificate(e, "a")->broken);
}

static const char test_root_pem[] =
                "-----BEGIN CERTIFICATE-----\n"
                "MIIBfzCCASWgAwIBAgIUIxm3FKhfObi+2pfsq8vSxAcZbUcwCgYIKoZIzj0EAwIw\n"
                "FDESMBAGA1UEAwwJdGVzdCByb290MCAXDTI2MTEyMTExMTYxNFoYDzIxMjYxMDI4\n"
                "MTExNjE0WjAUMRIwEAYDVQQDDAl0ZXN0IHJvb3QwWTATBgcqhkjOPQIBBggqhkjO\n"
                "PQMBBwNCAARpMiUXe3NzSJmNqZv+D0PlJCW8NAOyTp+8zFRcQ/AAN1I50L49X7on\n"
                "ZctC9UtzkTPaZxbMSZIxuVRC7Ddp2DDCo1MwUTAdBgNVHQ4EFgQU0q3jHWv4LjKz\n"
                "x7agxi5Stlls/WowHwYDVR0jBBgwFoAU0q3jHWv4LjKzx7agxi5Stlls/WowDwYD\n"
                "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAsdfQskL9uM9jtStHatPG\n"
                "zs+Yn6hvMQkFd0qOp13n7fICIAhbNV/fuSV15LdAILmxcIJgNFarkev9Xx9C0GQU\n"
                "2VEN\n"
                "-----END CERTIFICATE-----\n";

static void check_bundle_case(const char *pem, const char *why) {
        char ca[600], expected[1200];

        make_tree();
        (void) snprintf(ca, sizeof ca,
                        "[CA]\nDirectory=https://own.example/dir\nBundle=%s/etc/own.pem\n", root);
        write_text("etc/ca/own.conf", ca);
        if (pem)
                write_text("etc/own.pem", pem);
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\nCA=own\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        (void) snprintf(expected, sizeof expected,
                        "CA 'own' cannot be used: Bundle=/etc/own.pem: %s", why ? why : "");
        if (why)
                check_one_message(c, true, "a", expected);
        else
                CHECK_INT(c->message_count, 0);
        CHECK_INT(config_certificate(c, "a")->broken, why != NULL);
        CHECK_INT(config_ca(c, "own") == NULL, why != NULL);
        CHECK(!config_certificate(c, "b")->broken);
}

static void test_bundle(void) {
        check_bundle_case(test_root_pem, NULL);
        check_bundle_case(
                        NULL,
                        "cannot be read: No such file or directory (ENOENT); it must be readable by the "
                        "engine's user '" RENEWD_ENGINE_USER "'");
        check_bundle_case("", "holds no certificate; it must hold certificates in PEM");
        check_bundle_case("hello\n", "holds no certificate; it must hold certificates in PEM");
        check_bundle_case(
                        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                        "is damaged; it must hold certificates in PEM");
}

/* N-05: what is one's own CA may name private addresses. */
static void test_private_addresses(void) {
        static const char *const own[] = {
                "Directory=https://own.example/dir\nAllowPrivateAddresses=yes\n",
                "Directory=https://10.0.0.1/dir\n",
                "Directory=https://[fd00::1]/dir\n",
                "Directory=https://localhost:14000/dir\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(own); i++) {
                _cleanup_free_ char *text = NULL;

                make_tree();
                CHECK_INT(str_printf(&text, "[CA]\n%s", own[i]), 0);
                write_text("etc/ca/own.conf", text);
                write_text("etc/certificates/a.conf",
                           "[Certificate]\nNames=10.1.2.3 ::1\nCA=own\n");
                write_text("etc/certificates/b.conf",
                           "[Certificate]\nNames=8.8.8.8 2606:4700::1111\n");
                _cleanup_(config_freep) Config *c = load();
                print_messages(c);
                CHECK_INT(c->message_count, 0);
        }
}

static void test_proxies(void) {
        make_tree();
        write_text("etc/renewd.conf", "[Account]\nProxy=http://proxy.example.org:3128\n");
        write_text("etc/ca/own.conf", "[CA]\nDirectory=https://own.example/dir\n");
        write_text("etc/ca/near.conf", "[CA]\nDirectory=https://near.example/dir\nProxy=\n");
        write_text("etc/ca/far.conf",
                   "[CA]\nDirectory=https://far.example/dir\nProxy=http://[fd00::1]:8080\n");
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\nCA=own near far\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(c->message_count, 0);
        CHECK_STR(config_ca(c, "own")->proxy, "http://proxy.example.org:3128");
        CHECK(!config_ca(c, "near")->proxy);
        CHECK_STR(config_ca(c, "far")->proxy, "http://[fd00::1]:8080");
}

static void test_bad_proxies(void) {
        static const char *const bad[] = {
                "proxy.example.org:3128",
                "https://proxy.example.org:3128",
                "http://proxy.example.org",
                "http://proxy.example.org:3128/",
                "http://:3128",
                "http://a_b c:1",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_free_ char *text = NULL, *expected = NULL;

                make_tree();
                CHECK_INT(str_printf(&text, "[Account]\nProxy=%s\n", bad[i]), 0);
                CHECK_INT(str_printf(&expected,
                                     "/etc/renewd.conf:2: Proxy=%s: not a proxy; write http://HOST:PORT, without a path",
                                     bad[i]),
                          0);
                write_text("etc/renewd.conf", text);
                _cleanup_(config_freep) Config *c = load();
                check_one_message(c, true, NULL, expected);
        }
        make_tree();
        write_text("etc/renewd.conf", "[Account]\nProxy=http://me:secret@proxy.example.org:3128\n");
        _cleanup_(config_freep) Config *c = load();
        CHECK_INT(c->message_count, 1);
        CHECK(strstr(c->messages[0].text, "wants a password cannot be used"));
}

static void test_unused_ca(void) {
        make_tree();
        write_text("etc/ca/own.conf", "[CA]\nDirectory=http://own.example/dir\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        check_one_message(
                        c, false, NULL,
                        "CA 'own' cannot be used: /etc/ca/own.conf:2: Directory=http://own.example/dir: not a URL; write "
                        "https://HOST/PATH");
        CHECK(!c->broken);
}

static void test_odd_files(void) {
        static const char with_nul[] = "[Certificate]\nNames=a.example.org\0b\n";
        char long_line[80 * 1024];
        char link[500], target[500];

        make_tree();
        write_text("etc/certificates/bom.conf",
                   "\xef\xbb\xbf[Certificate]\r\nNames=a.example.org\r\n");
        write_sized("etc/certificates/nul.conf", with_nul, sizeof with_nul - 1);
        memset(long_line, 'x', sizeof long_line);
        write_sized("etc/certificates/long.conf", long_line, sizeof long_line);
        write_text("etc/certificates/empty.conf", "");
        write_text("etc/certificates/Upper.conf", "[Certificate]\nNames=c.example.org\n");
        write_text("etc/certificates/readme", "hello");
        write_text("etc/certificates/twice.conf",
                   "[Certificate]\nNames=d.example.org\n[Certificate]\nNames=e.example.org\n");
        write_text("etc/certificates/noname.conf", "[Certificate]\nKeyType=rsa-2048\n");
        write_text("etc/real.conf", "[Certificate]\nNames=f.example.org\n");
        (void) snprintf(target, sizeof target, "%s/etc/real.conf", root);
        (void) snprintf(link, sizeof link, "%s/etc/certificates/link.conf", root);
        REQUIRE(symlink(target, link) == 0);
        _cleanup_(config_freep) Config *c = load();
        CHECK(config_certificate(c, "bom") && !config_certificate(c, "bom")->broken);
        CHECK(config_certificate(c, "nul") && config_certificate(c, "nul")->broken);
        CHECK(config_certificate(c, "long") && config_certificate(c, "long")->broken);
        CHECK(!config_certificate(c, "empty"));
        CHECK(!config_certificate(c, "Upper"));
        CHECK(config_certificate(c, "twice") && config_certificate(c, "twice")->names.count == 2);
        CHECK(config_certificate(c, "noname") && config_certificate(c, "noname")->broken);
        CHECK(config_certificate(c, "link") && !config_certificate(c, "link")->broken);
        CHECK(!c->broken);
}

/* Octets of a good file are replaced, dropped and doubled; whatever comes of it is read to its end and
 * touches no other certificate. */
static void test_mutated(void) {
        static const char good[] =
                        "[Certificate]\nNames=a.example.org *.b.example.org\nChallenge=dns-01\nRenewBefore=30d\n"
                        "[Deploy nginx]\nFile=\nFile=key \"/srv/%n.key\" root:root 0600\nReload=nginx\n"
                        "Probe=localhost:443\nTimeout=1min\n";
        unsigned seed = 20270103;

        printf("# seed %u\n", seed);
        make_tree();
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=other.example\n");
        for (int round = 0; round < 1000; round++) {
                char text[sizeof good + 16];
                size_t size = sizeof good - 1;

                memcpy(text, good, size);
                for (int i = 0; i < 1 + round % 8; i++) {
                        size_t at;

                        seed = seed * 1664525u + 1013904223u;
                        at = (seed >> 8) % size;
                        if ((seed & 3) == 0) {
                                memmove(text + at, text + at + 1, size - at - 1);
                                size--;
                        } else if ((seed & 3) == 1) {
                                memmove(text + at + 1, text + at, size - at);
                                size++;
                        } else
                                text[at] = (char) (seed >> 24);
                }
                write_sized("etc/certificates/a.conf", text, size);
                _cleanup_(config_freep) Config *c = load();
                CHECK(config_certificate(c, "b") && !config_certificate(c, "b")->broken);
                CHECK(config_certificate(c, "a"));
        }
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
                   "[Defaults]\nProfile=tlsserver\nPreferredChain=ISRG Root X1\nLifetime=10d\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        write_text("etc/certificates/b.conf",
                   "[Certificate]\nNames=b.example.org\nRequireProfile=short lived\nLifetime=12h\n"
                   "PreferredChain=Other\n");
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
        CHECK(!c->cas[0].renewal_info);
        CHECK(c->cas[0].replaces);
}

/* Where a renewal is rehearsed; what cannot be is warned of and breaks nothing. */
static void test_rehearsals(void) {
        make_tree();
        write_text("etc/renewd.conf", "[Defaults]\nRehearse=no\nCA=letsencrypt\n");
        write_text("etc/ca/letsencrypt.conf.d/x.conf", "[CA]\nStaging=trial\n");
        write_text("etc/ca/trial.conf", "[CA]\nDirectory=https://trial.example/d\nStaging=trial\n");
        write_text("etc/ca/own.conf", "[CA]\nDirectory=https://own.example/d\nStaging=nowhere\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\nRehearse=yes\n");
        write_text("etc/certificates/b.conf",
                   "[Certificate]\nNames=b.example.org\nKeyType=ecdsa-p256 rsa-2048\n");
        write_text("etc/certificates/c.conf",
                   "[Certificate]\nNames=c.example.org\nCA=own\nRehearse=yes\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        REQUIRE(c->certificate_count == 4 && c->message_count == 3);
        CHECK(strstr(c->messages[0].text, "CA 'own': Staging=nowhere: there is no such CA"));
        CHECK(strstr(c->messages[1].text, "CA 'trial': Staging=trial: is this CA itself"));
        CHECK(strstr(c->messages[2].text,
                     "Rehearse=yes: nothing is rehearsed, as CA 'own' has no Staging="));
        CHECK(!c->messages[0].error && !c->messages[1].error && !c->messages[2].error);
        CHECK_STR(c->certificates[0].staging, "trial");
        CHECK_INT(c->certificates[0].rehearse, REHEARSE_YES);
        CHECK(certificate_rehearses_at(&c->certificates[0], "trial"));
        CHECK(!certificate_has_ca(&c->certificates[0], "trial"));
        CHECK_STR(c->certificates[1].staging, "trial");
        CHECK_INT(c->certificates[1].rehearse, REHEARSE_NO);
        CHECK_STR(c->certificates[2].twin_of, "b"); /* takes the same way as its twin */
        CHECK(!c->certificates[2].staging && !c->certificates[3].staging);
        CHECK(!certificate_rehearses_at(&c->certificates[3], NULL));
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
          { "CA-03 H-03 LE-07: CAs in their order, and what each allows", test_cas },
          { "Q-05: optional names are names, but not all of them", test_optional_names },
          { "drop-ins apply in order, an empty value resets", test_drop_ins },
          { "R2.8.2 R2.8.4: a mistake has its message and breaks one certificate", test_golden },
          { "R2.8.4: unknown keys and sections are warned of with file and line", test_unknown },
          { "R2.8.2: a mistake in renewd.conf breaks the whole", test_main_error },
          { "R2.8.5: one path for two certificates breaks the second", test_destinations },
          { "R2.8.1: a file that everybody may write is not read", test_trust },
          { "R2.8.1: owner and group matrix", test_foreign_owner },
          { "N-05: private addresses are for CAs of one's own", test_private_addresses },
          { "R1.12: a CA whose trust file cannot be used fails closed", test_bundle },
          { "A-19: a proxy for all CAs, or for one", test_proxies },
          { "A-19: what is no proxy says what would be", test_bad_proxies },
          { "a bad CA that nobody uses is a warning", test_unused_ca },
          { "R2.8.3 R2.8.5: odd files break at most themselves", test_odd_files },
          { "R2.8.2: a thousand mutated files break nothing else", test_mutated },
          { "one certificate can be read alone", test_only },
          { "a DNS provider is read with its drop-ins, by all who name it", test_dns },
          { "a mistake in a DNS provider has its message and breaks those who name it",
            test_dns_mistakes },
          { "certificate_same_order looks at what is ordered", test_same_order },
          { "where renewals are rehearsed", test_rehearsals },
          { "profile, chain and lifetime, of the certificate or the defaults (U-02, P-08, H-04)",
            test_wishes },
          { "the dump reads back as the same", test_dump },
          { "every key is in the reference", test_reference },
          { "directories are moved by absolute paths only", test_paths })
