"""Renewal information: what the CA says about when, and what an order says about its predecessor."""

import json
import os
import time

import acme_case
import pki
import revoke
from process import wait_until

# So short that renewal information is asked for every minute.
LIFETIME = 600
CERTIFICATES, ROUNDS = (100, 10) if acme_case.WHOLE else (50, 2)


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def window(start, end):
    return json.dumps({"suggestedWindow": {"start": rfc3339(start), "end": rfc3339(end)}})


class Windows(acme_case.AcmeCase):
    """The CA changes its mind."""

    pebble_options = {"lifetime": LIFETIME}

    def begin(self, *names):
        self.asked = self.proxy()
        self.configure(url=self.asked.directory_url)
        for name in names:
            self.renewd.certificate(name, "")
        self.renewd.start()
        return {name: self.wait_live(name) for name in names}

    def information(self):
        return [r for r in self.asked.requests if r.method == "GET" and "/renewalInfo/" in r.path]

    @acme_case.since("2.6")
    def test_revoked(self):
        """Z-14: a certificate that somebody else revoked is replaced at once"""
        name = "revoked.example.org"
        leaf = self.begin(name)[name]
        revoke.with_key(self.pebble, leaf, self.renewd.live(name, "privkey.pem"), revoke.SUPERSEDED)
        self.assertEqual(self.pebble.status_of(leaf), "Revoked")
        new = self.wait_live(name, 200, other_than=leaf)
        self.assertEqual(self.pebble.status_of(new), "Valid")
        self.assertIn("wants this certificate replaced at once", self.renewd.output())
        self.check_chain(name)

    @acme_case.since("2.10")
    def test_windows(self):
        """Z-14: a past window renews at once, a future one plans, and garbage changes nothing"""
        past, future, garbage = names = [f"{n}.example.org" for n in ("past", "future", "garbage")]
        first = dict(leaves := self.begin(*names))
        said = {past: window(time.time() - 7200, time.time() - 3600),
                future: window(time.time() + LIFETIME // 2, time.time() + LIFETIME * 3 // 5), garbage: '{"suggestedWindow": "soon"'}
        for name in names:
            self.pebble.set_renewal_info(leaves[name], said[name])
        done = set()

        def look():
            # What was drawn from the CA's own window before may come first: then the new certificate is meant.
            for name in (future, garbage):
                if (leaf := self.renewd.live_leaf(name)) != leaves[name]:
                    leaves[name] = leaf
                    self.pebble.set_renewal_info(leaf, said[name])
            if self.renewd.live_leaf(past) != first[past]:
                done.add(past)
            shown = self.renewd.show(future) or {}
            if rfc3339((shown.get("renewal_info") or {}).get("start", 0)) in said[future]:
                self.assertIn(rfc3339(shown["renewal_info"]["start"]), said[future])
                self.assertGreaterEqual(shown["next_renewal"], shown["renewal_info"]["start"])
                self.assertLessEqual(shown["next_renewal"], shown["renewal_info"]["end"])
                done.add(future)
            if self.garbage_was_seen(garbage):
                done.add(garbage)
            return len(done) == 3
        wait_until(look, 200, lambda: f"only {done}\n" + self.renewd.tail(), 0.5)
        shown = self.renewd.show(garbage)
        self.assertEqual((shown["failures"], shown.get("last_error")), (0, None))
        self.assertGreater(shown["next_renewal"], time.time() - 5)
        for name in names:
            self.check_chain(name)

    def garbage_was_seen(self, name):
        identity = pki.cert_id(self.renewd.live_leaf(name))
        return sum(1 for r in self.information() if r.path.endswith(identity) and r.state is None) >= 2


class Replaces(acme_case.AcmeCase):
    """Renewal after renewal, each naming its predecessor."""

    pebble_options = {"authz_reuse": 100}

    @acme_case.since("2.6")
    def test_many(self):
        """Z-15: many renewals with `replaces`: every one succeeds, also where the CA fails over the predecessor"""
        names = [f"n{i}.example.org" for i in range(CERTIFICATES)]
        proxy = self.proxy()
        self.configure(url=proxy.directory_url, ca_more="MaxOrders=100\n")
        for name in names:
            self.renewd.certificate(name, "")
        self.renewd.start()
        leaves = {name: self.wait_live(name, 100) for name in names}
        for _ in range(ROUNDS):
            before = len(proxy.requests)
            for name in names:
                self.renewd.ctl("renew", name, "--force")
            for name in names:
                leaves[name] = self.wait_live(name, 200, other_than=leaves[name])
            orders = [r for r in proxy.requests[before:] if r.path.startswith("/order-plz") and r.problem != "badNonce"]
            refused = [r for r in orders if r.status >= 400]
            self.assertTrue(all(r.sent.get("replaces") and r.status in (409, 500) for r in refused), refused)
            # A refused predecessor is left out, once.
            self.assertEqual(sum(1 for r in orders if r.sent.get("replaces")), CERTIFICATES)
            self.assertEqual(len(orders), CERTIFICATES + len(refused))
        for name in names:
            record = self.renewd.record(name)
            self.assertEqual((record["attempts"], record["failures"]), (1 + ROUNDS, 0), name)
            self.renewd.check_pair(name)
        failed = [r for r in proxy.refused() if r.path.startswith("/order-plz") and r.status == 500]
        print(f"# measured: {CERTIFICATES * ROUNDS} renewals, {len(failed)} predecessors that the CA failed over", flush=True)


if __name__ == "__main__":
    acme_case.main()
