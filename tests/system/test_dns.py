"""DNS-01 in a booted system: the shipped rfc2136 program with a TSIG credential, and a BIND whose secondary is late."""

import glob
import os
import re
import threading

import bind
import harness
import pki
from booted_case import Authority, BootedCase
from process import wait_until

APEX = "both.example.org"
NAMES = [APEX, f"*.{APEX}"]
SPIED = "spied.example.org"
RECORDS = {"example.org": "* IN A 127.0.0.1\nns1 IN A 127.0.0.1\nns2 IN A 127.0.0.2\n"}
SERVERS = {"127.0.0.1": ("primary", bind.PRIMARY), "127.0.0.2": ("secondary", bind.SECONDARY)}
LATE = 8  # seconds; more than a busy machine takes before it looks for the first time
KEY = "/etc/renewd/credentials/tsig.key"
WRONG_KEY = 'key "renewd-test" { algorithm hmac-sha256; secret "AAAAAAAAAAAAAAAAAAAAAA=="; };\n'

BIND_UNIT = """\
[Service]
ExecStartPre=-ip address add {address}/8 dev lo
ExecStart=named -g -c /srv/{role}/named.conf
StandardError=append:/var/log/{role}.log
[Install]
WantedBy=multi-user.target
"""
CERTIFICATE = """\
[Certificate]
Names={names}
CA=pebble
Challenge=dns-01
DNS={provider}
"""
# Says in which unit it runs and where it found its credentials, then does what the shipped program does.
SPY = """\
#!/bin/sh
unit=$(sed -n 's|^0::.*/||p' /proc/self/cgroup)
echo "$1 $unit $CREDENTIALS_DIRECTORY $(ls "$CREDENTIALS_DIRECTORY")" >>/var/log/spy.log
exec /usr/lib/renewd/hooks/dns/rfc2136 "$@"
"""


class Watch:
    """How many TXT values a name has had at once at a server, looked at until the end."""

    def __init__(self, ask):
        self.ask = ask
        self.most = set()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.over.wait(0.2):
            self.most = max(self.most, set(self.ask()), key=len)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Dns(BootedCase):
    authorities = [Authority("pebble", 14000, dns="127.0.0.1:53")]

    @classmethod
    def furnish(cls):
        super().furnish()
        machine = cls.machine
        cls.key = bind.make_key()
        machine.write("/srv/tsig.key", cls.key, 0o600)
        for address, (role, zones) in SERVERS.items():
            machine.write(f"/etc/systemd/system/{role}.service", BIND_UNIT.format(role=role, address=address))
            files = bind.server_files(f"/srv/{role}", address, zones, RECORDS, "/srv/tsig.key", LATE)
            files["named.conf"] = files["named.conf"].replace("recursion yes;", "recursion yes; querylog yes;")
            for name, text in files.items():
                machine.write(f"/srv/{role}/{name}", text)
            machine.enable(f"{role}.service")
        machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1\n")
        machine.write("/etc/renewd/renewd.conf", "[Account]\nEmail=admin@example.org\nAgreeToTerms=yes\n")
        os.makedirs(machine.root + os.path.dirname(KEY), 0o700, exist_ok=True)
        os.chmod(machine.root + os.path.dirname(KEY), 0o700)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for address in SERVERS:
            wait_until(lambda address=address: cls.ask("example.org", address, "SOA"), 30,
                       lambda: "BIND answers\n" + cls.machine.shell("tail -n 20 /var/log/*ary.log").stdout)
        cls.machine.run("systemctl", "enable", "--now", "renewd.service")

    @classmethod
    def ask(cls, name, server="127.0.0.1", kind="TXT"):
        done = cls.machine.run("dig", "+short", "+time=1", "+tries=1", f"@{server}", name, kind, check=False)
        return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]

    @classmethod
    def records(cls, name):
        return [line for server in SERVERS for line in cls.ask(f"_acme-challenge.{name}", server)]

    def gone(self, name):
        wait_until(lambda: not self.records(name), 20, lambda: f"no record of {name} is left: {self.records(name)}")
        left = glob.glob(self.machine.path(f"/var/lib/renewd/installer/challenges/{name}/shown.json"))
        self.assertEqual(left, [])

    def certificate(self, name, names, provider="rfc2136"):
        self.machine.write(f"/etc/renewd/certificates/{name}.conf", CERTIFICATE.format(names=" ".join(names), provider=provider))
        self.machine.run("systemctl", "reload", "renewd.service")

    def wait_trouble(self, words):
        """The person is told in these words, there is no certificate, and nothing is left at the name servers."""
        def shown():
            return self.machine.run("renewctl", "show", APEX, check=False).stdout
        wait_until(lambda: re.search(words, shown()), 60, lambda: f"{words}\n{shown()}\n{self.journal()}", 0.5)
        self.assertIsNone(self.live(APEX))
        self.assertEqual(self.records(APEX), [])

    def test_01_no_key(self):
        """a credential that is missing: `renewctl show` says where it belongs"""
        self.certificate(APEX, NAMES)
        self.machine.run("renewctl", "renew", APEX, "--wait", check=False)
        self.wait_trouble(rf"there is no credential 'tsig\.key': put it into {KEY}")

    def test_02_wrong_key(self):
        """a key that the server refuses: its words in `renewctl show`, no certificate, no record"""
        self.machine.write(KEY, WRONG_KEY, 0o600)
        self.machine.run("renewctl", "renew", APEX, "--wait", "--force", check=False)
        self.wait_trouble(r"rfc2136' exited with 2: .*(BADSIG|NOTAUTH|bad signature)")

    def test_03_mended(self):
        """L-01 L-02 the key mended: wildcard and apex at once, seen at both servers by the engine, and taken away"""
        machine, name = self.machine, f"_acme-challenge.{APEX}"
        machine.write(KEY, self.key, 0o600)
        with Watch(lambda: self.ask(name, "127.0.0.2")) as watch:
            machine.run("renewctl", "renew", APEX, "--wait", "--force")
        self.assertEqual(len(watch.most), 2, watch.most)
        leaf = self.live(APEX)
        for dns_name in NAMES:
            self.assertIn(f"DNS:{dns_name}", pki.text_of(leaf))
        self.gone(APEX)
        self.assertEqual(self.show(APEX)["challenge"], "dns-01 (DNS=rfc2136); as Challenge= says")
        for role in ("primary", "secondary"):
            # Without "recursion desired": Pebble's own questions have it.
            self.assertRegex(machine.read(f"/var/log/{role}.log").decode(), rf"query: {re.escape(name)} IN TXT -")
        self.assertNotIn("not to be seen", self.journal(200))
        zone = machine.read("/var/lib/renewd/engine/zones/example.org.json").decode()
        self.assertRegex(zone, r'"seconds":\s*[1-9]')

    def test_04_credential(self):
        """the key reaches the program by its transient unit's LoadCredential=, to show and to remove; the units are gone then"""
        machine = self.machine
        machine.write("/usr/local/lib/spy", SPY, 0o755)
        machine.write("/etc/renewd/dns/spied.conf", "[DNS]\nProgram=/usr/local/lib/spy\nCredentials=tsig.key\n")
        self.certificate(SPIED, [SPIED], "spied")
        machine.run("renewctl", "renew", SPIED, "--wait", check=False)
        wait_until(lambda: self.live(SPIED), 60, self.journal)
        self.gone(SPIED)
        lines = machine.read("/var/log/spy.log").decode().splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["present", "cleanup"])
        for line in lines:
            event, unit, directory, names = line.split(maxsplit=3)
            self.assertRegex(unit, rf"^renewd-{event}-{re.escape(SPIED)}-[0-9a-f]{{8}}\.service$")
            self.assertEqual((directory, names), (f"/run/credentials/{unit}", "tsig.key"))
        self.assertEqual(glob.glob(machine.path("/run/credentials/renewd-*.example.org-*")), [])
        self.assertNotIn("renewd-present", machine.shell("systemctl list-units --all --no-legend 'renewd-*'").stdout)

    def test_05_renew(self):
        """after a restart it is renewed, and the records are taken away again"""
        before = self.live(APEX)
        self.machine.run("systemctl", "restart", "renewd.service")
        self.machine.run("renewctl", "renew", APEX, "--wait", "--force")
        self.assertNotEqual(self.live(APEX), before)
        self.gone(APEX)


if __name__ == "__main__":
    harness.main()
