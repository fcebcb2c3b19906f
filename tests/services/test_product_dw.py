"""DW Spectrum from its generated certificate over the first installation, a renewal in a window and spoiled files, and back. The
product is a stand-in (product-dw/mediaserver) under the vendor's unit name, user and paths. S3 of the requirements."""

import os
import re
import time

import harness
import pki
from booted_case import Authority, BootedCase
from process import wait_until

NAME = "video.example.org"
PRODUCT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "product-dw", "mediaserver")
TOP = "/opt/digitalwatchdog/mediaserver"
CERT, DEFAULT = f"{TOP}/var/ssl/cert.pem", f"{TOP}/var/ssl/default.pem"
UNIT = "digitalwatchdog-mediaserver.service"
ID = "2f0c9d1e-7a64-4a3b-9f5d-0d6a2f1b8c33"
TARGET = "dw-spectrum"
SETUP = "/usr/lib/renewd/hooks/services/mediaserver.setup"

# As the vendor's, S3.3; but for the limit of starts: the cases restart it more often than a person.
UNIT_FILE = f"""\
[Unit]
Requires=digitalwatchdog-root-tool.service
After=digitalwatchdog-root-tool.service
StartLimitIntervalSec=0
[Service]
User=digitalwatchdog
Group=digitalwatchdog
ExecStart={TOP}/bin/mediaserver
Restart=always
TimeoutStopSec=120
KillMode=process
TasksMax=8191
[Install]
WantedBy=multi-user.target
"""
ROOT_TOOL = "[Service]\nExecStart=/usr/bin/sleep infinity\n"


class DwSpectrum(BootedCase):
    authorities = [Authority("pebble", 14000)]
    names = (NAME,)

    @classmethod
    def furnish(cls):
        cls.furnish_authorities()
        machine = cls.machine
        with open(PRODUCT) as f:
            machine.write(f"{TOP}/bin/mediaserver", f.read(), 0o755)
        machine.write(f"/etc/systemd/system/{UNIT}", UNIT_FILE)
        machine.write("/etc/systemd/system/digitalwatchdog-root-tool.service", ROOT_TOOL)
        machine.chroot("sh", "-c", f"useradd --system --user-group digitalwatchdog && mkdir -p {TOP}/var/ssl && "
                       f"chmod 755 {TOP}/var/ssl && chown -R digitalwatchdog:digitalwatchdog {TOP}/var")
        machine.enable(UNIT)

    # -- what is there --

    def served_as(self, name=NAME):
        try:
            return self.machine.in_network(lambda: pki.served_leaf(7001, name))
        except OSError:
            return None

    def starts(self):
        """When the server was started, by its own word."""
        return [float(line) for line in self.machine.read(f"{TOP}/var/starts").split()]

    def target(self):
        return self.row(TARGET, NAME)

    def spki(self):
        return self.machine.shell(f"openssl x509 -in {CERT} -noout -pubkey").stdout

    def words(self):
        return f"{self.target()}\n{self.journal()}"

    def wait_verified(self, timeout=120, other_than=None):
        def check():
            leaf = self.live(NAME)
            return leaf and leaf != other_than and self.target().get("state") == "verified" and \
                not self.target().get("message") and self.served_as() == leaf and leaf
        return wait_until(check, timeout, self.words, 0.5)

    def configure(self, *lines):
        path = f"/etc/renewd/certificates/{NAME}.conf.d/local.conf"
        self.machine.write(path, f"[Deploy {TARGET}]\n" + "".join(f"{line}\n" for line in lines))
        self.machine.run("systemctl", "reload", "renewd.service")

    def open_window(self):
        self.configure("RestartWindow=", "RestartWindow=*-*-* *:*:00 /5min")

    def close_window(self):
        """One that is far from now, whatever the time is."""
        hour = (int(self.machine.run("date", "+%H").stdout) + 12) % 24
        self.configure("RestartWindow=", f"RestartWindow=*-*-* {hour:02}:00")

    def prove(self, leaf, *options):
        return self.machine.run(f"RENEWD_NAMES={NAME}", f"RENEWD_LEAF={pki.leaf_id(leaf)}", *options, SETUP, "prove", check=False)

    def check_file(self):
        """Key, leaf, intermediate in one file of the directory's owner."""
        text = self.machine.read(CERT).decode()
        kinds = re.findall(r"-----BEGIN ([A-Z ]+)-----", text)
        self.assertEqual(kinds, ["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"])
        st, directory = os.lstat(self.machine.path(CERT)), os.lstat(self.machine.path(os.path.dirname(CERT)))
        self.assertEqual((st.st_uid, st.st_gid, st.st_mode), (directory.st_uid, directory.st_gid, 0o100600))
        self.assertNotEqual(st.st_uid, 0)

    # -- the walk --

    def test_01_vendor(self):
        """the vendor's state: the generated certificate for everybody, and an empty field"""
        wait_until(self.served_as, 30, self.journal, 0.3)
        type(self).generated = self.served_as()
        type(self).default = self.machine.read(DEFAULT)
        self.assertEqual(self.served_as(ID), self.generated)
        self.assertFalse(os.path.exists(self.machine.path(CERT)))
        done = self.prove(self.generated)
        self.assertEqual(done.returncode, 1)
        self.assertIn("userProvidedCertificatePem is empty", done.stdout)

    def test_02_add(self):
        """the first certificate does not wait: RSA-2048, the owner of the directory, one restart, proved by REST"""
        machine = self.machine
        self.assertIn(TARGET, machine.run("renewctl", "services").stdout)
        self.assertIn("stand-in", machine.run("renewctl", "services", "show", TARGET).stdout)
        machine.run("systemctl", "enable", "--now", "renewd.service")
        machine.run("renewctl", "add", NAME, "--service", TARGET, "--ca", "pebble", "--email", "admin@example.org", "--agree-tos",
                    timeout=300)
        leaf = self.wait_verified(timeout=240)
        self.check_file()
        self.assertEqual(pki.key_kind(machine.path(CERT)), "RSA 2048")
        self.assertIn("ReuseKey=yes", machine.read(f"/etc/renewd/certificates/{NAME}.conf").decode())
        self.assertEqual(len(self.starts()), 2)
        self.assertEqual(self.served_as(ID), self.generated)
        self.assertEqual(self.prove(leaf).returncode, 0)

    def test_03_waits(self):
        """the renewal waits for the window: nothing is written or restarted, and status, show, why and plan say for what"""
        machine, before = self.machine, self.wait_verified()
        content, starts = machine.read(CERT), len(self.starts())
        self.close_window()
        done = machine.run("renewctl", "renew", NAME, "--force", "--wait", timeout=300)
        self.assertIn(f"{TARGET} waits for the window", done.stdout)
        self.assertNotEqual(self.live(NAME), before)
        self.assertEqual((machine.read(CERT), len(self.starts()), self.served_as()), (content, starts, before))
        for verb in ("show", "why"):
            self.assertIn("waits for the window", machine.run("renewctl", verb, NAME).stdout)
        self.assertIn("waits for the window", machine.run("renewctl", "plan").stdout)
        wait_until(lambda: "waits to be installed" in self.status_text(), 10, self.status_text, 0.3)
        machine.run("systemctl", "restart", "renewd.service")
        wait_until(lambda: "waits for the window" in (self.target().get("waits") or ""), 60, self.words, 0.5)
        self.assertEqual(len(self.starts()), starts)

    def test_04_window(self):
        """in the window it is restarted once, with the same key"""
        key, starts = self.spki(), len(self.starts())
        begin = int(time.time()) + 20
        at = self.machine.run("date", "-d", f"@{begin}", "+%H:%M:%S").stdout.strip()
        self.configure("RestartWindow=", f"RestartWindow=*-*-* {at} /2min")
        self.wait_verified()
        self.assertEqual(len(self.starts()), starts + 1)
        self.assertGreaterEqual(self.starts()[-1], begin)
        self.assertLess(self.starts()[-1], begin + 120)
        self.assertEqual(self.spki(), key)
        self.check_file()

    def test_05_now(self):
        """`renewctl renew --now` waits for no window, and orders nothing if all that is missing is that"""
        before = self.wait_verified()
        self.close_window()
        self.machine.run("renewctl", "renew", NAME, "--force", "--wait", timeout=300)
        self.assertEqual(self.served_as(), before)
        orders = self.orders()
        done = self.machine.run("renewctl", "renew", NAME, "--now", "--wait", timeout=300)
        self.assertIn("installed", done.stdout)
        self.assertEqual(self.wait_verified(other_than=before), self.live(NAME))
        self.assertEqual(self.orders(), orders)

    def test_06_broken(self):
        """a broken cert.pem is a silent fallback for clients; it is told, and mended in the window without an order"""
        machine, leaf, orders = self.machine, self.wait_verified(), self.orders()
        good = machine.read(CERT)
        machine.write(CERT, good.decode()[:900], 0o600)
        machine.run("systemctl", "restart", UNIT)
        wait_until(lambda: self.served_as() == self.generated, 30, self.words, 0.3)
        self.assertIn("userProvidedCertificatePem is empty", self.prove(leaf).stdout)
        machine.run("systemctl", "reload", "renewd.service")
        self.configure("RestartWindow=", "RestartWindow=*-*-* 00:00:00 /1min", "RestartDeadline=1h")
        # The file comes back at once; the server, which knows nothing of it, waits for the window.
        wait_until(lambda: re.search("not as renewd left them|no longer serves", self.target().get("message") or ""), 60, self.words,
                   0.5)
        self.assertEqual(machine.run("renewctl", "status", check=False).returncode, 1)
        self.open_window()
        self.assertEqual(self.wait_verified(), leaf)
        self.assertEqual((machine.read(CERT), self.orders()), (good, orders))
        self.check_file()

    def test_07_faults(self):
        """what else makes the server fall back: another key, a leaf alone, a file that it may not read; each is mended"""
        machine, leaf = self.machine, self.wait_verified()
        good = machine.read(CERT)

        def spoil(script):
            machine.shell(script)
            machine.run("systemctl", "restart", UNIT)
            wait_until(lambda: self.served_as() == self.generated, 30, self.words, 0.3)
            self.open_window()
            self.configure("RestartWindow=")
            self.assertEqual(self.wait_verified(), leaf)
            self.assertEqual(machine.read(CERT), good)
            self.check_file()

        spoil(f"openssl genrsa 2048 2>/dev/null >/tmp/k; sed '1,/END PRIVATE/d' {CERT} >>/tmp/k; cat /tmp/k >{CERT}")
        spoil(f"sed '/END CERTIFICATE/q' {CERT} >/tmp/k; cat /tmp/k >{CERT}")
        spoil(f"chown root:root {CERT}")
        self.assertEqual(machine.read(DEFAULT), self.default, "default.pem is the server's")

    def test_08_rest(self):
        """the proof finds the version that the server knows, and says what to do where there is none"""
        machine, leaf = self.machine, self.wait_verified()
        for newest, status in ((3, 0), (1, 0), (0, 1)):
            machine.write(f"{TOP}/var/rest", str(newest))
            done = self.prove(leaf)
            self.assertEqual(done.returncode, status, done.stdout)
        self.assertIn("Option=REST=no", done.stdout)
        self.assertEqual(self.prove(leaf, "RENEWD_OPTION_REST=no").returncode, 0)
        os.unlink(machine.path(f"{TOP}/var/rest"))
        self.assertIn("another cert.pem", self.prove(self.generated).stdout)

    def test_09_back(self):
        """`renewctl remove --restore`: cert.pem is gone, and the server uses its generated certificate again"""
        machine = self.machine
        self.wait_verified()
        done = machine.run("renewctl", "remove", NAME, "--restore", timeout=300)
        print("".join(f"# {line}\n" for line in done.stdout.splitlines()), end="")
        self.assertFalse(os.path.exists(machine.path(CERT)))
        wait_until(lambda: self.served_as() == self.generated, 30, self.journal, 0.3)
        self.assertEqual(machine.read(DEFAULT), self.default)


if __name__ == "__main__":
    harness.main()
