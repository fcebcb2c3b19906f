"""DNS-01 with a real BIND and its late secondary: the shipped programs, the way of a record, and other clients' hooks."""

import os
import re
import sys
import time

import bind
import debs
import harness
import webserver
from ca import Pebble
from process import free_port, wait_until

RECORDS = {
    "example.org": "* IN A 127.0.0.1\nns1 IN A 127.0.0.1\nns2 IN A 127.0.0.2\n_acme-challenge.alias IN CNAME alias.acme.test.\n",
    "acme.test": "",
}
# Hooks to the contracts of clients of which Debian ships none that talks to a name server.
NSUPDATE = 'printf "server 127.0.0.1\\nupdate %s %s. 60 TXT \\"%s\\"\\nsend\\n" '
CERTBOT_AUTH = f'{NSUPDATE} add "_acme-challenge.$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION" | nsupdate -k KEY; echo "id of $CERTBOT_DOMAIN"\n'
CERTBOT_CLEANUP = f'''[ "$CERTBOT_AUTH_OUTPUT" = "id of $CERTBOT_DOMAIN" ] || exit 1
{NSUPDATE} delete "_acme-challenge.$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION" | nsupdate -k KEY
'''
DEHYDRATED_CHAIN = f'''op=$1; shift
case $op in deploy_challenge) op=add;; clean_challenge) op=delete;; *) exit 0;; esac
while [ $# -gt 0 ]; do {NSUPDATE} $op "_acme-challenge.$1" "$3" | nsupdate -k KEY || exit 1; shift 3; done
'''
LEGO = f'''case $1 in present) op=add;; cleanup) op=delete;; esac
{NSUPDATE} $op "${{2%.}}" "$3" | nsupdate -k KEY
'''
LEGO_RAW = f'''case $1 in present) op=add;; cleanup) op=delete;; esac
[ "$2" = -- ] || exit 1
value=$(printf %s "$5" | openssl dgst -sha256 -binary | openssl base64 | tr +/ -_ | tr -d =)
{NSUPDATE} $op "_acme-challenge.$3" "$value" | nsupdate -k KEY
'''
MOD_MD = f'''case $1 in setup) op=add;; teardown) op=delete;; esac
{NSUPDATE} $op "_acme-challenge.$2" "$3" | nsupdate -k KEY
'''
DNSAPI = f'''dns_bind_add() {{
  BIND_KEY="${{BIND_KEY:-$(_readaccountconf_mutable BIND_KEY)}}"
  [ "$BIND_KEY" ] || {{ _err "BIND_KEY is missing"; return 1; }}
  _saveaccountconf_mutable BIND_KEY "$BIND_KEY"
  _bind_update add "$1" "$2"
}}
dns_bind_rm() {{
  BIND_KEY="${{BIND_KEY:-$(_readaccountconf_mutable BIND_KEY)}}"
  _bind_update delete "$1" "$2"
}}
_bind_update() {{
  _startswith "$2" _acme-challenge. || return 1
  {NSUPDATE} "$1" "$2" "$3" | nsupdate -y "hmac-sha256:renewd-test:$BIND_KEY" && _info done "$2"
}}
'''


class DnsCase(harness.Case):
    """Pebble asks this BIND."""

    pebble_environment = {}

    @classmethod
    def setUpClass(cls):
        os.umask(0o022)
        cls.base = harness.scratch_directory(f"dns-{cls.__name__}")
        bind.use_resolver(cls.base, "127.0.0.1")
        cls.names = bind.Bind(os.path.join(cls.base, "bind"), RECORDS)
        cls.http_port = free_port()
        cls.pebble = Pebble(os.path.join(cls.base, "pebble"), cls.names, cls.http_port, nonce_reject=0,
                            environment=cls.pebble_environment)

    def provider(self, lines, name="test"):
        self.renewd.write(f"dns/{name}.conf", "[DNS]\n" + lines)

    def credential(self, name, text):
        path = self.renewd.write(f"credentials/{name}", text)
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o600)

    def hook(self, text, name="hook"):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write("#!/bin/sh\n" + text.replace("KEY", self.names.key) if "BIND_KEY" not in text else text)
        os.chmod(path, 0o755)
        return path

    def records(self, domain):
        lines = [line for server in ("127.0.0.1", "127.0.0.2") for line in self.names.ask("TXT", f"_acme-challenge.{domain}", server)]
        return [line for line in lines if line.startswith('"')]  # not the alias on the way

    def gone(self, domain):
        wait_until(lambda: not self.records(domain), 20, lambda: f"no record of {domain} is left: {self.records(domain)}")

    def issue(self, domain, names=None, more="Challenge=dns-01\n", provider="test"):
        self.configure()
        self.renewd.certificate(domain, f"DNS={provider}\n{more}", names=names)
        self.renewd.once(check=0)
        self.assertIsNotNone(self.renewd.live_leaf(domain))
        self.gone(domain)

    def contract(self, style, program, domain, names=None, more=""):
        self.provider(f"Program={program}\nStyle={style}\n{more}")
        self.issue(domain, names)


class Shipped(DnsCase):
    """What renewd brings along."""

    def tsig(self):
        with open(self.names.key) as f:
            self.credential("tsig.key", f.read())

    def test_wildcard(self):
        """L-01 L-02 wildcard and apex by rfc2136 with a TSIG credential, seen at both name servers"""
        self.tsig()
        self.issue("both.example.org", "both.example.org *.both.example.org", provider="rfc2136")
        log = self.renewd.output()
        self.assertNotIn("not to be seen", log)
        with open(os.path.join(self.renewd.state, "engine/zones/example.org.json")) as f:
            self.assertIn("seconds", f.read())

    def test_alias(self):
        """L-03 the record is written where an alias leads to"""
        self.tsig()
        self.issue("alias.example.org", provider="rfc2136")
        self.assertIn("is an alias, the record is written at alias.acme.test", self.renewd.output())

    def test_wrong_key(self):
        """a key that the server refuses: its words in the status, nothing left behind"""
        self.credential("tsig.key", 'key "renewd-test" { algorithm hmac-sha256; secret "AAAAAAAAAAAAAAAAAAAAAA=="; };\n')
        self.configure()
        self.renewd.certificate("wrong.example.org", "DNS=rfc2136\nChallenge=dns-01\n")
        self.renewd.once(check=1)
        self.assertRegex(self.renewd.output(), r"rfc2136' exited with 2: .*(BADSIG|NOTAUTH|bad signature)")
        self.assertEqual(self.records("wrong.example.org"), [])

    def test_no_key(self):
        """a credential that is missing: where it belongs"""
        self.configure()
        self.renewd.certificate("nokey.example.org", "DNS=rfc2136\nChallenge=dns-01\n")
        self.renewd.once(check=1)
        path = os.path.join(self.renewd.config, "credentials/tsig.key")
        self.assertIn(f"there is no credential 'tsig.key': put it into {path}", self.renewd.output())

    def test_choice(self):
        """J-03 unset Challenge=: a wildcard by dns-01, a name by http-01, and the reason in the status"""
        self.tsig()
        self.configure()
        self.renewd.certificate("choice.example.org", "DNS=rfc2136\n", names="choice.example.org *.w.example.org")
        self.renewd.start()
        wait_until(lambda: self.renewd.live_leaf("choice.example.org"), 60, self.renewd.tail)
        self.assertEqual(self.renewd.show("choice.example.org")["challenge"],
                         "http-01 (this machine answers on port 80), dns-01 (DNS=rfc2136)")

    def test_unseen(self):
        """WhenUnseen=: the CA is asked nevertheless, or the order fails, and the status names the server"""
        self.tsig()
        self.provider(f"Program={self.installation.data}/hooks/dns/rfc2136\nCredentials=tsig.key\n"
                      "Servers=127.0.0.1 127.0.0.9\nPropagation=3s\n")
        self.issue("unseen.example.org")
        self.assertIn("127.0.0.9 does not answer, the CA is asked nevertheless", self.renewd.output())
        self.provider(f"Program={self.installation.data}/hooks/dns/rfc2136\nCredentials=tsig.key\n"
                      "Servers=127.0.0.9\nPropagation=3s\nWhenUnseen=fail\n")
        self.renewd.certificate("failing.example.org", "DNS=test\nChallenge=dns-01\n")
        self.renewd.once(check=1)
        self.assertIn("127.0.0.9 does not answer", self.renewd.output().split("failing.example.org: ")[-1])
        self.gone("failing.example.org")

    def test_crash(self):
        """J-13 killed while the record is shown; the order is not wanted any more at the next start: the record goes"""
        self.tsig()
        self.provider(f"Program={self.installation.data}/hooks/dns/rfc2136\nCredentials=tsig.key\n"
                      "Servers=127.0.0.9\nPropagation=10min\n")
        self.configure()
        self.renewd.certificate("crash.example.org", "DNS=test\nChallenge=dns-01\n")
        self.renewd.start()
        wait_until(lambda: self.records("crash.example.org"), 60, self.renewd.tail)
        for pid in self.renewd.processes():
            os.kill(pid, 9)
        time.sleep(0.5)
        self.renewd.certificate("crash.example.org", "DNS=test\nChallenge=http-01\n", names="crash.example.org more.example.org")
        self.renewd.start()
        self.gone("crash.example.org")
        self.assertFalse(os.path.exists(os.path.join(self.renewd.state, "installer/challenges/crash.example.org/shown.json")))

    def test_challenge_hook(self):
        """ChallengeHook= runs around http-01 with the facts of the challenge"""
        log = os.path.join(self.directory, "hook.log")
        hook = self.hook(f'echo "$1 $RENEWD_EVENT $RENEWD_CHALLENGE $RENEWD_IDENTIFIER" >> {log}\n')
        self.configure()
        self.renewd.certificate("fw.example.org", f"Challenge=http-01\nChallengeHook={hook}\n")
        self.renewd.once(check=0)
        with open(log) as f:
            self.assertEqual(f.read(), "present present http-01 fw.example.org\ncleanup cleanup http-01 fw.example.org\n")


class Contracts(DnsCase):
    """Hooks of other clients."""

    def test_certbot(self):
        """certbot's contract: manual-auth and cleanup hook, wildcard and apex"""
        cleanup = self.hook(CERTBOT_CLEANUP, "cleanup")
        self.contract("certbot", self.hook(CERTBOT_AUTH), "cb.example.org", "cb.example.org *.cb.example.org",
                      f"CleanupProgram={cleanup}\n")

    def test_dehydrated_chain(self):
        """dehydrated's contract with HOOK_CHAIN"""
        self.contract("dehydrated-chain", self.hook(DEHYDRATED_CHAIN), "chain.example.org", "chain.example.org *.chain.example.org")

    def test_lego(self):
        """lego's exec contract"""
        self.contract("lego", self.hook(LEGO), "lego.example.org", "lego.example.org *.lego.example.org")

    def test_lego_raw(self):
        """lego's exec contract, RAW"""
        self.contract("lego-raw", self.hook(LEGO_RAW), "raw.example.org")

    def test_mod_md(self):
        """mod_md's MDChallengeDns01 contract"""
        self.contract("mod_md", self.hook(MOD_MD), "md.example.org")

    def test_acme_sh(self):
        """a file of acme.sh's dnsapi by the shim; its secret is a credential, and what it saves is kept"""
        self.credential("BIND_KEY", self.names.secret())
        self.contract("acme.sh", self.hook(DNSAPI, "dns_bind.sh"), "sh.example.org", "sh.example.org *.sh.example.org",
                      "Credentials=BIND_KEY\n")
        with open(os.path.join(self.renewd.state, "installer/dns/test/conf/account-BIND_KEY")) as f:
            self.assertEqual(f.read(), self.names.secret())

    def test_acmetool(self):
        """acmetool's own dns.hook as Debian ships it"""
        hook = os.path.join(debs.unpack(harness.CACHE, "acmetool"), "usr/share/doc/acmetool/examples/dns.hook")
        os.chmod(hook, 0o755)
        self.contract("acmetool", hook, "at.example.org", None,
                      f"Environment=TSIG_KEY_NAME=hmac-sha256:renewd-test TSIG_KEY={self.names.secret()}\n")

    def test_uacme_declines(self):
        """uacme's own uacme.sh as Debian ships it declines dns-01: the next type is taken"""
        hook = os.path.join(debs.unpack(harness.CACHE, "uacme"), "usr/share/uacme/uacme.sh")
        self.provider(f"Program={hook}\nStyle=uacme\n")
        self.issue("ua.example.org", more="Challenge=dns-01 http-01\n")


class Examples(DnsCase):
    """Hooks that ask for nothing real: the CA takes everything."""

    pebble_environment = {"PEBBLE_VA_ALWAYS_VALID": "1"}

    def test_dehydrated(self):
        """dehydrated's example hook.sh as Debian ships it is run without complaint"""
        hook = os.path.join(debs.unpack(harness.CACHE, "dehydrated"), "usr/share/doc/dehydrated/examples/hook.sh")
        os.chmod(hook, 0o755)
        for style in ("dehydrated", "dehydrated-chain"):
            self.provider(f"Program={hook}\nStyle={style}\nPropagation=0\n")
            self.issue(f"{style}.example.org", f"{style}.example.org *.{style}.example.org")
        self.assertFalse(re.search("cannot be shown|could not be taken away", self.renewd.output()))


if __name__ == "__main__":
    if os.environ.get("RENEWD_TEST_OWN_NETWORK") != "1":
        webserver.unpack(os.path.join(harness.CACHE, "nginx-package"))
        for package in ("acmetool", "uacme", "dehydrated"):
            debs.unpack(harness.CACHE, package)
    bind.enter_own_network()
    sys.exit(harness.main())
