"""Centova Cast from the vendor's self-signed certificate over a take-over and renewals and back. The product is a stand-in
(product-centova/): the unit, paths, control script and port of the real one, a set_ssl_cert that refuses what the vendor's manual
excludes, and a panel that speaks http and https on one port and loads what the tool installed. S1 of the requirements."""

import glob
import http.client
import os
import re

import harness
import pki
from booted_case import Authority, BootedCase
from process import run, wait_until

NAME = "cast.example.org"
HOME = "/usr/local/centovacast"
CONF = f"{HOME}/etc/centovacast.conf"
TOOL = f"{HOME}/sbin/set_ssl_cert"
PRODUCT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "product-centova")
UNIT = f"""\
[Unit]
Description=Centova Cast
[Service]
ExecStart={HOME}/system/panel foreground
[Install]
WantedBy=multi-user.target
"""
SETTINGS = """\
# Centova Cast configuration; do not edit by hand
DBHOST=localhost
DBPASS="s3cr3t $&\\\\ value"
# REQUIRE_SSL=true sends everybody to https
REQUIRE_SSL=false
\tINDENTED = yes
LAST=without newline"""


class Centova(BootedCase):
    authorities = [Authority("pebble", 14000, lifetime=7776000)]
    names = (NAME,)

    # -- the product --

    @classmethod
    def furnish(cls):
        cls.furnish_authorities()
        machine = cls.machine
        for name, path in (("set_ssl_cert", TOOL), ("panel", f"{HOME}/system/panel"), ("control", f"{HOME}/centovacast")):
            with open(os.path.join(PRODUCT, name)) as f:
                machine.write(path, f.read(), 0o755)
        machine.write(CONF, SETTINGS, 0o640)
        machine.write("/etc/systemd/system/centovacast.service", UNIT)
        machine.chroot("useradd", "--system", "centovacast")
        machine.chroot("sh", "-c", f"mkdir -p {HOME}/var/ssl && chown centovacast:centovacast {CONF} {HOME}/var/ssl && "
                       f"chmod 750 {HOME}/var/ssl && {TOOL} self 192.0.2.10")
        # A certificate of a CA that the system trusts: what the product's own renewal would have brought.
        pki.make_server_certificate(cls.scratch, "vendor", [f"DNS:{NAME}"])
        machine.enable("centovacast.service")

    def served(self):
        return self.answered(lambda: pki.served_leaf(2199, NAME))

    def ask_plainly(self):
        """Status and Location of the panel's answer without TLS."""
        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", 2199, timeout=10)
            connection.request("GET", "/login", headers={"Host": NAME})
            response = connection.getresponse()
            return f"{response.status} {response.getheader('Location') or ''}".strip().encode()
        return self.answered(ask).decode()

    def tool_calls(self):
        return self.machine.read(f"{HOME}/var/tool.log").decode().splitlines()

    def configure(self, *lines):
        """What the administrator adds to the certificate's file."""
        self.machine.write(f"/etc/renewd/certificates/{NAME}.conf.d/local.conf",
                           "[Deploy centovacast]\n" + "".join(f"{line}\n" for line in lines))
        self.look()

    def look(self):
        self.machine.run("systemctl", "reload", "renewd.service")

    def message(self):
        return self.row("centovacast", NAME).get("message") or ""

    def wait_message(self, text, timeout=90):
        wait_until(lambda: text in self.message(), timeout, lambda: f"'{text}': {self.row('centovacast', NAME)}\n{self.journal()}", 0.3)

    def wait_verified(self, timeout=120, other_than=None):
        def check():
            leaf, row = self.live(NAME), self.row("centovacast", NAME)
            return leaf and leaf != other_than and row.get("state") == "verified" and not row.get("message") and \
                row.get("leaf") == pki.leaf_id(leaf) and self.served() == leaf and leaf
        return wait_until(check, timeout, lambda: f"verified: {self.row('centovacast', NAME)}\n{self.journal()}", 0.3)

    def renew(self):
        before = self.live(NAME)
        self.machine.run("renewctl", "renew", NAME, "--force", check=False)
        wait_until(lambda: self.live(NAME) != before, 60, lambda: "another leaf is live\n" + self.journal(), 0.3)
        return before

    def started_at(self):
        return self.machine.show("centovacast.service", "ExecMainStartTimestampMonotonic")

    def staged(self):
        return glob.glob(self.machine.path("/var/lib/renewd/installer/stage") + "/*/*")

    # -- the walk --

    def test_01_vendor(self):
        """the vendor's state: self-signed for the address, http and https on one port; the tool refuses what is no good"""
        text = pki.text_of(self.served())
        self.assertIn("CN = 192.0.2.10", text)
        self.assertEqual(self.ask_plainly(), "200")
        machine = self.machine
        machine.shell("cd /srv && openssl req -x509 -newkey rsa:2048 -nodes -keyout a.key -out a.crt -days 9 -subj /CN=a 2>/dev/null; "
                      "openssl genrsa -out b.key 2048 2>/dev/null; openssl ecparam -name prime256v1 -genkey -noout -out e.key; "
                      "cat a.crt a.crt >chain.crt; chmod 600 *.key; cp a.key open.key; chmod 644 open.key")
        for key, bundle, words in (("b.key", "chain.crt", "do not match"), ("a.key", "a.crt", "lacks the intermediate"),
                                   ("open.key", "chain.crt", "wrong permissions"), ("e.key", "chain.crt", "not an unencrypted RSA key"),
                                   ("none", "chain.crt", "cannot read key")):
            done = machine.run(TOOL, f"/srv/{key}", f"/srv/{bundle}", check=False)
            self.assertIn(words, done.stdout)
            self.assertNotEqual(done.returncode, 0)
        self.assertIn("CN = 192.0.2.10", pki.text_of(self.served()))

    def test_02_refusal(self):
        """a certificate that the product renews itself is not replaced, and status says how to allow it"""
        machine = self.machine
        for name in ("vendor.key", "vendor.pem"):
            with open(os.path.join(self.scratch, name)) as f:
                machine.write(f"/srv/{name}", f.read())
        machine.shell(f"install -o centovacast -m 600 /srv/vendor.key {HOME}/var/ssl/server.key; "
                      f"install -o centovacast /srv/vendor.pem {HOME}/var/ssl/server.crt; systemctl restart centovacast")
        vendors, calls = wait_until(self.served, 10, "it serves"), len(self.tool_calls())
        machine.run("systemctl", "enable", "--now", "renewd.service")
        machine.run("renewctl", "add", NAME, "--service", "centovacast", "--ca", "pebble", "--email", "admin@example.org", "--agree-tos")
        self.wait_message("appears to manage its own certificate", 120)
        self.assertIn("TakeOver=yes", self.message())
        self.assertEqual(self.served(), vendors)
        self.assertEqual(len(self.tool_calls()), calls)
        self.assertNotEqual(machine.run("renewctl", "status", check=False).returncode, 0)
        self.assertIn("KeyType=rsa-2048", machine.run("renewctl", "services", "show", "centovacast").stdout +
                      machine.read(f"/etc/renewd/certificates/{NAME}.conf").decode())

    def test_03_take_over(self):
        """TakeOver=yes: the tool gets an RSA key and the bundle from a directory of root's alone, and the panel serves it"""
        began = self.started_at()
        self.configure("TakeOver=yes")
        leaf = self.wait_verified()
        self.assertIn("Public-Key: (2048 bit)", pki.text_of(leaf))
        self.assertIn("rsaEncryption", pki.text_of(leaf))
        call = self.tool_calls()[-1]
        stage = f"/var/lib/renewd/installer/stage/{NAME}/centovacast"
        self.assertIn(f"{TOOL} {stage}/key.pem {stage}/fullchain.pem cwd=/ key=root:root 600 directory=root 700", call)
        self.assertEqual(self.staged(), [], "nothing of the key stays there")
        self.assertNotEqual(self.started_at(), began)
        self.assertEqual(self.machine.read(CONF).decode(), SETTINGS, "REQUIRE_SSL= was not asked for")

    def test_04_renewal(self):
        """a renewal is picked up by a restart, without a request for leave"""
        before, calls, orders = self.live(NAME), len(self.tool_calls()), self.orders()
        self.configure()  # TakeOver=no again: it is ours now
        self.renew()
        self.wait_verified(other_than=before)
        self.assertEqual(len(self.tool_calls()), calls + 1)
        self.assertEqual(self.orders(), orders + 1)

    def test_05_require_ssl(self):
        """RequireSSL changes its one line and nothing else, is mended when somebody changes it, and can be taken back"""
        stat = ["stat", "-c", "%U:%G %a", CONF]
        before = self.machine.run(*stat).stdout
        self.configure("Option=REQUIRE_SSL=yes")
        wait_until(lambda: self.ask_plainly() == f"301 https://{NAME}:2199/login", 60, self.journal, 0.3)
        expected = SETTINGS.replace("\nREQUIRE_SSL=false", "\nREQUIRE_SSL=true")
        self.assertEqual(self.machine.read(CONF).decode(), expected)
        self.assertEqual(self.machine.run(*stat).stdout, before)
        self.wait_verified()
        self.machine.shell(f"sed -i 's/^REQUIRE_SSL=true/REQUIRE_SSL=no/' {CONF}")
        self.look()
        wait_until(lambda: self.machine.read(CONF).decode() == expected, 60, self.journal, 0.3)
        self.wait_verified()
        self.configure("Option=REQUIRE_SSL=no")
        wait_until(lambda: self.ask_plainly() == "200", 60, self.journal, 0.3)
        self.assertEqual(self.machine.read(CONF).decode(), SETTINGS)
        self.configure("Option=REQUIRE_SSL=yes")
        wait_until(lambda: self.ask_plainly().startswith("301"), 60, self.journal, 0.3)
        self.configure("Option=REQUIRE_SSL=perhaps")
        self.wait_message("write yes or no")
        self.configure("Option=REQUIRE_SSL=yes")
        self.wait_verified()

    def test_06_failing_tool(self):
        """a tool that fails is a failing reload: the panel keeps its certificate, the words are shown, no order, and it heals"""
        machine, before = self.machine, self.served()
        machine.write(f"{HOME}/var/refuse", "")
        self.renew()
        orders = self.orders()
        self.wait_message("license server unreachable")
        self.assertIn("command failed", self.message())
        self.assertEqual(self.served(), before)
        self.assertEqual(self.staged(), [])
        machine.run("rm", f"{HOME}/var/refuse")
        self.wait_verified(240)
        self.assertEqual(self.orders(), orders)

    def test_07_stopped(self):
        """a stopped product is not started and its tool not run; somebody starts it, and it serves the renewal"""
        machine = self.machine
        machine.run("systemctl", "stop", "centovacast.service")
        calls = len(self.tool_calls())
        self.renew()
        self.wait_message("is stopped and will take the new certificate when it starts")
        self.assertEqual(len(self.tool_calls()), calls)
        self.assertEqual(self.active("centovacast.service"), "inactive")
        machine.run("systemctl", "start", "centovacast.service")
        self.wait_verified(240)

    def test_08_no_unit(self):
        """an old installation: setssl and the control script, whose panel outlives the program that restarted it"""
        machine = self.machine
        machine.shell(f"systemctl stop centovacast; mv /etc/systemd/system/centovacast.service /srv/; mv {TOOL} {HOME}/sbin/setssl; "
                      f"systemctl daemon-reload; systemd-run --quiet --collect --service-type=forking {HOME}/centovacast start")
        old = machine.run(f"{HOME}/centovacast", "status").stdout
        self.assertIn("running (pid", old)
        self.look()
        self.renew()
        self.wait_verified(other_than=None)
        self.assertIn("/sbin/setssl ", self.tool_calls()[-1])
        new = machine.run(f"{HOME}/centovacast", "status").stdout
        self.assertIn("running (pid", new)
        self.assertNotEqual(new, old)
        machine.run(f"{HOME}/centovacast", "stop")
        calls = len(self.tool_calls())
        self.renew()
        wait_until(lambda: len(self.tool_calls()) > calls, 60, self.journal, 0.3)
        wait_until(lambda: not machine.pids("renewd-installer"), 60, "nobody uses the script any more", 1)
        self.assertIn("web: stopped", machine.run(f"{HOME}/centovacast", "status").stdout)
        machine.shell(f"mv /srv/centovacast.service /etc/systemd/system/; mv {HOME}/sbin/setssl {TOOL}; systemctl daemon-reload; "
                      "systemctl start centovacast")
        self.look()
        self.wait_verified(240)

    def test_09_stand_in(self):
        """the product's own self-signed certificate for a name, on demand; renewd's comes back"""
        program = run(["sh", "-c", f"ls {self.machine.path('')}/usr/*/renewd/hooks/services/centovacast.setup"]).stdout.strip()
        program = program[program.index("/usr/"):]
        self.assertEqual(self.active("centovacast.service"), "active")
        self.machine.run(program, "stand-in", "radio.example.org")
        wait_until(lambda: "CN = radio.example.org" in pki.text_of(self.served()), 20, "the stand-in is served", 0.3)
        self.look()
        self.wait_verified(240)

    def test_10_way_back(self):
        """renewctl remove --restore: a self-signed certificate of the product's, and its own setting of REQUIRE_SSL"""
        self.assertIn("REQUIRE_SSL=true", self.machine.read(CONF).decode().splitlines())
        self.machine.run("renewctl", "remove", NAME, "--restore")
        wait_until(lambda: re.search(rf"Issuer: CN = {re.escape(NAME)}", pki.text_of(self.served())), 60, self.journal, 0.3)
        self.assertEqual(self.machine.read(CONF).decode(), SETTINGS)
        self.assertEqual(self.ask_plainly(), "200")
        self.assertEqual(self.active("centovacast.service"), "active")
        left = self.machine.shell(f"ls -A {HOME}/etc").stdout.split()
        self.assertEqual(left, ["centovacast.conf"])


if __name__ == "__main__":
    harness.main()
