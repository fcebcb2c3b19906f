"""Long chains, and several of them."""

import re
import subprocess

import acme_case


def certificates(path):
    with open(path) as f:
        return f.read().count("-----BEGIN CERTIFICATE-----")


class Chains(acme_case.AcmeCase):
    """Three intermediates below each of three roots."""

    pebble_options = {"chain_length": 3, "alternates": 2}

    def root_name(self, number):
        pem = self.pebble.ask_management(f"/roots/{number}")
        done = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253"], input=pem, capture_output=True,
                              check=True)
        return re.search(r"CN=([^,\n]+)", done.stdout.decode()).group(1)

    def issue(self, name, body):
        proxy = self.proxy()
        self.configure(url=proxy.directory_url)
        self.renewd.certificate(name, body)
        self.renewd.once(check=0)
        self.assertEqual(certificates(self.renewd.live(name)), 4)
        return [r for r in proxy.requests if "/alternate/" in r.path and r.status < 400]

    def check_root(self, name, number):
        self.check_chain(name, number)
        for other in {0, 1, 2} - {number}:
            with self.assertRaises(AssertionError):
                self.check_chain(name, other)

    def test_default(self):
        """Z-09: without a preference the default chain is taken, and no other is fetched"""
        self.assertEqual(self.issue("default.example.org", ""), [])
        self.check_root("default.example.org", 0)

    def test_preferred(self):
        """Z-09: the preferred chain is found by the name of its root, and the search stops there"""
        for number in (1, 2):
            with self.subTest(number):
                self.doCleanups()
                self.setUp()
                name = f"preferred{number}.example.org"
                alternates = self.issue(name, f"PreferredChain={self.root_name(number)}\n")
                self.check_root(name, number)
                self.assertLessEqual(len(alternates), 2)

    def test_unknown(self):
        """Z-09: a preferred chain that there is not leaves the default"""
        name = "unknown.example.org"
        self.assertEqual(len(self.issue(name, "PreferredChain=No Such Root\n")), 2)
        self.check_root(name, 0)


if __name__ == "__main__":
    acme_case.main()
