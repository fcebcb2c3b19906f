"""How many requests a certificate costs, counted in Pebble's log."""

import harness
from process import wait_until


class Counted(harness.Case):
    """Nothing is known to the CA yet."""

    pebble_options = {"nonce_reject": 0, "authz_reuse": 0}

    def issue(self, name, names=None):
        """Asks for one more certificate of a running, warm renewd; returns the POSTs it cost."""
        since = self.pebble.mark()
        self.renewd.certificate(name, "", names=names)
        self.renewd.reload()
        wait_until(lambda: self.renewd.live_leaf(name), 60, lambda: f"{name} is live\n" + self.renewd.tail())
        return self.pebble.posts(since)

    def warm_up(self, prefix):
        self.configure()
        self.renewd.certificate(f"{prefix}.example.org", "")
        self.renewd.start()
        wait_until(lambda: self.renewd.live_leaf(f"{prefix}.example.org"), 60, lambda: "warm\n" + self.renewd.tail())


class Fresh(Counted):
    """A CA without renewal information."""

    def test_one_name(self):
        """X-02: a fresh name on a warm connection costs 7 POSTs"""
        self.warm_up("warm-one")
        since = self.pebble.mark()
        posts = self.issue("one.example.org")
        self.assertEqual(len(posts), 7, posts)
        # This Pebble has no renewal information: nothing is asked besides.
        self.assertEqual([p for m, p in self.pebble.requests(since) if m == "GET"], [])

    def test_many_names(self):
        """X-02: k fresh names cost 5 + 2k POSTs"""
        self.warm_up("warm-many")
        for k in (2, 4):
            posts = self.issue(f"many{k}", " ".join(f"n{i}.k{k}.example.org" for i in range(k)))
            self.assertEqual(len(posts), 5 + 2 * k, posts)


class Informed(Counted):
    """Debian 13's Pebble has renewal information."""

    pebble_version = "2.6"

    def test_renewal_info(self):
        """X-02: renewal information costs one GET for each certificate, and no HEAD"""
        self.warm_up("warm-info")
        wait_until(lambda: self.asked(0) == 1, 20, "the first question")
        since = self.pebble.mark()
        posts = self.issue("info.example.org")
        wait_until(lambda: self.asked(since), 20, "the second question")
        self.assertEqual(len(posts), 7, posts)
        self.assertEqual([m for m, _ in self.pebble.requests(since) if m != "POST"], ["GET"])

    def asked(self, since):
        return self.pebble.count("/draft-ietf-acme-ari-03/renewalInfo/", since)


class Reused(harness.Case):
    """The CA reuses authorizations."""

    pebble_options = {"nonce_reject": 0, "authz_reuse": 100}

    def test_ready(self):
        """X-01: an order that comes back ready costs 4 POSTs, and the account is not asked for again"""
        name = "ready.example.org"
        self.configure()
        self.renewd.certificate(name, "")
        self.renewd.start()
        first = wait_until(lambda: self.renewd.live_leaf(name), 60, lambda: "first\n" + self.renewd.tail())
        since = self.pebble.mark()
        self.renewd.ctl("renew", name, "--wait", "--force")
        wait_until(lambda: self.renewd.live_leaf(name) != first, 60, "the second")
        posts = self.pebble.posts(since)
        self.assertEqual(len(posts), 4, posts)
        self.assertEqual(self.pebble.count("/sign-me-up"), 1)


if __name__ == "__main__":
    harness.main()
