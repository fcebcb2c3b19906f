"""The way of a certificate in a booted system: added, served, shown, reloaded, and what happens while nginx is stopped."""

import json
import os
import re
import time

import harness
import pki
from booted_case import NAME, Authority, BootedCase
from process import wait_until

SLOW = "slow.example.org"
LATER = "later.example.org"


class Path(BootedCase):
    # The second one takes its time to validate, so that an order of it can be met on its way.
    authorities = [Authority("pebble", 14000), Authority("slow", 14100, environment="PEBBLE_VA_SLEEPTIME=5")]

    def setUp(self):
        super().setUp()
        if self._testMethodName != "test_01_add":
            self.begin()

    def test_01_add(self):
        """enable and renewctl add are enough: nginx serves the certificate, HTTP-01 by renewd-http.socket"""
        print("".join(f"# {line}\n" for line in self.add().splitlines()), end="")
        # The first order of a start waits up to a minute.
        leaf = self.wait_served(timeout=120)
        self.assertEqual(self.active("renewd-http.socket"), "active")
        self.assertIn("Pebble Intermediate CA", pki.describe(leaf)["issuer"])
        self.assertEqual(self.orders(), 1)

    def test_02_status(self):
        """systemctl status shows the sentence"""
        sentence = rf"^1 certificate valid; next renewal {NAME} on [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} \(in [0-9]+ days\)$"
        wait_until(lambda: re.match(sentence, self.status_text()), 5, self.status_text)
        shown = self.machine.run("systemctl", "status", "--no-pager", "renewd.service", check=False).stdout
        self.assertIn(self.status_text(), shown)
        done = self.machine.run("renewctl", "status")
        self.assertIn(self.status_text(), done.stdout)
        self.assertIn(NAME, done.stdout)

    def test_03_varlink(self):
        """varlinkctl takes the interface files, introspects the manager's socket, and calls it"""
        files = self.machine.shell("ls /usr/share/varlink/io.renewd.*").stdout.split()
        self.assertEqual(len(files), 3)
        for path in files:
            self.machine.run("varlinkctl", "validate-idl", path)
        self.assertIn("io.renewd.Manager", self.machine.run("varlinkctl", "info", "/run/renewd/manager").stdout)
        done = self.machine.run("varlinkctl", "introspect", "/run/renewd/manager", "io.renewd.Manager")
        self.assertIn("method Status()", done.stdout)
        self.assertIn("method Renew", done.stdout)
        done = self.machine.run("varlinkctl", "call", "/run/renewd/manager", "io.renewd.Manager.Status", "{}")
        self.assertIn(self.status_text(), done.stdout)

    def test_04_journal(self):
        """the journal has the fields and the message ids, and explains them"""
        done = self.machine.run("journalctl", "-b", "-o", "json", f"RENEWD_CERTIFICATE={NAME}")
        entries = [json.loads(line) for line in done.stdout.splitlines()]
        ids = {entry.get("MESSAGE_ID") for entry in entries}
        self.assertIn("2d8a1c5b94e14f0f9b3a7d6e5c4b3a21", ids, "issued")
        self.assertIn("7f1e2d3c4b5a49688776655443322110", ids, "deployed")
        self.assertTrue(any(entry.get("RENEWD_CA") == "pebble" for entry in entries))
        self.assertTrue(any(entry.get("RENEWD_TARGET") == "nginx" for entry in entries))
        self.assertTrue(any("/my-order/" in entry.get("RENEWD_ORDER", "") for entry in entries))
        explained = self.machine.run("journalctl", "-b", "-x", "--no-pager", "MESSAGE_ID=2d8a1c5b94e14f0f9b3a7d6e5c4b3a21").stdout
        self.assertIn(f"A new certificate for {NAME} was issued", explained)

    def test_05_viewers(self):
        """a member of renewd-view sees the status and may not renew; others see nothing"""
        machine = self.machine
        machine.run("useradd", "--no-create-home", "--groups", "renewd-view", "viewer")
        done = machine.run("runuser", "-u", "viewer", "--", "renewctl", "status")
        self.assertIn(self.status_text(), done.stdout)
        orders = self.asked_for_orders()
        for user in ("viewer", "nobody"):
            done = machine.run("runuser", "-u", user, "--", "renewctl", "renew", NAME, "--force", check=False)
            print(f"# {user}: {done.stdout.strip()}")
            self.assertEqual(done.returncode, 4, done.stdout)
        self.assertEqual(machine.run("runuser", "-u", "nobody", "--", "renewctl", "status", check=False).returncode, 4)
        self.assertEqual(self.asked_for_orders(), orders)

    def test_06_broken_file(self):
        """a certificate file with an error is shown with file and line, and the others go on"""
        machine, before = self.machine, self.live()
        pid = machine.show("renewd.service", "MainPID")
        path = "/etc/renewd/certificates/broken.conf"
        machine.write(path, f"[Certificate]\nNames=broken.example.org\n\n[Deploy nginx]\nFile=nonsense\n")
        machine.run("systemctl", "reload", "renewd.service")
        self.assertEqual(machine.show("renewd.service", "MainPID"), pid)
        done = machine.run("renewctl", "status", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}:5", done.stdout)
        machine.run("renewctl", "renew", NAME, "--wait", "--force")
        self.wait_served(other_than=before)
        os.unlink(machine.path(path))
        machine.run("systemctl", "reload", "renewd.service")
        wait_until(self.all_is_well, 10, self.status_text)

    def test_07_reload(self):
        """a reload takes the new configuration while the order of an unchanged certificate is on its way, and keeps that order"""
        machine = self.machine
        pid = machine.show("renewd.service", "MainPID")
        machine.write(f"/etc/renewd/certificates/{SLOW}.conf", f"[Certificate]\nNames={SLOW}\nCA=slow\n")
        machine.run("systemctl", "reload", "renewd.service")
        wait_until(lambda: self.orders("slow") == 1, 20, lambda: "an order\n" + self.journal(), 0.02)
        # The CA holds still, so that its answers come after the reload.
        authority = int(machine.show("slow.service", "MainPID"))
        machine.run("kill", "-STOP", str(authority))
        try:
            self.assertIsNone(self.live(SLOW))
            machine.write(f"/etc/renewd/certificates/{LATER}.conf", f"[Certificate]\nNames={LATER}\nCA=pebble\n")
            machine.run("systemctl", "reload", "renewd.service")
            wait_until(lambda: self.live(LATER), 30, lambda: "the new one is live\n" + self.journal(), 0.2)
            self.assertIsNone(self.live(SLOW))
        finally:
            machine.run("kill", "-CONT", str(authority))
        wait_until(lambda: self.live(SLOW), 60, lambda: "the old order ends well\n" + self.journal(), 0.2)
        self.assertEqual(self.orders("slow"), 1)
        self.assertEqual(machine.show("renewd.service", "MainPID"), pid)
        for name in (SLOW, LATER):
            machine.run("renewctl", "remove", name)
        wait_until(lambda: self.status_text().startswith("1 certificate valid"), 20, self.status_text)

    def test_08_stopped_nginx(self):
        """nginx stopped: the row stays open and nobody starts it; started, it is verified within a minute without an order"""
        machine, before = self.machine, self.live()
        machine.run("systemctl", "stop", "nginx.service")
        machine.run("renewctl", "renew", NAME, "--force", check=False)
        wait_until(lambda: self.live() != before and self.row().get("state") == "open", 60, lambda: f"{self.row()}\n{self.journal()}")
        wait_until(lambda: "nginx" in self.status_text(), 10, self.status_text)
        print(f"# {self.status_text()}")
        time.sleep(5)
        self.assertEqual(self.active("nginx.service"), "inactive")
        self.assertEqual(machine.run("renewctl", "status", check=False).returncode, 1)
        orders = self.asked_for_orders()
        machine.run("systemctl", "start", "nginx.service")
        self.wait_served(timeout=60, other_than=before)
        wait_until(self.all_is_well, 5, self.status_text)
        self.assertEqual(self.asked_for_orders(), orders)

    def test_09_deleted_file(self):
        """a file that somebody deleted comes back without an order"""
        orders = self.asked_for_orders()
        path = self.machine.path(f"/etc/nginx/ssl/{NAME}.crt")
        os.unlink(path)
        self.machine.run("systemctl", "reload", "renewd.service")
        wait_until(lambda: os.path.exists(path), 60, lambda: "the file is there\n" + self.journal(), 0.2)
        self.wait_served()
        self.assertEqual(self.asked_for_orders(), orders)


if __name__ == "__main__":
    harness.main()
