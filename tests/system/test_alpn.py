"""TLS-ALPN-01 on port 443 by socket activation, in a booted system whose port 80 nothing answers."""

import contextlib
import os
import signal
import socket
import ssl

import harness
import pki
from booted_case import NAME, NGINX, BootedCase
from process import wait_until

LATER = "later.example.org"


class Alpn(BootedCase):
    @classmethod
    def furnish(cls):
        super().furnish()
        cls.site(4443)
        cls.machine.write("/etc/renewd/renewd.conf", "[Defaults]\nChallenge=tls-alpn-01\n")

    @classmethod
    def site(cls, port):
        cls.machine.write(f"/etc/nginx/conf.d/{NAME}.conf", NGINX.format(name=NAME).replace(":443 ", f":{port} "))

    @classmethod
    def add_name(cls, name, *more):
        return cls.machine.run("renewctl", "add", name, "--ca", "pebble", "--email", "admin@example.org", "--agree-tos", *more).stdout

    def shake(self, alpn, name):
        """What a stranger gets: the protocol that was chosen, or nothing: an alert."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(alpn)

        def connect():
            try:
                with socket.create_connection(("127.0.0.1", 443), 5) as raw, context.wrap_socket(raw, server_hostname=name) as tls:
                    return (tls.selected_alpn_protocol() or "none").encode()
            except ssl.SSLError:
                return b""
        return self.machine.in_network(connect)

    def port_443(self):
        return self.machine.shell("ss -Hltne 'sport = :443'").stdout

    def test_01_add(self):
        """renewctl add takes port 443 by renewd-https.socket, and the CA is shown what it looks for there"""
        self.machine.run("systemctl", "enable", "--now", "renewd.service")
        said = self.add_name(NAME, "--wait")
        self.assertIn("renewd-https.socket", said)
        self.assertEqual(self.active("renewd-https.socket"), "active")
        self.assertEqual(self.active("renewd-http.socket"), "inactive")
        self.assertIsNotNone(self.live())
        self.assertEqual(self.orders(), 1)
        for alpn, name in ((["h2"], NAME), (["acme-tls/1"], "stranger.example.org")):
            self.assertEqual(self.shake(alpn, name), b"", (alpn, name))
        # Other perspectives of the CA may still ask for half a minute (J-13).
        wait_until(lambda: self.shake(["acme-tls/1"], NAME) == b"", 90, "acme-tls/1 is turned away")

    def test_02_international(self):
        """a name as it is read: ordered, filed and shown"""
        said = self.add_name("bücher.example.org", "--wait")
        self.assertIn("xn--bcher-kva.example.org (bücher.example.org)", said)
        self.assertTrue(os.path.exists(self.machine.path("/etc/renewd/certificates/xn--bcher-kva.example.org.conf")))
        leaf = self.live("xn--bcher-kva.example.org")
        self.assertIn("DNS:xn--bcher-kva.example.org", pki.text_of(leaf))
        shown = self.machine.run("renewctl", "show", "bücher.example.org").stdout
        self.assertIn("xn--bcher-kva.example.org (bücher.example.org)", shown)
        self.assertIn("(bücher.example.org)", self.machine.run("renewctl", "status").stdout)

    def test_03_crash(self):
        """port 443 stays with systemd while the engine is killed and comes back; then it renews"""
        port, before = self.port_443(), self.live()
        self.assertRegex(port, "ino:[0-9]+")
        pid = self.machine.pids("renewd")[0]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.machine.pids("renewd") not in ([], [pid]) and self.all_is_well(), 60, self.journal)
        self.assertEqual(self.port_443(), port)
        self.machine.run("renewctl", "renew", NAME, "--wait", "--force")
        self.assertNotEqual(self.live(), before)

    def test_04_stop(self):
        """stopping the service closes port 443, starting opens it"""
        self.machine.run("systemctl", "stop", "renewd.service")
        wait_until(lambda: self.active("renewd-https.socket") == "inactive", 10, self.journal)
        with self.assertRaises(OSError):
            self.machine.in_network(lambda: socket.create_connection(("127.0.0.1", 443), 2))
        self.machine.run("systemctl", "start", "renewd.service")
        self.assertEqual(self.active("renewd-https.socket"), "active")

    def test_05_busy(self):
        """a busy port 443 fails only its socket; whoever has it is named, with the lines that route by ALPN"""
        machine = self.machine
        machine.run("systemctl", "stop", "renewd.service")
        wait_until(lambda: self.active("renewd-https.socket") == "inactive", 10, self.journal)
        self.site(443)
        machine.run("systemctl", "reload", "nginx.service")
        wait_until(lambda: "LISTEN" in self.port_443() or "127.0.0.1:443" in self.port_443(), 10, self.port_443)
        machine.run("systemctl", "start", "renewd.service")
        self.assertEqual(self.active("renewd-https.socket"), "failed")
        self.assertEqual(self.active("renewd.service"), "active")
        said = self.add_name(LATER)
        self.assertIn("Port 443 belongs to nginx", said)
        self.assertIn("ssl_preread_alpn_protocols", said)
        self.assertIn("Listen=127.0.0.1:8443", said)
        with contextlib.suppress(AssertionError):
            machine.run("systemctl", "reset-failed", "renewd-https.socket")


if __name__ == "__main__":
    harness.main()
