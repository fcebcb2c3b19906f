"""One name by renewd's own listener: what it costs, fresh and with authorizations that the CA still has."""

import acme_case
from process import wait_until


class Fresh(acme_case.AcmeCase):
    """Nothing is known to the CA yet."""

    def test_one_name(self):
        """Z-01: one name by http-01, and no request more than X-02 says but for refused nonces"""
        name = "one.example.org"
        proxy = self.proxy()
        self.configure(url=proxy.directory_url)
        self.renewd.certificate(name, "")
        self.renewd.once(check=0)
        self.check_chain(name)
        refused = proxy.refused()
        self.assertEqual([r for r in refused if (r.status, r.problem) != (400, "badNonce")], [])
        if not acme_case.REFUSES:
            self.assertEqual(refused, [])
        posts = [r for r in proxy.requests if r.method == "POST" and r.status < 400]
        early = [r for r in posts if r.path.startswith("/my-order/") and r.state in ("pending", "processing")]
        self.assertEqual(len(posts) - len(early), 8, posts)  # X-02 and the new account
        self.assertLessEqual(len(early), 2, posts)
        self.assertEqual(proxy.count("HEAD", "/nonce-plz"), 1)
        self.assertEqual(proxy.count("GET", "/dir"), 1)


class Reused(acme_case.AcmeCase):
    """The CA reuses authorizations."""

    pebble_options = {"authz_reuse": 100}

    def test_ready(self):
        """Z-02: an order that is ready at once costs 4 POSTs, but for refused nonces, and one GET for renewal information"""
        name = "ready.example.org"
        proxy = self.proxy()
        self.configure(url=proxy.directory_url)
        self.renewd.certificate(name, "")
        self.renewd.start()
        first = self.wait_live(name)
        before = len(proxy.requests)
        self.renewd.ctl("renew", name, "--wait", "--force")
        self.wait_live(name, other_than=first)
        posts = [r for r in proxy.requests[before:] if r.method == "POST" and r.status < 400]
        early = [r for r in posts if r.path.startswith("/my-order/") and r.state == "processing"]
        self.assertEqual(len(posts) - len(early), 4, posts)
        if acme_case.HAS_RENEWAL_INFO:
            wait_until(lambda: self.informed(proxy, before), 20, "a question for renewal information")
        self.assertEqual(self.informed(proxy, before), 1 if acme_case.HAS_RENEWAL_INFO else 0, proxy.requests)
        self.check_chain(name)

    def informed(self, proxy, before):
        return sum(1 for r in proxy.requests[before:] if r.method == "GET" and "/renewalInfo/" in r.path)


if __name__ == "__main__":
    acme_case.main()
