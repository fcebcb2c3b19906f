"""Validations: those that fail, each for its own reason."""

import http.server
import threading
import time

import acme_case

SOONEST_SEC = 12 * 60  # J-16


class WrongAnswer(http.server.BaseHTTPRequestHandler):
    """Whatever is asked, something else is answered."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"this is somebody else's server\n")

    def log_message(self, *args):
        pass


class Refused(acme_case.AcmeCase):
    """Nothing of this is mended by asking again soon."""

    def elsewhere(self, name, address):
        self.names.ask("/add-a", {"host": name, "addresses": [address]})

    def test_reasons(self):
        """Z-11: SERVFAIL, a wrong answer and nobody listening: the reason is shown and the next attempt is 12 minutes away"""
        reasons = {"servfail.example.org": r"(?i)'dns'|servfail|dns", "wrong.example.org": r"(?i)unauthorized|incorrectResponse",
                   "nobody.example.org": r"(?i)connection"}
        self.names.ask("/set-servfail", {"host": "servfail.example.org"})
        self.elsewhere("wrong.example.org", "127.0.0.2")
        self.elsewhere("nobody.example.org", "127.0.0.3")
        server = http.server.ThreadingHTTPServer(("127.0.0.2", self.http_port), WrongAnswer)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        self.configure()
        for name in reasons:
            self.renewd.certificate(name, "")
        self.renewd.start()
        for name, words in reasons.items():
            with self.subTest(name):
                shown = self.shown(name, lambda s: s.get("last_error"), 100, "an error")
                self.assertRegex(shown["last_error"], words)
                self.assertEqual(shown["failures"], 1)
                self.assertGreater(shown["next_attempt"] - time.time(), SOONEST_SEC * 0.85)
                self.assertIsNone(self.renewd.live_leaf(name))
        self.assertEqual(self.pebble.count("/finalize-order/"), 0)
        mark = self.pebble.mark()
        time.sleep(2)
        self.assertEqual(self.pebble.requests(mark), [], "it goes on asking")


if __name__ == "__main__":
    acme_case.main()
