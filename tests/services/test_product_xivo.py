"""XiVO from the vendor's self-signed certificate over set-up and renewals and back. The product is a stand-in (product-xivo/): a real
Debian package xivo-certs with the scripts of the vendor's, real units whose servers load the vendor's two files, services that
verify each other as XiVO's Python services do, and the vendor's programs. S2 of the requirements."""

import os
import re
import time

import harness
import pki
from booted_case import Authority, BootedCase
from process import run, wait_until

NAME = "pbx.example.org"
PRODUCT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "product-xivo")
CERTS = "/usr/share/xivo-certs"
CUSTOM = "/etc/xivo/custom/custom-certificate.yml"
LINK = "010-custom-certificate.yml"
AUTHORITY = f"/usr/local/share/ca-certificates/renewd-{NAME}.crt"
TEMPLATES = {"/usr/share/xivo-config/templates/system/etc/hosts": "/etc/xivo/custom-templates/system/etc/hosts",
             "/usr/share/xivo-sysconfd/templates/resolvconf/hosts": "/etc/xivo/sysconfd/custom-templates/resolvconf/hosts"}
HOSTS = "127.0.0.1\tlocalhost\n127.0.1.1\t#XIVO_HOSTNAME#.#XIVO_DOMAIN# #XIVO_HOSTNAME#\n"
# All but nginx, on 443.
DAEMONS = {"xivo-confd": 9486, "xivo-dird": 9489, "xivo-amid": 9491, "xivo-agentd": 9493, "xivo-auth": 9497,
           "xivo-dird-phoned": 9499, "xivo-websocketd": 9502, "asterisk": 5040, "consul": 8500}
LATER = ("xivo-ctid-ng", 9500)
KEYS = ("consul", "agentd", "ajam", "amid", "auth", "call_logd", "confd", "ctid_ng", "dird", "plugind", "websocketd")

UNIT = """\
[Service]
Type=notify
User={user}
SupplementaryGroups=www-data
ExecStart=/usr/bin/python3 -B /usr/lib/xivo/daemon {name} {port}
TimeoutStopSec=2
[Install]
WantedBy=multi-user.target
"""
NGINX = f"""\
server {{
    listen 127.0.0.1:443 ssl;
    ssl_certificate {CERTS}/server.crt;
    ssl_certificate_key {CERTS}/server.key;
}}
"""
CONTROL = "Package: xivo-certs\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: stand-in\n"


class Xivo(BootedCase):
    authorities = [Authority("pebble", 14000, lifetime=7776000)]
    names = (NAME,)

    # -- the product --

    @classmethod
    def furnish(cls):
        cls.furnish_authorities()
        machine = cls.machine
        for version in ("1.0", "1.1"):
            cls.build_package(version)
        for name, path in (("daemon", "/usr/lib/xivo/daemon"), ("ask", "/usr/lib/xivo/ask"), ("xivo-service", "/usr/bin/xivo-service"),
                           ("xivo-update-config", "/usr/bin/xivo-update-config"),
                           ("xivo-update-config", "/usr/bin/apply-system-configuration")):
            machine.write(path, cls.product(name), 0o755)
        machine.chroot("useradd", "--system", "asterisk")
        for name, port in DAEMONS.items():
            cls.write_daemon(name, port)
        for vendor in TEMPLATES:
            machine.write(vendor, HOSTS)
        machine.write("/etc/hosts", HOSTS.replace("#XIVO_HOSTNAME#", "pbx").replace("#XIVO_DOMAIN#", "example.org"))
        machine.chroot("sh", "-c", "rm -f /etc/nginx/sites-enabled/*; mkdir -p /etc/xivo")
        machine.write("/etc/nginx/conf.d/xivo.conf", NGINX)
        machine.chroot("dpkg", "-i", "/srv/xivo-certs-1.0.deb")
        machine.enable("nginx.service", *(f"{name}.service" for name in DAEMONS))

    @staticmethod
    def product(name):
        with open(os.path.join(PRODUCT, name)) as f:
            return f.read()

    @classmethod
    def build_package(cls, version):
        top = f"/srv/package-{version}"
        for name, path, mode in (("postinst", "DEBIAN/postinst", 0o755), ("postrm", "DEBIAN/postrm", 0o755),
                                 ("openssl-x509.conf", "usr/share/xivo-certs/openssl-x509.conf", 0o644)):
            cls.machine.write(f"{top}/{path}", cls.product(name), mode)
        cls.machine.write(f"{top}/DEBIAN/control", CONTROL.format(version=version))
        cls.machine.chroot("dpkg-deb", "--build", "--root-owner-group", top, f"/srv/xivo-certs-{version}.deb")

    @classmethod
    def write_daemon(cls, name, port):
        user = "asterisk" if name == "asterisk" else "www-data"
        cls.machine.write(f"/etc/systemd/system/{name}.service", UNIT.format(name=name, port=port, user=user))
        if name.startswith("xivo-"):
            # A later file: the first one that has a key wins.
            cls.machine.write(f"/etc/{name}/conf.d/090-own.yml", "consul:\n  host: localhost\nauth:\n  host: localhost\n")

    # -- what is there --

    def ask(self, daemon, port=None):
        return self.machine.run("/usr/lib/xivo/ask", str(port or DAEMONS[daemon]), check=False).stdout

    def served_at(self, port):
        return self.answered(lambda: pki.served_leaf(port, NAME))

    def file(self, path):
        """Content, owner, mode and inode."""
        st = os.lstat(self.machine.path(path))
        return self.machine.read(path), st.st_uid, st.st_gid, st.st_mode, st.st_ino

    def restarts(self):
        path = self.machine.path("/var/log/xivo-service.log")
        return self.machine.read("/var/log/xivo-service.log").count(b"restart all\n") if os.path.exists(path) else 0

    def configure(self, *lines):
        """What the administrator adds to the certificate's file."""
        self.machine.write(f"/etc/renewd/certificates/{NAME}.conf.d/local.conf", "[Deploy xivo]\n" + "".join(f"{line}\n" for line in lines))
        self.machine.run("systemctl", "reload", "renewd.service")

    # At any time; what waits for a window is test_09's.
    SETUP = ("Option=SETUP=yes", "Option=CA=/srv/root.pem", "RestartWindow=")
    CLOSED = ("RestartWindow=*-02-29 03:00",)

    def look(self):
        self.machine.run("systemctl", "reload", "renewd.service")

    def message(self):
        return self.row("xivo", NAME).get("message") or ""

    def wait_verified(self, timeout=90, other_than=None):
        def check():
            leaf = self.live(NAME)
            row = self.row("xivo", NAME)
            return leaf and leaf != other_than and row.get("state") == "verified" and not row.get("message") and \
                row.get("leaf") == pki.leaf_id(leaf) and leaf
        return wait_until(check, timeout, lambda: f"verified: {self.row('xivo', NAME)}\n{self.journal()}", 0.3)

    def wait_message(self, text, timeout=60):
        wait_until(lambda: text in self.message(), timeout, lambda: f"'{text}': {self.row('xivo', NAME)}\n{self.journal()}", 0.3)

    def check_pair(self):
        """As the vendor has it, and readable by www-data."""
        group = int(self.machine.run("getent", "group", "www-data").stdout.split(":")[2])
        for file in ("server.key", "server.crt"):
            content, uid, gid, mode, _ = self.file(f"{CERTS}/{file}")
            self.assertEqual((uid, gid, mode), (0, group, 0o100640), file)
            self.assertEqual(self.machine.run("runuser", "-u", "www-data", "--", "cat", f"{CERTS}/{file}").stdout.encode(), content)
        self.assertEqual(self.machine.read(f"{CERTS}/server.crt").count(b"BEGIN CERTIFICATE"), 2, "leaf and intermediate")

    # -- the walk --

    def test_01_vendor(self):
        """the vendor's state: self-signed, services trust that file alone and call each other localhost"""
        type(self).vendor = {file: self.file(f"{CERTS}/{file}")[:4] for file in ("server.key", "server.crt")}
        type(self).hosts = self.machine.read("/etc/hosts")
        self.assertEqual(self.vendor["server.key"][3] & 0o777, 0o644)
        for daemon in DAEMONS:
            self.assertIn("200 OK", self.ask(daemon), daemon)
        self.assertEqual(pki.names(self.served_at(443)), {"localhost"})
        self.assertNotIn("127.0.0.1", self.machine.run("getent", "ahosts", NAME).stdout.split()[0])

    def test_02_add(self):
        """without the set-up the pair alone is installed, and the to-do says what that means; with it, a private CA must be named"""
        machine = self.machine
        root = machine.in_network(lambda: run(["curl", "-sk", "https://127.0.0.1:15000/roots/0"]).stdout.encode())
        machine.write("/srv/root.pem", root.decode())
        self.assertIn("stand-in", machine.run("renewctl", "services", "show", "xivo").stdout)
        machine.run("systemctl", "enable", "--now", "renewd.service")
        machine.run("renewctl", "add", NAME, "--service", "xivo", "--ca", "pebble", "--email", "admin@example.org", "--agree-tos")
        leaf = self.wait_verified(timeout=180)
        self.check_pair()
        self.assertEqual(self.served_at(443), leaf)
        self.assertEqual(pki.key_kind(machine.path(f"{CERTS}/server.key")), "RSA 2048")
        # S2.4: server.crt is its own CA no more, and its name is another one.
        self.assertIn("502", self.ask("xivo-confd"))
        self.assertIn("Option=SETUP=yes", machine.run("renewctl", "show", NAME, check=False).stdout)
        self.configure("Option=SETUP=yes", "RestartWindow=")
        self.wait_message("does not trust the issuer")
        self.assertIn("Option=CA=", self.message())
        self.assertFalse(os.path.exists(machine.path(CUSTOM)), "nothing is switched before the CA is known")

    def test_03_setup(self):
        """set up: complete YAML, a link for each service, the CA in the store, templates, and all ports show the certificate"""
        machine = self.machine
        self.configure(*self.SETUP)
        leaf = self.wait_verified()
        text = machine.read(CUSTOM).decode()
        for key in KEYS:
            verify = "verify" if key == "consul" else "verify_certificate"
            self.assertRegex(text, rf"(?m)^{key}:\n  host: {re.escape(NAME)}\n  {verify}: True\n")
        self.assertEqual(len(re.findall(r"(?m)^[a-z_]+:$", text)), len(KEYS))
        for daemon in DAEMONS:
            if daemon.startswith("xivo-"):
                self.assertEqual(os.readlink(machine.path(f"/etc/{daemon}/conf.d/{LINK}")), CUSTOM)
        self.assertEqual(machine.read(AUTHORITY).strip(), machine.read("/srv/root.pem").strip())
        for own in TEMPLATES.values():
            self.assertNotIn(b"127.0.1.1", machine.read(own))
        for port in (443, *DAEMONS.values()):
            self.assertEqual(self.served_at(port), leaf, port)
        for daemon in DAEMONS:
            if daemon.startswith("xivo-"):
                self.assertIn("200 OK", self.ask(daemon), daemon)
                self.assertIn(f"at {NAME} is who it says", self.ask(daemon))

    def test_04_name(self):
        """the name is this machine's own, also after a person has applied the system configuration"""
        self.assertEqual(self.machine.run("getent", "ahosts", NAME).stdout.split()[0], "127.0.0.1")
        self.machine.run("apply-system-configuration")
        self.assertEqual(self.machine.run("getent", "ahosts", NAME).stdout.split()[0], "127.0.0.1")

    def test_05_todo(self):
        """what is left to a person is shown with its menu paths, until that says it is done"""
        shown = self.machine.run("renewctl", "show", NAME).stdout
        self.assertIn("Configuration > Directories", shown)
        self.assertIn("Services > CTI Server > Directories > Definitions", shown)
        self.configure(*self.SETUP, "Option=MANUAL=done")
        self.wait_verified()
        wait_until(lambda: "Directories" not in self.machine.run("renewctl", "show", NAME).stdout, 30, self.journal)

    def test_06_later_service(self):
        """a service that is installed later gets its link on the next pass, and works; no call is dropped for that"""
        name, port = LATER
        self.configure(*self.SETUP, *self.CLOSED)
        self.wait_verified()
        restarts = self.restarts()
        self.write_daemon(name, port)
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", f"{name}.service")
        self.assertIn("502", self.ask(name, port))
        self.look()
        wait_until(lambda: "200 OK" in self.ask(name, port), 60, lambda: self.ask(name, port) + self.journal(), 0.5)
        self.assertEqual(os.readlink(self.machine.path(f"/etc/{name}/conf.d/{LINK}")), CUSTOM)
        self.assertEqual(self.served_at(port), self.wait_verified())
        self.assertEqual(self.restarts(), restarts)

    def test_07_package(self):
        """S2.3: what an upgrade of xivo-certs opens and a reinstallation makes anew is mended, also while the window is closed"""
        leaf, restarts = self.wait_verified(), self.restarts()
        self.machine.run("dpkg", "-i", "/srv/xivo-certs-1.1.deb")
        self.assertEqual(self.file(f"{CERTS}/server.key")[3] & 0o777, 0o644)
        self.look()
        wait_until(lambda: self.file(f"{CERTS}/server.key")[3] & 0o777 == 0o640, 60, self.journal, 0.3)
        self.machine.run("dpkg", "-r", "xivo-certs")
        self.assertFalse(os.path.exists(self.machine.path(f"{CERTS}/server.key")))
        self.machine.run("dpkg", "-i", "/srv/xivo-certs-1.0.deb")
        self.assertNotEqual(pki.first_certificate(self.machine.path(f"{CERTS}/server.crt")), leaf)
        self.look()
        wait_until(lambda: pki.first_certificate(self.machine.path(f"{CERTS}/server.crt")) == leaf, 60, self.journal, 0.3)
        self.assertEqual(self.wait_verified(), leaf)
        self.check_pair()
        self.assertEqual(self.restarts(), restarts, "the services have it loaded: nobody is told")
        self.configure(*self.SETUP)

    def test_08_faults(self):
        """what the vendor's product does with a bad pair, a missing chain and wrong rights; each is mended"""
        machine, leaf = self.machine, self.wait_verified()
        key, crt = machine.path(f"{CERTS}/server.key"), machine.path(f"{CERTS}/server.crt")
        good = machine.read(f"{CERTS}/server.crt")

        def spoil(break_it, symptom):
            break_it()
            status = machine.run("xivo-service", "restart", "all", check=False).returncode
            symptom(status)
            self.look()
            wait_until(lambda: machine.read(f"{CERTS}/server.crt") == good and "200 OK" in self.ask("xivo-confd") and
                       self.served_at(443) == leaf, 90, lambda: f"{self.row('xivo', NAME)}\n{self.journal()}", 0.5)
            self.check_pair()
            self.wait_verified()  # what is spoilt before that is tried again later

        def other_key():
            machine.shell(f"openssl genrsa -out {CERTS}/server.key 2048 2>/dev/null")

        def leaf_alone():
            end = b"-----END CERTIFICATE-----\n"
            with open(crt, "wb") as f:
                f.write(good[:good.index(end) + len(end)])

        def closed():
            os.chown(key, 0, 0)
            os.chmod(key, 0o600)

        spoil(other_key, lambda status: self.assertNotEqual(status, 0))
        spoil(leaf_alone, lambda status: self.assertIn("CERTIFICATE_VERIFY_FAILED", self.ask("xivo-confd")))
        spoil(closed, lambda status: (self.assertEqual(self.active("nginx.service"), "active"),
                                      self.assertNotEqual(self.active("xivo-confd.service"), "active")))

    def test_09_renewal(self):
        """the next renewal waits for the window, changes the two files and nothing else, and restarts once"""
        machine, before = self.machine, self.wait_verified()
        closed = time.strftime("%Y-%m-%d 03:00", time.gmtime(time.time() + 3 * 86400))
        self.configure(*self.SETUP, f"RestartWindow={closed}")
        others = [CUSTOM, AUTHORITY, "/etc/hosts", *TEMPLATES.values()]
        was, restarts = {path: self.file(path) for path in others}, self.restarts()
        machine.run("renewctl", "renew", NAME, "--force")
        wait_until(lambda: self.live(NAME) != before, 60, self.journal)
        wait_until(lambda: closed[:10] in machine.run("renewctl", "why", NAME).stdout, 30,
                   lambda: machine.run("renewctl", "why", NAME).stdout + self.journal())
        self.assertEqual(pki.first_certificate(machine.path(f"{CERTS}/server.crt")), before)
        self.assertEqual(self.restarts(), restarts)
        self.configure(*self.SETUP, "RestartWindow=*:00/2 /1min")
        leaf = self.wait_verified(timeout=180, other_than=before)
        self.configure(*self.SETUP)
        self.assertEqual({path: self.file(path) for path in others}, was)
        self.assertEqual(self.restarts(), restarts + 1)
        for port in (443, *DAEMONS.values(), LATER[1]):
            self.assertEqual(self.served_at(port), leaf, port)
        self.check_pair()

    def test_10_read_only(self):
        """a read-only /usr, as with a system extension, is said, and the old pair goes on"""
        machine, before = self.machine, self.wait_verified()
        machine.shell(f"mount --bind {CERTS} {CERTS} && mount -o remount,bind,ro {CERTS}")
        machine.run("renewctl", "renew", NAME, "--force")
        try:
            self.wait_message("systemd-sysext")
            self.assertEqual(self.served_at(443), before)
        finally:
            machine.run("umount", CERTS)
        self.look()
        machine.run("renewctl", "renew", NAME, check=False)
        self.wait_verified(timeout=180, other_than=before)

    def test_11_back(self):
        """`renewctl remove --restore`: the vendor's first pair, configuration, name and trust are back, and work"""
        machine = self.machine
        done = machine.run("renewctl", "remove", NAME, "--restore")
        print("".join(f"# {line}\n" for line in done.stdout.splitlines()), end="")
        self.assertIn("the service was told", done.stdout)
        for file, was in self.vendor.items():
            self.assertEqual(self.file(f"{CERTS}/{file}")[:4], was, file)
        for path in (CUSTOM, AUTHORITY, *TEMPLATES.values()):
            self.assertFalse(os.path.lexists(machine.path(path)), path)
        self.assertEqual(machine.shell(f"find /etc -name {LINK}").stdout, "")
        self.assertEqual(machine.read("/etc/hosts"), self.hosts)
        for daemon in DAEMONS:
            self.assertIn("200 OK", self.ask(daemon), daemon)
        self.assertEqual(pki.names(self.served_at(443)), {"localhost"})

    def test_12_back_without_original(self):
        """where nothing is known of what was there, the package makes a new self-signed pair"""
        machine = self.machine
        machine.run("renewctl", "add", NAME, "--service", "xivo", "--ca", "pebble")
        self.configure(*self.SETUP)
        self.wait_verified(timeout=180)
        machine.shell(f"rm -r /var/lib/renewd/installer/original/{NAME}")
        done = machine.run("renewctl", "remove", NAME, "--restore")
        self.assertIn("xivo-certs has made a self-signed certificate", done.stdout)
        self.assertEqual(pki.names(self.served_at(443)), {"localhost"})
        self.assertNotEqual(self.file(f"{CERTS}/server.crt")[0], self.vendor["server.crt"][0])
        self.assertIn("200 OK", self.ask("xivo-confd"))


if __name__ == "__main__":
    harness.main()
