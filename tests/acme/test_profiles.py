"""Profiles: preferred and required ones, offered and not."""

import acme_case
import pki

SHORT, LONG = 6 * 86400, 90 * 86400


class Profiles(acme_case.AcmeCase):
    """Two are offered."""

    pebble_options = {"profiles": {"shortlived": SHORT, "classic": LONG}}

    def begin(self, name, body):
        proxy = self.proxy()
        self.configure(url=proxy.directory_url)
        self.renewd.certificate(name, body)
        return proxy

    def lifetime(self, name):
        return pki.lifetime(self.renewd.live_leaf(name))

    @acme_case.since("2.10")
    def test_offered(self):
        """Z-19: an offered profile is ordered, preferred or required, and gives its kind of certificate"""
        for key, profile, life in (("Profile", "shortlived", SHORT), ("RequireProfile", "classic", LONG)):
            with self.subTest(key):
                self.doCleanups()
                self.setUp()
                name = f"{profile}.example.org"
                proxy = self.begin(name, f"{key}={profile}\n")
                self.renewd.once(check=0)
                self.assertEqual([r.sent.get("profile") for r in proxy.asked("POST", "/order-plz")], [profile])
                self.assertAlmostEqual(self.lifetime(name), life, delta=120)

    @acme_case.since("2.10")
    def test_unknown_preferred(self):
        """Z-19: a preferred profile that is not offered is left out"""
        name = "preferred.example.org"
        proxy = self.begin(name, "Profile=nosuch\n")
        self.renewd.once(check=0)
        self.check_chain(name)
        self.assertIsNone(proxy.asked("POST", "/order-plz")[-1].sent.get("profile"))

    @acme_case.since("2.10")
    def test_unknown_required(self):
        """Z-19: without a required profile nothing is ordered, and the reason is shown"""
        name = "required.example.org"
        proxy = self.begin(name, "RequireProfile=nosuch\n")
        self.renewd.start()
        shown = self.shown(name, lambda s: s.get("last_error"), 60, "an error")
        self.assertIn("nosuch", shown["last_error"])
        self.assertEqual(proxy.asked("POST", "/order-plz"), [])
        self.assertIsNone(self.renewd.live_leaf(name))


if __name__ == "__main__":
    acme_case.main()
