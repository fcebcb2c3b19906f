"""Certificates that live for a minute."""

import time

import acme_case
import pki

LIFETIME = 60
WATCHED = 100


class Minute(acme_case.AcmeCase):
    """All that is counted in days elsewhere is a share of a minute here."""

    pebble_options = {"lifetime": LIFETIME}

    def test_renewals(self):
        """Z-13: certificates of 60 s are renewed before they expire, three in a lifetime at most"""
        name = "minute.example.org"
        proxy = self.proxy()
        self.configure(url=proxy.directory_url)
        self.renewd.certificate(name, "")
        self.renewd.start()
        self.wait_live(name)
        end, leaves = time.monotonic() + WATCHED, []
        while time.monotonic() < end:
            leaf = self.renewd.live_leaf(name)
            if leaf and leaf not in leaves:
                leaves.append(leaf)
            self.assertGreater(pki.expires(leaves[-1]), time.time(), f"number {len(leaves)} expired\n" + self.renewd.tail())
            time.sleep(0.2)
        issued = [r.at for r in proxy.asked("POST", "/finalize-order/")]
        # With renewal information it is the backstop, a fifth of the lifetime, that renews.
        self.assertGreaterEqual(len(leaves), 1 + WATCHED // LIFETIME, self.renewd.tail())
        for at in issued:
            self.assertLessEqual(sum(1 for other in issued if at <= other < at + LIFETIME), 3, issued)
        self.assertLessEqual(len(issued), 3 * (1 + WATCHED // LIFETIME))
        self.renewd.check_pair(name)


if __name__ == "__main__":
    acme_case.main()
