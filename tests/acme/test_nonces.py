"""A CA that refuses many nonces, or all."""

import collections

import acme_case
from process import wait_until

SENDS_MAX = 30  # D-07


def most_sends(requests):
    """How often one request was sent, counting the refusals that came one after the other."""
    most, running = 0, collections.Counter()
    for r in requests:
        running[r.path] = running[r.path] + 1 if r.problem == "badNonce" else 0
        most = max(most, running[r.path] + 1)
    return most


class Third(acme_case.AcmeCase):
    """Three of ten nonces are refused."""

    pebble_options = {"nonce_reject": 30}

    @acme_case.once
    def test_third(self):
        """Z-03: with 30 % of the nonces refused it is issued at the first attempt"""
        name = "third.example.org"
        proxy = self.proxy()
        self.configure(url=proxy.directory_url)
        self.renewd.certificate(name, "")
        self.renewd.once(check=0)
        self.check_chain(name)
        self.assertEqual(proxy.count("POST", "/order-plz"), 1)
        self.assertLessEqual(most_sends(proxy.requests), SENDS_MAX)
        self.assertEqual(self.renewd.record(name)["attempts"], 1)


class Half(acme_case.AcmeCase):
    """Every other nonce is refused."""

    pebble_options = {"nonce_reject": 50}

    @acme_case.once
    def test_half(self):
        """Z-03: with 50 % of the nonces refused 50 of 50 certificates are issued, each at its first attempt"""
        names = [f"half{i}.example.org" for i in range(50)]
        self.configure(ca_more="MaxOrders=50\n")
        for name in names:
            self.renewd.certificate(name, "")
        self.renewd.once(check=0)
        for name in names:
            self.renewd.check_pair(name)
            self.assertIsNotNone(self.renewd.live_leaf(name), name)
            self.assertEqual(self.renewd.record(name)["attempts"], 1, name)


class All(acme_case.AcmeCase):
    """No nonce is ever good."""

    pebble_options = {"nonce_reject": 100}

    @acme_case.once
    def test_all(self):
        """Z-04: with every nonce refused it gives up for now, says so, does not spin, and goes on when it ends"""
        name = "all.example.org"
        proxy = self.proxy()
        self.configure(url=proxy.directory_url)
        self.renewd.certificate(name, "")
        self.renewd.start()
        shown = self.shown(name, lambda s: s.get("last_error"), 100, "an error")
        self.assertRegex(shown["last_error"], "(?i)nonce")
        refused = len(proxy.refused())
        self.assertLessEqual(refused, SENDS_MAX)
        self.assertEqual({r.path for r in proxy.refused()}, {"/sign-me-up"})
        self.assertGreater(shown["next_attempt"], 0)
        self.assertEqual(len(proxy.refused()), refused, "it goes on sending")
        self.pebble.restart(PEBBLE_WFE_NONCEREJECT=0)
        self.renewd.ctl("renew", name)
        self.wait_live(name, 100)
        wait_until(lambda: self.renewd.show(name)["failures"] == 0, 10, "nothing is left of it")


if __name__ == "__main__":
    acme_case.main()
