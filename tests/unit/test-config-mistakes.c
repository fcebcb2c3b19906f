/* Mistakes in the configuration: which message each gets, and whom it breaks. */

#include "config/config.h"
#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

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

TEST_MAIN({ "R2.8.2 R2.8.4: a mistake has its message and breaks one certificate", test_golden },
          { "R2.8.4: unknown keys and sections are warned of with file and line", test_unknown },
          { "R2.8.2: a mistake in renewd.conf breaks the whole", test_main_error },
          { "R2.8.5: one path for two certificates breaks the second", test_destinations },
          { "R2.8.3 R2.8.5: odd files break at most themselves", test_odd_files },
          { "R2.8.2: a thousand mutated files break nothing else", test_mutated })
