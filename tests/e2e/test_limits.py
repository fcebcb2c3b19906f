"""A CA that refuses nonces or everything: what is given up, what is said, and who is asked instead."""

import http.server
import json
import os
import ssl
import threading
import time

import harness
import pki
from process import free_port, wait_until

COUNT = 50


class HalfOfTheNonces(harness.Case):
    """Every second request is refused for its nonce."""

    pebble_options = {"nonce_reject": 50}

    def test_all_succeed(self):
        """D-07: with half of all nonces refused 50 of 50 certificates are issued"""
        self.configure()
        names = [f"n{i}.example.org" for i in range(COUNT)]
        for name in names:
            self.renewd.certificate(name, "")
        self.renewd.once(timeout=300, check=0)
        issued = [name for name in names if os.path.exists(self.renewd.live(name))]
        print(f"# {len(issued)} of {COUNT} issued")
        self.assertEqual(issued, names)


class AllNonces(harness.Case):
    """Every request is refused for its nonce: V-02."""

    pebble_options = {"nonce_reject": 100}

    def test_given_up(self):
        """Z-04: with all nonces refused it is given up, said, and not spun on"""
        self.configure()
        self.renewd.certificate("n.example.org", "")
        self.renewd.start()
        self.addCleanup(self.renewd.stop)
        shown = wait_until(lambda: (s := self.renewd.show("n.example.org")) and s.get("last_error") and s, 90,
                           "the refusal is shown")
        self.assertIn("badNonce", shown["last_error"])
        self.assertGreater(shown["next_attempt"], time.time())
        before = self.pebble.process.output().count("badNonce")
        time.sleep(15)
        after = self.pebble.process.output().count("badNonce")
        print(f"# {after - before} more refusals in 15 s")
        self.assertEqual(after, before)
        why = self.renewd.ctl("why", "n.example.org").stdout
        self.assertIn("badNonce", why)
        self.assertIn("because", why)


class Busy(http.server.BaseHTTPRequestHandler):
    """503 to everybody."""

    def do_GET(self):
        self.server.asked += 1
        self.send_response(503)
        self.end_headers()

    do_HEAD = do_POST = do_GET

    def log_message(self, *args):
        pass


class Fallback(harness.Case):
    """The first CA of the list answers 503."""

    pebble_options = {"nonce_reject": 0}

    def busy_ca(self):
        port = free_port()
        pki.make_server_certificate(self.pebble.directory, "busy", ["DNS:localhost", "IP:127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.pebble.directory, "busy.pem"),
                                os.path.join(self.pebble.directory, "busy.key"))
        server = http.server.HTTPServer(("127.0.0.1", port), Busy)
        server.asked = 0
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        return server, f"https://localhost:{port}/dir"

    def failures(self):
        shown = self.renewd.show("f.example.org")
        return shown["failures"] if shown else 0

    def test_next_ca(self):
        """CA-03: the second CA is asked after three failures, and plan and why say so"""
        server, url = self.busy_ca()
        self.configure()
        self.renewd.authority(url, self.pebble.tls_ca, name="busy")
        self.renewd.certificate("f.example.org", "CA=busy pebble\n")
        self.renewd.start()
        for n in range(1, 3):
            wait_until(lambda: self.failures() >= n, 30, f"{n} attempts failed")
            why = self.renewd.ctl("why", "f.example.org").stdout
            self.assertIn("first certificate from busy", why)
            self.assertIn("in a row failed at CA 'busy'", why)
            self.assertIn("HTTP 503", why)
            self.renewd.ctl("renew", "f.example.org")
        wait_until(lambda: (s := self.renewd.show("f.example.org")) and s["state"] == "valid", 60, "the second CA issued")
        self.assertEqual(server.asked, 3)
        self.assertEqual(self.renewd.record("f.example.org")["current"]["ca"], "pebble")
        plan = json.loads(self.renewd.ctl("plan", "--json").stdout)["plan"]
        self.assertEqual([s["what"] for s in plan], ["renewal from busy", "the present certificate expires"])
        self.assertIn("renewal from busy", self.renewd.ctl("plan").stdout)


if __name__ == "__main__":
    harness.main()
