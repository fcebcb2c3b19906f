"""A name that the CA does not want, among others."""

import time

import acme_case
import pki

# Days of patience are shares of a lifetime: seconds here.
LIFETIME = 180
BLOCKED = "blocked.example.com"


class Blocked(acme_case.AcmeCase):
    """One name is on the CA's list."""

    pebble_options = {"blocklist": [BLOCKED], "lifetime": LIFETIME}

    def test_all_or_nothing(self):
        """Z-20: a refused name stops its set, is named, and is not asked for again soon"""
        name = "whole.example.org"
        self.configure()
        self.renewd.certificate(name, "", names=f"{name} {BLOCKED}")
        self.renewd.start()
        shown = self.shown(name, lambda s: s.get("last_error"), 60, "an error")
        self.assertIn(BLOCKED, shown["last_error"])
        self.assertIn("rejectedIdentifier", shown["last_error"])
        self.assertGreater(shown["next_attempt"] - time.time(), 3600)
        self.assertIsNone(self.renewd.live_leaf(name))
        self.assertEqual(self.pebble.count("/finalize-order/"), 0)

    @acme_case.since("2.6")
    def test_optional(self):
        """Z-20: a refused name that is optional is left out after a while, and the others are renewed"""
        name = "partial.example.org"
        self.configure()
        self.renewd.certificate(name, "")
        self.renewd.start()
        first = self.wait_live(name)
        self.renewd.certificate(name, f"OptionalNames={BLOCKED} also.example.org\n")
        self.renewd.reload()
        second = self.wait_live(name, 150, other_than=first)
        self.assertEqual(pki.names(second), {name, "also.example.org"})
        self.check_chain(name)
        self.assertIn(BLOCKED, self.renewd.output())
        self.assertNotEqual(self.renewd.ctl("status", check=False).returncode, 0, "status says nothing of it")


if __name__ == "__main__":
    acme_case.main()
