"""The boot of a machine whose nginx waits for a certificate: it starts on a stand-in, before the engine and without a CA."""

import os

import harness
import pki
from booted_case import NAME, BootedCase
from process import wait_until

CERTIFICATE = "[Certificate]\nNames={name}\nCA={ca}\n[Deploy nginx]\n"
FILES = (f"/etc/nginx/ssl/{NAME}.crt", f"/etc/nginx/ssl/{NAME}.key")


class StandIn(BootedCase):
    @classmethod
    def furnish_nginx(cls):
        """An image with everything configured and nothing issued."""
        super().furnish_nginx()
        for path in FILES:
            os.unlink(cls.machine.root + path)
        cls.machine.write(f"/etc/renewd/certificates/{NAME}.conf", CERTIFICATE.format(name=NAME, ca="none"))
        cls.machine.write("/etc/renewd/renewd.conf", "[Account]\nAgreeToTerms=yes\n[Defaults]\nPreFlight=no\n")
        cls.machine.enable("renewd.service", "renewd-http.socket")

    def started_in_order(self):
        """The programs of the boot ended well, before nginx began."""
        ended = []
        for unit in ("renewd-stand-in.service", "renewd-recover.service"):
            self.assertEqual(self.machine.show(unit, "Result"), "success", self.journal())
            self.assertIn("sysinit.target", self.machine.show(unit, "Before").split())
            ended.append(int(self.machine.show(unit, "ExecMainExitTimestampMonotonic")))
        nginx = int(self.machine.show("nginx.service", "ExecMainStartTimestampMonotonic"))
        engine = int(self.machine.show("renewd.service", "ExecMainStartTimestampMonotonic"))
        self.assertGreater(ended[0], 0)
        self.assertLess(ended[0], ended[1])
        self.assertLess(ended[1], min(nginx, engine))

    def test_01_first_boot(self):
        """at the very first boot of an image nginx starts on a stand-in that was made before it"""
        self.started_in_order()
        self.assertEqual(self.active("nginx.service"), "active", self.machine.run("systemctl", "status", "nginx.service", check=False).stdout)
        served = self.served()
        self.assertIn("renewd stand-in", pki.text_of(served))
        self.assertEqual(pki.names(served), {NAME})
        self.assertEqual(self.machine.show("renewd-stand-in.service", "User"), "renewd-signer")
        wait_until(lambda: self.row().get("stand_in") == "placed", 60, lambda: f"{self.show()}\n{self.journal()}")
        self.assertIn("stand-in until the first certificate is there", self.show()["message"])
        self.assertIsNone(self.live())

    def test_02_by_hand(self):
        """another stand-in is served at once, as the unit is told"""
        before = self.served()
        self.machine.run("renewctl", "stand-in", NAME, "--name", "192.0.2.1")
        served = wait_until(lambda: (lambda leaf: leaf if leaf and leaf != before else None)(self.served()), 20, self.journal, 0.5)
        self.assertIn("IP Address:192.0.2.1", pki.text_of(served))

    def test_03_same(self):
        """the next boot has the same stand-in, also when its files are gone"""
        before = self.served()
        for path in FILES:
            os.unlink(self.machine.path(path))
        self.machine.power_cut()
        self.machine.boot()
        self.started_in_order()
        self.assertEqual(wait_until(self.served, 30, self.journal), before)

    def test_04_real(self):
        """the first certificate replaces it, checked, told and proved"""
        self.machine.write(f"/etc/renewd/certificates/{NAME}.conf", CERTIFICATE.format(name=NAME, ca="pebble"))
        self.machine.run("systemctl", "reload", "renewd.service")
        leaf = self.wait_served(timeout=150)
        self.assertNotIn("renewd stand-in", pki.text_of(leaf))

    def test_05_lost(self):
        """real files that are gone at boot are there again before nginx starts"""
        before = self.live()
        for path in FILES:
            os.unlink(self.machine.path(path))
        self.machine.power_cut()
        self.machine.boot()
        self.started_in_order()
        self.assertEqual(wait_until(self.served, 30, self.journal), before)
        self.assertEqual(self.active("nginx.service"), "active")
        self.wait_served()


if __name__ == "__main__":
    harness.main()
